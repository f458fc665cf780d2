#include "check.h"
#include "metric.h"

#include <errno.h>
#include <string.h>

static void every_standard_metric_has_a_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; metric_standard[i] != NULL; i++) {
        struct metric metric;

        assert_int_equal(metric_parse(metric_standard[i], &metric, NULL), 0);
        assert_string_equal(metric.name, metric_standard[i]);
        assert_non_null(metric.unit);
    }
}

static void a_latency_has_a_series_and_a_statistic(void **state)
{
    struct metric metric;

    (void)state;
    assert_int_equal(metric_parse("e2e_service.p99.9", &metric, NULL), 0);
    assert_int_equal(metric.kind, METRIC_LATENCY);
    assert_int_equal(metric.series, SERIES_E2E_SERVICE);
    assert_int_equal(metric.stat, STAT_PERCENTILE);
    assert_true(metric.percentile == 99.9);
    assert_string_equal(metric.unit, "ns");
    assert_false(metric.needs_schedule);
    assert_int_equal(metric_parse("publish.mean", &metric, NULL), 0);
    assert_int_equal(metric.stat, STAT_MEAN);
    assert_true(metric.needs_schedule);
}

static void rates_are_better_when_higher_and_counts_when_lower(void **state)
{
    struct metric metric;

    (void)state;
    assert_int_equal(metric_parse("received_rate", &metric, NULL), 0);
    assert_true(metric.higher_is_better);
    assert_int_equal(metric_parse("lost", &metric, NULL), 0);
    assert_false(metric.higher_is_better);
    assert_true(metric.needs_confirms);
}

static void what_is_no_metric_is_refused_with_what_was_meant(void **state)
{
    static const struct {
        const char *name;
        const char *part;
    } rows[] = {
        {"e2e", "needs a statistic (e2e.p99"},
        {"e2e.p100", "no such statistic"},
        {"e2e.p", "no such statistic"},
        {"e2e.p0", "no such statistic"},
        {"e2e.p99x", "no such statistic"},
        {"e2e.p.9", "no such statistic"},
        {"e2e.p9.9.9", "no such statistic"},
        {"lostt", "did you mean lost?"},
        {"e2e.median", "no such statistic"},
        {"", "there is no metric"},
        {"throughput of the whole system in the morning", "there is no metric"},
        {"backlog.min", "there is no metric"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct metric metric;
        struct errinfo error = {""};

        assert_int_equal(metric_parse(rows[i].name, &metric, &error), -EINVAL);
        if (strstr(error.text, rows[i].part) == NULL) {
            fail_msg("%s: %s", rows[i].name, error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_standard_metric_has_a_meaning),
        cmocka_unit_test(a_latency_has_a_series_and_a_statistic),
        cmocka_unit_test(rates_are_better_when_higher_and_counts_when_lower),
        cmocka_unit_test(what_is_no_metric_is_refused_with_what_was_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
