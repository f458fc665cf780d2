#include "check.h"
#include "plan_fixture.h"

#include <string.h>

#define SETUPS 3

/* A fixture's scenario with several setups, which share flows and phases. */
struct many {
    struct plan_fixture fixture;
    struct scenario_setup setups[SETUPS];
    struct scenario_parameter parameters[SETUPS];
    struct target targets[2];
};

static char first_label[] = "first";
static char second_label[] = "second";

static void many_init(struct many *many, const char *backend, uint32_t repeat)
{
    plan_fixture_init(&many->fixture, backend);
    for (uint32_t i = 0; i < SETUPS; i++) {
        many->parameters[i] = (struct scenario_parameter){.key = "message.size", .number = i};
        many->parameters[i].value[0] = (char)('1' + i);
        many->setups[i] = many->fixture.setup;
        many->setups[i].parameters = &many->parameters[i];
        many->setups[i].parameters_count = 1;
    }
    many->targets[0] = many->fixture.target;
    many->targets[1] = many->fixture.target;
    many->targets[0].label = first_label;
    many->targets[1].label = second_label;
    many->fixture.scenario.targets = many->targets;
    many->fixture.scenario.targets_count = 2;
    many->fixture.scenario.setups = many->setups;
    many->fixture.scenario.setups_count = SETUPS;
    many->fixture.scenario.repeat = repeat;
}

static void a_case_is_a_target_with_a_setup(void **state)
{
    static const char *const names[] = {"first/size=1",  "second/size=1", "first/size=2",
                                        "second/size=2", "first/size=3",  "second/size=3"};
    struct many many;
    struct plan *plan;

    (void)state;
    many_init(&many, "kafka", 1);
    plan = plan_fixture_make(&many.fixture, 1);
    assert_int_equal(plan->cases_count, 6);
    assert_int_equal(plan->trials_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_string_equal(plan->cases[i].name, names[i]);
        assert_int_equal(plan->cases[i].target, i % 2);
        assert_int_equal(plan->cases[i].setup, i / 2);
        assert_true(plan->cases[i].trial_ns > 0);
    }
    plan_free(plan);
}

static void a_name_that_is_too_long_gets_a_number(void **state)
{
    struct many many;
    struct plan *plan;

    (void)state;
    many_init(&many, "kafka", 1);
    for (uint32_t i = 0; i < SETUPS; i++) {
        memset(many.parameters[i].value, 'x', NAME_BYTES - 1);
    }
    plan = plan_fixture_make(&many.fixture, 1);
    assert_string_equal(plan->cases[0].name, "first/0");
    assert_string_equal(plan->cases[5].name, "second/5");
    plan_free(plan);
}

static void repetitions_go_forwards_and_backwards_as_thue_and_morse(void **state)
{
    struct many many;
    struct plan *plan;

    (void)state;
    many_init(&many, "kafka", 4);
    plan = plan_fixture_make(&many.fixture, 1);
    assert_int_equal(plan->trials_count, 24);
    for (uint32_t i = 0; i < 6; i++) {
        const struct plan_trial *trials = plan->trials;

        /* A B, B A, B A, A B. */
        assert_int_equal(trials[6 + i].case_index, trials[5 - i].case_index);
        assert_int_equal(trials[12 + i].case_index, trials[5 - i].case_index);
        assert_int_equal(trials[18 + i].case_index, trials[i].case_index);
        assert_int_equal(trials[12 + i].repetition, 2);
        assert_int_equal(trials[12 + i].number, 12 + i);
    }
    plan_free(plan);
}

static void the_order_of_cases_comes_from_the_seed(void **state)
{
    struct many many;
    uint32_t orders[32][6];
    uint32_t different = 0;

    (void)state;
    many_init(&many, "kafka", 1);
    for (uint64_t seed = 0; seed < 32; seed++) {
        struct plan *plan = NULL;
        uint32_t seen = 0;

        assert_int_equal(plan_make(&(struct plan_request){.scenario = &many.fixture.scenario,
                                                          .agents = many.fixture.agents,
                                                          .agents_count = 1,
                                                          .run_id = "x",
                                                          .seed = seed / 2},
                                   &plan, NULL),
                         0);
        for (uint32_t i = 0; i < 6; i++) {
            orders[seed][i] = plan->trials[i].case_index;
            seen |= 1U << plan->trials[i].case_index;
        }
        assert_int_equal(seen, 0x3f); /* Every case once. */
        plan_free(plan);
    }
    for (uint32_t i = 0; i + 1 < 32; i += 2) {
        assert_memory_equal(orders[i], orders[i + 1], sizeof orders[i]); /* Same seed. */
        different += memcmp(orders[0], orders[i], sizeof orders[i]) != 0;
    }
    assert_true(different > 8);
}

static void trials_have_topics_of_their_own_and_cases_the_same_seed(void **state)
{
    struct many many;
    struct plan *plan;

    (void)state;
    many_init(&many, "kafka", 2);
    plan = plan_fixture_make(&many.fixture, 1);
    for (uint32_t i = 0; i < plan->trials_count; i++) {
        const struct assignment *a = plan->trials[i].assignments;

        for (uint32_t k = 0; k < i; k++) {
            const struct assignment *b = plan->trials[k].assignments;

            assert_string_not_equal(a->topics[0].name, b->topics[0].name);
            assert_int_not_equal(a->tag, b->tag);
            assert_true((a->seed == b->seed) ==
                        (plan->trials[i].repetition == plan->trials[k].repetition));
        }
    }
    plan_free(plan);
}

static void a_trial_may_have_another_setup_than_its_case(void **state)
{
    struct many many;
    struct scenario_setup other;
    struct scenario_phase phases[2];
    struct plan *plan;

    (void)state;
    many_init(&many, "kafka", 1);
    plan = plan_fixture_make(&many.fixture, 1);
    other = many.setups[0];
    memcpy(phases, many.fixture.phases, sizeof phases);
    phases[0].rate = (struct rate){7, 1000};
    other.phases = phases;
    plan_trial_clear(&plan->trials[0]);
    assert_int_equal(plan_trial_fill(&(struct plan_request){.scenario = &many.fixture.scenario,
                                                            .agents = many.fixture.agents,
                                                            .agents_count = 1,
                                                            .run_id = "x",
                                                            .seed = 1},
                                     plan, &other, &plan->trials[0], NULL),
                     0);
    assert_int_equal(plan->trials[0].assignments[0].phases[0].loads[0].rate.messages, 7);
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_is_a_target_with_a_setup),
        cmocka_unit_test(a_name_that_is_too_long_gets_a_number),
        cmocka_unit_test(repetitions_go_forwards_and_backwards_as_thue_and_morse),
        cmocka_unit_test(the_order_of_cases_comes_from_the_seed),
        cmocka_unit_test(trials_have_topics_of_their_own_and_cases_the_same_seed),
        cmocka_unit_test(a_trial_may_have_another_setup_than_its_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
