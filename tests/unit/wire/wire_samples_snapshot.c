#include "wire_samples.h"

#include "invariant.h"

#include <stdlib.h>
#include <string.h>

static void sample_counters(struct random *random, struct counters *ret)
{
    uint64_t *numbers = (uint64_t *)ret; /* It has nothing else in it. */

    static_assert(sizeof *ret % sizeof *numbers == 0, "counters are numbers only");
    for (size_t i = 0; i < sizeof *ret / sizeof *numbers; i++) {
        numbers[i] = sample_number(random);
    }
}

static struct hist_packed sample_hist(struct random *random)
{
    struct hist_packed packed = {0};
    struct hist *hist = NULL;
    uint32_t samples = sample_below(random, 50);

    if (sample_bool(random)) {
        return packed;
    }
    ASSERT(hist_new(&hist, NULL) == 0);
    for (uint32_t i = 0; i < samples; i++) {
        hist_record(hist, (int64_t)(sample_number(random) >> 15));
    }
    ASSERT(hist_packed_of(hist, &packed, NULL) == 0);
    hist_free(hist);
    return packed;
}

static void sample_rows(struct random *random, struct snapshot *s)
{
    s->rows_count = sample_below(random, 3);
    s->rows = sample_zeros(s->rows_count, sizeof *s->rows);
    for (uint32_t i = 0; i < s->rows_count; i++) {
        s->rows[i].flow = sample_below(random, FLOWS_MAX);
        s->rows[i].phase = sample_below(random, PHASES_MAX);
        sample_counters(random, &s->rows[i].counters);
        for (uint32_t series = 0; series < SERIES_COUNT; series++) {
            s->rows[i].series[series] = sample_hist(random);
        }
    }
}

/* Runs anywhere, in any order, some of them back to back. */
static void sample_runs(struct random *random, struct seqruns *ret)
{
    uint32_t runs = sample_below(random, 5);

    for (uint32_t i = 0; i < runs; i++) {
        uint64_t first = sample_number(random) % SEQ_MAX;
        uint64_t more = sample_number(random) % (SEQ_MAX - first);

        ASSERT(seqruns_add(ret, first, first + more) == 0);
    }
    if (sample_below(random, 4) == 0) {
        ASSERT(seqruns_add(ret, 0, SEQ_MAX - 1) == 0);
        ASSERT(seqruns_add(ret, SEQ_MAX - 1, SEQ_MAX - 1) == 0);
        ASSERT(seqruns_add(ret, 0, 0) == 0);
    }
}

static void sample_sets(struct random *random, struct snapshot *s)
{
    s->streams_count = sample_below(random, 6);
    s->streams = sample_zeros(s->streams_count, sizeof *s->streams);
    for (uint32_t i = 0; i < s->streams_count; i++) {
        s->streams[i].stream = sample_below(random, STREAMS_MAX);
        sample_runs(random, &s->streams[i].acked);
        sample_runs(random, &s->streams[i].refused);
        sample_runs(random, &s->streams[i].unconfirmed);
    }
    s->readings_count = sample_below(random, 6);
    s->readings = sample_zeros(s->readings_count, sizeof *s->readings);
    for (uint32_t i = 0; i < s->readings_count; i++) {
        s->readings[i].stream = sample_below(random, STREAMS_MAX);
        s->readings[i].subscription = sample_below(random, SUBSCRIPTIONS_MAX);
        sample_runs(random, &s->readings[i].seen);
        sample_runs(random, &s->readings[i].again);
        sample_runs(random, &s->readings[i].out_of_order);
    }
}

static void sample_words(struct random *random, struct snapshot *s)
{
    s->notices_count = sample_below(random, 3);
    s->notices = sample_zeros(s->notices_count, sizeof *s->notices);
    for (uint32_t i = 0; i < s->notices_count; i++) {
        sample_text(random, s->notices[i].text, sizeof s->notices[i].text);
        s->notices[i].first_ns = sample_time(random);
        s->notices[i].last_ns = sample_time(random);
        s->notices[i].count = sample_number(random);
    }
    s->losses_count = sample_below(random, 3);
    s->losses = sample_zeros(s->losses_count, sizeof *s->losses);
    for (uint32_t i = 0; i < s->losses_count; i++) {
        s->losses[i].client = sample_below(random, CLIENTS_MAX);
        s->losses[i].is_back = sample_bool(random);
        s->losses[i].at_ns = sample_time(random);
        sample_text(random, s->losses[i].text, sizeof s->losses[i].text);
    }
}

static void sample_flat_lists(struct random *random, struct snapshot *s)
{
    s->ranges_count = sample_below(random, 6);
    s->ranges = sample_zeros(s->ranges_count, sizeof *s->ranges);
    for (uint32_t i = 0; i < s->ranges_count; i++) {
        s->ranges[i].stream = sample_below(random, STREAMS_MAX);
        s->ranges[i].phase = sample_below(random, PHASES_MAX);
        s->ranges[i].first = sample_number(random) % SEQ_MAX;
        s->ranges[i].end =
            s->ranges[i].first + sample_number(random) % (SEQ_MAX - s->ranges[i].first);
        s->ranges[i].intended_ns = sample_time(random);
    }
    s->clients_count = sample_below(random, 6);
    s->clients = sample_zeros(s->clients_count, sizeof *s->clients);
    for (uint32_t i = 0; i < s->clients_count; i++) {
        s->clients[i].client = sample_below(random, CLIENTS_MAX);
        s->clients[i].messages = sample_number(random);
        s->clients[i].bytes = sample_number(random);
        s->clients[i].latency_ns_sum = (double)sample_number(random) / 3;
        s->clients[i].latency_ns_max = sample_time(random);
        s->clients[i].latency_samples = sample_number(random);
    }
    s->errors_count = sample_below(random, 3);
    s->errors = sample_zeros(s->errors_count, sizeof *s->errors);
    for (uint32_t i = 0; i < s->errors_count; i++) {
        sample_text(random, s->errors[i].text, sizeof s->errors[i].text);
        s->errors[i].count = sample_number(random);
    }
    sample_words(random, s);
}

