/* Commands that do not fit into a frame, and hellos that are longer than any. */

#include "fleet_bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCE 77
#define LABEL_BYTES ((size_t)1280 * 1024) /* Beyond what a text on the wire may have. */

static uint64_t give_large_probe(struct bench *bench, uint32_t agent)
{
    struct command command = {.kind = COMMAND_PROBE};

    command.targets = calloc(1, sizeof *command.targets);
    assert_non_null(command.targets);
    command.targets_count = 1;
    command.targets[0].label = malloc(LABEL_BYTES + 1);
    assert_non_null(command.targets[0].label);
    memset(command.targets[0].label, 'x', LABEL_BYTES);
    command.targets[0].label[LABEL_BYTES] = '\0';
    command.targets[0].backend = strdup("memory");
    return fleet_command(bench->fleet, agent, &command);
}

static void a_command_too_large_to_send_loses_its_agent_with_that_reason(void **state)
{
    struct bench bench;
    struct command command;
    uint32_t agent;

    (void)state;
    bench_begin(&bench, 2);
    (void)bench_join(&bench, 1);
    agent = bench_join(&bench, INSTANCE);
    (void)give_large_probe(&bench, agent);
    command = bench_poll(&bench, agent, INSTANCE, 0);
    assert_int_equal(command.kind, COMMAND_GOODBYE);
    assert_int_equal(command.sequence, 1);
    command_done(&command);
    assert_int_equal(fleet_lost(bench.fleet), agent);
    assert_non_null(strstr(fleet_agent(bench.fleet, agent)->lost_reason, "larger than a message"));
    assert_false(fleet_is_lost(bench.fleet, 0));
    bench_end(&bench);
}

static void it_is_lost_as_well_when_its_poll_was_waiting(void **state)
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
    (void)give_large_probe(&bench, agent);
    command = bench_poll_finish(&bench, &call);
    assert_int_equal(command.kind, COMMAND_GOODBYE);
    command_done(&command);
    assert_int_equal(fleet_lost(bench.fleet), agent);
    bench_end(&bench);
}

/* It was read up to 256 KiB, of whoever came and as often as he liked. */
static void a_hello_that_is_longer_than_any_is_not_read_and_told_once(void **state)
{
    struct hello hello = bench_hello("agent", INSTANCE);
    char noise[HELLO_BYTES_MAX] = "";
    struct bench bench;

    (void)state;
    bench_begin(&bench, 1);
    for (int times = 0; times < 2; times++) {
        struct call call = {0};

        assert_int_equal(wire_encode_hello(&hello, &call.frame), 0);
        text_add_bytes(&call.frame, noise, sizeof noise);
        call_start(&bench, &call, DROPPED_MS);
        assert_int_equal(call_finish(&bench, &call), -ETIMEDOUT);
        assert_int_equal(strncmp(fleet_refusal(bench.fleet), "a hello of ", 11) == 0, times == 0);
    }
    assert_true(fleet_dropped(bench.fleet, FLEET_DROP_GARBAGE) >= 2);
    /* The longest that an agent can say. */
    memset(hello.host, 'x', sizeof hello.host - 1);
    memset(hello.kernel, 'x', sizeof hello.kernel - 1);
    memset(hello.boot_id, 'x', sizeof hello.boot_id - 1);
    memset(hello.time_namespace, 'x', sizeof hello.time_namespace - 1);
    memset(hello.clock_source, 'x', sizeof hello.clock_source - 1);
    hello.backends_count = BACKENDS_MAX;
    for (uint32_t i = 0; i < BACKENDS_MAX; i++) {
        memset(hello.backends[i].name, 'x', sizeof hello.backends[i].name - 1);
        memset(hello.backends[i].library, 'x', sizeof hello.backends[i].library - 1);
    }
    assert_true(bench_say_hello(&bench, &hello).accepted);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_too_large_to_send_loses_its_agent_with_that_reason),
        cmocka_unit_test(it_is_lost_as_well_when_its_poll_was_waiting),
        cmocka_unit_test(a_hello_that_is_longer_than_any_is_not_read_and_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
