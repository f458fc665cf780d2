#include "check.h"
#include "coalesce.h"
#include "packed.h"

#include <stdlib.h>
#include <string.h>

static void *zeros(size_t count, size_t bytes)
{
    void *list = calloc(count, bytes);

    assert_non_null(list);
    return list;
}

/* A quiet second of agent 0, in which ten messages of one flow and stream went through. */
static struct snapshot *second_of(uint32_t second, uint64_t sequence)
{
    struct snapshot *snapshot = zeros(1, sizeof *snapshot);
    struct counters ten = {.due = 10, .sent = 10, .sent_in_time = 10, .acked = 10};

    snapshot->interval = second;
    snapshot->sequence = sequence;
    snapshot->last_part = true;
    snapshot->from_ns = second * INTERVAL_NS;
    snapshot->until_ns = (second + 1) * INTERVAL_NS;
    snapshot->health = (struct health){.cpu_ns = (second + 1) * 1000,
                                       .rss_bytes = 1000 + second % 7,
                                       .outstanding = second,
                                       .blocked_ns = 5,
                                       .strain = {.load_cpu_ns = 7, .own_lag_p99_ns = second % 3}};
    snapshot->rows = zeros(1, sizeof *snapshot->rows);
    snapshot->rows_count = 1;
    snapshot->rows[0].counters = ten;
    packed_record(&snapshot->rows[0].series[SERIES_E2E], 1000 + second);
    snapshot->streams = zeros(1, sizeof *snapshot->streams);
    snapshot->streams_count = 1;
    assert_int_equal(seqruns_add(&snapshot->streams[0].acked, 10 * second, 10 * second + 9), 0);
    snapshot->ranges = zeros(1, sizeof *snapshot->ranges);
    snapshot->ranges_count = 1;
    snapshot->ranges[0] = (struct stream_range){.end = 10 * second + 10, .intended_ns = second};
    snapshot->clients = zeros(1, sizeof *snapshot->clients);
    snapshot->clients_count = 1;
    snapshot->clients[0] =
        (struct client_delta){.messages = 10, .latency_ns_sum = 5.0, .latency_ns_max = second};
    return snapshot;
}

static struct coalesce *new_coalesce(void)
{
    struct coalesce *coalesce = NULL;

    assert_int_equal(coalesce_new(2, &coalesce, NULL), 0);
    return coalesce;
}

/* The next that is ready must be of these seconds. */
static void expect(struct coalesce *coalesce, uint32_t first, uint32_t last)
{
    struct snapshot *snapshot = coalesce_next(coalesce);

    assert_non_null(snapshot);
    assert_int_equal(snapshot->interval, first);
    assert_int_equal(snapshot->interval + snapshot->seconds_more, last);
    assert_true(snapshot->last_part);
    snapshot_free(snapshot);
}

static void the_first_hour_stays_as_it_came(void **state)
{
    struct coalesce *coalesce = new_coalesce();

    (void)state;
    for (uint32_t second = 0; second < COALESCED_FROM; second++) {
        assert_int_equal(coalesce_put(coalesce, second_of(second, second), true, NULL), 0);
        expect(coalesce, second, second);
    }
    assert_null(coalesce_next(coalesce));
    coalesce_free(coalesce);
}

static void ten_seconds_become_one_report_that_has_all_of_them(void **state)
{
    struct coalesce *coalesce = new_coalesce();
    struct snapshot *sum;

    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        assert_null(coalesce_next(coalesce));
        assert_int_equal(coalesce_put(coalesce, second_of(3600 + i, 70 + i), true, NULL), 0);
    }
    sum = coalesce_next(coalesce);
    assert_non_null(sum);
    assert_int_equal(sum->sequence, 70);
    assert_int_equal(sum->parts_more, 9);
    assert_int_equal(sum->interval, 3600);
    assert_int_equal(sum->seconds_more, 9);
    assert_int_equal(sum->from_ns, 3600 * INTERVAL_NS);
    assert_int_equal(sum->until_ns, 3610 * INTERVAL_NS);
    assert_int_equal(sum->rows_count, 1);
    assert_int_equal(sum->rows[0].counters.acked, 100);
    assert_int_equal(sum->rows[0].series[SERIES_E2E].count, 10);
    assert_int_equal(hist_packed_min(&sum->rows[0].series[SERIES_E2E]), 4600);
    assert_int_equal(hist_packed_max(&sum->rows[0].series[SERIES_E2E]), 4609);
    assert_int_equal(sum->streams_count, 1);
    assert_int_equal(sum->streams[0].acked.runs_count, 1);
    assert_int_equal(sum->streams[0].acked.runs[0].first, 36000);
    assert_int_equal(sum->streams[0].acked.runs[0].last, 36099);
    assert_int_equal(sum->ranges_count, 1);
    assert_int_equal(sum->ranges[0].end, 36100);
    assert_int_equal(sum->clients_count, 1);
    assert_int_equal(sum->clients[0].messages, 100);
    assert_int_equal(sum->clients[0].latency_ns_max, 3609);
    assert_int_equal(sum->health.cpu_ns, 3610 * 1000);
    assert_int_equal(sum->health.rss_bytes, 1006);
    assert_int_equal(sum->health.outstanding, 3609);
    assert_int_equal(sum->health.blocked_ns, 50);
    assert_int_equal(sum->health.strain.load_cpu_ns, 70);
    assert_int_equal(sum->health.strain.own_lag_p99_ns, 2);
    assert_null(coalesce_next(coalesce));
    snapshot_free(sum);
    coalesce_free(coalesce);
}

