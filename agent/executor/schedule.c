#include "schedule_inner.h"

#include <string.h>

#define OWED_GROUPS 1000

static const struct phase_load *load_of(const struct schedule *schedule)
{
    return &schedule->assignment->phases[schedule->phase].loads[schedule->flow];
}

static struct pacer_config pacer_config_of(const struct schedule *schedule, uint32_t phase,
                                           int64_t start_ns)
{
    const struct assigned_phase *assigned = &schedule->assignment->phases[phase];
    uint64_t producer = (uint64_t)schedule->flow << 32 | schedule->producer;

    return (struct pacer_config){
        .start_ns = start_ns,
        .rate = assigned->loads[schedule->flow].rate,
        .curve = assigned_curve(schedule->assignment, assigned),
        .arrivals = assigned->pacing.arrivals,
        .seed = random_derive(random_derive(schedule->assignment->seed, phase), producer),
        .producers_count = schedule->producers_count,
        .producer = schedule->producer};
}

void schedule_init(struct schedule *schedule, const struct assignment *assignment,
                   const struct assigned_producer *producer)
{
    memset(schedule, 0, sizeof *schedule);
    schedule->assignment = assignment;
    schedule->flow = producer->flow;
    schedule->producer = producer->index;
    schedule->producers_count = assignment->flows[producer->flow].producers_count;
    schedule->stop_ns = SCHEDULE_NEVER_NS;
    schedule->over = true;
    schedule->given_up = true;
}

static uint64_t share_of(const struct schedule *schedule, uint32_t phase)
{
    return assigned_share(&schedule->assignment->phases[phase], schedule->producers_count,
                          schedule->producer);
}

/* What was sent came due: the counting pacer need not walk there. */
static void catch_up_counting(struct schedule *schedule)
{
    if (schedule->counting_phase == schedule->phase &&
        schedule->pacer.index > schedule->counting.index) {
        schedule->counting = schedule->pacer;
    }
}

static void enter_phase(struct schedule *schedule, uint32_t phase, int64_t start_ns)
{
    catch_up_counting(schedule);
    schedule->phase = phase;
    schedule->phase_start_ns = start_ns;
    schedule->phase_end_ns = start_ns + schedule->assignment->phases[phase].duration_ns;
    schedule->share = share_of(schedule, phase);
    schedule->sent = 0;
    if (load_of(schedule)->load == LOAD_RATE) {
        struct pacer_config config = pacer_config_of(schedule, phase, start_ns);

        pacer_init(&schedule->pacer, &config);
    }
}

void schedule_start(struct schedule *schedule, uint32_t phase_first, uint32_t phase_last,
                    int64_t start_ns)
{
    schedule->phase_first = phase_first;
    schedule->phase_last = phase_last;
    schedule->segment_start_ns = start_ns;
    schedule->accounted_ns = start_ns;
    schedule->stop_ns = SCHEDULE_NEVER_NS;
    schedule->over = false;
    schedule->given_up = false;
    schedule->counting_phase = PHASES_MAX;
    enter_phase(schedule, phase_first, start_ns);
}

void schedule_stop(struct schedule *schedule, int64_t stop_ns)
{
    schedule->stop_ns = stop_ns;
}

