#include "run_inner.h"

#include "catalog.h"
#include "deadlines.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the making of one order for all agents needs. */
struct trial_order {
    struct run *run;
    enum command_kind kind;
    enum prepare_step step;
    struct segment segment; /* START: without t0 and peers, which each agent has its own of. */
    const struct peer_start *peers; /* START: T0 on the clocks of all agents. */
    int failed;                     /* REMOVE: of the first turn that failed, */
    struct errinfo error;           /* and why. */
};

/* A journal that can't be written, as on a full disk, is no reason not to wait for the topics'
 * removal: whoever is told of topics left behind would look for them in vain. */
static int turn(void *context, struct errinfo *reterr)
{
    struct trial_order *order = context;
    int r;

    if (order->kind != COMMAND_REMOVE) {
        return run_turn(order->run, 0, reterr);
    }
    r = run_turn(order->run, 0, order->failed == 0 ? &order->error : NULL);
    order->failed = order->failed == 0 ? r : order->failed;
    return 0;
}

/* The plan's assignment goes to the agent; what the run still needs of it is in the journal. */
static int make_prepare(struct run *run, uint32_t agent, struct command *ret,
                        struct errinfo *reterr)
{
    struct assignment *copy = calloc(1, sizeof *copy);

    if (copy == NULL) {
        return errinfo_nomem(reterr);
    }
    *copy = run->trial->assignments[agent];
    memset(&run->trial->assignments[agent], 0, sizeof *copy);
    ret->assignment = copy;
    return 0;
}

/* T0 on the clocks of all agents: what they intend counts from there. All of one moment, so that
 * every agent is told the same of each. The caller frees *ret. */
static int make_peers(const struct run *run, struct peer_start **ret, struct errinfo *reterr)
{
    uint32_t count = fleet_agents(run->session->fleet);
    struct peer_start *peers = calloc((size_t)count + 1, sizeof *peers);
    int64_t now_ns = mono_ns();

    if (peers == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct clock_estimate clock = fleet_clock(run->session->fleet, i, now_ns);

        peers[i] = (struct peer_start){.agent = i, .t0_ns = run->t0_ns - clock.offset_ns};
    }
    *ret = peers;
    return 0;
}

static int make_segment(struct run *run, uint32_t agent, const struct trial_order *order,
                        struct segment *ret, struct errinfo *reterr)
{
    uint32_t count = fleet_agents(run->session->fleet);

    *ret = order->segment;
    ret->peers = calloc((size_t)count + 1, sizeof *ret->peers);
    if (ret->peers == NULL) {
        return errinfo_nomem(reterr);
    }
    memcpy(ret->peers, order->peers, count * sizeof *ret->peers);
    ret->peers_count = count;
    ret->t0_ns = ret->peers[agent].t0_ns;
    return 0;
}

static int make_order(void *context, uint32_t agent, struct command *ret, struct errinfo *reterr)
{
    struct trial_order *order = context;

    ret->kind = order->kind;
    ret->trial = order->run->trial->number;
    ret->step = order->step;
    ret->deadline_ns = order->kind == COMMAND_PREPARE ? PREPARE_NS : RELEASE_NS;
    ret->as_owner = order->kind == COMMAND_REMOVE &&
                    fleet_lost_count(order->run->session->fleet) > order->run->lost_before;
    if (order->kind == COMMAND_PREPARE && order->step == PREPARE_TOPICS) {
        return make_prepare(order->run, agent, ret, reterr);
    }
    if (order->kind == COMMAND_START) {
        return make_segment(order->run, agent, order, &ret->segment, reterr);
    }
    return 0;
}

static int give_order(struct trial_order *trial_order, int64_t deadline_ns, struct errinfo *reterr)
{
    struct run *run = trial_order->run;
    bool prepares = trial_order->kind == COMMAND_PREPARE;
    struct session_order order = {.make = make_order,
                                  .turn = turn,
                                  .context = trial_order,
                                  .deadline_ns = deadline_ns,
                                  .interruptible = prepares,
                                  .survivors = !prepares,
                                  .goes_on = run_goes_on(run)};

    return session_order_all(run->session, &order, NULL, reterr);
}

