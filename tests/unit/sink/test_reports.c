/* Reports on their way to fold, windows and journal: who decides comes first. */
#include "check.h"

#include "fold.h"
#include "reports.h"
#include "sink_fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 3630

/* A sink after the fold and the watch; refuses what it is told to. */
struct probe {
    int refuses;
    uint32_t snapshots;
};

static int take(void *self, const struct journal_entry *entry, struct errinfo *reterr)
{
    struct probe *probe = self;

    if (entry->kind != ENTRY_SNAPSHOT) {
        return 0;
    }
    probe->snapshots++;
    return probe->refuses == 0 ? 0 : errinfo_set(reterr, probe->refuses, "a damaged file");
}

static const struct sink_ops probe_sink = {.name = "probe", .take = take};

/* A running trial of one agent, one flow and one phase, with an objective that ends it. */
struct bed {
    struct objective objective;
    struct assigned_flow flow;
    struct assigned_topic topic;
    struct assigned_phase phase;
    struct fold *fold;
    struct watch watch;
    struct sinks sinks;
    struct probe probe;
    struct coalesce *coalesce;
    struct reports reports;
};

static void begin_trial(struct bed *bed)
{
    struct result_agent agent = {.name = "left"};
    struct entry_case of_case = {.name = "case", .target = "rabbit"};
    struct journal_entry entries[] = {
        {.kind = ENTRY_RUN},
        {.kind = ENTRY_AGENTS, .as.agents = {.agents = &agent, .agents_count = 1}},
        {.kind = ENTRY_CASES, .as.cases = {.cases = &of_case, .cases_count = 1}},
        {.kind = ENTRY_TRIAL,
         .as.trial = {.agents_count = 1,
                      .flows = &bed->flow,
                      .flows_count = 1,
                      .topics = &bed->topic,
                      .topics_count = 1,
                      .phases = &bed->phase,
                      .phases_count = 1}},
        {.kind = ENTRY_SEGMENT, .as.segment = {.end_ns = -1}},
    };

    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        assert_int_equal(sinks_take(&bed->sinks, &entries[i], NULL), 0);
    }
}

static struct bed *new_bed(const char *objective, int64_t window_ns)
{
    struct bed *bed = calloc(1, sizeof *bed);

    assert_non_null(bed);
    assert_int_equal(objective_parse(objective, &bed->objective, NULL), 0);
    if (window_ns > 0) {
        assert_int_equal(objective_set_window(&bed->objective, window_ns, 1.0, 0, NULL), 0);
    }
    assert_int_equal(objective_set_abort(&bed->objective, NULL), 0);
    bed->flow = (struct assigned_flow){.name = "main",
                                       .message = {.sizes = {{100, 100, 1}}, .sizes_count = 1},
                                       .delivery = {.in_flight = 1, .consume_ack_batch = 1},
                                       .topics_count = 1,
                                       .partitions = 1,
                                       .producers_count = 1,
                                       .streams_count = 1};
    memcpy(bed->topic.name, "topic", 6);
    bed->phase = (struct assigned_phase){.name = "steady",
                                         .duration_ns = SECONDS * INTERVAL_NS,
                                         .measured = true,
                                         .loads = {{.load = LOAD_MAX}}};
    assert_int_equal(fold_new(&bed->fold, NULL), 0);
    assert_int_equal(coalesce_new(1, &bed->coalesce, NULL), 0);
    watch_init(&bed->watch, &bed->objective, 1);
    sinks_add(&bed->sinks, &sink_fold, bed->fold);
    sinks_add(&bed->sinks, &watch_sink, &bed->watch);
    sinks_add(&bed->sinks, &probe_sink, &bed->probe);
    bed->reports =
        (struct reports){.coalesce = bed->coalesce, .sinks = &bed->sinks, .watch = &bed->watch};
    begin_trial(bed);
    return bed;
}

static void free_bed(struct bed *bed)
{
    coalesce_free(bed->coalesce);
    watch_done(&bed->watch);
    fold_free(bed->fold);
    free(bed);
}

/* A second in which so many messages were refused, with progress of the one stream there is, or of
 * another one. */
static void put(struct bed *bed, uint32_t second, uint64_t refused, uint32_t stream)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);

    assert_non_null(snapshot);
    snapshot->interval = second;
    snapshot->sequence = second;
    snapshot->last_part = true;
    snapshot->from_ns = second * INTERVAL_NS;
    snapshot->until_ns = (second + 1) * INTERVAL_NS;
    snapshot->health.rss_bytes = 1;
    snapshot->rows = calloc(1, sizeof *snapshot->rows);
    snapshot->ranges = calloc(1, sizeof *snapshot->ranges);
    assert_non_null(snapshot->rows);
    assert_non_null(snapshot->ranges);
    snapshot->rows_count = 1;
    snapshot->rows[0].counters.refused = refused;
    snapshot->ranges_count = 1;
    snapshot->ranges[0] = (struct stream_range){.stream = stream, .end = second + 1};
    assert_int_equal(coalesce_put(bed->coalesce, snapshot, true, NULL), 0);
}

