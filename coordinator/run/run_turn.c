/* run_turn: one turn of a run's main loop, whatever stage it is in. */
#include "run_inner.h"

#include "mono.h"
#include "reports.h"

/* A report that contradicts its trial must not end the run, whose data are worth keeping: it is
 * left out with those of its agent that come after it, and the result is invalid and says why. */
static int look_at_report(struct run *run, const struct reported *report, struct errinfo *reterr)
{
    if (!report->refused) {
        return run_mark_notices(run, report->snapshot, reterr);
    }
    if (report->follows_refused) {
        return 0; /* That one was told. */
    }
    run_notice(run,
               "%s: a report of an agent was refused, and the trial's later ones of it are left "
               "out: %s",
               run->progress.case_name, report->why.text);
    fold_tell_refused(run->fold, report->why.text);
    return 0;
}

int run_begin_snapshots(struct run *run, struct errinfo *reterr)
{
    const struct assignment *assignment = plan_trial_tables(run->trial);

    run->apart_from_ns = INT64_MAX;
    run->expires = false;
    for (uint32_t i = 0; i < assignment->flows_count; i++) {
        run->expires = run->expires || assignment->flows[i].delivery.ttl_ns > 0;
    }
    return coalesce_new(run->trial->assignments_count, &run->coalesce, reterr);
}

void run_end_snapshots(struct run *run)
{
    coalesce_free(run->coalesce);
    run->coalesce = NULL;
}

static int journal_ready(struct run *run, bool *ret_fresh, struct errinfo *reterr)
{
    const struct reports reports = {
        .coalesce = run->coalesce, .sinks = &run->sinks, .watch = &run->watch};
    struct reported next;
    int r = reports_next(&reports, wall_unix_ns(), &next, reterr);

    while (r == 0 && next.snapshot != NULL) {
        *ret_fresh = true;
        r = look_at_report(run, &next, reterr);
        snapshot_free(next.snapshot);
        r = r < 0 ? r : reports_next(&reports, wall_unix_ns(), &next, reterr);
    }
    return r;
}

/* Whoever waits for the trial to end must not wait for ten seconds to be full. */
static bool may_wait(const struct run *run, const struct snapshot *snapshot)
{
    return !run_is_ending(run) && !run->expires && snapshot->until_ns <= run->apart_from_ns;
}

static int take_snapshots(struct run *run, bool *ret_fresh, struct errinfo *reterr)
{
    struct snapshot *snapshot;
    int r = 0;

    while (r == 0 && (snapshot = fleet_next_snapshot(run->session->fleet)) != NULL) {
        if (run->trial == NULL || snapshot->trial != run->trial->number) {
            snapshot_free(snapshot);
            continue;
        }
        r = coalesce_put(run->coalesce, snapshot, may_wait(run, snapshot), reterr);
        r = r < 0 ? r : journal_ready(run, ret_fresh, reterr);
    }
    return r;
}

int run_flush_snapshots(struct run *run, struct errinfo *reterr)
{
    bool fresh;
    int r = coalesce_flush(run->coalesce, reterr);

    return r < 0 ? r : journal_ready(run, &fresh, reterr);
}

/* What there is to decide once more is known. */
static int look_at_figures(struct run *run, struct errinfo *reterr)
{
    fold_live(run->fold, &run->progress.live);
    if (!run_is_ending(run)) { /* What comes after a trial was told to end is no full window. */
        watch_advance(&run->watch, run->progress.live.intervals);
    }
    return run_look_at_broker(run, reterr);
}

int run_turn(struct run *run, int timeout_ms, struct errinfo *reterr)
{
    bool fresh = false;
    int r;

    session_turn(run->session, timeout_ms);
    r = take_snapshots(run, &fresh, reterr);
    r = r < 0 ? r : run_look_at_agents(run, reterr);
    r = r < 0 ? r : run_look_at_clocks(run, reterr);
    r = r < 0 ? r : run_look_at_stalls(run, reterr);
    r = r < 0 ? r : sinks_look(&run->sinks, reterr);
    if (r == 0 && fresh) {
        r = look_at_figures(run, reterr);
    }
    run_show(run, mono_ns());
    return r;
}