static int order_within(struct run *run, enum command_kind kind, enum prepare_step step,
                        int64_t deadline_ns, struct errinfo *reterr)
{
    struct trial_order order = {.run = run, .kind = kind, .step = step};

    return give_order(&order, deadline_ns, reterr);
}

static int order_all(struct run *run, enum command_kind kind, enum prepare_step step,
                     struct errinfo *reterr)
{
    return order_within(run, kind, step,
                        kind == COMMAND_PREPARE ? PREPARE_ANSWER_NS : RELEASE_ANSWER_NS, reterr);
}

/* A limit of the broker's that no client can ask for shows when it is reached, by some client: what
 * all of them come to is known here. */
static int add_sum(const struct run *run, int code, struct errinfo *reterr)
{
    const struct plan_case *of = &run->plan->cases[run->trial->case_index];
    const struct scenario *scenario = run->config->scenario;
    struct plan_demand demand = plan_demand_of(&scenario->setups[of->setup],
                                               catalog_entry_of(&scenario->targets[of->target]));
    struct errinfo said = *reterr;

    return errinfo_set(reterr, code, "%.400s; this case needs %" PRIu64 " connections", said.text,
                       demand.connections);
}

static int prepare(struct run *run, struct errinfo *reterr)
{
    int r;

    run_stage(run, "preparing", run->progress.case_name);
    r = order_all(run, COMMAND_PREPARE, PREPARE_TOPICS, reterr);
    if (r == 0) {
        r = order_all(run, COMMAND_PREPARE, PREPARE_CONSUMERS, reterr);
    }
    if (r == 0) {
        r = order_all(run, COMMAND_PREPARE, PREPARE_PRODUCERS, reterr);
    }
    /* Of what reading the scenario, planning and dealing took, most is free again, and would stay
     * resident beside the load: 2 MiB of a coordinator's 10. */
    (void)malloc_trim(0);
    return r == -EUSERS ? add_sum(run, r, reterr) : r;
}

/* Which phase runs now; for the view. */
static void show_phase(struct run *run, const struct assigned_phase *phases,
                       const struct segment *segment)
{
    int64_t offset_ns = mono_ns() - run->t0_ns;
    int64_t start_ns = segment->start_ns;

    for (uint32_t i = segment->phase_first; i <= segment->phase_last; i++) {
        run->progress.phase_name = phases[i].name;
        run->progress.phase_ns = offset_ns - start_ns;
        run->progress.phase_length_ns = phases[i].duration_ns;
        if (offset_ns < start_ns + phases[i].duration_ns) {
            return;
        }
        start_ns += phases[i].duration_ns;
    }
}

/* How the agents ended a segment. */
struct segment_answers {
    uint32_t count;
    int64_t end_ns;  /* The latest, as offset from T0. */
    int64_t last_ns; /* When the last message of all came or was settled. */
};

static int take_answers(struct run *run, const uint64_t *commands, struct segment_answers *ret,
                        struct errinfo *reterr)
{
    for (uint32_t i = 0; i < fleet_agents(run->session->fleet); i++) {
        const struct status *status = fleet_answer(run->session->fleet, i, commands[i]);

        if (fleet_is_lost(run->session->fleet, i) && run_goes_on(run)) {
            ret->count++; /* Nothing comes of it any more. */
            continue;
        }
        if (fleet_is_lost(run->session->fleet, i)) {
            return fleet_tell_lost(run->session->fleet, i, reterr);
        }
        if (status == NULL) {
            continue;
        }
        if (status->code < 0) {
            return errinfo_set(reterr, status->code, "%s: %s",
                               fleet_agent(run->session->fleet, i)->name, status->text);
        }
        ret->count++;
        ret->end_ns = status->ended_ns > ret->end_ns ? status->ended_ns : ret->end_ns;
        ret->last_ns = status->last_ns > ret->last_ns ? status->last_ns : ret->last_ns;
        if (status->start_skew_ns > run->start_skew_ns[i]) {
            run->start_skew_ns[i] = status->start_skew_ns;
        }
    }
    return 0;
}

