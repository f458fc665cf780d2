/* run_ending: what ends a trial before its time: the user, an objective that is missed already, a
 * broker that stays away (run_broker.c). */
#include "run_inner.h"

#include "deadlines.h"
#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_stop_all(struct run *run, bool sending_only)
{
    for (uint32_t i = 0; i < fleet_agents(run->session->fleet); i++) {
        struct command command = {
            .kind = COMMAND_STOP, .trial = run->trial->number, .sending_only = sending_only};

        (void)fleet_command(run->session->fleet, i, &command);
    }
}

void run_take_interrupt(struct run *run)
{
    struct run *whole = run->whole == NULL ? run : run->whole;
    bool begun = whole->trial != NULL && whole->t0_ns != 0;

    run->events.interrupted = true;
    whole->events.interrupted = true;
    if (!whole->interrupt_journaled) {
        whole->interrupt_journaled = true;
        (void)run_journal_mark(whole, MARK_INTERRUPTED, begun ? mono_ns() - whole->t0_ns : 0,
                               run == whole ? "interrupted by the user"
                                            : "interrupted by the user while calibrating",
                               NULL);
        (void)sinks_flush(&whole->sinks, mono_ns() + DISK_MARK_NS, NULL);
    }
}

/* Ends the sending and leaves the consumers as long as a drain phase has, or until all is there. */
static void end_sending(struct run *run, int64_t drain_ns, int64_t *deadline_ns)
{
    run_stop_all(run, true);
    run->ending_ns = mono_ns();
    *deadline_ns = run->ending_ns + drain_ns;
}

static int take_abort(struct run *run, const char *missed, struct errinfo *reterr)
{
    int64_t at_ns = mono_ns() - run->t0_ns;

    run->aborted = true;
    (void)snprintf(run->aborted_text, sizeof run->aborted_text, "the trial was ended at %.1f s: %s",
                   (double)at_ns / 1e9, missed);
    run_notice(run, "%s: %s; the trial is ended", run->progress.case_name, missed);
    if (!run->events.aborted) {
        run->events.aborted = true;
        (void)snprintf(run->events.aborted_case, sizeof run->events.aborted_case, "%s",
                       run->progress.case_name);
        memcpy(run->events.aborted_text, run->aborted_text, sizeof run->events.aborted_text);
    }
    return run_journal_mark(run, MARK_OBJECTIVE, at_ns, missed, reterr);
}

int run_look_for_end(struct run *run, int64_t drain_ns, int64_t *deadline_ns,
                     struct errinfo *reterr)
{
    char missed[REASON_BYTES];

    if (run_interrupted(run) && !run->events.interrupted) {
        run_take_interrupt(run);
        run_notice(run, "interrupted: draining (Ctrl-C again stops at once)");
        end_sending(run, drain_ns, deadline_ns);
    } else if (!run_is_ending(run) && !run->broker_given_up && watch_missed(&run->watch, missed)) {
        int r = take_abort(run, missed, reterr);

        end_sending(run, drain_ns, deadline_ns);
        return r;
    }
    return 0;
}

bool run_is_ending(const struct run *run)
{
    return run->events.interrupted || run->aborted;
}

bool run_should_stop(struct run *run, int64_t phase_start_ns, int64_t drain_deadline_ns)
{
    const struct fold_live *live = &run->progress.live;
    int64_t since_ns = phase_start_ns;

    if (run_broker_is_lost(run)) {
        return true;
    }
    if (run_is_ending(run)) {
        if (mono_ns() > drain_deadline_ns) {
            return true;
        }
        since_ns = run->ending_ns - run->t0_ns;
    }
    /* The figures must be younger than the load: every agent has to have reported since it ended.
     */
    return since_ns != INT64_MAX && live->drained && live->told_ns > since_ns;
}

const char *run_failure_code(int code)
{
    switch (code) {
    case -EHOSTUNREACH:
        return "no_target";
    case -ENOSPC:
    case -EDQUOT:
    case -EFBIG:
        return "disk_full";
    case -EMFILE:
    case -EUSERS:
        return "too_many_clients";
    case -EMSGSIZE:
        return "message_too_large";
    case -ENOBUFS:
        return "disk_stalled";
    case -ESTALE:
        return "journal_gone";
    case -ECONNRESET:
        return "agent_lost";
    case -ETIMEDOUT:
        return "too_few_agents";
    default:
        return "failed";
    }
}
