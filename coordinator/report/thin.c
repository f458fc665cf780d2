#include "thin.h"

#include "mono.h"

uint32_t thin_factor(uint32_t intervals_max, uint32_t points_max)
{
    return intervals_max <= points_max ? 1 : (intervals_max + points_max - 1) / points_max;
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
    struct thin_point point = {0};

    for (uint32_t i = 0; i < count; i++) {
        const struct result_interval *one = &intervals[i];

        point.length_s += one->length_s;
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