static int wait_for_segment(struct run *run, const struct assigned_phase *phases,
                            const struct segment *segment, const uint64_t *commands,
                            int64_t *ret_end_ns, struct errinfo *reterr)
{
    const struct assigned_phase *last = &phases[segment->phase_last];
    int64_t length_ns = 0;
    int64_t last_start_ns;
    int64_t deadline_ns;
    int64_t drain_deadline_ns = INT64_MAX;
    int64_t drain_ns = run->drain_ns;
    bool stopped = false;
    bool drained = false;

    for (uint32_t i = segment->phase_first; i <= segment->phase_last; i++) {
        length_ns += phases[i].duration_ns;
    }
    last_start_ns = segment->start_ns + length_ns - last->duration_ns;
    deadline_ns = session_now_ns(run->session) - mono_ns() + run->t0_ns + segment->start_ns +
                  length_ns + STOP_GRACE_NS;
    run->apart_from_ns = last->until_drained ? last_start_ns : INT64_MAX;
    for (;;) {
        bool in_last = mono_ns() - run->t0_ns >= last_start_ns;
        struct segment_answers answers = {0};
        int r = run_turn(run, TURN_MS, reterr);

        if (r < 0) {
            return r;
        }
        show_phase(run, phases, segment);
        r = take_answers(run, commands, &answers, reterr);
        if (r < 0) {
            return r;
        }
        if (answers.count == fleet_agents(run->session->fleet)) {
            /* What was drained was over with its last message, known here an interval later. */
            int64_t end_ns = drained ? answers.last_ns : answers.end_ns;

            *ret_end_ns = end_ns > last_start_ns ? end_ns : last_start_ns;
            return 0;
        }
        r = run_look_for_end(run, drain_ns, &drain_deadline_ns, reterr);
        if (r < 0) {
            return r;
        }
        if (!stopped &&
            run_should_stop(run, last->until_drained && in_last ? last_start_ns : INT64_MAX,
                            drain_deadline_ns)) {
            stopped = true;
            drained = last->until_drained && !run->broker_given_up && !run_is_ending(run);
            run_stop_all(run, false);
            deadline_ns = session_now_ns(run->session) + STOP_GRACE_NS;
        }
        if (session_now_ns(run->session) > deadline_ns) {
            return errinfo_set(reterr, -ETIMEDOUT, "an agent did not end phase %s in time",
                               last->name);
        }
    }
}

static int journal_segment(struct run *run, const struct segment *segment, int64_t end_ns,
                           struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_SEGMENT};

    entry.as.segment = (struct entry_segment){.trial = run->trial->number,
                                              .phase_first = segment->phase_first,
                                              .phase_last = segment->phase_last,
                                              .start_ns = segment->start_ns,
                                              .end_ns = end_ns};
    return run_journal(run, &entry, reterr);
}

/* Every agent is told to begin. */
static int tell_start(struct trial_order *order, uint64_t *commands, struct errinfo *reterr)
{
    struct fleet *fleet = order->run->session->fleet;
    struct peer_start *peers = NULL;
    int r = make_peers(order->run, &peers, reterr);

    order->peers = peers;
    for (uint32_t i = 0; r == 0 && i < fleet_agents(fleet); i++) {
        struct command command = {0};

        r = make_order(order, i, &command, reterr);
        if (r < 0) {
            command_done(&command);
        } else {
            commands[i] = fleet_command(fleet, i, &command);
        }
    }
    free(peers);
    order->peers = NULL;
    return r;
}

