#include "schedule.h"

#include <string.h>

static const struct phase_load *load_of(const struct schedule *schedule)
{
    return &schedule->assignment->phases[schedule->phase].loads[schedule->flow];
}

static struct pacer_config pacer_config_of(const struct schedule *schedule, uint32_t phase,
                                           int64_t start_ns)
{
    return (struct pacer_config){.start_ns = start_ns,
                                 .rate =
                                     schedule->assignment->phases[phase].loads[schedule->flow].rate,
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
}

static void enter_phase(struct schedule *schedule, uint32_t phase, int64_t start_ns)
{
    schedule->phase = phase;
    schedule->phase_start_ns = start_ns;
    schedule->phase_end_ns = start_ns + schedule->assignment->phases[phase].duration_ns;
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
static int64_t due_in_phase(const struct schedule *schedule, int64_t now_ns)
{
    int64_t end_ns = earlier(schedule->phase_end_ns, schedule->stop_ns);
    int64_t due_ns = SCHEDULE_NEVER_NS;

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

int64_t schedule_next_ns(struct schedule *schedule, int64_t now_ns, bool *ret_due)
{
    *ret_due = false;
    while (!schedule->over) {
        int64_t due_ns = due_in_phase(schedule, now_ns);

        if (now_ns >= schedule->stop_ns) {
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
        enter_phase(schedule, schedule->phase + 1, schedule->phase_end_ns);
    }
    schedule->over = true;
    return SCHEDULE_NEVER_NS;
}

void schedule_sent(struct schedule *schedule)
{
    if (load_of(schedule)->load == LOAD_RATE) {
        pacer_step(&schedule->pacer);
    }
}

void schedule_account(struct schedule *schedule, int64_t now_ns,
                      void (*count)(void *context, uint32_t phase, uint64_t n), void *context)
{
    int64_t start_ns = schedule->segment_start_ns;
    int64_t until_ns = earlier(now_ns, schedule->stop_ns);

    for (uint32_t phase = schedule->phase_first; phase <= schedule->phase_last; phase++) {
        int64_t end_ns = start_ns + schedule->assignment->phases[phase].duration_ns;

        if (end_ns > schedule->accounted_ns &&
            schedule->assignment->phases[phase].loads[schedule->flow].load == LOAD_RATE) {
            struct pacer_config config = pacer_config_of(schedule, phase, start_ns);
            uint64_t before = pacer_count_before(&config, earlier(schedule->accounted_ns, end_ns));
            uint64_t after = pacer_count_before(&config, earlier(until_ns, end_ns));

            if (after > before) {
                count(context, phase, after - before);
            }
        }
        start_ns = end_ns;
    }
    if (until_ns > schedule->accounted_ns) {
        schedule->accounted_ns = until_ns;
    }
}
