#include "fold_bench.h"

#include "archive.h"
#include "file.h"
#include "random.h"
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *tell_json(const struct result *result)
{
    char *json = NULL;

    assert_int_equal(archive_result_json(result, &json, NULL), 0);
    return json;
}

/* Everything that a result says, as text. */
static char *tell(const struct result *result)
{
    struct text out = {0};
    char *json = tell_json(result);

    text_add(&out, json);
    free(json);
    assert_int_equal(archive_intervals_jsonl(result, &out, NULL), 0);
    for (uint32_t t = 0; t < result->cases[0].trials_count; t++) {
        const struct result_trial *trial = &result->cases[0].trials[t];

        for (uint32_t i = 0; i < trial->audit_count; i++) {
            text_addf(&out, "%s %u %s\n", trial->audit[i].topic, trial->audit[i].subscription,
                      trial->audit[i].detail);
        }
        for (uint32_t i = 0; i < trial->parties_count; i++) {
            text_addf(&out, "%s %llu\n", trial->parties[i].name,
                      (unsigned long long)trial->parties[i].messages);
        }
    }
    assert_false(text_failed(&out));
    return text_take(&out);
}

static void assert_same(const struct result *a, const struct result *b)
{
    char *first = tell(a);
    char *second = tell(b);

    assert_string_equal(first, second);
    free(first);
    free(second);
}

/* An entry is appended and folded, as `run` does it. */
struct live {
    struct archive_writer *writer;
    struct fold *fold;
};

static void take_live(void *context, const struct journal_entry *entry)
{
    struct live *live = context;

    assert_int_equal(archive_append(live->writer, entry, NULL), 0);
    fold_bench_take(live->fold, entry);
    if (entry->kind == ENTRY_TRIAL) {
        assert_int_equal(fold_hold_rows(live->fold, NULL), 0);
    }
}

static struct result *write_down(const struct made_journal *journal, const char *folder)
{
    struct live live = {0};
    struct result *result = NULL;

    assert_int_equal(archive_writer_new(folder, &live.writer, NULL), 0);
    assert_int_equal(fold_new(&live.fold, NULL), 0);
    made_journal_each(journal, take_live, &live);
    assert_int_equal(archive_writer_close(live.writer, NULL), 0);
    assert_int_equal(fold_result(live.fold, &result, NULL), 0);
    fold_free(live.fold);
    return result;
}

static struct result *read_back(const char *folder)
{
    struct archive_reader *reader = NULL;
    struct fold *fold = NULL;
    struct result *result = NULL;
    struct journal_entry entry;
    int r;

    assert_int_equal(archive_reader_new(folder, &reader, NULL), 0);
    assert_int_equal(fold_new(&fold, NULL), 0);
    while ((r = archive_next(reader, &entry, NULL)) == 1) {
        fold_bench_take(fold, &entry);
        journal_entry_done(&entry);
    }
    assert_int_equal(r, 0);
    archive_reader_free(reader);
    assert_int_equal(fold_result(fold, &result, NULL), 0);
    fold_free(fold);
    return result;
}

static void a_journal_read_back_folds_to_what_the_live_run_said(void **state)
{
    char folder[TEMP_BYTES];
    char *path;

    (void)state;
    assert_non_null(mkdtemp(temp_name(folder, "fold")));
    path = file_join(folder, ARCHIVE_JOURNAL_NAME);
    for (uint64_t seed = 0; seed < 30; seed++) {
        const struct made_options options = made_options_random(seed);
        struct made_trial *made = made_trial_new(&options);
        const struct made_journal journal = {
            .trials = &made, .trials_count = 1, .cut_off = seed % 3 == 0};
        struct result *live = write_down(&journal, folder);
        struct result *again = read_back(folder);

        assert_int_equal(live->cut_off, seed % 3 == 0);
        assert_same(live, again);
        result_free(live);
        result_free(again);
        made_trial_free(made);
        assert_int_equal(unlink(path), 0);
    }
    free(path);
    assert_int_equal(rmdir(folder), 0);
}

static void the_order_between_agents_changes_no_figure(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct made_options options = made_options_random(seed);
        struct made_trial *made;
        struct made_journal journal = {.trials = &made, .trials_count = 1};
        struct result *first;

        options.agents_count = 4;
        /* A message that two agents saw leaves the backlog with the first that tells. */
        options.again = 0.0;
        made = made_trial_new(&options);
        first = fold_bench_result(&journal);
        for (int round = 0; round < 3; round++) {
            struct result *other = fold_bench_result(&journal); /* Shuffled anew. */

            assert_same(first, other);
            result_free(other);
        }
        result_free(first);
        made_trial_free(made);
    }
}