static int drive_segment(struct run *run, const struct assigned_phase *phases, uint32_t first,
                         uint32_t last, struct errinfo *reterr)
{
    struct trial_order order = {.run = run, .kind = COMMAND_START};
    uint64_t commands[AGENTS_MAX] = {0};
    int64_t start_ns = mono_ns() + deadlines_lead_ns(fleet_reach_ns(run->session->fleet),
                                                     fleet_agents(run->session->fleet));
    int64_t end_ns = 0;
    int r;

    if (run->t0_ns == 0) {
        run->t0_ns = start_ns;
    }
    order.segment.phase_first = first;
    order.segment.phase_last = last;
    order.segment.start_ns = first == 0 ? 0 : start_ns - run->t0_ns;
    r = journal_segment(run, &order.segment, -1, reterr);
    r = r < 0 ? r : tell_start(&order, commands, reterr);
    if (r == 0) {
        r = wait_for_segment(run, phases, &order.segment, commands, &end_ns, reterr);
    }
    if (run_is_ending(run) && end_ns > run->ending_ns - run->t0_ns) {
        end_ns = run->ending_ns - run->t0_ns; /* What came after was waiting. */
    }
    if (run->broker_given_up && end_ns > run->broker_given_up_ns) {
        end_ns = run->broker_given_up_ns; /* Or its rates would be spread over what never was. */
    }
    end_ns = r < 0 ? mono_ns() - run->t0_ns : end_ns;
    if (end_ns < order.segment.start_ns) {
        end_ns = order.segment.start_ns; /* Ended before it began; below 0 it would have no end. */
    }
    if (r < 0) {
        (void)journal_segment(run, &order.segment, end_ns, NULL);
        return r;
    }
    r = run_journal_missed_count(run, phases, &order.segment, end_ns, reterr);
    return r < 0 ? r : journal_segment(run, &order.segment, end_ns, reterr);
}

/* A phase that ends by a decision ends its segment: the phases after it get a new start. */
static int drive(struct run *run, const struct assigned_phase *phases, uint32_t phases_count,
                 struct errinfo *reterr)
{
    uint32_t first = 0;
    bool by_count = false;
    int r = 0;

    run_stage(run, "running", run->progress.case_name);
    run->drain_ns = phases[phases_count - 1].duration_ns;
    for (uint32_t i = 0; r == 0 && i < phases_count && !run_is_ending(run) && !run->broker_given_up;
         i++) {
        if (phases[i].until_drained || phases[i].messages > 0 || i + 1 == phases_count) {
            r = drive_segment(run, phases, first, i, reterr);
            first = i + 1;
            by_count = phases[i].messages > 0;
        }
    }
    /* Told to end in the very moment in which the last message was sent: not drained yet. */
    if (r == 0 && by_count && run_is_ending(run) && !run->broker_given_up) {
        r = drive_segment(run, phases, phases_count - 1, phases_count - 1, reterr);
    }
    return r;
}

/* Whoever made the topics may have been lost while they were removed, or everybody before: the
 * others were not told to do it. lost_before: when they were asked. */
static int remove_of_lost(struct run *run, uint32_t lost_before, struct errinfo *reterr)
{
    const struct fleet *fleet = run->session->fleet;
    uint32_t lost = fleet_lost_count(fleet);
    char id[NAME_BYTES];

    if ((lost == lost_before && lost < fleet_agents(fleet)) ||
        catalog_find(run->cases[run->trial->case_index].backend)->local) {
        return 0;
    }
    run_deal_id(run, run->plan_request.run_id, id);
    return run_remove_topics(run, id, run->trial, reterr);
}

/* Closes clients, takes the last snapshots, removes topics; as far as it goes, whatever happened
 * before. */
