/* Which threads a trial's agents had. */
#include "fold_bench.h"

#include <stdlib.h>

/* The made journal's agents tell of 1 and 2 workers, with their first second. */
static void threads_of_each_agent_are_told_as_it_counted_them(void **state)
{
    struct made_options options = fold_bench_faultless();
    struct made_trial *made = NULL;
    struct result *result = fold_bench_result_of_options(&options, &made);
    const struct result_trial *trial = &result->cases[0].trials[0];

    (void)state;
    assert_int_equal(trial->threads_count, options.agents_count);
    assert_true(trial->threads_count > 1);
    for (uint32_t i = 0; i < trial->threads_count; i++) {
        assert_int_equal(trial->threads[i].agent, i);
        assert_string_equal(trial->threads[i].of.name, "worker");
        assert_int_equal(trial->threads[i].of.count, i + 1);
    }
    result_free(result);
    made_trial_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_of_each_agent_are_told_as_it_counted_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
