/* Searches: their keys, and the phases of their trials. */
#include "check.h"
#include "mono.h"
#include "scenario_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH "search: { rate: { from: 500/s, to: 50k/s } }\n"

static void a_search_has_phases_of_its_own(void **state)
{
    const struct scenario *scenario = fixture_good(*state, FIXTURE_TARGETS SEARCH, NULL);
    const struct scenario_setup *setup = &scenario->setups[0];

    assert_true(scenario->search.wanted);
    assert_true(scenario->search.from_per_s == 500.0 && scenario->search.to_per_s == 50000.0);
    assert_true(fabs(scenario->search.width - 0.02) < 1e-12);
    assert_int_equal(scenario->search.confirm_ns, 30 * NS_PER_S);
    assert_int_equal(setup->phases_count, 3);
    assert_string_equal(setup->phases[0].name, "settle");
    assert_false(setup->phases[0].measured);
    assert_int_equal(setup->phases[0].duration_ns, 5 * NS_PER_S);
    assert_string_equal(setup->phases[1].name, "trial");
    assert_true(setup->phases[1].measured);
    assert_int_equal(setup->phases[1].duration_ns, 10 * NS_PER_S);
    assert_true(rate_per_s(setup->phases[1].rate) == 500.0);
    assert_true(setup->phases[2].until_drained);
}

static void a_trial_has_the_rate_that_is_looked_for_and_a_confirming_one_is_longer(void **state)
{
    const struct scenario *scenario = fixture_good(*state, FIXTURE_TARGETS SEARCH, NULL);
    struct scenario_setup setup;

    assert_int_equal(
        scenario_search_setup(scenario, &scenario->setups[0], 1234.5, true, &setup, NULL), 0);
    assert_true(fabs(rate_per_s(setup.phases[0].rate) - 1234.5) < 1e-6);
    assert_true(fabs(rate_per_s(setup.phases[1].rate) - 1234.5) < 1e-6);
    assert_int_equal(setup.phases[0].duration_ns, 5 * NS_PER_S);
    assert_int_equal(setup.phases[1].duration_ns, 30 * NS_PER_S);
    assert_int_equal(setup.phases[2].kind, PHASE_NONE);
    assert_ptr_equal(setup.flows, scenario->setups[0].flows);
    free(setup.phases);
}

static void flows_share_the_rate_in_proportion_to_theirs(void **state)
{
    const struct scenario *scenario = fixture_good(
        *state, FIXTURE_TARGETS SEARCH "flows: { a: { rate: 3k/s }, b: { rate: 1k/s } }\n", NULL);
    struct scenario_setup setup;

    assert_int_equal(
        scenario_search_setup(scenario, &scenario->setups[0], 6000.0, false, &setup, NULL), 0);
    assert_int_equal(setup.phases[1].kind, PHASE_LOAD);
    assert_int_equal(setup.phases[1].load_percent_millis, 150000);
    free(setup.phases);
    fixture_bad(*state, FIXTURE_TARGETS SEARCH "flows: { a: { rate: 3k/s }, b: {} }\n", NULL,
                "search.rate: is shared by the flows in proportion to their rates");
}

static void a_search_stands_alone(void **state)
{
    fixture_bad(*state, FIXTURE_TARGETS SEARCH FIXTURE_PHASES, NULL,
                "phases: stands beside search (one of the two)");
    fixture_bad(*state, FIXTURE_TARGETS SEARCH "repeat: 5\n", NULL, "repeat: stands beside search");
    fixture_bad(*state, FIXTURE_TARGETS SEARCH "compare: { baseline: memory }\n", NULL,
                "compare: stands beside search");
    fixture_bad(*state, FIXTURE_TARGETS "search: { rate: { from: 5k/s, to: 5k/s } }\n", NULL,
                "search.rate.to: is not above from");
    fixture_bad(*state, FIXTURE_TARGETS "search: { rate: { from: 5k/s } }\n", NULL,
                "search.rate.to: is missing");
    fixture_bad(*state, FIXTURE_TARGETS "search: { rate: { from: 1/s, to: 5k/s }, confirm: 5s }\n",
                NULL, "search.confirm: is shorter than trial");
}

static void objectives_of_a_search_have_no_windows_and_end_nothing(void **state)
{
    const char *rest =
        FIXTURE_TARGETS SEARCH "objectives: [ { that: e2e.p99 < 10ms, in: trial, window: 2s } ]\n";

    fixture_bad(*state, rest, NULL, "window: can't be asked of a search");
    (void)fixture_good(
        *state, FIXTURE_TARGETS SEARCH "objectives: [ { that: e2e.p99 < 10ms, in: trial } ]\n",
        NULL);
}

static void variants_are_searched_and_not_compared(void **state)
{
    const struct scenario *scenario = fixture_good(
        *state, FIXTURE_TARGETS SEARCH "variants: { a: {}, b: { message.size: 4KiB } }\n", NULL);

    assert_int_equal(scenario->setups_count, 2);
    assert_int_equal(scenario->setups[1].phases_count, 3);
    assert_string_equal(scenario->compare.baseline, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_search_has_phases_of_its_own, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(
            a_trial_has_the_rate_that_is_looked_for_and_a_confirming_one_is_longer, fixture_setup,
            fixture_teardown),
        cmocka_unit_test_setup_teardown(flows_share_the_rate_in_proportion_to_theirs, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_search_stands_alone, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(objectives_of_a_search_have_no_windows_and_end_nothing,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(variants_are_searched_and_not_compared, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
