#include "check.h"
#include "objective.h"

#include <errno.h>
#include <string.h>

static void limits_are_in_the_unit_of_the_metric(void **state)
{
    static const struct {
        const char *text;
        const char *even;
        enum objective_relation relation;
        double limit;
    } rows[] = {
        {"e2e.p99 < 10ms", "e2e.p99 < 10ms", RELATION_LESS, 1e7},
        {"  lost   ==  0 ", "lost == 0", RELATION_EQUAL, 0.0},
        {"received_rate >= 19k/s", "received_rate >= 19k/s", RELATION_GREATER_OR_EQUAL, 19000.0},
        {"attained > 99.9%", "attained > 99.9%", RELATION_GREATER, 0.999},
        {"attained > 0.5", "attained > 0.5", RELATION_GREATER, 0.5},
        {"backlog.max <= 10k", "backlog.max <= 10k", RELATION_LESS_OR_EQUAL, 10000.0},
        {"outage.max < 5s", "outage.max < 5s", RELATION_LESS, 5e9},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct objective objective;
        struct errinfo error = {""};

        if (objective_parse(rows[i].text, &objective, &error) < 0) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        assert_string_equal(objective.text, rows[i].even);
        assert_int_equal(objective.relation, rows[i].relation);
        assert_true(objective.limit > rows[i].limit * (1 - 1e-12) - 1e-12 &&
                    objective.limit < rows[i].limit * (1 + 1e-12) + 1e-12);
    }
}

static void what_is_no_objective_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } rows[] = {
        {"", "is not of the form"},
        {"e2e.p99 <", "is not of the form"},
        {"e2e.p99<10ms", "is not of the form"},
        {"e2e.p99 < 10ms or so", "is not of the form"},
        {"e2e.p98x < 10ms", "no such statistic"},
        {"e2e.p99 = 10ms", "is no relation"},
        {"e2e.p99 < 10", "no limit of e2e.p99 (a duration such as 10ms)"},
        {"lost == 5ms", "no limit of lost (a count"},
        {"received_rate > 5", "no limit of received_rate (a rate"},
        {"attained > 2", "no limit of attained (a share"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct objective objective;
        struct errinfo error = {""};

        assert_int_equal(objective_parse(rows[i].text, &objective, &error), -EINVAL);
        if (strstr(error.text, rows[i].part) == NULL) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
    }
}

static void relations_hold_as_they_are_written(void **state)
{
    static const struct {
        const char *text;
        bool below, at, above;
    } rows[] = {{"lost < 5", true, false, false},
                {"lost <= 5", true, true, false},
                {"lost > 5", false, false, true},
                {"lost >= 5", false, true, true},
                {"lost == 5", false, true, false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct objective objective;

        assert_int_equal(objective_parse(rows[i].text, &objective, NULL), 0);
        assert_int_equal(objective_holds(&objective, 4.0), rows[i].below);
        assert_int_equal(objective_holds(&objective, 5.0), rows[i].at);
        assert_int_equal(objective_holds(&objective, 6.0), rows[i].above);
    }
}

static void a_window_stands_in_the_text_of_an_objective(void **state)
{
    struct objective objective;

    (void)state;
    assert_int_equal(objective_parse("e2e.p99 < 10ms", &objective, NULL), 0);
    assert_int_equal(objective.window_ns, 0);
    assert_int_equal(
        objective_set_window(&objective, INT64_C(10000000000), 0.995, INT64_C(30000000000), NULL),
        0);
    assert_string_equal(objective.text, "e2e.p99 < 10ms in 99.5 % of windows of 10 s after 30 s");
    assert_int_equal(objective_set_abort(&objective, NULL), 0);
    assert_true(objective.abort);
}

static void what_is_known_at_the_end_only_has_no_windows_and_ends_no_trial(void **state)
{
    static const struct {
        const char *text;
        bool window;
        bool abort;
    } rows[] = {
        {"lost == 0", false, false},       {"duplicated == 0", false, false},
        {"backlog.max < 5", false, false}, {"outage.max < 5s", false, false},
        {"errors == 0", true, true},       {"corrupted <= 3", true, true},
        {"unconfirmed > 3", true, false},  {"sent_rate > 3/s", true, false},
        {"publish.p50 < 5s", true, false}, {"attained >= 99%", true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct objective objective;
        struct errinfo error = {""};

        assert_int_equal(objective_parse(rows[i].text, &objective, NULL), 0);
        assert_int_equal(objective_set_abort(&objective, &error), rows[i].abort ? 0 : -EINVAL);
        assert_int_equal(objective_set_window(&objective, INT64_C(2000000000), 1.0, 0, &error),
                         rows[i].window ? 0 : -EINVAL);
        if (rows[i].window) {
            assert_int_equal(objective_set_abort(&objective, NULL), 0);
        }
    }
}

static void windows_are_made_of_whole_seconds(void **state)
{
    struct objective objective;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(objective_parse("e2e.p99 < 10ms", &objective, NULL), 0);
    assert_int_equal(objective_set_window(&objective, INT64_C(1500000000), 1.0, 0, &error),
                     -EINVAL);
    assert_non_null(strstr(error.text, "whole seconds"));
    assert_string_equal(objective.text, "e2e.p99 < 10ms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_stands_in_the_text_of_an_objective),
        cmocka_unit_test(what_is_known_at_the_end_only_has_no_windows_and_ends_no_trial),
        cmocka_unit_test(windows_are_made_of_whole_seconds),
        cmocka_unit_test(limits_are_in_the_unit_of_the_metric),
        cmocka_unit_test(what_is_no_objective_is_refused_with_the_reason),
        cmocka_unit_test(relations_hold_as_they_are_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
