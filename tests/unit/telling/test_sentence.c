#include "check.h"

#include "export.h"
#include "mono.h"
#include "result_fixture.h"
#include "sentence.h"
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct result *make(bool faults, bool all)
{
    const struct fixture_options options = {
        .seconds = 30, .all_measured = all, .faults = faults, .seed = 5};

    return result_fixture(&options);
}

/* Frees the result. */
static void expect_sentence(struct result *result, const char *wanted)
{
    struct text out = {0};

    assert_int_equal(sentence_write(result, &out), 0);
    assert_string_equal(out.bytes, wanted);
    text_done(&out);
    result_free(result);
}

static struct hist *flat_hist(int64_t ns)
{
    struct hist *hist = NULL;

    assert_int_equal(hist_new(&hist, NULL), 0);
    for (int i = 0; i < 2000; i++) {
        hist_record(hist, ns);
    }
    return hist;
}

/* One case with one measured phase whose every latency is exact. */
static struct result *make_one(int64_t e2e_ns)
{
    struct result *result = make(false, true);
    struct result_phase *steady = &result->cases[0].phases[3];

    for (uint32_t i = 1; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].phases_count; j++) {
            result->cases[i].phases[j].measured = false;
        }
    }
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        result->objectives[i].met = MET_YES;
    }
    hist_free(steady->latency[SERIES_E2E]);
    steady->latency[SERIES_E2E] = e2e_ns == 0 ? NULL : flat_hist(e2e_ns);
    return result;
}

static void sentence_of_a_pass_names_rate_span_and_p99(void **state)
{
    (void)state;
    expect_sentence(make_one(4120000),
                    "PASS - 20,000/s held for 30 s on memory, nothing lost; p99 end to end 4.12 ms "
                    "(memory)");
}

static void sentence_counts_brokers_and_names_the_skipped(void **state)
{
    struct result *result = make(false, false);
    struct text out = {0};

    (void)state;
    assert_int_equal(sentence_write(result, &out), 0);
    assert_non_null(strstr(out.bytes, "20,000/s held for 30 s on 3 brokers, nothing lost;"));
    assert_non_null(strstr(out.bytes, "; mosquitto skipped"));
    text_done(&out);
    result_free(result);
}

static void sentence_tells_the_range_of_a_target_with_several_cases(void **state)
{
    struct result *result = make(false, false);
    struct text out = {0};

    (void)state;
    /* A sweep: the same target, other cases. */
    for (uint32_t i = 0; i < result->cases_count; i++) {
        (void)snprintf(result->cases[i].target, NAME_BYTES, "kafka");
        (void)snprintf(result->cases[i].name, NAME_BYTES, "kafka/size=%u", i);
    }
    assert_int_equal(sentence_write(result, &out), 0);
    assert_non_null(strstr(out.bytes, "20,000/s held for 30 s in 3 cases on kafka, nothing lost;"));
    assert_non_null(strstr(out.bytes, " ms (kafka)"));
    assert_null(strstr(out.bytes, "kafka/size=0"));
    text_done(&out);
    result_free(result);
}

/* It said that 0/s had been held. */
static void sentence_of_a_phase_that_only_receives_tells_that_rate(void **state)
{
    struct result *result = make_one(1000000);
    struct result_phase *steady = &result->cases[0].phases[3];

    (void)state;
    steady->asked_per_s = 0.0;
    steady->sent_per_s = 0.0;
    steady->received_per_s = 50000.0;
    expect_sentence(result,
                    "PASS - received at 50,000/s (memory), nothing lost; p99 end to end 1.00 ms "
                    "(memory)");
}

