#include "check.h"
#include "scenario_keys.h"

#include <string.h>

static void every_key_has_its_place_below_another(void **state)
{
    (void)state;
    for (const struct scenario_key *row = scenario_key_after(scenario_key_root()); row != NULL;
         row = scenario_key_after(row)) {
        const char *dot = strrchr(row->path, '.');
        char parent[96] = "";
        const struct scenario_key *above;

        assert_true(strlen(row->path) < sizeof parent);
        memcpy(parent, row->path, dot != NULL ? (size_t)(dot - row->path) : 0);
        above = scenario_key_find(parent);
        assert_non_null(above);
        assert_true(above->type == KEY_MAP || above->type == KEY_LIST || above->also_map);
        assert_ptr_equal(scenario_key_child(above, scenario_key_name(row)), row);
    }
}

static void every_key_is_explained_and_stands_once(void **state)
{
    (void)state;
    for (const struct scenario_key *row = scenario_key_root(); row != NULL;
         row = scenario_key_after(row)) {
        assert_non_null(row->help);
        assert_true(row->help[strlen(row->help) - 1] == '.');
        assert_ptr_equal(scenario_key_find(row->path), row);
        assert_true(!row->required || row->example != NULL);
        assert_true(row->type != KEY_CHOICE || row->choices != NULL);
        assert_true(row->same_as == NULL || scenario_key_find(row->same_as) != NULL);
    }
}

static void every_default_is_a_value_of_its_key(void **state)
{
    (void)state;
    for (const struct scenario_key *row = scenario_key_root(); row != NULL;
         row = scenario_key_after(row)) {
        struct key_value value = {0};
        struct errinfo error = {""};

        if (row->fallback != NULL && scenario_key_parse(row, row->fallback, &value, &error) < 0) {
            fail_msg("%s: %s", row->path, error.text);
        }
    }
}

static void a_flow_has_the_keys_that_are_its_defaults(void **state)
{
    const struct scenario_key *flow = scenario_key_find("flows.*");
    const struct scenario_key *topology = scenario_key_child(flow, "topology");

    (void)state;
    assert_ptr_equal(scenario_key_child(topology, "producers"),
                     scenario_key_find("topology.producers"));
    assert_null(scenario_key_child(topology, "produzers"));
    assert_string_equal(scenario_key_nearest(topology, "produzers"), "producers");
}

static void names_can_be_parts_of_topics_and_files(void **state)
{
    static const char *const right[] = {"a", "9", "rabbit-3.10", "A_b.c-d"};
    static const char *const wrong[] = {"",    ".",   "..", "-a", "_a", "a/b",
                                        "a b", "a\n", "é",  "a*", "a:b"};

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_true(scenario_name_is_right(right[i]));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(scenario_name_is_right(wrong[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_its_place_below_another),
        cmocka_unit_test(every_key_is_explained_and_stands_once),
        cmocka_unit_test(every_default_is_a_value_of_its_key),
        cmocka_unit_test(a_flow_has_the_keys_that_are_its_defaults),
        cmocka_unit_test(names_can_be_parts_of_topics_and_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
