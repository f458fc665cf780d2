#include "fleet_bench.h"

#include "deadlines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCE 4711

static void a_second_hello_of_the_same_instance_gets_the_same_answer(void **state)
{
    struct bench bench;
    struct hello hello = bench_hello("north", INSTANCE);
    struct welcome first;
    struct welcome second;

    (void)state;
    bench_begin(&bench, 2);
    first = bench_say_hello(&bench, &hello);
    second = bench_say_hello(&bench, &hello);
    assert_true(first.accepted && second.accepted);
    assert_int_equal(second.agent, first.agent);
    assert_string_equal(first.name, "north");
    assert_string_equal(second.name, "north");
    assert_string_equal(second.run_id, "run-7");
    assert_int_equal(fleet_agents(bench.fleet), 1);
    bench_end(&bench);
}

/* Whatever command asks for it: whoever says hello gets the targets with their passwords. */
static void a_fleet_listens_at_this_host_only(void **state)
{
    static const char *const beyond[] = {"tcp://0.0.0.0:0",
                                         "tcp://[::]:0",
                                         "tcp://127.0.0.1.example.org:7700",
                                         "tcp://127.0.0.1@10.0.0.1:7700",
                                         "tcp://localhost.example.org:7700",
                                         "tcp://*:7700",
                                         "tcp://:7700"};
    static const char *const within[] = {"tcp://127.0.0.1:7700", "tcp://127.8.9.1:7700",
                                         "tcp://[::1]:7700", "tcp://localhost:7700",
                                         "ipc:///tmp/control"};
    struct errinfo error;
    struct fleet *fleet = NULL;
    char *url = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        struct fleet_config config = {.url = beyond[i], .agents_wanted = 1, .run_id = "run-7"};

        error.text[0] = '\0';
        assert_int_equal(fleet_new(&config, &fleet, &url, &error), -EPERM);
        assert_null(fleet);
        assert_ptr_equal(strstr(error.text, beyond[i]), error.text);
        assert_non_null(strstr(error.text, " would let anyone drive these agents and read the "
                                           "targets' passwords"));
    }
    for (size_t i = 0; i < sizeof within / sizeof within[0]; i++) {
        assert_int_equal(fleet_may_listen(within[i], false, &error), 0);
    }
    assert_int_equal(fleet_may_listen("tcp://0.0.0.0:7700", true, &error), 0);
    assert_int_equal(fleet_may_listen("127.0.0.1:7700", true, &error), -EINVAL);
}

static void agents_of_one_name_get_numbers(void **state)
{
    struct bench bench;
    struct hello hello = bench_hello("north", 1);

    (void)state;
    bench_begin(&bench, 3);
    assert_string_equal(bench_say_hello(&bench, &hello).name, "north");
    hello.instance = 2;
    assert_string_equal(bench_say_hello(&bench, &hello).name, "north-2");
    hello.instance = 3;
    assert_string_equal(bench_say_hello(&bench, &hello).name, "north-3");
    assert_string_equal(fleet_agent(bench.fleet, 2)->name, "north-3");
    bench_end(&bench);
}

/* A name that was cut to make room for its number is no shorter than what fits. */
static void long_names_stay_different(void **state)
{
    struct bench bench;
    struct hello hello =
        bench_hello("a-name-that-is-as-long-as-a-name-may-be-and-a-little-longer-t", 1);

    (void)state;
    bench_begin(&bench, 2);
    assert_true(bench_say_hello(&bench, &hello).accepted);
    hello.instance = 2;
    assert_true(bench_say_hello(&bench, &hello).accepted);
    assert_string_not_equal(fleet_agent(bench.fleet, 0)->name, fleet_agent(bench.fleet, 1)->name);
    bench_end(&bench);
}

static void an_agent_of_another_version_is_refused_by_name(void **state)
{
    struct bench bench;
    struct hello hello = bench_hello("old", INSTANCE);
    struct welcome welcome;

    (void)state;
    bench_begin(&bench, 1);
    strcpy(hello.version, "0.0.1");
    welcome = bench_say_hello(&bench, &hello);
    assert_false(welcome.accepted);
    assert_non_null(strstr(welcome.reason, "old"));
    assert_non_null(strstr(welcome.reason, "0.0.1"));
    assert_non_null(strstr(welcome.reason, MILLRACE_VERSION));
    assert_string_equal(fleet_refusal(bench.fleet), welcome.reason);
    assert_string_equal(fleet_refusal(bench.fleet), "");
    assert_int_equal(fleet_agents(bench.fleet), 0);
    bench_end(&bench);
}