static void lost_connection(struct snapshot *snapshot)
{
    snapshot->losses = zeros(1, sizeof *snapshot->losses);
    snapshot->losses_count = 1;
}

static void fewer_clients(struct snapshot *snapshot)
{
    snapshot->health.clients_down = 1;
}

static void unanswered(struct snapshot *snapshot)
{
    snapshot->health.signs.waiting_since_ns = snapshot->from_ns - 1;
}

static void late_ticker(struct snapshot *snapshot)
{
    snapshot->health.strain.ticker_late_ns = 30 * 1000000;
}

static void not_sent(struct snapshot *snapshot)
{
    snapshot->rows[0].counters.due = 20;
}

static void last_of_all(struct snapshot *snapshot)
{
    snapshot->final = true;
}

/* Judged and told to the second: what of the agent, what of the broker. */
static void a_second_that_matters_stays_by_itself(void **state)
{
    void (*const changes[])(struct snapshot *) = {lost_connection, fewer_clients, unanswered,
                                                  late_ticker,     not_sent,      last_of_all};

    (void)state;
    for (size_t c = 0; c < sizeof changes / sizeof changes[0]; c++) {
        struct coalesce *coalesce = new_coalesce();

        for (uint32_t i = 0; i < 10; i++) {
            struct snapshot *second = second_of(3600 + i, i);

            if (i == 4) {
                changes[c](second);
            } else if (i > 4 && changes[c] == fewer_clients) {
                fewer_clients(second); /* As before: that is no news. */
            }
            assert_int_equal(coalesce_put(coalesce, second, true, NULL), 0);
        }
        expect(coalesce, 3600, 3603);
        expect(coalesce, 3604, 3604);
        expect(coalesce, 3605, 3609);
        assert_null(coalesce_next(coalesce));
        coalesce_free(coalesce);
    }
}

/* A host that is always too busy has not the memory of all its seconds. */
static void trouble_without_an_end_is_coalesced_after_an_hour_of_it(void **state)
{
    struct coalesce *coalesce = new_coalesce();
    uint32_t reports = 0;

    (void)state;
    for (uint32_t second = 3600; second < 3600 + 7200; second++) {
        struct snapshot *snapshot = second_of(second, second);

        late_ticker(snapshot);
        assert_int_equal(coalesce_put(coalesce, snapshot, true, NULL), 0);
        while ((snapshot = coalesce_next(coalesce)) != NULL) {
            assert_int_equal(snapshot->health.strain.ticker_late_ns, 30 * 1000000);
            snapshot_free(snapshot);
            reports++;
        }
    }
    assert_int_equal(reports, 3600 + 360);
    coalesce_free(coalesce);
}

static void whoever_waits_for_the_end_gets_each_second_at_once(void **state)
{
    struct coalesce *coalesce = new_coalesce();

    (void)state;
    assert_int_equal(coalesce_put(coalesce, second_of(3600, 0), true, NULL), 0);
    assert_int_equal(coalesce_put(coalesce, second_of(3601, 1), true, NULL), 0);
    assert_null(coalesce_next(coalesce));
    assert_int_equal(coalesce_put(coalesce, second_of(3602, 2), false, NULL), 0);
    expect(coalesce, 3600, 3601);
    expect(coalesce, 3602, 3602);
    assert_int_equal(coalesce_put(coalesce, second_of(3603, 3), true, NULL), 0);
    assert_null(coalesce_next(coalesce));
    assert_int_equal(coalesce_flush(coalesce, NULL), 0);
    expect(coalesce, 3603, 3603);
    assert_int_equal(coalesce_put(coalesce, second_of(3604, 4), true, NULL), 0);
    coalesce_free(coalesce); /* With what is held. */
}