static void a_snapshot_that_comes_twice_counts_once(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        const struct made_options options = made_options_random(seed);
        struct made_trial *made = made_trial_new(&options);
        struct made_journal journal = {.trials = &made, .trials_count = 1};
        struct result *once = fold_bench_result(&journal);
        struct result *twice;

        journal.twice = true;
        twice = fold_bench_result(&journal);
        twice->ended_unix_ns = once->ended_unix_ns;
        assert_same(once, twice);
        result_free(once);
        result_free(twice);
        made_trial_free(made);
    }
}

static void assert_sums(const struct result_delivery *d)
{
    assert_int_equal(d->sent, d->acked + d->refused + d->unconfirmed);
    assert_int_equal(d->received - d->unexpected + d->lost + d->expired + d->unaccounted,
                     d->expected);
}

static void the_sums_hold_in_every_phase_and_line_of_the_audit(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        const struct made_options options = made_options_random(seed);
        struct made_trial *made = made_trial_new(&options);
        const struct made_journal journal = {.trials = &made,
                                             .trials_count = 1,
                                             .cut_off = seed % 4 == 0,
                                             .cut_last = (uint32_t)(seed % 5)};
        struct result *result = fold_bench_result(&journal);
        const struct result_trial *trial = &result->cases[0].trials[0];

        for (uint32_t i = 0; i < trial->phases_count; i++) {
            assert_sums(&trial->phases[i].delivery);
            assert_sums(&result->cases[0].phases[i].delivery);
        }
        assert_int_equal(trial->audit_count,
                         options.flows_count * options.topics_count * options.subscriptions_count);
        for (uint32_t i = 0; i < trial->audit_count; i++) {
            assert_sums(&trial->audit[i].delivery);
        }
        result_free(result);
        made_trial_free(made);
    }
}

static void assert_same_hist(const struct hist *a, const struct hist *b)
{
    static uint8_t packed[2][HIST_PACKED_BYTES_MAX];
    int a_bytes = hist_pack(a, packed[0], sizeof packed[0]);
    int b_bytes = hist_pack(b, packed[1], sizeof packed[1]);

    assert_int_equal(a_bytes, b_bytes);
    assert_memory_equal(packed[0], packed[1], (size_t)a_bytes);
}

/* While a trial goes on its histograms have what came and nothing else; once it has ended, what
 * never came beside it. */
static void assert_latencies(const struct result *result, const struct result *ended,
                             const struct made_trial *made)
{
    uint32_t rows = made->options.flows_count > 1 ? made->options.flows_count + 1 : 1;

    for (uint32_t i = 0; i < result->cases[0].phases_count; i++) {
        const struct result_phase *phase = &ended->cases[0].phases[i];
        uint32_t flow = i % rows == 0 ? DELIVERY_ALL : i % rows - 1;
        struct hist *all = made_latency(made, flow, i / rows);
        const struct hist *merged = result->cases[0].phases[i].latency[SERIES_E2E];
        const struct hist *hist = phase->latency[SERIES_E2E];
        uint64_t censored = hist == NULL ? 0 : hist_censored(hist);

        if (hist_count(all) == 0) {
            assert_null(merged);
        } else {
            assert_same_hist(merged, all);
        }
        assert_int_equal(hist == NULL ? 0 : hist_count(hist) - censored, hist_count(all));
        assert_in_range(censored, phase->delivery.lost,
                        phase->delivery.lost +
                            phase->delivery.unconfirmed * made->options.subscriptions_count);
        hist_free(all);
    }
}

static void merged_percentiles_are_those_of_one_histogram_with_all_samples(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct made_options options = made_options_random(seed);
        struct made_trial *made;
        struct result *ended;
        struct result *result;

        options.consumers_count = 3;
        options.agents_count = 3;
        ended = fold_bench_result_of_options(&options, &made);
        result = fold_bench_result(
            &(struct made_journal){.trials = &made, .trials_count = 1, .cut_off = true});
        assert_latencies(result, ended, made);
        result_free(ended);
        result_free(result);
        made_trial_free(made);
    }
}

static void a_journal_without_its_end_says_that_it_was_cut_off(void **state)
{
    struct made_options options = made_options_random(5);
    struct made_trial *made;
    struct made_journal journal = {.trials = &made, .trials_count = 1, .cut_off = true};
    struct result *result;
    const struct result_delivery *delivery;

    (void)state;
    options.consumers_count = 2;
    options.lost = 0.5;
    options.ttl_ns = 0;
    options.phases_count = 1;
    options.flows_count = 1;
    options.agent_lost = UINT32_MAX;
    made = made_trial_new(&options);
    result = fold_bench_result(&journal);
    assert_true(result->cut_off);
    assert_true(result->cut_off_ns > result->started_unix_ns);
    assert_int_equal(result->ended_unix_ns, result->cut_off_ns);
    assert_int_equal(result->verdict, VERDICT_FAILED);
    assert_int_equal(result->reasons_count, 1);
    assert_string_equal(result->reasons[0].code, "cut_off");
    assert_false(result->cases[0].trials[0].ended);
    delivery = &result->cases[0].phases[0].delivery;
    assert_int_equal(delivery->lost, 0); /* Nobody knows whether they were. */
    assert_true(delivery->unaccounted > 0);
    result_free(result);
    journal.cut_off = false;
    result = fold_bench_result(&journal);
    assert_false(result->cut_off);
    assert_true(result->cases[0].trials[0].ended);
    delivery = &result->cases[0].phases[0].delivery;
    assert_int_equal(delivery->unaccounted, 0);
    assert_true(delivery->lost > 0);
    result_free(result);
    made_trial_free(made);
}

