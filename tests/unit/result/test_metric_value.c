#include "check.h"
#include "metric_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A trial of one phase of 10 s with e2e samples of 1000, 2000, ... ns. */
struct bench {
    struct result_phase phases[1];
    struct result_interval intervals[12];
    struct result_outage outages[1];
    struct result_trial trial;
};

static void bench_init(struct bench *bench, uint32_t samples)
{
    memset(bench, 0, sizeof *bench);
    (void)strcpy(bench->phases[0].name, "steady");
    bench->phases[0].measured = true;
    bench->phases[0].start_ns = 1000000000;
    bench->phases[0].duration_ns = INT64_C(10000000000);
    bench->phases[0].sent_per_s = 100.0;
    bench->phases[0].due = 1000;
    bench->phases[0].sent_in_time = 990;
    bench->phases[0].delivery.sent = 1000;
    bench->phases[0].delivery.lost = 3;
    assert_int_equal(hist_new(&bench->phases[0].latency[SERIES_E2E], NULL), 0);
    for (uint32_t i = 0; i < samples; i++) {
        hist_record(bench->phases[0].latency[SERIES_E2E], (i + 1) * 1000);
    }
    for (uint32_t i = 0; i < 12; i++) {
        bench->intervals[i].index = i;
        bench->intervals[i].start_ns = (int64_t)i * INTERVAL_NS;
        bench->intervals[i].backlog = i == 5 ? 70 : i;
    }
    bench->trial = (struct result_trial){.phases = bench->phases,
                                         .phases_count = 1,
                                         .intervals = bench->intervals,
                                         .intervals_count = 12,
                                         .outages = bench->outages};
}

static void bench_done(struct bench *bench)
{
    hist_free(bench->phases[0].latency[SERIES_E2E]);
}

static struct metric_value value_of(const struct bench *bench, const char *name)
{
    struct metric metric;

    assert_int_equal(metric_parse(name, &metric, NULL), 0);
    return metric_value(&metric, &bench->trial, &bench->phases[0]);
}

static void a_percentile_needs_ten_samples_beyond_it(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 1000);
    assert_null(value_of(&bench, "e2e.p99").missing);
    assert_non_null(value_of(&bench, "e2e.p99.9").missing);
    assert_true(fabs(value_of(&bench, "e2e.p50").value - 500000.0) < 1000.0);
    assert_true(value_of(&bench, "e2e.max").value == 1000000.0);
    assert_true(value_of(&bench, "e2e.min").value == 1000.0);
    bench_done(&bench);
    bench_init(&bench, 999);
    assert_non_null(value_of(&bench, "e2e.p99").missing);
    bench_done(&bench);
}

static void what_was_not_measured_has_no_value(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 0);
    assert_non_null(value_of(&bench, "e2e.mean").missing);
    assert_non_null(value_of(&bench, "publish.p50").missing);
    bench.phases[0].is_max = true;
    assert_non_null(value_of(&bench, "attained").missing);
    bench.phases[0].due = 0;
    bench.phases[0].is_max = false;
    assert_non_null(value_of(&bench, "attained").missing);
    bench_done(&bench);
}

static void the_backlog_is_that_of_the_seconds_of_the_phase(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 0);
    assert_true(value_of(&bench, "backlog.max").value == 70.0);
    assert_true(value_of(&bench, "backlog.end").value == 10.0);
    (void)strcpy(bench.phases[0].flow, "orders");
    assert_non_null(value_of(&bench, "backlog.max").missing);
    bench_done(&bench);
}