/* "10,300/s held" of a ramp from 500/s to 20k/s, which never stayed there. */
static void sentence_of_a_ramp_tells_its_highest_rate(void **state)
{
    struct result *result = make_one(1000000);
    struct text markdown = {0};

    (void)state;
    result->cases[0].phases[3].asked_peak_per_s = 40000.0;
    assert_int_equal(export_format_find("md")->write(result, &markdown, NULL), 0);
    assert_non_null(strstr(markdown.bytes, "| 20,000/s, highest 40,000/s | 20,000/s |"));
    text_done(&markdown);
    expect_sentence(result, "PASS - 20,000/s on average (40,000/s at its highest) held for 30 s on "
                            "memory, nothing lost; p99 end to end 1.00 ms (memory)");
    result = make_one(1000000);
    result->cases[0].phases[3].asked_peak_per_s = 20100.0; /* Poisson arrivals, by chance. */
    expect_sentence(result, "PASS - 20,000/s held for 30 s on memory, nothing lost; p99 end to end "
                            "1.00 ms (memory)");
}

static void sentence_says_when_the_rate_was_not_reached(void **state)
{
    struct result *result = make_one(1000000);
    struct result_phase *steady = &result->cases[0].phases[3];

    (void)state;
    steady->sent_per_s = 12000.0;
    steady->sent_in_time = steady->due * 6 / 10;
    expect_sentence(result, "PASS - target rate not reached: 12,000/s of 20,000/s (memory) "
                            "for 30 s, nothing lost; p99 end to end 1.00 ms (memory)");
}

static void sentence_of_max_has_no_response_latency(void **state)
{
    struct result *result = make_one(1000000);
    struct result_phase *steady = &result->cases[0].phases[3];

    (void)state;
    steady->is_max = true;
    steady->sent_per_s = 1234567.0;
    expect_sentence(result, "PASS - as fast as possible: 1.23M/s (memory) for 30 s, nothing lost");
    result = make_one(1000000);
    result->cases[0].phases[3].is_max = true;
    result->cases[0].phases[3].sent_per_s = 1234567.0;
    result->cases[0].phases[3].duration_ns = 4120000;
    expect_sentence(result,
                    "PASS - as fast as possible: 1.23M/s (memory) for 4.12 ms, nothing lost");
}

/* Five trials of 30 s were told as "held for 2 min 30 s". */
static void sentence_tells_the_length_of_one_trial(void **state)
{
    struct result *result = make_one(4120000);
    struct result_case *first = &result->cases[0];
    struct result_trial *trials = realloc(first->trials, 2 * sizeof *trials);

    (void)state;
    assert_non_null(trials);
    first->trials = trials;
    trials[1] = (struct result_trial){.number = 99, .phases_count = trials[0].phases_count};
    trials[1].phases = calloc(trials[0].phases_count, sizeof *trials[1].phases);
    assert_non_null(trials[1].phases);
    for (uint32_t i = 0; i < trials[0].phases_count; i++) {
        trials[1].phases[i].duration_ns = trials[0].phases[i].duration_ns;
        memcpy(trials[1].phases[i].flow, trials[0].phases[i].flow, NAME_BYTES);
        memcpy(trials[1].phases[i].name, trials[0].phases[i].name, NAME_BYTES);
    }
    first->trials_count = 2;
    first->phases[3].duration_ns *= 2;
    expect_sentence(result, "PASS - 20,000/s held for 30 s in each of 2 trials on memory, nothing "
                            "lost; p99 end to end 4.12 ms (memory)");
}

static void sentence_of_a_fail_has_observed_and_wanted(void **state)
{
    struct result *result = make_one(1000000);

    (void)state;
    result->verdict = VERDICT_FAIL;
    result->objectives[0].met = MET_NO;
    result->objectives[0].observed = 14200000.0;
    expect_sentence(result, "FAIL - e2e.p99 < 10ms in steady: 14.2 ms (memory)");
}

static void sentence_of_a_fail_leads_with_what_was_lost_and_then_the_broker(void **state)
{
    struct result *result = make_one(1000000);

    (void)state;
    result->verdict = VERDICT_FAIL;
    result->objectives[1].met = MET_NO;
    result->objectives[1].observed = 42.0;
    result_fixture_reason(result, "lost", "memory", "lost == 0 was missed: 42");
    result_fixture_reason(result, "broker_lost", "memory", "away for more than 30 s");
    expect_sentence(result,
                    "FAIL - lost == 0: 42 messages (memory); away for more than 30 s (memory)");
}

