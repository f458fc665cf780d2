/* Requests of agents that are not, or no longer, of this run: what they measured must be nobody's.
 * All but the last were taken into the run. */
#include "fleet_bench.h"

#include "deadlines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCE 4711

static void assert_dropped(struct bench *bench, enum fleet_drop reason, uint64_t times)
{
    for (int i = 0; i < FLEET_DROP_COUNT; i++) {
        assert_int_equal(fleet_dropped(bench->fleet, (enum fleet_drop)i),
                         i == (int)reason ? times : 0);
    }
    assert_string_not_equal(fleet_drop_words(reason), "");
}

/* Sends the frame, and demands to be refused with these words. */
static void refused(struct bench *bench, struct call *call, const char *words)
{
    struct receipt receipt;

    call_start(bench, call, CALL_MS);
    assert_int_equal(call_finish(bench, call), 0);
    assert_int_equal(
        wire_decode_receipt(call->reply.bytes, call->reply.bytes_count, &receipt, NULL), 0);
    free(call->reply.bytes);
    assert_false(receipt.accepted);
    assert_non_null(strstr(receipt.reason, words));
}

static void refused_snapshot(struct bench *bench, const struct request_head *head,
                             const char *words)
{
    struct snapshot snapshot = {
        .head = *head, .agent = head->agent, .last_part = true, .until_ns = 1};
    struct call call = {0};

    assert_int_equal(wire_encode_snapshot(&snapshot, &call.frame), 0);
    refused(bench, &call, words);
}

static void refused_poll(struct bench *bench, const struct request_head *head, const char *words)
{
    struct poll poll = {.head = *head};
    struct call call = {0};

    assert_int_equal(wire_encode_poll(&poll, &call.frame), 0);
    refused(bench, &call, words);
}

/* A name printed a line that said PASS; it, and what brokers say, goes on into reports, too. */
static void words_of_agents_can_neither_move_the_cursor_nor_begin_a_line(void **state)
{
    struct bench bench;
    struct hello hello = bench_hello("x\r\033[2K\nPASS", INSTANCE);
    struct probe_result result = {.failure = PROBE_OTHER};
    struct status status = {.command = 1, .text = "a\nb\033]0;c\a", .results = &result};
    struct error_delta error = {.text = "d\033[1me", .count = 1};
    struct notice_delta notice = {.text = "f\ng", .count = 1};
    struct loss_delta loss = {.text = "h\033i"};
    struct thread_count threads = {.name = "j\nk", .count = 1};
    struct snapshot snapshot = {.errors = &error,
                                .errors_count = 1,
                                .notices = &notice,
                                .notices_count = 1,
                                .losses = &loss,
                                .losses_count = 1,
                                .threads = &threads,
                                .threads_count = 1,
                                .last_part = true,
                                .until_ns = 1};
    struct snapshot *taken;
    const struct status *answer;

    (void)state;
    bench_begin(&bench, 1);
    strcpy(hello.host, "host\033[31m");
    strcpy(result.reason, "no\nPASS\033c");
    assert_string_equal(bench_say_hello(&bench, &hello).name, "x??[2K PASS");
    assert_string_equal(fleet_agent(bench.fleet, 0)->name, "x??[2K PASS");
    assert_string_equal(fleet_agent(bench.fleet, 0)->hello.host, "host?[31m");

    status.head = bench_head(&bench, 0, INSTANCE);
    status.results_count = 1;
    assert_int_equal(bench_give(&bench, 0, COMMAND_PROBE, 0), 1);
    assert_true(bench_say_status(&bench, &status).accepted);
    answer = fleet_answer(bench.fleet, 0, 1);
    assert_non_null(answer);
    assert_string_equal(answer->results[0].reason, "no PASS?c");

    fleet_begin_trial(bench.fleet, 0, NULL);
    assert_true(bench_say_snapshot(&bench, INSTANCE, &snapshot).accepted);
    taken = fleet_next_snapshot(bench.fleet);
    assert_non_null(taken);
    assert_string_equal(taken->errors[0].text, "d?[1me");
    assert_string_equal(taken->notices[0].text, "f g");
    assert_string_equal(taken->losses[0].text, "h?i");
    assert_string_equal(taken->threads[0].name, "j k");
    snapshot_free(taken);
    bench_end(&bench);
}

