/*
 * Frames of an agent that is not to be trusted: 2^21 and 2^56, or the most that the type holds, in
 * every place of a snapshot that has a number; histograms of 2^21 buckets and of 2^56 samples; runs
 * of all messages that a stream can have. From the bytes to the result of the run it takes less
 * than 1 s of CPU and 50 MiB, whether they are refused or not.
 */
#include "check.h"

#include "child_cost.h"
#include "fold_bench.h"
#include "hostile.h"
#include "wire.h"

#include <string.h>

struct arrival {
    const struct made_journal *journal;
    struct text frame; /* In place of the first snapshot. */
    struct snapshot_limits limits;
    struct fold *fold;
    bool came;
};

static void take_frame(struct arrival *arrival)
{
    struct journal_entry entry = {.kind = ENTRY_SNAPSHOT};
    struct errinfo error = {""};

    if (wire_decode_snapshot_of(arrival->frame.bytes, arrival->frame.bytes_count, &arrival->limits,
                                &entry.as.snapshot, &error) < 0) {
        assert_true(strlen(error.text) > 10);
        return;
    }
    if (fold_add(arrival->fold, &entry, &error) < 0) {
        assert_true(strlen(error.text) > 10);
    }
    snapshot_free(entry.as.snapshot);
}

/* What follows the frame may be refused where that was. */
static void take(void *context, const struct journal_entry *entry)
{
    struct arrival *arrival = context;

    if (entry->kind == ENTRY_SNAPSHOT && !arrival->came) {
        arrival->came = true;
        take_frame(arrival);
    } else {
        (void)fold_add(arrival->fold, entry, NULL);
    }
}

static void arrive(void *context)
{
    struct arrival *arrival = context;
    struct result *result = NULL;

    assert_int_equal(fold_new(&arrival->fold, NULL), 0);
    made_journal_each(arrival->journal, take, arrival);
    assert_int_equal(fold_result(arrival->fold, &result, NULL), 0);
    result_free(result);
    fold_free(arrival->fold);
}

static void cost_of(const struct arrival *arrival, const char *place, struct child_cost *most)
{
    struct arrival own = *arrival;
    struct child_cost cost;

    child_cost_of(arrive, &own, &cost);
    if (!child_cost_is_small(&cost)) {
        fail_msg("%s: %.3f s, %lld KiB more", place, (double)cost.cpu_ns / 1e9,
                 (long long)cost.more_kib);
    }
    most->cpu_ns = cost.cpu_ns > most->cpu_ns ? cost.cpu_ns : most->cpu_ns;
    most->more_kib = cost.more_kib > most->more_kib ? cost.more_kib : most->more_kib;
}

static void no_number_takes_more_than_a_second_or_50_mib(void **state)
{
    const struct made_options options = fold_bench_faultless();
    struct made_trial *made = made_trial_new(&options);
    const struct made_journal journal = {.trials = &made, .trials_count = 1};
    struct arrival arrival = {.journal = &journal,
                              .limits = {.rows = 64, .streams = 64, .ranges = 256, .readings = 64}};
    struct child_cost most = {0};
    struct hostile hostile;
    int64_t as_it_was_kib;
    uint32_t sent = 0;

    (void)state;
    assert_int_equal(wire_encode_snapshot(&made->snapshots[0], &arrival.frame), 0);
    child_cost_of(arrive, &arrival, &most);
    as_it_was_kib = most.more_kib;
    hostile_begin(&hostile, &snapshot_record, &made->snapshots[0]);
    while (hostile_next(&hostile)) {
        struct arrival changed = arrival;

        changed.frame = (struct text){0};
        if (wire_encode_snapshot(&made->snapshots[0], &changed.frame) == 0) {
            hostile_put_back(&hostile);
            cost_of(&changed, hostile.place, &most);
            sent++;
        }
        text_done(&changed.frame);
    }
    print_message("%u frames: at most %.3f s of CPU, %lld KiB more (as it was %lld)\n", sent,
                  (double)most.cpu_ns / 1e9, (long long)most.more_kib, (long long)as_it_was_kib);
    assert_true(sent > 100);
    text_done(&arrival.frame);
    made_trial_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_number_takes_more_than_a_second_or_50_mib),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