static void an_agent_of_another_protocol_is_refused_by_its_number(void **state)
{
    struct bench bench;
    struct hello hello = bench_hello("new", INSTANCE);
    struct call call = {0};
    struct welcome welcome;

    (void)state;
    bench_begin(&bench, 1);
    assert_int_equal(wire_encode_hello(&hello, &call.frame), 0);
    assert_int_equal(call.frame.bytes[4], PROTOCOL_VERSION); /* [array, "MR", version, .. */
    call.frame.bytes[4] = 99;
    call_start(&bench, &call, CALL_MS);
    assert_int_equal(call_finish(&bench, &call), 0);
    assert_int_equal(wire_decode_welcome(call.reply.bytes, call.reply.bytes_count, &welcome, NULL),
                     0);
    free(call.reply.bytes);
    assert_false(welcome.accepted);
    assert_non_null(strstr(welcome.reason, "99"));
    assert_non_null(strstr(fleet_refusal(bench.fleet), "99"));
    bench_end(&bench);
}

static void who_comes_when_all_are_there_is_refused(void **state)
{
    struct bench bench;
    struct hello hello = bench_hello("late", 2);
    struct welcome welcome;

    (void)state;
    bench_begin(&bench, 1);
    (void)bench_join(&bench, 1);
    welcome = bench_say_hello(&bench, &hello);
    assert_false(welcome.accepted);
    assert_non_null(strstr(welcome.reason, "late"));
    assert_int_equal(fleet_agents(bench.fleet), 1);
    bench_end(&bench);
}

static void assert_dropped(struct bench *bench, struct call *call)
{
    uint64_t before = fleet_dropped(bench->fleet, FLEET_DROP_GARBAGE);

    call_start(bench, call, DROPPED_MS);
    assert_int_equal(call_finish(bench, call), -ETIMEDOUT);
    assert_true(fleet_dropped(bench->fleet, FLEET_DROP_GARBAGE) > before);
}

static void what_is_no_request_or_was_not_asked_for_is_dropped(void **state)
{
    struct bench bench;
    struct call garbage = {0};
    struct call status = {0};
    struct status unasked = {.command = 1};

    (void)state;
    bench_begin(&bench, 2);
    (void)bench_join(&bench, INSTANCE);
    text_add(&garbage.frame, "GET / HTTP/1.1\r\n\r\n");
    assert_dropped(&bench, &garbage);
    unasked.head = bench_head(&bench, 0, INSTANCE);
    assert_int_equal(wire_encode_status(&unasked, &status.frame), 0);
    assert_dropped(&bench, &status);
    assert_int_equal(fleet_agents(bench.fleet), 1);
    bench_end(&bench);
}

static void a_waiting_poll_is_answered_when_a_command_comes(void **state)
{
    struct bench bench;
    struct call call;
    struct command command;
    uint32_t agent;
    uint64_t number;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    bench_poll_start(&bench, &call, agent, INSTANCE, 0);
    for (int i = 0; i < 10; i++) {
        fleet_turn(bench.fleet, 5); /* It arrives, and stays. */
    }
    assert_false(atomic_load(&call.done));
    number = bench_give(&bench, agent, COMMAND_STOP, 0);
    assert_int_equal(number, 1);
    command = bench_poll_finish(&bench, &call);
    assert_int_equal(command.kind, COMMAND_STOP);
    assert_int_equal(command.sequence, 1);
    command_done(&command);
    bench_end(&bench);
}

