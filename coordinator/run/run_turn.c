/* run_turn: one turn of a run's main loop, whatever stage it is in. */
#include "run_parts.h"

#include "mono.h"

#include <errno.h>

/* A report that contradicts its trial must not end the run, whose data are worth keeping: it is
 * left out, and the result is invalid and says why. */
static int journal_snapshot(struct run *run, struct journal_entry *entry, struct errinfo *reterr)
{
    struct errinfo error = {""};
    int r = run_journal(run, entry, &error);

    if (r == -EBADMSG) {
        run_notice(run, "%s: a report of an agent was refused: %s", run->progress.case_name,
                   error.text);
        fold_tell_refused(run->fold, error.text);
        return 0;
    }
    return r < 0 ? errinfo_set(reterr, r, "%s", error.text)
                 : run_mark_notices(run, entry->as.snapshot, reterr);
}

static int take_snapshots(struct run *run, bool *ret_fresh, struct errinfo *reterr)
{
    struct snapshot *snapshot;
    int r = 0;

    while (r == 0 && (snapshot = fleet_next_snapshot(run->session->fleet)) != NULL) {
        struct journal_entry entry = {.kind = ENTRY_SNAPSHOT};

        *ret_fresh = true;
        entry.as.snapshot = snapshot;
        r = run->trial != NULL && snapshot->trial == run->trial->number
                ? journal_snapshot(run, &entry, reterr)
                : 0;
        journal_entry_done(&entry);
    }
    return r;
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
    r = r < 0 ? r : run_look_at_clocks(run, reterr);
    r = r < 0 ? r : run_look_at_stalls(run, reterr);
    r = r < 0 ? r : sinks_look(&run->sinks, reterr);
    if (r == 0 && fresh) {
        r = look_at_figures(run, reterr);
    }
    run_show(run, mono_ns());
    return r;
}
