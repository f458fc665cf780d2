#include "thin.h"

#include "mono.h"

uint32_t thin_seconds(const struct result_trial *trial)
{
    const struct result_interval *last;

    if (trial->intervals_count == 0) {
        return 0;
    }
    last = &trial->intervals[trial->intervals_count - 1];
    return last->index + (uint32_t)(result_interval_ns(last) / INTERVAL_NS);
}

uint32_t thin_factor(uint32_t seconds_max, uint32_t points_max)
{
    uint32_t factor = seconds_max <= points_max ? 1 : (seconds_max + points_max - 1) / points_max;

    /* A point of less would fall between two rows. */
    return seconds_max > COALESCED_FROM && factor < COALESCED_SECONDS ? COALESCED_SECONDS : factor;
}

uint32_t thin_group(const struct result_interval *intervals, uint32_t count, uint32_t factor)
{
    uint32_t group = 1;

    while (group < count && intervals[group].index / factor == intervals[0].index / factor) {
        group++;
    }
    return group;
}

static void merge_latency(struct thin_latency *into, uint64_t samples, int64_t p50, int64_t p99,
                          int64_t max)
{
    if (samples == 0) {
        return;
    }
    into->p50_ns = (into->p50_ns * (double)into->samples + (double)p50 * (double)samples) /
                   (double)(into->samples + samples);
    into->samples += samples;
    into->p99_ns = p99 > into->p99_ns ? p99 : into->p99_ns;
    into->max_ns = max > into->max_ns ? max : into->max_ns;
}

struct thin_point thin_merge(const struct result_interval *intervals, uint32_t count)
{
    struct thin_point point = {.complete = true};

    for (uint32_t i = 0; i < count; i++) {
        const struct result_interval *one = &intervals[i];

        point.length_s += one->length_s;
        point.complete &= one->complete;
        point.due += one->due;
        point.sent += one->sent;
        point.acked += one->acked;
        point.received += one->received;
        point.failed += one->refused + one->unconfirmed + one->errors;
        point.backlog_max = one->backlog > point.backlog_max ? one->backlog : point.backlog_max;
        merge_latency(&point.e2e, one->e2e.samples, one->e2e.p50, one->e2e.p99, one->e2e.max);
        merge_latency(&point.publish, one->publish.samples, one->publish.p50, one->publish.p99,
                      one->publish.max);
        merge_latency(&point.send_lag, one->send_lag.samples, one->send_lag.p50, one->send_lag.p99,
                      one->send_lag.max);
    }
    if (count > 0) {
        const struct result_interval *last = &intervals[count - 1];
        double end_s = (double)last->start_ns / NS_PER_S + last->length_s;

        point.middle_s = ((double)intervals[0].start_ns / NS_PER_S + end_s) / 2.0;
    }
    return point;
}