enum load schedule_load(const struct schedule *schedule)
{
    return schedule->over ? LOAD_NONE : load_of(schedule)->load;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Due time within the current phase; SCHEDULE_NEVER_NS when it has no more messages. */
static inline int64_t due_in_phase(const struct schedule *schedule, int64_t now_ns)
{
    int64_t end_ns = earlier(schedule->phase_end_ns, schedule->stop_ns);
    int64_t due_ns = SCHEDULE_NEVER_NS;

    if (schedule->sent >= schedule->share) {
        return SCHEDULE_NEVER_NS;
    }
    switch (load_of(schedule)->load) {
    case LOAD_RATE:
        due_ns = pacer_due_ns(&schedule->pacer);
        break;
    case LOAD_MAX:
        due_ns = now_ns > schedule->phase_start_ns ? now_ns : schedule->phase_start_ns;
        break;
    case LOAD_NONE:
        break;
    }
    return due_ns < end_ns ? due_ns : SCHEDULE_NEVER_NS;
}

/* Leaves out what is too late by now. False: there is more, or somebody has to take the number. */
static bool skip_late(struct schedule *schedule, int64_t now_ns)
{
    int64_t limit_ns = schedule->assignment->phases[schedule->phase].pacing.skip_ns;
    uint32_t skips = 0;

    if (limit_ns == 0 || load_of(schedule)->load != LOAD_RATE) {
        return true;
    }
    while (due_in_phase(schedule, now_ns) < now_ns - limit_ns) {
        if (skips == SCHEDULE_SKIPS_MAX) {
            return false;
        }
        schedule_sent(schedule);
        schedule->skipped++;
        skips++;
    }
    return true;
}

uint64_t schedule_take_skipped(struct schedule *schedule)
{
    uint64_t skipped = schedule->skipped;

    schedule->skipped = 0;
    return skipped;
}

int64_t schedule_next_ns(struct schedule *schedule, int64_t now_ns, bool *ret_due)
{
    *ret_due = false;
    while (!schedule->over) {
        bool stopped = now_ns >= schedule->stop_ns;
        int64_t due_ns;

        if (!skip_late(schedule, now_ns)) {
            return now_ns;
        }
        due_ns = due_in_phase(schedule, now_ns);

        if (schedule->sent >= schedule->share || (stopped && due_ns < now_ns - SCHEDULE_GRACE_NS) ||
            (stopped && due_ns == SCHEDULE_NEVER_NS &&
             schedule->stop_ns <= schedule->phase_end_ns)) {
            break; /* What is still owed is given up. */
        }
        if (due_ns != SCHEDULE_NEVER_NS) {
            *ret_due = true;
            return due_ns;
        }
        if (now_ns < schedule->phase_end_ns) {
            return earlier(schedule->phase_end_ns, schedule->stop_ns);
        }
        if (schedule->phase == schedule->phase_last) {
            break;
        }
        if (schedule->skipped > 0) {
            return now_ns; /* To be counted while it is known in which phase that was. */
        }
        enter_phase(schedule, schedule->phase + 1, schedule->phase_end_ns);
    }
    schedule->over = true;
    return SCHEDULE_NEVER_NS;
}

void schedule_sent(struct schedule *schedule)
{
    schedule->sent++;
    if (load_of(schedule)->load == LOAD_RATE) {
        pacer_step(&schedule->pacer);
    }
}

/* How many came due since the last call, until_ns excluded. */
static uint64_t walk(struct schedule *schedule, uint32_t phase, int64_t start_ns, int64_t until_ns)
{
    uint64_t share = share_of(schedule, phase);
    uint64_t before;

    if (schedule->counting_phase != phase) {
        struct pacer_config config = pacer_config_of(schedule, phase, start_ns);

        pacer_init(&schedule->counting, &config);
        schedule->counting_phase = phase;
        schedule->counted = 0;
    }
    catch_up_counting(schedule);
    while (schedule->counting.index < share && pacer_due_ns(&schedule->counting) < until_ns) {
        pacer_step(&schedule->counting);
    }
    before = schedule->counted;
    schedule->counted = schedule->counting.index;
    return schedule->counted - before;
}

static uint64_t came_due(struct schedule *schedule, uint32_t phase, int64_t start_ns,
                         int64_t until_ns)
{
    struct pacer_config config = pacer_config_of(schedule, phase, start_ns);
    uint64_t share = share_of(schedule, phase);
    uint64_t before;
    uint64_t after;

    if (config.arrivals == ARRIVALS_POISSON) {
        return walk(schedule, phase, start_ns, until_ns);
    }
    before = pacer_count_before(&config, earlier(schedule->accounted_ns, until_ns));
    after = pacer_count_before(&config, until_ns);
    return (after < share ? after : share) - (before < share ? before : share);
}

void schedule_account(struct schedule *schedule, int64_t now_ns,
                      void (*count)(void *context, uint32_t phase, uint64_t n), void *context)
{
    int64_t start_ns = schedule->segment_start_ns;
    int64_t until_ns = earlier(now_ns, schedule->stop_ns);

    for (uint32_t phase = schedule->phase_first; phase <= schedule->phase_last; phase++) {
        int64_t end_ns = start_ns + schedule->assignment->phases[phase].duration_ns;

        if (end_ns > schedule->accounted_ns && until_ns > start_ns &&
            schedule->assignment->phases[phase].loads[schedule->flow].load == LOAD_RATE) {
            uint64_t n = came_due(schedule, phase, start_ns, earlier(until_ns, end_ns));

            if (n > 0) {
                count(context, phase, n);
            }
        }
        start_ns = end_ns;
    }
    if (until_ns > schedule->accounted_ns) {
        schedule->accounted_ns = until_ns;
    }
}

/* Those due before until_ns, in a phase with more of them than can be walked through: by a formula,
 * as what came due is counted. The first by itself, so that the longest wait is exact. */
static void owe_in_groups(struct schedule *schedule, int64_t until_ns,
                          const struct schedule_owed *owed)
{
    struct pacer_config config =
        pacer_config_of(schedule, schedule->phase, schedule->phase_start_ns);
    int64_t first_ns = pacer_due_ns(&schedule->pacer);
    int64_t span_ns = until_ns - first_ns;
    uint64_t told = schedule->sent + 1;

    owed->owed(owed->context, schedule->phase, first_ns, 1);
    for (int64_t i = 1; i <= OWED_GROUPS; i++) {
        int64_t at_ns = first_ns + (int64_t)((double)span_ns * (double)i / OWED_GROUPS);
        uint64_t count = pacer_count_before(&config, i == OWED_GROUPS ? until_ns : at_ns);

        count = count < schedule->share ? count : schedule->share;
        if (count > told) {
            owed->owed(owed->context, schedule->phase, at_ns - 1, count - told);
            told = count;
        }
    }
}

/* How many messages of the phase that are due before until_ns were not sent; 0 also where only
 * walking tells. */
static uint64_t count_owed(const struct schedule *schedule, int64_t until_ns)
{
    struct pacer_config config =
        pacer_config_of(schedule, schedule->phase, schedule->phase_start_ns);
    uint64_t count;

    if (config.arrivals == ARRIVALS_POISSON) {
        return 0;
    }
    count = pacer_count_before(&config, until_ns);
    count = count < schedule->share ? count : schedule->share;
    return count > schedule->sent ? count - schedule->sent : 0;
}

/* now_ns says how late they are: debt outlives its phase. */
static void owe_of_phase(struct schedule *schedule, int64_t now_ns,
                         const struct schedule_owed *owed)
{
    int64_t skip_ns = schedule->assignment->phases[schedule->phase].pacing.skip_ns;
    int64_t until_ns = earlier(now_ns, schedule->phase_end_ns);
    uint64_t skipped = schedule_take_skipped(schedule);

    while (skip_ns > 0 && due_in_phase(schedule, now_ns) < now_ns - skip_ns) {
        schedule_sent(schedule);
        skipped++;
    }
    if (skipped > 0) {
        owed->skipped(owed->context, schedule->phase, skipped);
    }
    if (count_owed(schedule, until_ns) > owed->singly_max) {
        owe_in_groups(schedule, until_ns, owed);
        return;
    }
    while (due_in_phase(schedule, until_ns) < until_ns) {
        owed->owed(owed->context, schedule->phase, pacer_due_ns(&schedule->pacer), 1);
        schedule_sent(schedule);
    }
}

void schedule_give_up(struct schedule *schedule, int64_t until_ns, const struct schedule_owed *owed)
{
    if (schedule->given_up) {
        return;
    }
    schedule->given_up = true;
    until_ns = earlier(until_ns, schedule->stop_ns);
    for (;;) {
        if (load_of(schedule)->load == LOAD_RATE) {
            owe_of_phase(schedule, until_ns, owed);
        }
        if (schedule->phase == schedule->phase_last || schedule->phase_end_ns >= until_ns) {
            break;
        }
        enter_phase(schedule, schedule->phase + 1, schedule->phase_end_ns);
    }
    schedule->over = true;
}
