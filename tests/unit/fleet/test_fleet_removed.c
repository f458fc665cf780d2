/* A host that is removed from the coordinator's hosts while its run goes on. */
#include "fleet_bench.h"

#include "deadlines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET 2 /* Of load2: so many bytes of this. */

static struct fleet_host load2 = {.name = "load2"};
static const char *removed = "";

static bool is_enrolled(const void *context, const char *name)
{
    (void)context;
    return strcmp(name, removed) != 0;
}

static void begin(struct bench *bench)
{
    const struct fleet_config config = {
        .agents_wanted = 1,
        .access = {.hosts = &load2, .hosts_count = 1, .is_enrolled = is_enrolled}};

    removed = "";
    memset(load2.secret, SECRET, HMAC_BYTES);
    bench_begin_with(bench, &config);
}

static struct hello hello_of_load2(uint64_t instance)
{
    struct hello hello = bench_hello("load2", instance);

    (void)snprintf(hello.host_name, sizeof hello.host_name, "load2");
    memset(hello.nonce, (int)instance, sizeof hello.nonce);
    return hello;
}

static void a_host_that_was_removed_is_refused_with_its_next_request(void **state)
{
    struct hello hello = hello_of_load2(12);
    struct poll poll = {.taken = 0};
    struct call call = {0};
    struct receipt receipt;
    struct welcome welcome;
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_true(bench_prove(&bench, &hello, SECRET).accepted);
    assert_int_equal(bench_give(&bench, 0, COMMAND_PROBE, NS_PER_S), 1);
    removed = "load2";
    poll.head = bench_head(&bench, 0, 12);
    assert_int_equal(wire_encode_poll(&poll, &call.frame), 0);
    call_start(&bench, &call, CALL_MS);
    assert_int_equal(call_finish(&bench, &call), 0);
    assert_int_equal(wire_decode_receipt(call.reply.bytes, call.reply.bytes_count, &receipt, NULL),
                     0);
    free(call.reply.bytes);
    assert_false(receipt.accepted); /* It gets no command, as that may hold targets. */
    assert_string_equal(receipt.reason, "load2 was removed from this coordinator's hosts");
    assert_true(fleet_is_lost(bench.fleet, 0));
    assert_int_equal(fleet_dropped(bench.fleet, FLEET_DROP_REMOVED), 1);
    assert_string_equal(fleet_refusal(bench.fleet), receipt.reason);
    hello.instance = 13;
    welcome = bench_prove(&bench, &hello, SECRET);
    assert_string_equal(welcome.reason, receipt.reason);
    bench_end(&bench);
}

/* The run ended with it, and its own request for a command was never answered: it went on with its
 * load for 30 s. */
static void a_host_that_was_removed_while_it_waits_for_a_command_is_told(void **state)
{
    struct hello hello = hello_of_load2(12);
    struct call call = {0};
    struct call clock = {0};
    struct clock_report report = {.exchanges_count = 0};
    struct receipt receipt;
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_true(bench_prove(&bench, &hello, SECRET).accepted);
    bench_poll_start(&bench, &call, 0, 12, 0);
    for (int i = 0; i < 10; i++) { /* It waits there. */
        fleet_turn(bench.fleet, 10);
    }
    removed = "load2";
    report.head = bench_head(&bench, 0, 12);
    assert_int_equal(wire_encode_clock_report(&report, &clock.frame), 0);
    call_start(&bench, &clock, CALL_MS);
    assert_int_equal(call_finish(&bench, &clock), 0);
    free(clock.reply.bytes);
    assert_int_equal(call_finish(&bench, &call), 0);
    assert_int_equal(wire_decode_receipt(call.reply.bytes, call.reply.bytes_count, &receipt, NULL),
                     0);
    free(call.reply.bytes);
    assert_false(receipt.accepted);
    assert_string_equal(receipt.reason, "load2 was removed from this coordinator's hosts");
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_that_was_removed_is_refused_with_its_next_request),
        cmocka_unit_test(a_host_that_was_removed_while_it_waits_for_a_command_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