/* After an hour rows have ten seconds: a phase of less was told to have had no second. */
static void where_no_row_ends_in_a_phase_it_is_said_why_it_has_no_backlog(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 0);
    bench.trial.intervals_count = 1;
    bench.intervals[0].index = COALESCED_FROM;
    bench.intervals[0].start_ns = COALESCED_FROM * INTERVAL_NS;
    bench.phases[0].start_ns = (COALESCED_FROM + 2) * INTERVAL_NS;
    bench.phases[0].duration_ns = 5 * INTERVAL_NS;
    assert_non_null(strstr(value_of(&bench, "backlog.max").missing, "every 10 s"));
    bench.phases[0].duration_ns = 8 * INTERVAL_NS;
    assert_null(value_of(&bench, "backlog.max").missing);
    bench_done(&bench);
}

static void an_outage_that_never_ended_lasts_until_the_phase_does(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 0);
    assert_true(value_of(&bench, "outage.max").value == 0.0);
    bench.outages[0] = (struct result_outage){.down_ns = 5000000000, .up_ns = 4999999999};
    bench.trial.outages_count = 1;
    assert_true(value_of(&bench, "outage.max").value == 6e9);
    bench_done(&bench);
}

static void counts_rates_and_shares(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 0);
    assert_true(value_of(&bench, "lost").value == 3.0);
    assert_true(value_of(&bench, "sent_rate").value == 100.0);
    assert_true(value_of(&bench, "attained").value == 0.99);
    bench_done(&bench);
}

static const struct result_figure *figure_of(const struct result_case *of, const char *metric)
{
    for (uint32_t i = 0; i < of->figures_count; i++) {
        if (strcmp(of->figures[i].metric, metric) == 0) {
            return &of->figures[i];
        }
    }
    return NULL;
}

static struct hist *hist_of(int64_t ns)
{
    struct hist *hist = NULL;

    assert_int_equal(hist_new(&hist, NULL), 0);
    for (int i = 0; i < 1000; i++) {
        hist_record(hist, ns);
    }
    return hist;
}

/* Latencies of 1 and 100 ms had an interval from -1.2 s on, of two trials. */
static void intervals_of_latencies_lie_on_the_logarithm_or_between_the_extremes(void **state)
{
    static const int64_t ms[] = {1, 10, 100, 10, 10};
    struct bench benches[5];
    struct result_trial trials[5];
    struct result_case of = {.trials = trials, .phases_count = 1};
    const struct result_figure *figure;

    (void)state;
    for (int i = 0; i < 5; i++) {
        bench_init(&benches[i], 0);
        hist_free(benches[i].phases[0].latency[SERIES_E2E]);
        benches[i].phases[0].latency[SERIES_E2E] = hist_of(ms[i] * 1000000);
        benches[i].phases[0].sent_per_s = i == 0 ? 1000.0 : 1.0;
        trials[i] = benches[i].trial;
    }
    of.phases = benches[0].phases;
    of.trials_count = 3;
    assert_int_equal(metric_figures(&of, NULL), 0);
    figure = figure_of(&of, "e2e.p99");
    assert_true(figure->low == figure->min && figure->high == figure->max);
    figure = figure_of(&of, "sent_rate");
    assert_true(figure->low == 0.0 && figure->high > figure->max);
    free(of.figures);
    of.trials_count = 5;
    assert_int_equal(metric_figures(&of, NULL), 0);
    figure = figure_of(&of, "e2e.p99");
    /* Decades -1, 0, 1, 0, 0 about 10 ms: sd 0.70711, t 2.776445, root of 5: 0.87800 of a decade.
     */
    assert_true(fabs(log10(figure->low / 1e7) + 0.87800) < 0.001);
    assert_true(fabs(log10(figure->high / 1e7) - 0.87800) < 0.001);
    free(of.figures);
    for (int i = 0; i < 5; i++) {
        bench_done(&benches[i]);
    }
}