/* Each in parts: never half a second, and no document that is too long. */
static void seconds_in_parts_are_whole_or_as_they_came(void **state)
{
    struct coalesce *coalesce = new_coalesce();
    struct snapshot *snapshot;
    uint64_t sequence = 0;
    uint64_t seconds = 0;

    (void)state;
    for (uint32_t second = 3600; second < 3700; second++) {
        uint32_t parts = 1 + second % 9;

        for (uint32_t part = 0; part < parts; part++) {
            snapshot = second_of(second, sequence++);
            snapshot->last_part = part + 1 == parts;
            snapshot->health.rss_bytes = part == 0 ? 1000 : 0;
            assert_int_equal(coalesce_put(coalesce, snapshot, true, NULL), 0);
        }
    }
    assert_int_equal(coalesce_flush(coalesce, NULL), 0);
    sequence = 0;
    while ((snapshot = coalesce_next(coalesce)) != NULL) {
        assert_int_equal(snapshot->sequence, sequence);
        assert_int_equal(snapshot->interval, 3600 + seconds);
        assert_true(snapshot->parts_more < 41);
        sequence += snapshot->parts_more + 1;
        seconds += snapshot->last_part ? snapshot->seconds_more + 1 : 0;
        snapshot_free(snapshot);
    }
    assert_int_equal(seconds, 100);
    coalesce_free(coalesce);
}

static void too_many_samples(struct snapshot *snapshot)
{
    snapshot->rows[0].series[SERIES_E2E].count = HIST_COUNT_MAX;
}

static void counters_that_wrap_around(struct snapshot *snapshot)
{
    snapshot->rows[0].counters.acked = UINT64_MAX / 2 + 1;
}

static void times_that_wrap_around(struct snapshot *snapshot)
{
    snapshot->health.strain.load_wait_ns = INT64_MAX;
    snapshot->from_ns = INT64_MIN;
}

/* It may be an agent that is wrong, or somebody who plays one; the sum of two such figures can be
 * right, or none at all, and ended the run. */
static void what_can_not_be_is_left_to_who_judges_each_report(void **state)
{
    void (*const changes[])(struct snapshot *) = {too_many_samples, counters_that_wrap_around,
                                                  times_that_wrap_around};

    (void)state;
    for (size_t c = 0; c < sizeof changes / sizeof changes[0]; c++) {
        struct coalesce *coalesce = new_coalesce();

        for (uint32_t i = 0; i < 10; i++) {
            struct snapshot *second = second_of(3600 + i, i);

            if (i > 0 && i < 3) {
                changes[c](second);
            }
            assert_int_equal(coalesce_put(coalesce, second, true, NULL), 0);
        }
        expect(coalesce, 3600, 3600);
        expect(coalesce, 3601, 3601);
        expect(coalesce, 3602, 3602);
        expect(coalesce, 3603, 3609);
        assert_null(coalesce_next(coalesce));
        coalesce_free(coalesce);
    }
}

/* As if the agent had told of them. */
static void seconds_that_an_agent_left_out_are_not_made_up(void **state)
{
    struct coalesce *coalesce = new_coalesce();

    (void)state;
    assert_int_equal(coalesce_put(coalesce, second_of(3600, 0), true, NULL), 0);
    assert_int_equal(coalesce_put(coalesce, second_of(3601, 1), true, NULL), 0);
    assert_int_equal(coalesce_put(coalesce, second_of(3605, 2), true, NULL), 0);
    assert_int_equal(coalesce_put(coalesce, second_of(3605, 3), true, NULL), 0);
    assert_int_equal(coalesce_flush(coalesce, NULL), 0);
    expect(coalesce, 3600, 3601);
    expect(coalesce, 3605, 3605);
    expect(coalesce, 3605, 3605);
    coalesce_free(coalesce);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_hour_stays_as_it_came),
        cmocka_unit_test(ten_seconds_become_one_report_that_has_all_of_them),
        cmocka_unit_test(a_second_that_matters_stays_by_itself),
        cmocka_unit_test(trouble_without_an_end_is_coalesced_after_an_hour_of_it),
        cmocka_unit_test(whoever_waits_for_the_end_gets_each_second_at_once),
        cmocka_unit_test(seconds_in_parts_are_whole_or_as_they_came),
        cmocka_unit_test(what_can_not_be_is_left_to_who_judges_each_report),
        cmocka_unit_test(seconds_that_an_agent_left_out_are_not_made_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
