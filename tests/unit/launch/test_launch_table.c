/* The launchers that there are. */
#include "check.h"

#include "launch_table.h"

#include <errno.h>
#include <string.h>

static void each_row_is_whole_and_found_by_its_name(void **state)
{
    const struct launcher_ops *const *rows = launcher_all();

    (void)state;
    assert_string_equal(rows[0]->name, "local");
    for (size_t i = 0; rows[i] != NULL; i++) {
        const struct launcher_ops *found = NULL;

        assert_true(rows[i]->parse != NULL && rows[i]->takes != NULL);
        assert_memory_equal(rows[i]->takes, rows[i]->name, strlen(rows[i]->name));
        assert_true(rows[i]->start != NULL && rows[i]->reap != NULL);
        assert_true(rows[i]->stop != NULL && rows[i]->describe != NULL);
        assert_true(rows[i]->join_ns > 0);
        assert_int_equal(launcher_find(rows[i]->name, &found, NULL), 0);
        assert_ptr_equal(found, rows[i]); /* No other row has its name. */
    }
}

static void a_launcher_that_is_not_there_is_told_with_those_that_are(void **state)
{
    const struct launcher_ops *found = NULL;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(launcher_find("pigeon", &found, &error), -ENOENT);
    assert_null(found);
    assert_memory_equal(error.text, "there is no launcher pigeon (there are: local",
                        strlen("there is no launcher pigeon (there are: local"));
}

static void a_count_of_local_agents_is_a_plan_with_their_names(void **state)
{
    struct launch_plan plan;

    (void)state;
    assert_int_equal(launch_plan_parse("local:3", &plan, NULL), 0);
    assert_string_equal(plan.launcher->name, "local");
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.places[2].name, "agent-3");
    launch_plan_done(&plan);
}

static void what_is_no_count_is_refused(void **state)
{
    static const char *const wrong[] = {"local",    "local:",   "local:0",
                                        "local:-1", "local:2x", "local:99999999999999999999"};
    struct launch_plan plan;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct errinfo error = {""};

        assert_int_equal(launch_plan_parse(wrong[i], &plan, &error), -EINVAL);
        assert_memory_equal(error.text, "local:N starts N agents here, from 1 to ",
                            strlen("local:N starts N agents here, from 1 to "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_whole_and_found_by_its_name),
        cmocka_unit_test(a_launcher_that_is_not_there_is_told_with_those_that_are),
        cmocka_unit_test(a_count_of_local_agents_is_a_plan_with_their_names),
        cmocka_unit_test(what_is_no_count_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