static void figures_are_medians_over_trials_with_an_interval_of_the_mean(void **state)
{
    static const double rates[] = {100.0, 90.0, 140.0};
    struct bench benches[3];
    struct result_trial trials[3];
    struct result_case of = {.trials = trials, .trials_count = 3, .phases_count = 1};
    const struct result_figure *figure;

    (void)state;
    for (int i = 0; i < 3; i++) {
        bench_init(&benches[i], i == 2 ? 1000 : 0);
        benches[i].phases[0].sent_per_s = rates[i];
        trials[i] = benches[i].trial;
    }
    of.phases = benches[0].phases;
    assert_int_equal(metric_figures(&of, NULL), 0);
    figure = figure_of(&of, "sent_rate");
    assert_non_null(figure);
    assert_int_equal(figure->trials, 3);
    assert_true(figure->median == 100.0 && figure->mean == 110.0);
    assert_true(figure->min == 90.0 && figure->max == 140.0);
    /* sd 26.4575, t 4.302653, root of 3. */
    assert_true(fabs(figure->high - 110.0 - 65.7241) < 0.001);
    assert_true(fabs(110.0 - figure->low - 65.7241) < 0.001);
    figure = figure_of(&of, "e2e.p99"); /* One trial has it. */
    assert_non_null(figure);
    assert_int_equal(figure->trials, 1);
    assert_true(isnan(figure->low) && isnan(figure->high));
    assert_null(figure_of(&of, "publish.p99"));
    free(of.figures);
    for (int i = 0; i < 3; i++) {
        bench_done(&benches[i]);
    }
}

static void censor(struct bench *bench, int64_t value_ns, uint64_t count)
{
    assert_int_equal(hist_allow_censored(bench->phases[0].latency[SERIES_E2E], NULL), 0);
    hist_record_censored(bench->phases[0].latency[SERIES_E2E], value_ns, count);
}

/* 1000 that came within 1 ms, and 1500 that never did: the middle one never came. */
static void a_percentile_among_messages_that_never_came_is_at_least_that(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 1000);
    censor(&bench, INT64_C(7000000000), 1500);
    assert_false(value_of(&bench, "e2e.p10").at_least);
    assert_true(value_of(&bench, "e2e.p10").most == value_of(&bench, "e2e.p10").value);
    assert_true(value_of(&bench, "e2e.p50").at_least);
    assert_true(fabs(value_of(&bench, "e2e.p50").value - 7e9) < 7e6);
    assert_true(isinf(value_of(&bench, "e2e.p50").most));
    assert_true(value_of(&bench, "e2e.max").at_least);
    assert_true(value_of(&bench, "e2e.mean").at_least);
    assert_false(value_of(&bench, "e2e.min").at_least);
    assert_int_equal(value_of(&bench, "e2e.p50").samples, 2500);
    bench_done(&bench);
}

static bool holds(const struct bench *bench, const char *text)
{
    struct objective objective;
    struct metric_value value;

    assert_int_equal(objective_parse(text, &objective, NULL), 0);
    value = metric_value(&objective.metric, &bench->trial, &bench->phases[0]);
    assert_null(value.missing);
    return metric_holds(&objective, value.value, value.most);
}

static void an_upper_limit_is_missed_by_what_is_only_bounded_from_below(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 1000);
    censor(&bench, 2000, 20); /* Cut off soon after they were due. */
    assert_true(holds(&bench, "e2e.p50 < 600us"));
    assert_true(holds(&bench, "e2e.p90 < 1ms"));
    assert_true(value_of(&bench, "e2e.p99").value < 2e6);
    assert_false(holds(&bench, "e2e.p99 < 1s"));
    assert_false(holds(&bench, "e2e.max <= 1s"));
    assert_true(holds(&bench, "e2e.max > 900us"));
    bench_done(&bench);
}

/* 15 of 1000 were skipped: what they would have waited is the upper 1.5 %. */
static void a_percentile_beyond_the_share_of_skipped_messages_is_unknown(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 1000);
    bench.phases[0].latency[SERIES_E2E_SERVICE] = bench.phases[0].latency[SERIES_E2E];
    bench.phases[0].skipped = 15;
    assert_true(holds(&bench, "e2e.p98 < 1s"));
    assert_false(holds(&bench, "e2e.p99 < 1s"));
    assert_true(holds(&bench, "e2e_service.p99 < 1s")); /* Those that were sent. */
    bench_done(&bench);
}

