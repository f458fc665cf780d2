#include "check.h"
#include "mono.h"
#include "scenario_fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char steady[] = "phases: [ { name: steady, rate: 1k/s, for: 1s } ]\n";

/* Targets and phases, then what the test is about. */
static const struct scenario *load(void **state, const char *more)
{
    char text[2048];

    (void)snprintf(text, sizeof text, "%s%s%s", FIXTURE_TARGETS, steady, more);
    return fixture_good(*state, text, NULL);
}

static void without_sweep_and_variants_there_is_one_setup_and_one_trial(void **state)
{
    const struct scenario *s = load(state, "");

    assert_int_equal(s->setups_count, 1);
    assert_int_equal(s->repeat, 1);
    assert_string_equal(s->setups[0].variant, "");
    assert_int_equal(s->setups[0].parameters_count, 0);
}

static void every_combination_is_a_setup_and_the_last_key_turns_fastest(void **state)
{
    const struct scenario *s =
        load(state, "sweep: { message.size: [ 64, 1KiB ], topology.producers: [ 1, 2, 4 ] }\n"
                    "variants: { baseline: {}, acked: { delivery.consume_ack: each } }\n"
                    "repeat: 3\n");

    assert_int_equal(s->setups_count, 12);
    assert_int_equal(s->repeat, 3);
    for (uint32_t i = 0; i < 12; i++) {
        const struct scenario_setup *setup = &s->setups[i];

        assert_string_equal(setup->variant, i < 6 ? "baseline" : "acked");
        assert_int_equal(setup->flows[0].delivery.consume_ack,
                         i < 6 ? CONSUME_ACK_NONE : CONSUME_ACK_EACH);
        assert_int_equal(setup->flows[0].message.sizes[0].bytes_max, i / 3 % 2 == 0 ? 64 : 1024);
        assert_int_equal(setup->flows[0].topology.producers, 1U << i % 3);
        assert_int_equal(setup->parameters_count, 2);
        assert_string_equal(setup->parameters[0].key, "message.size");
        assert_string_equal(setup->parameters[0].value, i / 3 % 2 == 0 ? "64" : "1KiB");
        assert_true(setup->parameters[0].number == (i / 3 % 2 == 0 ? 64.0 : 1024.0));
        assert_true(setup->parameters[1].number == (double)(1U << i % 3));
    }
}

static void an_override_reaches_phases_and_flows_by_name(void **state)
{
    const struct scenario *s = fixture_good(
        *state,
        FIXTURE_TARGETS "flows: { a: { rate: 1/s }, b: { rate: 2/s } }\n"
                        "phases: [ { name: steady, for: 1s } ]\n"
                        "sweep: { flows.b.rate: [ 5/s, 7/s ], phases.steady.for: [ 2s ] }\n",
        NULL);

    assert_int_equal(s->setups_count, 2);
    assert_true(rate_per_s(s->setups[1].flows[0].rate) == 1.0);
    assert_true(rate_per_s(s->setups[1].flows[1].rate) == 7.0);
    assert_int_equal(s->setups[1].phases[0].duration_ns, 2 * NS_PER_S);
    assert_true(s->setups[1].parameters[0].number == 7.0);
}

static void set_takes_the_path_of_a_swept_key_as_one_name(void **state)
{
    const struct fixture_extra extra = {
        .set = {"sweep.message.size=[64, 100]", "variants.x.delivery.ordered=true"}};
    const struct scenario *s = fixture_good(
        *state, FIXTURE_TARGETS FIXTURE_PHASES "sweep: { message.size: [ 1KiB ] }\n", &extra);

    assert_int_equal(s->setups_count, 2);
    assert_string_equal(s->setups[1].parameters[0].key, "message.size");
    assert_string_equal(s->setups[1].variant, "x");
    assert_true(s->setups[1].flows[0].delivery.ordered);
}

static void what_all_cases_have_wrong_is_said_once(void **state)
{
    const struct fixture *fixture = *state;

    fixture_bad(*state,
                FIXTURE_TARGETS FIXTURE_PHASES "sweep: { message.size: [ 64, 100 ] }\n"
                                               "variants: { a: { delivery.in_flight: 0 } }\n",
                NULL, "delivery.in_flight: \"0\" is out of range");
    assert_null(strchr(strchr(fixture->problems.bytes, '\n') + 1, '\n'));
}

static void too_many_combinations_are_refused(void **state)
{
    fixture_bad(*state,
                FIXTURE_TARGETS FIXTURE_PHASES
                "sweep: { message.size: [64,65,66,67,68,69,70], topology.topics: [1,2,3,4,5,6,7], "
                "topology.producers: [1,2,3,4,5,6,7] }\n",
                NULL, "more combinations than a run can have (at most 256)");
}

static void a_value_may_be_a_mapping_and_then_has_no_number(void **state)
{
    const struct scenario *s =
        load(state, "sweep: { delivery.consume_ack: [ none, each, { batch: 100 } ] }\n");

    assert_int_equal(s->setups_count, 3);
    assert_int_equal(s->setups[1].flows[0].delivery.consume_ack, CONSUME_ACK_EACH);
    assert_int_equal(s->setups[2].flows[0].delivery.consume_ack, CONSUME_ACK_BATCH);
    assert_int_equal(s->setups[2].flows[0].delivery.consume_ack_batch, 100);
    assert_string_equal(s->setups[1].parameters[0].value, "each");
    assert_string_equal(s->setups[2].parameters[0].value, "batch:100");
    assert_true(isnan(s->setups[1].parameters[0].number));
    assert_true(isnan(s->setups[2].parameters[0].number));
}

static void a_variant_leaves_the_others_as_they_were(void **state)
{
    const struct scenario *s = load(
        state, "message: { size: 100 }\n"
               "variants: { large: { message.size: 5000, delivery.ordered: true }, plain: {} }\n");

    assert_int_equal(s->setups_count, 2);
    assert_int_equal(s->setups[0].flows[0].message.sizes[0].bytes_max, 5000);
    assert_true(s->setups[0].flows[0].delivery.ordered);
    assert_int_equal(s->setups[1].flows[0].message.sizes[0].bytes_max, 100);
    assert_false(s->setups[1].flows[0].delivery.ordered);
}

static void a_swept_key_wins_over_a_variant(void **state)
{
    const struct scenario *s = load(state, "sweep: { message.size: [ 64 ] }\n"
                                           "variants: { large: { message.size: 5000 } }\n");

    assert_int_equal(s->setups[0].flows[0].message.sizes[0].bytes_max, 64);
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(without_sweep_and_variants_there_is_one_setup_and_one_trial),
        FIXTURE_TEST(every_combination_is_a_setup_and_the_last_key_turns_fastest),
        FIXTURE_TEST(an_override_reaches_phases_and_flows_by_name),
        FIXTURE_TEST(set_takes_the_path_of_a_swept_key_as_one_name),
        FIXTURE_TEST(what_all_cases_have_wrong_is_said_once),
        FIXTURE_TEST(too_many_combinations_are_refused),
        FIXTURE_TEST(a_value_may_be_a_mapping_and_then_has_no_number),
        FIXTURE_TEST(a_variant_leaves_the_others_as_they_were),
        FIXTURE_TEST(a_swept_key_wins_over_a_variant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