static void how_long_the_slowest_command_of_a_trial_takes_there_and_back_is_known(void **state)
{
    struct bench bench;
    struct call call;
    struct command command;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    fleet_begin_trial(bench.fleet, 0, NULL);
    assert_int_equal(bench_give(&bench, agent, COMMAND_STOP, 0), 1);
    command = bench_poll(&bench, agent, INSTANCE, 0);
    assert_int_equal(command.kind, COMMAND_STOP);
    command_done(&command);
    assert_int_equal(fleet_reach_ns(bench.fleet), 0); /* It may not have come. */
    bench_pass(NS_PER_S);
    bench_poll_start(&bench, &call, agent, INSTANCE, 1);
    for (int i = 0; i < 1000 && fleet_reach_ns(bench.fleet) == 0; i++) {
        fleet_turn(bench.fleet, 20);
    }
    assert_true(fleet_reach_ns(bench.fleet) >= NS_PER_S);
    bench_pass(NS_PER_S / 2);
    command = bench_poll_finish(&bench, &call);
    command_done(&command);
    fleet_begin_trial(bench.fleet, 1, NULL);
    assert_int_equal(fleet_reach_ns(bench.fleet), 0);
    bench_end(&bench);
}

static void a_poll_without_a_command_is_answered_after_half_a_second(void **state)
{
    struct bench bench;
    struct call call;
    struct command command;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    bench_poll_start(&bench, &call, agent, INSTANCE, 0);
    for (int i = 0; i < 10; i++) {
        fleet_turn(bench.fleet, 5);
    }
    assert_false(atomic_load(&call.done));
    bench_pass(NS_PER_S / 2);
    command = bench_poll_finish(&bench, &call);
    assert_int_equal(command.kind, COMMAND_NONE);
    command_done(&command);
    bench_end(&bench);
}

static void a_command_stays_until_its_agent_says_that_it_took_it(void **state)
{
    struct bench bench;
    struct command command;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    assert_int_equal(bench_give(&bench, agent, COMMAND_START, 0), 1);
    assert_int_equal(bench_give(&bench, agent, COMMAND_STOP, 0), 2);
    for (int i = 0; i < 2; i++) { /* The first answer was lost. */
        command = bench_poll(&bench, agent, INSTANCE, 0);
        assert_int_equal(command.sequence, 1);
        assert_int_equal(command.kind, COMMAND_START);
        command_done(&command);
    }
    command = bench_poll(&bench, agent, INSTANCE, 1);
    assert_int_equal(command.sequence, 2);
    assert_int_equal(command.kind, COMMAND_STOP);
    command_done(&command);
    bench_end(&bench);
}

static void a_status_that_comes_twice_changes_nothing(void **state)
{
    struct bench bench;
    struct status status = {.head = {.instance = INSTANCE}, .code = -5, .text = "it broke"};
    struct probe_result result = {.failure = PROBE_REFUSED};
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    status.head.agent = agent;
    status.command = bench_give(&bench, agent, COMMAND_PROBE, NS_PER_S);
    status.results = &result;
    status.results_count = 1;
    assert_null(fleet_answer(bench.fleet, agent, status.command));
    for (int i = 0; i < 2; i++) {
        assert_true(bench_say_status(&bench, &status).accepted);
        assert_non_null(fleet_answer(bench.fleet, agent, status.command));
        assert_int_equal(fleet_answer(bench.fleet, agent, status.command)->code, -5);
        assert_int_equal(fleet_answer(bench.fleet, agent, status.command)->results_count, 1);
    }
    bench_end(&bench);
}

/* Answers are kept by number modulo 16. */
static void a_late_copy_of_an_old_status_does_not_hide_a_newer_one(void **state)
{
    struct bench bench;
    struct status status = {.head = {.instance = INSTANCE}};
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    status.head.agent = agent;
    for (uint64_t number = 1; number <= 17; number++) {
        struct command command;

        assert_int_equal(bench_give(&bench, agent, COMMAND_STOP, 0), number);
        command = bench_poll(&bench, agent, INSTANCE, number - 1);
        command_done(&command);
    }
    status.command = 17;
    status.code = -17;
    assert_true(bench_say_status(&bench, &status).accepted);
    status.command = 1;
    status.code = -1;
    assert_true(bench_say_status(&bench, &status).accepted);
    assert_non_null(fleet_answer(bench.fleet, agent, 17));
    assert_int_equal(fleet_answer(bench.fleet, agent, 17)->code, -17);
    bench_end(&bench);
}

static void assert_next_snapshot(struct bench *bench, uint32_t trial, uint64_t sequence)
{
    struct snapshot *snapshot = fleet_next_snapshot(bench->fleet);

    assert_non_null(snapshot);
    assert_int_equal(snapshot->trial, trial);
    assert_int_equal(snapshot->sequence, sequence);
    snapshot_free(snapshot);
}