static void what_a_lost_agent_may_have_had_is_unaccounted(void **state)
{
    struct made_options options = made_options_random(6);
    struct made_trial *made;
    struct result *result;
    const struct result_delivery *delivery;

    (void)state;
    options = (struct made_options){.agents_count = 3,
                                    .flows_count = 1,
                                    .topics_count = 2,
                                    .partitions = 2,
                                    .producers_count = 2,
                                    .subscriptions_count = 1,
                                    .consumers_count = 4,
                                    .phases_count = 1,
                                    .messages = 20,
                                    .apart = true,
                                    .agent_lost = 1,
                                    .lost_after = 2,
                                    .seed = 3};
    result = fold_bench_result_of_options(&options, &made);
    delivery = &result->cases[0].phases[0].delivery;
    assert_int_equal(delivery->lost, 0);
    assert_true(delivery->unaccounted > 0);
    assert_true(delivery->received > 0);
    assert_true(result->cases[0].phases[0].lacks_agent);
    assert_true(result->cases[0].trials[0].ended);
    result_free(result);
    made_trial_free(made);
    options.agent_lost = UINT32_MAX;
    result = fold_bench_result_of_options(&options, &made);
    assert_false(result->cases[0].phases[0].lacks_agent);
    result_free(result);
    made_trial_free(made);
}

struct bytes {
    char *at;
    size_t count;
};

static void overwrite(const char *path, const struct bytes *bytes)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes->at, 1, bytes->count, file), bytes->count);
    assert_int_equal(fclose(file), 0);
}

static void read_damaged(const char *folder, struct fold *fold)
{
    struct archive_reader *reader = NULL;
    struct journal_entry entry;

    assert_int_equal(archive_reader_new(folder, &reader, NULL), 0);
    while (archive_next(reader, &entry, NULL) == 1) {
        (void)fold_add(fold, &entry, NULL);
        journal_entry_done(&entry);
    }
    archive_reader_free(reader);
}

/* The random entries of the archive's tests never fit each other; here every flip is of a journal
 * that would fold to its end. */
static void a_damaged_journal_folds_to_something_or_is_refused(void **state)
{
    char folder[TEMP_BYTES];
    const struct made_options options = fold_bench_faultless();
    struct made_trial *made = made_trial_new(&options);
    const struct made_journal journal = {.trials = &made, .trials_count = 1};
    struct random random;
    struct bytes bytes = {0};
    char *path;

    (void)state;
    random_seed(&random, 1);
    assert_non_null(mkdtemp(temp_name(folder, "fold")));
    path = file_join(folder, ARCHIVE_JOURNAL_NAME);
    result_free(write_down(&journal, folder));
    assert_int_equal(file_read_all(path, 16 * 1024 * 1024, &bytes.at, &bytes.count, NULL), 0);
    for (int round = 0; round < 150; round++) {
        size_t place = random_next(&random) % bytes.count;
        char was = bytes.at[place];
        struct fold *fold = NULL;
        struct result *result = NULL;

        bytes.at[place] ^= (char)(1 << random_next(&random) % 8);
        overwrite(path, &bytes);
        bytes.at[place] = was;
        assert_int_equal(fold_new(&fold, NULL), 0);
        read_damaged(folder, fold);
        assert_int_equal(fold_result(fold, &result, NULL), 0);
        free(tell_json(result));
        result_free(result);
        fold_free(fold);
    }
    free(bytes.at);
    assert_int_equal(unlink(path), 0);
    free(path);
    assert_int_equal(rmdir(folder), 0);
    made_trial_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_journal_read_back_folds_to_what_the_live_run_said),
        cmocka_unit_test(the_order_between_agents_changes_no_figure),
        cmocka_unit_test(a_snapshot_that_comes_twice_counts_once),
        cmocka_unit_test(the_sums_hold_in_every_phase_and_line_of_the_audit),
        cmocka_unit_test(merged_percentiles_are_those_of_one_histogram_with_all_samples),
        cmocka_unit_test(a_journal_without_its_end_says_that_it_was_cut_off),
        cmocka_unit_test(what_a_lost_agent_may_have_had_is_unaccounted),
        cmocka_unit_test(a_damaged_journal_folds_to_something_or_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
