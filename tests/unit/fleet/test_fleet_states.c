/* What an agent's states are, and what is told of them. */

#include "fleet_bench.h"

#include "deadlines.h"
#include "fleet_states_inner.h"

#include <string.h>

#define INSTANCE 4711

/* One letter for each state: joined, suspect, lost, fenced, left (gone). */
static const char letters[] = "jslfg";

static void each_state_and_event_have_one_outcome(void **state)
{
    static const char *const expected[FLEET_STATE_COUNT] = {
        /* heard, quiet, silent, ended, leaves */
        [FLEET_JOINED] = "jsllg", [FLEET_SUSPECT] = "jsllg", [FLEET_LOST] = "flllf",
        [FLEET_FENCED] = "fffff", [FLEET_LEFT] = "ggggg",
    };

    (void)state;
    for (int from = 0; from < FLEET_STATE_COUNT; from++) {
        for (int event = 0; event < MEMBER_EVENT_COUNT; event++) {
            enum fleet_state to =
                fleet_state_after((enum fleet_state)from, (enum member_event)event);

            if (letters[to] != expected[from][event]) {
                fail_msg("%s after event %d: %s, not %c", fleet_state_name((enum fleet_state)from),
                         event, fleet_state_name(to), expected[from][event]);
            }
        }
    }
}

static void who_was_lost_or_left_never_takes_part_again(void **state)
{
    (void)state;
    for (int event = 0; event < MEMBER_EVENT_COUNT; event++) {
        enum fleet_state lost = fleet_state_after(FLEET_LOST, (enum member_event)event);
        enum fleet_state fenced = fleet_state_after(FLEET_FENCED, (enum member_event)event);
        enum fleet_state left = fleet_state_after(FLEET_LEFT, (enum member_event)event);

        assert_true(lost == FLEET_LOST || lost == FLEET_FENCED);
        assert_int_equal(fenced, FLEET_FENCED);
        assert_int_equal(left, FLEET_LEFT);
    }
}

static void assert_change(struct bench *bench, uint32_t agent, enum fleet_state state,
                          int64_t silent_ns)
{
    struct fleet_change change;

    assert_true(fleet_next_change(bench->fleet, &change));
    assert_int_equal(change.agent, agent);
    assert_string_equal(fleet_state_name(change.state), fleet_state_name(state));
    assert_true(change.silent_ns >= silent_ns && change.silent_ns < silent_ns + 4 * NS_PER_S);
}

static void assert_no_change(struct bench *bench)
{
    struct fleet_change change;

    assert_false(fleet_next_change(bench->fleet, &change));
}

static void ask(struct bench *bench, uint32_t agent, uint64_t instance)
{
    struct command command = bench_poll(bench, agent, instance, 0);

    command_done(&command);
}

static void an_agent_that_is_silent_for_a_while_is_suspect_and_then_back(void **state)
{
    struct bench bench;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    assert_no_change(&bench);
    bench_live(&bench, SUSPECT_NS);
    bench_live(&bench, NS_PER_S);
    assert_int_equal(fleet_agent(bench.fleet, agent)->state, FLEET_SUSPECT);
    assert_false(fleet_is_lost(bench.fleet, agent));
    assert_change(&bench, agent, FLEET_SUSPECT, SUSPECT_NS);
    assert_no_change(&bench); /* Once each. */
    bench_live(&bench, NS_PER_S);
    ask(&bench, agent, INSTANCE);
    assert_change(&bench, agent, FLEET_JOINED, SUSPECT_NS + 2 * NS_PER_S);
    assert_no_change(&bench);
    assert_int_not_equal(bench_give(&bench, agent, COMMAND_STOP, 0), 0);
    bench_end(&bench);
}

static void an_agent_that_comes_back_too_late_is_fenced(void **state)
{
    struct bench bench;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    bench_live(&bench, SILENCE_NS + NS_PER_S);
    assert_int_equal(fleet_agent(bench.fleet, agent)->state, FLEET_LOST);
    assert_int_equal(fleet_lost_count(bench.fleet), 1);
    ask(&bench, agent, INSTANCE);
    assert_int_equal(fleet_agent(bench.fleet, agent)->state, FLEET_FENCED);
    assert_true(fleet_is_lost(bench.fleet, agent));
    assert_int_equal(fleet_lost_count(bench.fleet), 1);
    assert_change(&bench, agent, FLEET_SUSPECT, SUSPECT_NS);
    assert_change(&bench, agent, FLEET_LOST, SILENCE_NS);
    assert_change(&bench, agent, FLEET_FENCED, SILENCE_NS);
    assert_no_change(&bench);
    bench_end(&bench);
}

static void a_lost_agent_that_says_hello_again_is_refused(void **state)
{
    struct bench bench;
    struct hello hello = bench_hello("north", INSTANCE);
    struct welcome welcome;

    (void)state;
    bench_begin(&bench, 1);
    assert_true(bench_say_hello(&bench, &hello).accepted);
    bench_live(&bench, SILENCE_NS + NS_PER_S);
    welcome = bench_say_hello(&bench, &hello);
    assert_false(welcome.accepted);
    assert_string_equal(welcome.reason,
                        "agent north counts as lost in this run: it has fallen silent");
    bench_end(&bench);
}

/* Its last words may be read after its end is known. */
static void an_agent_whose_process_ended_is_not_back_for_what_it_said_before(void **state)
{
    struct bench bench;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    fleet_lose(bench.fleet, agent, "killed by signal 9");
    ask(&bench, agent, INSTANCE);
    assert_int_equal(fleet_agent(bench.fleet, agent)->state, FLEET_LOST);
    assert_string_equal(fleet_agent(bench.fleet, agent)->lost_reason, "killed by signal 9");
    assert_change(&bench, agent, FLEET_LOST, 0);
    assert_no_change(&bench);
    bench_end(&bench);
}

/* Nobody may have looked for a while: the last changes count. */
static void an_agent_that_comes_and_goes_keeps_its_last_changes(void **state)
{
    struct bench bench;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    for (int i = 0; i < 3; i++) {
        bench_live(&bench, SUSPECT_NS + NS_PER_S);
        ask(&bench, agent, INSTANCE);
    }
    fleet_lose(bench.fleet, agent, "its process ended");
    assert_change(&bench, agent, FLEET_JOINED, SUSPECT_NS);
    assert_change(&bench, agent, FLEET_SUSPECT, SUSPECT_NS);
    assert_change(&bench, agent, FLEET_JOINED, SUSPECT_NS);
    assert_change(&bench, agent, FLEET_LOST, 0);
    assert_no_change(&bench);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_and_event_have_one_outcome),
        cmocka_unit_test(who_was_lost_or_left_never_takes_part_again),
        cmocka_unit_test(an_agent_that_is_silent_for_a_while_is_suspect_and_then_back),
        cmocka_unit_test(an_agent_that_comes_back_too_late_is_fenced),
        cmocka_unit_test(a_lost_agent_that_says_hello_again_is_refused),
        cmocka_unit_test(an_agent_whose_process_ended_is_not_back_for_what_it_said_before),
        cmocka_unit_test(an_agent_that_comes_and_goes_keeps_its_last_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
