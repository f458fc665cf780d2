/*
 * fold_sums: the sums that hold whatever happened, asked of what a trial came to. Two ways lead to
 * each number: counters, added up by agents as things happen, and sets of sequence numbers, united
 * here. A sum that does not hold is a bug of ours or damage, and no figure of the trial is safe.
 */
#include "fold_trial_inner.h"

#include <stdio.h>
#include <string.h>

bool fold_delivery_holds(const struct result_delivery *delivery)
{
    return delivery->sent == delivery->acked + delivery->refused + delivery->unconfirmed &&
           delivery->acked <= delivery->sent && delivery->refused <= delivery->sent &&
           delivery->unexpected <= delivery->received &&
           delivery->received - delivery->unexpected + delivery->lost + delivery->expired +
                   delivery->unaccounted ==
               delivery->expected;
}

static void say_delivery(const struct result_delivery *delivery, const char *where, char *ret)
{
    (void)snprintf(ret, REASON_BYTES,
                   "%.100s: %llu sent, %llu confirmed, %llu refused, %llu unconfirmed; "
                   "%llu expected, %llu received",
                   where, (unsigned long long)delivery->sent, (unsigned long long)delivery->acked,
                   (unsigned long long)delivery->refused, (unsigned long long)delivery->unconfirmed,
                   (unsigned long long)delivery->expected, (unsigned long long)delivery->received);
}

/* All of the trial is here: every agent's last word, and none was lost. */
static bool is_whole(const struct fold_trial *trial)
{
    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        if (trial->agents[i].gone || !trial->agents[i].final) {
            return false;
        }
    }
    return trial->has_end && trial->end.ended;
}

/* Samples of events; what never came has one without an event. */
static uint64_t samples_of(const struct fold_cell *cell, enum series series)
{
    const struct hist *hist = cell->series[series];

    return hist == NULL ? 0 : hist_count(hist) - hist_censored(hist);
}

/* What the counters of a flow say against what its sets say. */
static bool counters_hold(const struct fold_trial *trial, uint32_t flow,
                          const struct delivery_end *end, char *ret)
{
    const struct delivery_question question = {flow, DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL,
                                               DELIVERY_ALL};
    struct delivery_counts counts = {0};
    struct counters sums = {0};
    bool confirms = trial->entry.flows[flow].delivery.publish_ack != PUBLISH_ACK_NONE;
    uint64_t confirms_timed = 0;
    uint64_t arrivals_timed = 0;

    for (uint32_t phase = 0; phase < trial->entry.phases_count; phase++) {
        const struct fold_cell *cell = &trial->cells[flow * trial->entry.phases_count + phase];

        counters_add(&sums, &cell->counters);
        confirms_timed += samples_of(cell, SERIES_PUBLISH_SERVICE);
        arrivals_timed += samples_of(cell, SERIES_E2E_SERVICE);
    }
    delivery_count(trial->delivery, &question, end, &counts);
    const struct {
        const char *name;
        uint64_t counted;
        uint64_t numbered;
    } pairs[] = {
        {"sent", sums.sent, counts.sent},
        {"confirmed", sums.acked, counts.acked},
        {"refused", sums.refused, counts.refused},
        {"unconfirmed", sums.unconfirmed, counts.unconfirmed},
        {"received", sums.received, counts.received + counts.duplicated},
        {"timed confirms", confirms ? confirms_timed : counts.acked, counts.acked},
        {"timed arrivals", arrivals_timed, counts.received + counts.duplicated},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i].counted != pairs[i].numbered) {
            (void)snprintf(ret, REASON_BYTES,
                           "flow %.60s: %llu %s by its counters, %llu by their numbers",
                           trial->entry.flows[flow].name, (unsigned long long)pairs[i].counted,
                           pairs[i].name, (unsigned long long)pairs[i].numbered);
            return false;
        }
    }
    return true;
}

bool fold_sums_hold(const struct fold_trial *trial, const struct delivery_end *end,
                    const struct result_trial *of, char *ret)
{
    for (uint32_t i = 0; i < of->phases_count; i++) {
        if (!fold_delivery_holds(&of->phases[i].delivery)) {
            say_delivery(&of->phases[i].delivery, of->phases[i].name, ret);
            return false;
        }
    }
    for (uint32_t i = 0; i < of->audit_count; i++) {
        if (!fold_delivery_holds(&of->audit[i].delivery)) {
            say_delivery(&of->audit[i].delivery, of->audit[i].topic, ret);
            return false;
        }
    }
    for (uint32_t flow = 0; is_whole(trial) && flow < trial->entry.flows_count; flow++) {
        if (!counters_hold(trial, flow, end, ret)) {
            return false;
        }
    }
    return true;
}