/* Allowed or not, it is the first thing to be known. */
static void sentence_of_a_pass_leads_with_what_was_lost(void **state)
{
    struct result *result = make_one(1000000);
    struct result_delivery *delivery = &result->cases[0].phases[3].delivery;

    (void)state;
    delivery->lost = 42;
    delivery->received -= 42;
    expect_sentence(
        result,
        "PASS - 42 of 5,000,000 messages lost; 20,000/s held for 30 s on memory; p99 end to end "
        "1.00 ms (memory)");
}

/* Of three trials the merged p99 is another one than the median that objectives are judged by. */
static void what_is_shown_of_several_trials_is_their_median(void **state)
{
    struct result *result = make_one(1000000);
    struct result_case *of = &result->cases[0];
    struct result_figure figure = {.metric = "e2e.p99", .unit = "ns", .trials = 3};
    struct text out = {0};

    (void)state;
    result_fixture_repeat(result, 3);
    assert_int_equal(of->trials_count, 3);
    figure.median = 2000000.0;
    memcpy(figure.phase, of->phases[3].name, sizeof figure.phase);
    free(of->figures);
    of->figures = malloc(sizeof figure);
    assert_non_null(of->figures);
    of->figures[0] = figure;
    of->figures_count = 1;
    assert_int_equal(sentence_write(result, &out), 0);
    assert_non_null(strstr(out.bytes, "; p99 end to end 2.00 ms (memory)"));
    out.bytes_count = 0;
    assert_int_equal(summary_write(result, 120, &out), 0);
    assert_non_null(strstr(out.bytes, "1.00 ms   2.00 ms")); /* p50 has no figure here. */
    assert_non_null(strstr(out.bytes, "latencies are medians of the trials"));
    of->figures[0].median_at_least = true;
    out.bytes_count = 0;
    assert_int_equal(summary_write(result, 120, &out), 0);
    assert_non_null(strstr(out.bytes, "> 2.00 ms"));
    out.bytes_count = 0;
    assert_int_equal(sentence_write(result, &out), 0);
    assert_non_null(strstr(out.bytes, "; p99 end to end at least 2.00 ms (memory)"));
    text_done(&out);
    result_free(result);
}

/* A green PASS hid that the broker was away for 11.9 s of the run. */
static void sentence_tells_for_how_long_a_broker_was_away_under_load(void **state)
{
    struct result *result = make_one(1000000);
    struct result_trial *trial = &result->cases[0].trials[0];
    int64_t start_ns = 0;
    int64_t end_ns = 0;

    (void)state;
    for (uint32_t i = 0; i < trial->phases_count; i++) {
        if (trial->phases[i].measured && trial->phases[i].asked_per_s > 0.0) {
            start_ns = trial->phases[i].start_ns;
            end_ns = start_ns + trial->phases[i].duration_ns;
        }
    }
    assert_true(end_ns - start_ns > 12 * NS_PER_S);
    free(trial->outages);
    trial->outages = calloc(2, sizeof *trial->outages);
    assert_non_null(trial->outages);
    trial->outages_count = 2;
    trial->outages[0] = (struct result_outage){.down_ns = start_ns + NS_PER_S,
                                               .up_ns = start_ns + 12900 * (NS_PER_S / 1000)};
    trial->outages[1] = (struct result_outage){.down_ns = end_ns + NS_PER_S, .up_ns = end_ns};
    expect_sentence(result,
                    "PASS - 20,000/s held for 30 s on memory, nothing lost; broker away for 11.9 s "
                    "(memory); p99 end to end 1.00 ms (memory)");
}

/* It said "20,000/s held" of a broker that had been stopped after a second. */
static void sentence_of_what_was_not_confirmed_does_not_say_held(void **state)
{
    struct result *result = make_one(1000000);
    struct result_delivery *delivery = &result->cases[0].phases[3].delivery;

    (void)state;
    delivery->unconfirmed = delivery->sent / 2;
    delivery->acked -= delivery->unconfirmed;
    delivery->expected = delivery->acked;
    delivery->received = delivery->acked;
    expect_sentence(result, "PASS - 20,000/s sent for 30 s on memory, nothing lost, 300,000 "
                            "unconfirmed; p99 end to end 1.00 ms (memory)");
}

