/* Agents that fall silent, are told to go or go by themselves. */

#include "fleet_bench.h"

#include "deadlines.h"

#define INSTANCE 4711

static void an_agent_that_falls_silent_is_lost_and_told_to_go_when_it_is_back(void **state)
{
    struct bench bench;
    struct command command;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 2);
    (void)bench_join(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    bench_live(&bench, 8 * NS_PER_S);
    command = bench_poll(&bench, 0, 1, 0); /* The other one is heard of. */
    command_done(&command);
    assert_int_equal(fleet_lost(bench.fleet), UINT32_MAX);
    bench_live(&bench, 3 * NS_PER_S);
    assert_int_equal(fleet_lost(bench.fleet), agent);
    assert_false(fleet_is_lost(bench.fleet, 0));
    assert_string_not_equal(fleet_agent(bench.fleet, agent)->lost_reason, "");
    assert_int_equal(bench_give(&bench, agent, COMMAND_STOP, 0), 0);
    command = bench_poll(&bench, agent, INSTANCE, 5);
    assert_int_equal(command.kind, COMMAND_GOODBYE);
    assert_int_equal(command.sequence, 6);
    command_done(&command);
    bench_end(&bench);
}

/* Else a run that waits for others would end with it once they are there. */
static void an_agent_that_is_lost_without_a_command_makes_room_for_another(void **state)
{
    struct hello late = bench_hello("late", 3);
    struct channel_client *first;
    struct channel_client *second;
    struct bench bench;

    (void)state;
    bench_begin(&bench, 2);
    assert_int_equal(bench_join(&bench, 1), 0);
    first = bench.client;
    bench_dial(&bench, &bench.client);
    assert_int_equal(bench_join(&bench, 2), 1);
    (void)bench_give(&bench, 1, COMMAND_PROBE, NS_PER_S);
    fleet_lose(bench.fleet, 0, "it was ended on its host");
    assert_int_equal(fleet_present(bench.fleet), 1);
    second = bench.client;
    bench.client = first;
    assert_int_equal(bench_join(&bench, 4711), 0);
    assert_string_equal(fleet_agent(bench.fleet, 0)->lost_reason, "");
    assert_int_equal(fleet_agents(bench.fleet), 2);
    assert_int_equal(fleet_present(bench.fleet), 2);
    fleet_lose(bench.fleet, 1, "it was ended on its host"); /* It had its command. */
    assert_false(bench_say_hello(&bench, &late).accepted);
    channel_client_free(second);
    bench_end(&bench);
}

/* It had its command's time twice over, and four silent targets took longer than that. */
static void a_command_that_takes_long_is_no_reason_to_be_silent(void **state)
{
    struct bench bench;
    struct command command;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    (void)bench_give(&bench, agent, COMMAND_PROBE, 60 * NS_PER_S);
    command = bench_poll(&bench, agent, INSTANCE, 0);
    assert_int_equal(command.kind, COMMAND_PROBE);
    command_done(&command);
    for (int i = 0; i < 10; i++) { /* Whose time is long over. */
        bench_live(&bench, SILENCE_NS - NS_PER_S);
        command = bench_poll(&bench, agent, INSTANCE, 1);
        assert_int_equal(command.kind, COMMAND_NONE);
        command_done(&command);
    }
    assert_int_equal(fleet_lost(bench.fleet), UINT32_MAX);
    bench_live(&bench, SILENCE_NS + NS_PER_S);
    assert_int_equal(fleet_lost(bench.fleet), agent);
    bench_end(&bench);
}

/* What they said meanwhile may still be on its way to who did not listen. */
static void a_fleet_that_stood_still_does_not_take_its_agents_for_silent(void **state)
{
    struct bench bench;
    struct fleet_stall stall;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    bench_live(&bench, 3 * NS_PER_S);
    assert_false(fleet_take_stall(bench.fleet, &stall));
    bench_pass(60 * NS_PER_S); /* Without a turn. */
    fleet_turn(bench.fleet, 0);
    assert_int_equal(fleet_lost(bench.fleet), UINT32_MAX);
    assert_true(fleet_take_stall(bench.fleet, &stall));
    assert_in_range(stall.until_ns - stall.from_ns, 60 * NS_PER_S, 61 * NS_PER_S);
    assert_int_equal(fleet_stood_ns(bench.fleet), stall.until_ns - stall.from_ns);
    assert_false(fleet_take_stall(bench.fleet, &stall)); /* Once each. */
    bench_live(&bench, SILENCE_NS + NS_PER_S);           /* But from then on it listens. */
    assert_int_equal(fleet_lost(bench.fleet), agent);
    bench_end(&bench);
}

static void an_agent_that_was_told_to_go_has_left_and_is_not_lost(void **state)
{
    struct bench bench;
    struct command command;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    (void)bench_give(&bench, agent, COMMAND_GOODBYE, 0);
    command = bench_poll(&bench, agent, INSTANCE, 0);
    assert_int_equal(command.kind, COMMAND_GOODBYE);
    command_done(&command);
    for (int i = 0; i < 2; i++) {
        assert_true(bench_say_goodbye(&bench, agent, INSTANCE).accepted);
        assert_int_equal(fleet_agent(bench.fleet, agent)->state, FLEET_LEFT);
    }
    bench_pass(60 * NS_PER_S);
    fleet_turn(bench.fleet, 0);
    fleet_lose(bench.fleet, agent, "its process ended");
    assert_int_equal(fleet_lost(bench.fleet), UINT32_MAX);
    bench_end(&bench);
}

static void an_agent_that_goes_by_itself_is_lost(void **state)
{
    struct bench bench;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    assert_true(bench_say_goodbye(&bench, agent, INSTANCE).accepted);
    assert_int_equal(fleet_lost(bench.fleet), agent);
    assert_int_equal(fleet_agent(bench.fleet, agent)->state, FLEET_LOST);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agent_that_falls_silent_is_lost_and_told_to_go_when_it_is_back),
        cmocka_unit_test(an_agent_that_is_lost_without_a_command_makes_room_for_another),
        cmocka_unit_test(a_command_that_takes_long_is_no_reason_to_be_silent),
        cmocka_unit_test(a_fleet_that_stood_still_does_not_take_its_agents_for_silent),
        cmocka_unit_test(an_agent_that_was_told_to_go_has_left_and_is_not_lost),
        cmocka_unit_test(an_agent_that_goes_by_itself_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