/* Whoever reaches the port may hold a connection, with a message that it has begun. */
static void a_connection_without_a_valid_hello_is_closed_and_an_agents_stays(void **state)
{
    struct channel_client *stranger = NULL;
    struct channel_client *agent;
    struct bench bench;
    struct call call = {0};
    struct command command;

    (void)state;
    bench_begin(&bench, 1);
    assert_int_equal(bench_join(&bench, INSTANCE), 0);
    bench_dial(&bench, &stranger);
    agent = bench.client;
    bench.client = stranger;
    text_add(&call.frame, "anything");
    call_start(&bench, &call, CALL_MS);
    while (fleet_dropped(bench.fleet, FLEET_DROP_GARBAGE) == 0) {
        fleet_turn(bench.fleet, 5);
    }
    bench_pass(UNKNOWN_NS - NS_PER_S);
    fleet_turn(bench.fleet, 0);
    assert_int_equal(fleet_door(bench.fleet).unknown, 0);
    bench_pass(NS_PER_S);
    assert_int_equal(call_finish(&bench, &call), -ECONNRESET);
    assert_int_equal(fleet_door(bench.fleet).unknown, 1);
    assert_int_equal(fleet_door(bench.fleet).surplus, 0);
    assert_int_equal(fleet_door(bench.fleet).connections_max, 18);

    bench.client = agent;
    bench_pass(UNKNOWN_NS);
    assert_int_not_equal(bench_give(&bench, 0, COMMAND_GOODBYE, 0), 0);
    command = bench_poll(&bench, 0, INSTANCE, 0);
    assert_int_equal(command.kind, COMMAND_GOODBYE);
    command_done(&command);
    channel_client_free(stranger);
    bench_end(&bench);
}

/* The handshakes of a thousand take longer than a stranger has. */
static void while_many_agents_are_missing_a_connection_has_longer(void **state)
{
    struct channel_client *agent;
    struct bench bench;
    struct call call = {0};

    (void)state;
    bench_begin(&bench, AGENTS_MAX);
    assert_int_equal(bench_join(&bench, INSTANCE), 0);
    agent = bench.client;
    bench_dial(&bench, &bench.client);
    text_add(&call.frame, "anything");
    call_start(&bench, &call, CALL_MS);
    while (fleet_dropped(bench.fleet, FLEET_DROP_GARBAGE) == 0) {
        fleet_turn(bench.fleet, 5);
    }
    bench_pass(UNKNOWN_NS + NS_PER_S);
    fleet_turn(bench.fleet, 0);
    assert_int_equal(fleet_door(bench.fleet).unknown, 0);
    bench_pass(AGENTS_MAX * UNKNOWN_AGENT_NS);
    assert_int_equal(call_finish(&bench, &call), -ECONNRESET);
    assert_int_equal(fleet_door(bench.fleet).unknown, 1);
    channel_client_free(bench.client);
    bench.client = agent;
    bench_end(&bench);
}

/* The run's own first snapshot was dropped "as came a second time" after that. */
static void what_an_agent_of_another_run_measured_is_refused_and_its_agent_told(void **state)
{
    struct bench bench;
    struct request_head other;
    struct snapshot own = {.last_part = true, .until_ns = 1};
    struct snapshot *taken;

    (void)state;
    bench_begin(&bench, 1);
    own.agent = bench_join(&bench, INSTANCE);
    fleet_begin_trial(bench.fleet, 0, NULL);
    other = bench_head(&bench, own.agent, INSTANCE); /* Even its instance is the same. */
    strcpy(other.run_id, "run-6");
    refused_snapshot(&bench, &other, "this agent is of run run-6, and run run-7 is here now");
    refused_poll(&bench, &other, "run-6");
    assert_dropped(&bench, FLEET_DROP_OTHER_RUN, 2);
    assert_null(fleet_next_snapshot(bench.fleet));
    assert_true(bench_say_snapshot(&bench, INSTANCE, &own).accepted);
    taken = fleet_next_snapshot(bench.fleet);
    assert_non_null(taken);
    snapshot_free(taken);
    bench_end(&bench);
}