static void sample_signs(struct random *random, struct health *health)
{
    health->signs.answered_first_ns = sample_time(random);
    health->signs.answered_last_ns = sample_time(random);
    health->signs.waiting_since_ns = sample_time(random);
    health->signs.handed_ns = sample_time(random);
    health->losses_untold = (uint32_t)sample_number(random);
}

void sample_snapshot(struct random *random, struct snapshot *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->trial = (uint32_t)sample_number(random);
    sample_head(random, &ret->head);
    ret->agent = ret->head.agent;
    ret->sequence = sample_number(random);
    ret->interval = (uint32_t)sample_number(random);
    ret->last_part = sample_bool(random);
    ret->final = sample_bool(random);
    ret->from_ns = sample_time(random);
    ret->until_ns = sample_time(random);
    ret->health.cpu_ns = sample_time(random);
    ret->health.rss_bytes = sample_number(random);
    ret->health.clients = (uint32_t)sample_number(random);
    ret->health.load_threads = (uint32_t)sample_number(random);
    ret->health.rss_before_bytes = sample_number(random);
    ret->health.rss_opened_bytes = sample_number(random);
    ret->health.clients_down = (uint32_t)sample_number(random);
    ret->health.down_since_ns = sample_time(random);
    ret->health.reconnects = (uint32_t)sample_number(random);
    ret->health.outstanding = sample_number(random);
    ret->health.blocked_ns = sample_number(random);
    ret->health.trace_records = sample_number(random);
    ret->health.trace_dropped = sample_number(random);
    ret->health.strain.load_cpu_ns = sample_time(random);
    ret->health.strain.load_wait_ns = sample_time(random);
    ret->health.strain.ticker_late_ns = sample_time(random);
    ret->health.strain.steal_ns = sample_time(random);
    ret->health.strain.throttled_ns = sample_time(random);
    ret->health.strain.recorder_full_ns = sample_time(random);
    ret->health.strain.own_lag_p99_ns = sample_time(random);
    ret->health.strain.driver_ns_max = sample_time(random);
    sample_signs(random, &ret->health);
    sample_rows(random, ret);
    sample_sets(random, ret);
    sample_flat_lists(random, ret);
}

static bool same_hist(const struct hist_packed *a, const struct hist_packed *b)
{
    if (a->bytes == NULL || b->bytes == NULL) {
        return a->bytes == b->bytes;
    }
    return a->bytes_count == b->bytes_count && a->count == b->count && a->censored == b->censored &&
           memcmp(a->bytes, b->bytes, a->bytes_count) == 0;
}

static bool same_rows(const struct snapshot *a, const struct snapshot *b)
{
    for (uint32_t i = 0; i < a->rows_count; i++) {
        const struct snapshot_row *x = &a->rows[i];
        const struct snapshot_row *y = &b->rows[i];

        if (x->flow != y->flow || x->phase != y->phase ||
            memcmp(&x->counters, &y->counters, sizeof x->counters) != 0) {
            return false;
        }
        for (uint32_t series = 0; series < SERIES_COUNT; series++) {
            if (!same_hist(&x->series[series], &y->series[series])) {
                return false;
            }
        }
    }
    return true;
}

static bool same_runs(const struct seqruns *a, const struct seqruns *b)
{
    return a->runs_count == b->runs_count &&
           same_items(a->runs, b->runs, a->runs_count, sizeof *a->runs);
}

static bool same_sets(const struct snapshot *a, const struct snapshot *b)
{
    bool same = true;

    for (uint32_t i = 0; same && i < a->streams_count; i++) {
        const struct stream_delta *x = &a->streams[i];
        const struct stream_delta *y = &b->streams[i];

        same = x->stream == y->stream && same_runs(&x->acked, &y->acked) &&
               same_runs(&x->refused, &y->refused) && same_runs(&x->unconfirmed, &y->unconfirmed);
    }
    for (uint32_t i = 0; same && i < a->readings_count; i++) {
        const struct reading_delta *x = &a->readings[i];
        const struct reading_delta *y = &b->readings[i];

        same = x->stream == y->stream && x->subscription == y->subscription &&
               same_runs(&x->seen, &y->seen) && same_runs(&x->again, &y->again) &&
               same_runs(&x->out_of_order, &y->out_of_order);
    }
    return same;
}

bool same_snapshot(const struct snapshot *a, const struct snapshot *b)
{
    struct snapshot flat[2] = {*a, *b};

    for (int i = 0; i < 2; i++) {
        flat[i].rows = NULL;
        flat[i].streams = NULL;
        flat[i].ranges = NULL;
        flat[i].readings = NULL;
        flat[i].clients = NULL;
        flat[i].errors = NULL;
        flat[i].notices = NULL;
        flat[i].losses = NULL;
    }
    return memcmp(&flat[0], &flat[1], sizeof flat[0]) == 0 && same_rows(a, b) && same_sets(a, b) &&
           same_items(a->ranges, b->ranges, a->ranges_count, sizeof *a->ranges) &&
           same_items(a->clients, b->clients, a->clients_count, sizeof *a->clients) &&
           same_items(a->errors, b->errors, a->errors_count, sizeof *a->errors) &&
           same_items(a->notices, b->notices, a->notices_count, sizeof *a->notices) &&
           same_items(a->losses, b->losses, a->losses_count, sizeof *a->losses);
}
