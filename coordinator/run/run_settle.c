/* run_settle: how a trial ended, and what that is to the run. */
#include "run_inner.h"

#include "mono.h"

#include <errno.h>
#include <stdio.h>

static int journal_end(struct run *run, bool complete, enum case_status status, const char *reason,
                       struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_TRIAL_END};
    struct entry_trial_end *end = &entry.as.trial_end;
    int r;

    end->trial = run->trial->number;
    end->ended = complete;
    end->ended_ns = run->t0_ns == 0 ? 0 : mono_ns() - run->t0_ns;
    end->status = status;
    (void)snprintf(end->reason, sizeof end->reason, "%.*s", REASON_BYTES - 1, reason);
    for (uint32_t i = 0; i < fleet_agents(run->session->fleet); i++) {
        bool lost = fleet_is_lost(run->session->fleet, i);

        if (lost || run->start_skew_ns[i] != 0) {
            end->agents[end->agents_count++] = (struct agent_end){
                .agent = i, .lost = lost, .start_skew_ns = run->start_skew_ns[i]};
        }
    }
    r = run_flush_snapshots(run, reterr);
    r = r < 0 ? r : run_journal_outcome(run, reterr);
    return r < 0 ? r : run_journal(run, &entry, reterr);
}

/* An agent was lost before the load began: nothing was measured yet. */
static int call_off(struct run *run, struct errinfo *reterr)
{
    int r = journal_end(run, false, CASE_MEASURED, reterr->text, reterr);

    run->called_off++;
    run_notice(run, "%s: prepared anew, without the agent that was lost", run->progress.case_name);
    return r < 0 ? r : -EAGAIN;
}

int run_settle(struct run *run, int code, bool begun, bool complete, struct errinfo *reterr)
{
    uint32_t lost = run_goes_on(run) ? UINT32_MAX : fleet_lost(run->session->fleet);
    struct entry_case *of = &run->cases[run->trial->case_index];
    enum case_status status;
    char reason[ERRINFO_BYTES];
    int r;

    if (!begun && code == -ECONNRESET && run_goes_on(run)) {
        return call_off(run, reterr);
    }
    if (code == 0 && lost != UINT32_MAX) { /* While it closed: its last messages are unaccounted. */
        code = fleet_tell_lost(run->session->fleet, lost, reterr);
    }
    status = code < 0 && code != -EINTR && !begun ? CASE_FAILED : CASE_MEASURED;

    (void)snprintf(reason, sizeof reason, "%s", code < 0 ? reterr->text : "");
    if (status == CASE_FAILED) { /* The list of cases is written once more at the end. */
        of->status = status;
        (void)snprintf(of->reason, sizeof of->reason, "%.255s", reason);
    }
    r = journal_end(run, complete && code == 0, status, reason, reterr);
    if (r < 0) {
        return r;
    }
    if (code == 0 || code == -EINTR) {
        return code;
    }
    run->events.failed = true;
    (void)snprintf(run->events.failed_code, sizeof run->events.failed_code, "%s",
                   lost != UINT32_MAX                          ? "agent_lost"
                   : disk_failed(run->disk) || code == -EUSERS ? run_failure_code(code)
                   : begun                                     ? "trial_failed"
                                                               : "prepare_failed");
    (void)snprintf(run->events.failed_text, sizeof run->events.failed_text, "%.60s: %.440s",
                   run->progress.case_name, reason);
    (void)errinfo_set(reterr, code, "%s", reason);
    return code;
}
