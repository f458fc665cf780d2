/* The end of a trial: its clients closed, all that was measured handed in. */
#include "trial_parts_inner.h"

#include "log.h"
#include "mono.h"

/* A trace that lacks records says so by their number: it is no reason to fail a run. */
static void finish_trace(struct trial *trial)
{
    struct errinfo error = {""};

    if (trial->trace != NULL && trace_finish(trial->trace, &error) < 0) {
        log_warning("%s", error.text);
    }
}

/* Everything that the recorders have, and that it is all. */
static int hand_in(struct trial *trial, struct errinfo *reterr)
{
    int r;

    finish_trace(trial);
    do {
        r = collector_drain(trial->collector, reterr);
        if (r < 0) {
            return r;
        }
        if (!collector_behind(trial->collector)) {
            break;
        }
        trial_close_interval(trial, false);
    } while (trial->failure_code == 0);
    trial_close_interval(trial, true);
    return trial->failure_code < 0 ? trial_tell_failure(trial, reterr) : 0;
}

static bool have_handed_in(const struct trial *trial)
{
    for (uint32_t i = 0; i < trial->assignment.workers_count; i++) {
        if (!worker_has_handed_in(trial->workers[i])) {
            return false;
        }
    }
    return true;
}

/* The ticker has ended, and a worker that is late may wait for room. */
static int await_closing(struct trial *trial, int64_t deadline_ns, struct errinfo *reterr)
{
    int r = 0;

    while (r == 0 && gate_pending(&trial->gate) > 0 && mono_ns() < deadline_ns) {
        r = collector_drain(trial->collector, reterr);
        mono_sleep_until(mono_ns() + TICK_NS);
    }
    if (r == 0) {
        r = gate_wait(&trial->gate, deadline_ns, reterr);
    }
    trial->stage = r == 0 ? STAGE_RELEASED : STAGE_CLOSING;
    return r;
}

int trial_release(struct trial *trial, int64_t deadline_ns, struct errinfo *reterr)
{
    struct errinfo late = {""};
    struct errinfo error = {""};
    int handed;
    int r;

    if (trial->collector == NULL || trial->stage == STAGE_RELEASED) {
        return 0; /* It was never prepared that far, or its workers and ticker have ended. */
    }
    if (trial->stage == STAGE_CLOSING) {
        return await_closing(trial, deadline_ns, reterr);
    }
    (void)trial_stop(trial, 0, false, NULL);
    while (trial->ticker_started && gate_pending(&trial->gate) > 0 && mono_ns() < deadline_ns) {
        mono_sleep_until(mono_ns() + TICK_NS);
    }
    r = trial_order_all(trial, ORDER_CLOSE, deadline_ns, &late);
    trial->stage = r == 0 ? STAGE_RELEASED : STAGE_CLOSING;
    trial_stop_ticker(trial);
    trial_look_at_segment(
        trial); /* The ticker may not have seen that it ended: START has an answer. */
    /* What was measured is whole before the last client has said goodbye. A broker that lets nobody
     * go is no reason to lose it. */
    handed = hand_in(trial, &error);
    if (r < 0 && have_handed_in(trial)) {
        log_warning("closing the clients: %s", late.text);
        r = 0;
    }
    if (r == 0 && handed < 0) {
        return errinfo_set(reterr, handed, "%s", error.text);
    }
    return r < 0 ? errinfo_set(reterr, r, "%s", late.text) : 0;
}
