#include "check.h"
#include "phase_choice.h"

#include <stdio.h>
#include <stdlib.h>

#define PHASES 40

static struct result_phase phases[PHASES];
static const struct result_case of = {.phases = phases, .phases_count = PHASES};

/* Phase i has a p99 of i ms, the last is not measured. */
static void make(void)
{
    for (uint32_t i = 0; i < PHASES; i++) {
        phases[i] = (struct result_phase){.measured = i + 1 < PHASES};
        (void)snprintf(phases[i].name, sizeof phases[i].name, "p%u", i);
        assert_int_equal(hist_new(&phases[i].latency[SERIES_E2E], NULL), 0);
        hist_record(phases[i].latency[SERIES_E2E], INT64_C(1000000) * i);
    }
}

static void unmake(void)
{
    for (uint32_t i = 0; i < PHASES; i++) {
        hist_free(phases[i].latency[SERIES_E2E]);
    }
}

static uint32_t listed(const struct phase_choice *choice)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < PHASES; i++) {
        count += phase_choice_has(choice, &of, &phases[i]) ? 1 : 0;
    }
    return count;
}

static void few_phases_are_all_shown(void **state)
{
    struct phase_choice choice;

    (void)state;
    make();
    choice = phase_choice_make(&of, false, PHASES);
    assert_int_equal(listed(&choice), PHASES);
    assert_int_equal(choice.left_out, 0);
    phase_choice_done(&choice);
    unmake();
}

static void of_many_those_with_faults_and_the_slowest_are_shown(void **state)
{
    struct phase_choice choice;

    (void)state;
    make();
    phases[3].delivery.lost = 1;
    choice = phase_choice_make(&of, true, 5);
    assert_int_equal(choice.count, 5);
    assert_int_equal(choice.left_out, PHASES - 1 - 5);
    assert_int_equal(listed(&choice), 5);
    assert_true(phase_choice_has(&choice, &of, &phases[3]));
    assert_true(phase_choice_has(&choice, &of, &phases[PHASES - 2]));
    assert_true(phase_choice_has(&choice, &of, &phases[PHASES - 5]));
    assert_false(phase_choice_has(&choice, &of, &phases[PHASES - 1])); /* Not measured. */
    phase_choice_done(&choice);
    unmake();
}

static void of_equal_ones_no_more_than_there_is_room_for_are_shown(void **state)
{
    struct phase_choice choice;

    (void)state;
    make();
    for (uint32_t i = 0; i < PHASES; i++) {
        phases[i].delivery.lost = 1;
    }
    choice = phase_choice_make(&of, true, 7);
    assert_int_equal(listed(&choice), 7);
    assert_true(phase_choice_has(&choice, &of, &phases[0]));
    phase_choice_done(&choice);
    unmake();
}

static void a_flow_is_shown_with_its_phase(void **state)
{
    struct phase_choice choice;

    (void)state;
    make();
    (void)snprintf(phases[0].name, sizeof phases[0].name, "%s", phases[PHASES - 2].name);
    (void)snprintf(phases[0].flow, sizeof phases[0].flow, "orders");
    (void)snprintf(phases[1].name, sizeof phases[1].name, "%s", phases[2].name);
    (void)snprintf(phases[1].flow, sizeof phases[1].flow, "orders");
    choice = phase_choice_make(&of, false, 4);
    assert_true(phase_choice_has(&choice, &of, &phases[0]));
    assert_false(phase_choice_has(&choice, &of, &phases[1]));
    phase_choice_done(&choice);
    unmake();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_phases_are_all_shown),
        cmocka_unit_test(of_many_those_with_faults_and_the_slowest_are_shown),
        cmocka_unit_test(of_equal_ones_no_more_than_there_is_room_for_are_shown),
        cmocka_unit_test(a_flow_is_shown_with_its_phase),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