static int collect(struct run *run, int so_far, bool *ret_complete, struct errinfo *reterr)
{
    struct trial_order removal = {.run = run, .kind = COMMAND_REMOVE, .step = PREPARE_TOPICS};
    struct errinfo error = {""};
    uint32_t lost_before;
    int r;

    run_stage(run, "closing", run->progress.case_name);
    r = order_within(run, COMMAND_RELEASE, PREPARE_TOPICS,
                     so_far == -EINTR ? CALL_BACK_NS : RELEASE_ANSWER_NS, &error);
    if (so_far == -EINTR && r == -ETIMEDOUT) {
        /* Stuck in a call of the broker's library: it would take until its own deadline. */
        run->session->given_up = true;
        run_notice(run,
                   "%s: still preparing (%s): the agents are ended, topics may be left behind; "
                   "`millrace clean` removes them",
                   run->progress.case_name, error.text);
        *ret_complete = false;
        return so_far;
    }
    *ret_complete = r == 0 && (fleet_lost(run->session->fleet) == UINT32_MAX || run_goes_on(run));
    if (r == 0) {
        r = run_turn(run, 0, &error);
    }
    if (r < 0) {
        run_notice(run, "%s: closing the clients: %s", run->progress.case_name, error.text);
        if (so_far == 0) {
            so_far = errinfo_set(reterr, r, "%s", error.text);
        }
    }
    lost_before = fleet_lost_count(run->session->fleet);
    r = give_order(&removal, RELEASE_ANSWER_NS, &error);
    r = r < 0 ? r : remove_of_lost(run, lost_before, &error);
    if (r < 0) {
        run_notice(run, "%s: topics may be left behind (%s); `millrace clean` removes them",
                   run->progress.case_name, error.text);
    }
    if (removal.failed < 0 && so_far == 0) {
        so_far = errinfo_set(reterr, removal.failed, "%s", removal.error.text);
    }
    return so_far;
}

int run_trial(struct run *run, struct plan_trial *trial, struct errinfo *reterr)
{
    const struct assignment *tables = plan_trial_tables(trial);
    uint32_t phases_count = tables->phases_count;
    struct assigned_phase *phases = calloc((size_t)phases_count + 1, sizeof *phases);
    struct snapshot_limits limits;
    bool complete = false;
    bool begun = false;
    int r;

    if (phases == NULL) {
        return errinfo_nomem(reterr);
    }
    memcpy(phases, tables->phases, phases_count * sizeof *phases);
    run->trial = trial;
    limits = assigned_snapshot_limits(tables);
    fleet_begin_trial(run->session->fleet, trial->number, &limits);
    run->lost_before = fleet_lost_count(run->session->fleet);
    run->t0_ns = 0;
    run->broker_down = false;
    run->broker_silent = false;
    run->progress.broker_away = false;
    run->said_count = 0;
    run->said_marks = 0;
    run->broker_given_up = false;
    run->aborted = false;
    memset(&run->progress.live, 0,
           sizeof run->progress.live); /* The trial before says nothing of this one. */
    memset(run->start_skew_ns, 0, sizeof run->start_skew_ns);
    run->progress.trial = trial->number;
    run->progress.case_name = run->cases[trial->case_index].name;
    run->progress.trial_length_ns = plan_trial_ns(trial);
    r = run_begin_snapshots(run, reterr);
    /* The trial stands in the journal before its assignments go to the agents. */
    r = r < 0 ? r : run_journal_trial(run, trial, run->broker_versions[trial->case_index], reterr);
    if (r == 0) {
        r = prepare(run, reterr);
        begun = r == 0;
        if (r == -EINTR) {
            run_take_interrupt(run); /* Before what was prepared is taken back, which may last. */
            run_notice(run, "interrupted: closing (Ctrl-C again stops at once)");
        }
        if (r == 0) {
            r = drive(run, phases, phases_count, reterr);
        }
        r = collect(run, r, &complete, reterr);
        r = run_settle(run, r, begun, complete, reterr);
    }
    run_end_snapshots(run);
    run->trial = NULL;
    run->progress.case_name = NULL;
    run->progress.phase_name = NULL;
    free(phases);
    return r;
}