/* 5 of 1000 were skipped: p99 of what was due is p99.5 of what was sent, if they are the latest. */
static void a_percentile_below_the_share_of_skipped_messages_moves_up_by_them(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 1000);
    bench.phases[0].latency[SERIES_E2E_SERVICE] = bench.phases[0].latency[SERIES_E2E];
    assert_true(holds(&bench, "e2e.p99 < 993us"));
    bench.phases[0].skipped = 5;
    assert_true(value_of(&bench, "e2e.p99").value < 991e3);
    assert_false(holds(&bench, "e2e.p99 < 993us"));
    assert_true(holds(&bench, "e2e.p99 < 997us"));
    assert_true(holds(&bench, "e2e_service.p99 < 993us"));
    assert_false(value_of(&bench, "e2e.p99").at_least); /* By half a hundredth. */
    bench.phases[0].skipped = 10;                       /* All that it leaves above it. */
    assert_true(value_of(&bench, "e2e.p99").most == 1e6);
    bench.phases[0].due = 0;
    assert_true(isinf(value_of(&bench, "e2e.p99").most));
    bench_done(&bench);
}

/* A name without a field would end the program when its value is asked for. */
static void each_count_that_is_told_has_a_field_of_its_name(void **state)
{
    struct result_trial trial = {0};
    struct result_phase phase = {0};
    uint32_t counts = 0;

    (void)state;
    for (size_t i = 0; metric_standard[i] != NULL; i++) {
        struct metric metric;

        assert_int_equal(metric_parse(metric_standard[i], &metric, NULL), 0);
        if (metric.kind == METRIC_COUNT) {
            assert_true(metric_value(&metric, &trial, &phase).value == 0.0);
            counts++;
        }
    }
    assert_true(counts >= 8);
}

/* A mean of what was due is moved by each of them, without end. */
static void a_mean_is_a_lower_bound_once_messages_were_skipped(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, 1000);
    bench.phases[0].latency[SERIES_E2E_SERVICE] = bench.phases[0].latency[SERIES_E2E];
    assert_true(holds(&bench, "e2e.mean < 1ms"));
    bench.phases[0].skipped = 1;
    assert_false(holds(&bench, "e2e.mean < 1ms"));
    assert_true(value_of(&bench, "e2e.mean").at_least);
    assert_true(holds(&bench, "e2e_service.mean < 1ms"));
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_percentile_needs_ten_samples_beyond_it),
        cmocka_unit_test(what_was_not_measured_has_no_value),
        cmocka_unit_test(the_backlog_is_that_of_the_seconds_of_the_phase),
        cmocka_unit_test(where_no_row_ends_in_a_phase_it_is_said_why_it_has_no_backlog),
        cmocka_unit_test(an_outage_that_never_ended_lasts_until_the_phase_does),
        cmocka_unit_test(counts_rates_and_shares),
        cmocka_unit_test(a_percentile_among_messages_that_never_came_is_at_least_that),
        cmocka_unit_test(an_upper_limit_is_missed_by_what_is_only_bounded_from_below),
        cmocka_unit_test(a_percentile_beyond_the_share_of_skipped_messages_is_unknown),
        cmocka_unit_test(a_percentile_below_the_share_of_skipped_messages_moves_up_by_them),
        cmocka_unit_test(a_mean_is_a_lower_bound_once_messages_were_skipped),
        cmocka_unit_test(intervals_of_latencies_lie_on_the_logarithm_or_between_the_extremes),
        cmocka_unit_test(figures_are_medians_over_trials_with_an_interval_of_the_mean),
        cmocka_unit_test(each_count_that_is_told_has_a_field_of_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