/* Gives on whatever is ready; how many reports that was, and how many the fold refused. Only the
 * first of these has something to tell. */
static uint32_t give(struct bed *bed, uint32_t *ret_refused)
{
    struct reported next;
    uint32_t count = 0;

    *ret_refused = 0;
    assert_int_equal(reports_next(&bed->reports, 1, &next, NULL), 0);
    while (next.snapshot != NULL) {
        count++;
        assert_true(next.follows_refused == (next.refused && *ret_refused > 0));
        *ret_refused += next.refused ? 1 : 0;
        assert_true(next.refused == (strlen(next.why.text) > 10));
        snapshot_free(next.snapshot);
        assert_int_equal(reports_next(&bed->reports, 1, &next, NULL), 0);
    }
    return count;
}

static void what_the_fold_refuses_leaves_nothing_with_anybody(void **state)
{
    struct bed *bed = new_bed("refused <= 3", 0);
    char text[REASON_BYTES];
    uint32_t refused;

    (void)state;
    put(bed, 0, 3, 0);
    put(bed, 1, 3, 77); /* Of no such stream. */
    put(bed, 2, 3, 0);
    assert_int_equal(give(bed, &refused), 3);
    assert_int_equal(refused, 2); /* What comes after it, too. */
    assert_false(watch_missed(&bed->watch, text));
    assert_int_equal(bed->probe.snapshots, 1);
    free_bed(bed);
}

static void what_it_takes_comes_to_windows_and_journal(void **state)
{
    struct bed *bed = new_bed("refused <= 3", 0);
    char text[REASON_BYTES];
    uint32_t refused;

    (void)state;
    put(bed, 0, 3, 0);
    put(bed, 1, 1, 0);
    assert_int_equal(give(bed, &refused), 2);
    assert_int_equal(refused, 0);
    assert_true(watch_missed(&bed->watch, text));
    assert_int_equal(bed->probe.snapshots, 2);
    free_bed(bed);
}

/* Until the first hour is over each second is an entry; then ten are. */
static void pass_an_hour(struct bed *bed)
{
    uint32_t refused;

    for (uint32_t second = 0; second < COALESCED_FROM; second++) {
        put(bed, second, 0, 0);
        assert_int_equal(give(bed, &refused), 1);
        assert_int_equal(refused, 0);
    }
}

static void windows_get_the_seconds_of_ten_that_became_one(void **state)
{
    struct bed *bed = new_bed("refused <= 1", INTERVAL_NS);
    struct journal_entry end = {.kind = ENTRY_TRIAL_END, .as.trial_end = {.ended = true}};
    uint32_t refused;

    (void)state;
    pass_an_hour(bed);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(give(bed, &refused), 0);
        put(bed, COALESCED_FROM + i, 1, 0);
        bed->probe.snapshots = 0;
    }
    assert_int_equal(give(bed, &refused), 1);
    assert_int_equal(refused, 0);
    assert_int_equal(bed->probe.snapshots, 1);
    watch_advance(&bed->watch, COALESCED_FROM + 10);
    assert_int_equal(sinks_take(&bed->sinks, &end, NULL), 0);
    assert_int_equal(bed->watch.counts_count, 1);
    assert_int_equal(bed->watch.counts[0].held, SECONDS);
    free_bed(bed);
}

static void of_ten_seconds_that_are_refused_none_comes_to_windows(void **state)
{
    struct bed *bed = new_bed("refused <= 3", 0);
    char text[REASON_BYTES];
    uint32_t refused;

    (void)state;
    pass_an_hour(bed);
    bed->probe.snapshots = 0;
    for (uint32_t i = 0; i < 10; i++) {
        put(bed, COALESCED_FROM + i, 1, i == 9 ? 77 : 0);
    }
    assert_int_equal(give(bed, &refused), 1);
    assert_int_equal(refused, 1);
    assert_false(watch_missed(&bed->watch, text));
    assert_int_equal(bed->probe.snapshots, 0);
    free_bed(bed);
}

/* A file that is damaged was told as a report of the agent, and the run went on without it. */
static void what_another_sink_says_is_no_refusal(void **state)
{
    struct bed *bed = new_bed("refused <= 3", 0);
    struct reported next = {0};
    struct errinfo error = {""};

    (void)state;
    bed->probe.refuses = -EBADMSG;
    put(bed, 0, 0, 0);
    assert_int_equal(reports_next(&bed->reports, 1, &next, &error), -EBADMSG);
    assert_string_equal(error.text, "a damaged file");
    assert_null(next.snapshot);
    free_bed(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_fold_refuses_leaves_nothing_with_anybody),
        cmocka_unit_test(what_it_takes_comes_to_windows_and_journal),
        cmocka_unit_test(windows_get_the_seconds_of_ten_that_became_one),
        cmocka_unit_test(of_ten_seconds_that_are_refused_none_comes_to_windows),
        cmocka_unit_test(what_another_sink_says_is_no_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