static void any_process_that_calls_itself_agent_0_is_refused(void **state)
{
    struct bench bench;
    struct request_head stranger;

    (void)state;
    bench_begin(&bench, 2);
    stranger = bench_head(&bench, bench_join(&bench, INSTANCE), INSTANCE + 1);
    fleet_begin_trial(bench.fleet, 0, NULL);
    refused_snapshot(&bench, &stranger, "none of the run");
    refused_poll(&bench, &stranger, "none of the run");
    stranger = bench_head(&bench, 1, INSTANCE); /* Nobody has that number yet. */
    refused_snapshot(&bench, &stranger, "none of the run");
    assert_dropped(&bench, FLEET_DROP_STRANGER, 3);
    assert_null(fleet_next_snapshot(bench.fleet));
    bench_end(&bench);
}

static void what_an_agent_measures_after_it_was_lost_is_refused(void **state)
{
    struct bench bench;
    struct request_head head;
    struct command command;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    fleet_begin_trial(bench.fleet, 0, NULL);
    bench_live(&bench, SILENCE_NS + NS_PER_S);
    assert_int_equal(fleet_lost(bench.fleet), agent);
    head = bench_head(&bench, agent, INSTANCE);
    refused_snapshot(&bench, &head, "counts as lost: it has fallen silent");
    assert_dropped(&bench, FLEET_DROP_LOST, 1);
    assert_null(fleet_next_snapshot(bench.fleet));
    command = bench_poll(&bench, agent, INSTANCE, 0);
    assert_int_equal(command.kind, COMMAND_GOODBYE); /* It may still ask, and is sent home. */
    command_done(&command);
    bench_end(&bench);
}

/* Only the head is read of what is not ours: a body may be anything, and cost anything. */
static void nothing_but_the_head_is_read_of_a_request_that_is_not_of_this_run(void **state)
{
    struct bench bench;
    struct request_head other = {.run_id = "run-6", .instance = 1, .sequence = 1};
    struct snapshot snapshot = {.head = other, .last_part = true};
    struct call call = {0};

    (void)state;
    bench_begin(&bench, 1);
    assert_int_equal(wire_encode_snapshot(&snapshot, &call.frame), 0);
    call.frame.bytes[call.frame.bytes_count - 1] = (char)0xc1; /* No msgpack has that byte. */
    refused(&bench, &call, "run-6");
    assert_dropped(&bench, FLEET_DROP_OTHER_RUN, 1);
    bench_end(&bench);
}

/* A poll that was given up, and arrives over a slow connection after the next one: it must not send
 * that one away. */
static void a_copy_that_was_overtaken_changes_nothing(void **state)
{
    struct bench bench;
    struct call waiting;
    struct call late = {0};
    struct command command;
    struct poll poll = {.taken = 0};
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    poll.head = bench_head(&bench, agent, INSTANCE);
    bench_poll_start(&bench, &waiting, agent, INSTANCE, 0);
    for (int i = 0; i < 10; i++) {
        fleet_turn(bench.fleet, 5);
    }
    assert_int_equal(wire_encode_poll(&poll, &late.frame), 0);
    call_start(&bench, &late, DROPPED_MS);
    assert_int_equal(call_finish(&bench, &late), -ETIMEDOUT);
    assert_dropped(&bench, FLEET_DROP_LATE, 1);
    command = (struct command){.kind = COMMAND_STOP};
    assert_int_equal(fleet_command(bench.fleet, agent, &command), 1);
    command = bench_poll_finish(&bench, &waiting);
    assert_int_equal(command.kind, COMMAND_STOP);
    command_done(&command);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_agents_can_neither_move_the_cursor_nor_begin_a_line),
        cmocka_unit_test(a_connection_without_a_valid_hello_is_closed_and_an_agents_stays),
        cmocka_unit_test(while_many_agents_are_missing_a_connection_has_longer),
        cmocka_unit_test(what_an_agent_of_another_run_measured_is_refused_and_its_agent_told),
        cmocka_unit_test(any_process_that_calls_itself_agent_0_is_refused),
        cmocka_unit_test(what_an_agent_measures_after_it_was_lost_is_refused),
        cmocka_unit_test(nothing_but_the_head_is_read_of_a_request_that_is_not_of_this_run),
        cmocka_unit_test(a_copy_that_was_overtaken_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
