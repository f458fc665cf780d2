/* fold_waited: what never came, among the response latencies of a phase. */
#include "fold_trial_inner.h"

/*
 * Agents record what was never sent. What was sent and then not confirmed or not received is known
 * here only, where all agents' sets are together. So of a flow and phase with a rate, once its
 * trial has ended and no agent was lost:
 *
 *   samples of publish = acked + unconfirmed + unsent, censored = unconfirmed + unsent
 *   censored of e2e    = subscriptions x (unsent + unconfirmed) + lost - unexpected
 *   due                = sent + skipped + unsent
 *
 * where unsent is what the agents recorded, and unexpected here only what arrived though it was
 * unconfirmed. With `max` nothing is due: the service latencies have what was sent, from then on.
 */

struct waiting {
    struct hist **hist;
    int code;
};

static void take(void *context, int64_t waited_ns, uint64_t n)
{
    struct waiting *waiting = context;

    if (waiting->code == 0 && *waiting->hist == NULL) {
        waiting->code = hist_new(waiting->hist, NULL);
    }
    if (waiting->code == 0) {
        waiting->code = hist_allow_censored(*waiting->hist, NULL);
    }
    if (waiting->code == 0) {
        hist_record_censored(*waiting->hist, waited_ns, n);
    }
}

/* The end of the trial's last phase, drain included. Where the run was stopped, the phases ended
 * with that. */
static int64_t waited_until_ns(const struct fold_trial *trial)
{
    int64_t until_ns = 0;

    for (uint32_t i = 0; i < trial->entry.phases_count; i++) {
        until_ns = trial->phase_end_ns[i] > until_ns ? trial->phase_end_ns[i] : until_ns;
    }
    return until_ns;
}

int fold_add_waited(const struct fold_trial *trial, const struct delivery_end *end, uint32_t phase,
                    uint32_t flow, struct result_phase *ret, struct errinfo *reterr)
{
    const struct entry_trial *entry = &trial->entry;
    bool paced = entry->phases[phase].loads[flow].load == LOAD_RATE;
    struct waiting publish = {&ret->latency[paced ? SERIES_PUBLISH : SERIES_PUBLISH_SERVICE], 0};
    struct waiting e2e = {&ret->latency[paced ? SERIES_E2E : SERIES_E2E_SERVICE], 0};
    struct delivery_wait wait = {.flow = flow,
                                 .phase = phase,
                                 .phase_start_ns = trial->phase_start_ns[phase],
                                 .phase_end_ns = trial->phase_end_ns[phase],
                                 .until_ns = waited_until_ns(trial),
                                 .take = take};
    int r = 0;

    /* While it goes on, what is missing may come. Where some flows are sent as fast as possible,
     * all together have no response latency. */
    if (!trial->has_end || trial->phase_start_ns[phase] == INT64_MIN || (paced && ret->is_max)) {
        return 0;
    }
    if (entry->flows[flow].delivery.publish_ack != PUBLISH_ACK_NONE) {
        wait.context = &publish;
        r = delivery_wait(trial->delivery, &wait, NULL, reterr);
    }
    if (r == 0) {
        wait.context = &e2e;
        r = delivery_wait(trial->delivery, &wait, end, reterr);
    }
    return r == 0 && (publish.code < 0 || e2e.code < 0) ? errinfo_nomem(reterr) : r;
}