static void sentence_of_an_invalid_run_gives_the_reason(void **state)
{
    struct result *result = make_one(1000000);

    (void)state;
    result->verdict = VERDICT_INVALID;
    result_fixture_reason(result, "cpu", "", "agent-2 was 92 % busy: use more agents");
    expect_sentence(result,
                    "NOT JUDGED - Latencies may be too high, because the load generator was "
                    "overloaded. agent-2 was 92 % busy: use more agents");
}

static void sentence_of_a_failed_run_without_reasons_says_so(void **state)
{
    (void)state;
    expect_sentence(result_fixture_empty(VERDICT_FAILED), "NOT RUN - no reason was recorded");
}

static void sentence_of_an_interrupted_run_without_figures_says_so(void **state)
{
    (void)state;
    expect_sentence(result_fixture_empty(VERDICT_INTERRUPTED),
                    "STOPPED - stopped by the user. Until then: nothing was measured");
}

static void sentence_of_a_cut_off_run_says_where(void **state)
{
    struct result *result = make_one(0);

    (void)state;
    result->cut_off = true;
    result->cut_off_ns = result->started_unix_ns + 7 * NS_PER_S;
    result->verdict = VERDICT_FAILED;
    hist_free(result->cases[0].phases[3].latency[SERIES_PUBLISH]);
    result->cases[0].phases[3].latency[SERIES_PUBLISH] = NULL;
    expect_sentence(result, "INCOMPLETE - the coordinator died at 2026-02-05 14:03:29 UTC, so the "
                            "journal has no end. Until then: 20,000/s held for "
                            "30 s on memory, nothing lost");
}

static void sentence_told_finds_what_repeats_however_far_apart(void **state)
{
    static const char *const cases[] = {"kafka", "memory", "kafka", "kafka", "memory"};
    static const char *const texts[] = {"away", "away", "late", "away", "told here"};
    static const bool wanted[] = {false, false, false, true, true};
    struct result *result = result_fixture_empty(VERDICT_INVALID);
    bool *told = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        result_fixture_reason(result, "x", cases[i], texts[i]);
    }
    assert_int_equal(sentence_told("what is told here", result, &told), 0);
    assert_memory_equal(told, wanted, sizeof wanted);
    free(told);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentence_of_a_pass_names_rate_span_and_p99),
        cmocka_unit_test(sentence_counts_brokers_and_names_the_skipped),
        cmocka_unit_test(sentence_tells_the_range_of_a_target_with_several_cases),
        cmocka_unit_test(sentence_of_a_phase_that_only_receives_tells_that_rate),
        cmocka_unit_test(sentence_of_a_ramp_tells_its_highest_rate),
        cmocka_unit_test(sentence_says_when_the_rate_was_not_reached),
        cmocka_unit_test(sentence_of_max_has_no_response_latency),
        cmocka_unit_test(sentence_tells_the_length_of_one_trial),
        cmocka_unit_test(sentence_of_a_fail_has_observed_and_wanted),
        cmocka_unit_test(sentence_of_a_fail_leads_with_what_was_lost_and_then_the_broker),
        cmocka_unit_test(sentence_of_a_pass_leads_with_what_was_lost),
        cmocka_unit_test(what_is_shown_of_several_trials_is_their_median),
        cmocka_unit_test(sentence_tells_for_how_long_a_broker_was_away_under_load),
        cmocka_unit_test(sentence_of_what_was_not_confirmed_does_not_say_held),
        cmocka_unit_test(sentence_of_an_invalid_run_gives_the_reason),
        cmocka_unit_test(sentence_of_a_failed_run_without_reasons_says_so),
        cmocka_unit_test(sentence_of_an_interrupted_run_without_figures_says_so),
        cmocka_unit_test(sentence_of_a_cut_off_run_says_where),
        cmocka_unit_test(sentence_told_finds_what_repeats_however_far_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
