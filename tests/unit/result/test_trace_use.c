#include "check.h"

#include "trace_use.h"

static void trace_use_adds_up_the_last_word_of_each_agent_in_each_trial(void **state)
{
    struct result_agent_interval first[] = {
        {.agent = 0, .trace_records = 10},
        {.agent = 1, .trace_records = 5, .trace_dropped = 1},
        {.agent = 0, .trace_records = 30, .trace_dropped = 2},
        {.agent = 1, .trace_records = 8, .trace_dropped = 1},
    };
    struct result_agent_interval second[] = {{.agent = 1, .trace_records = 100}};
    struct result_trial trials[] = {{.agent_intervals = first, .agent_intervals_count = 4},
                                    {.agent_intervals = second, .agent_intervals_count = 1}};
    struct result_case cases[] = {{.trials = trials, .trials_count = 2}};
    struct result result = {.agents_count = 2, .cases = cases, .cases_count = 1};
    struct trace_use use = trace_use_of(&result);

    (void)state;
    assert_int_equal(use.records, 30 + 8 + 100);
    assert_int_equal(use.dropped, 2 + 1);
}

static void trace_use_is_nothing_where_no_trace_was_written(void **state)
{
    struct result result = {.agents_count = 1};
    struct trace_use use = trace_use_of(&result);

    (void)state;
    assert_int_equal(use.records + use.dropped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace_use_adds_up_the_last_word_of_each_agent_in_each_trial),
        cmocka_unit_test(trace_use_is_nothing_where_no_trace_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