static void snapshots_are_taken_once_and_without_gaps(void **state)
{
    struct bench bench;
    struct snapshot snapshot = {.last_part = true, .until_ns = 1};
    struct receipt receipt;

    (void)state;
    bench_begin(&bench, 1);
    snapshot.agent = bench_join(&bench, INSTANCE);
    assert_false(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted); /* Of which trial? */
    fleet_begin_trial(bench.fleet, 0, NULL);
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    assert_true(
        bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted); /* Its receipt was lost. */
    snapshot.sequence = 2;
    receipt = bench_say_snapshot(&bench, INSTANCE, &snapshot);
    assert_false(receipt.accepted);
    assert_string_not_equal(receipt.reason, "");
    snapshot.sequence = 1;
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    snapshot.sequence = 2;
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    assert_next_snapshot(&bench, 0, 0);
    assert_next_snapshot(&bench, 0, 1);
    assert_next_snapshot(&bench, 0, 2);
    assert_null(fleet_next_snapshot(bench.fleet));
    bench_end(&bench);
}

/* It made the fleet wait for the old trial's first one, for ever. */
static void a_late_copy_of_an_old_trials_snapshot_is_nothing_new(void **state)
{
    struct bench bench;
    struct snapshot snapshot = {.last_part = true, .until_ns = 1};

    (void)state;
    bench_begin(&bench, 1);
    snapshot.agent = bench_join(&bench, INSTANCE);
    fleet_begin_trial(bench.fleet, 0, NULL);
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    fleet_begin_trial(bench.fleet, 1, NULL);
    snapshot.trial = 1;
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    snapshot.trial = 0;
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    snapshot.trial = 1;
    snapshot.sequence = 1;
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    assert_next_snapshot(&bench, 0, 0);
    assert_next_snapshot(&bench, 1, 0);
    assert_next_snapshot(&bench, 1, 1);
    assert_null(fleet_next_snapshot(bench.fleet));
    bench_end(&bench);
}

/* A calibration has a number of its own, above those of the run. */
static void a_trial_that_begins_may_have_a_lower_number(void **state)
{
    struct bench bench;
    struct snapshot snapshot = {.last_part = true, .until_ns = 1};

    (void)state;
    bench_begin(&bench, 1);
    snapshot.agent = bench_join(&bench, INSTANCE);
    fleet_begin_trial(bench.fleet, 1000, NULL);
    snapshot.trial = 1000;
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    fleet_begin_trial(bench.fleet, 0, NULL);
    assert_true(
        bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted); /* Its receipt was lost. */
    snapshot.trial = 0;
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    assert_next_snapshot(&bench, 1000, 0);
    assert_next_snapshot(&bench, 0, 0);
    assert_null(fleet_next_snapshot(bench.fleet));
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_hello_of_the_same_instance_gets_the_same_answer),
        cmocka_unit_test(a_fleet_listens_at_this_host_only),
        cmocka_unit_test(agents_of_one_name_get_numbers),
        cmocka_unit_test(long_names_stay_different),
        cmocka_unit_test(an_agent_of_another_version_is_refused_by_name),
        cmocka_unit_test(an_agent_of_another_protocol_is_refused_by_its_number),
        cmocka_unit_test(who_comes_when_all_are_there_is_refused),
        cmocka_unit_test(what_is_no_request_or_was_not_asked_for_is_dropped),
        cmocka_unit_test(a_waiting_poll_is_answered_when_a_command_comes),
        cmocka_unit_test(how_long_the_slowest_command_of_a_trial_takes_there_and_back_is_known),
        cmocka_unit_test(a_poll_without_a_command_is_answered_after_half_a_second),
        cmocka_unit_test(a_command_stays_until_its_agent_says_that_it_took_it),
        cmocka_unit_test(a_status_that_comes_twice_changes_nothing),
        cmocka_unit_test(a_late_copy_of_an_old_status_does_not_hide_a_newer_one),
        cmocka_unit_test(snapshots_are_taken_once_and_without_gaps),
        cmocka_unit_test(a_late_copy_of_an_old_trials_snapshot_is_nothing_new),
        cmocka_unit_test(a_trial_that_begins_may_have_a_lower_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
