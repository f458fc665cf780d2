#include "fleet_bench.h"

#include "file.h"

#include <stdlib.h>
#include <unistd.h>

#define INSTANCE 4711

static void clocks_of_one_boot_are_one_clock(void **state)
{
    struct bench bench;
    struct hello hello = bench_hello("here", INSTANCE);
    struct hello away = bench_hello("away", INSTANCE + 1);
    struct clock_estimate clock;

    (void)state;
    bench_begin(&bench, 2);
    file_first_line("/proc/sys/kernel/random/boot_id", hello.boot_id, NAME_BYTES);
    assert_true(readlink("/proc/self/ns/time", hello.time_namespace, NAME_BYTES - 1) > 0);
    assert_true(bench_say_hello(&bench, &hello).same_clock);
    assert_false(bench_say_hello(&bench, &away).same_clock);
    clock = fleet_clock(bench.fleet, 0, mono_ns());
    assert_true(clock.known);
    assert_int_equal(clock.offset_ns, 0);
    assert_int_equal(clock.bound_ns, 0);
    assert_false(fleet_clock(bench.fleet, 1, mono_ns()).known);
    bench_end(&bench);
}

static struct clock_answer say_clock(struct bench *bench, const struct clock_report *report,
                                     struct clock_exchange *ret)
{
    struct call call = {0};
    struct clock_answer answer;
    struct clock_report copy = *report;

    copy.head = bench_head(bench, report->head.agent, report->head.instance);
    assert_int_equal(wire_encode_clock_report(&copy, &call.frame), 0);
    call_start(bench, &call, CALL_MS);
    assert_int_equal(call_finish(bench, &call), 0);
    assert_int_equal(
        wire_decode_clock_answer(call.reply.bytes, call.reply.bytes_count, &answer, NULL), 0);
    free(call.reply.bytes);
    *ret = (struct clock_exchange){.t1_ns = call.reply.sent_ns,
                                   .t2_ns = answer.t2_ns,
                                   .t3_ns = answer.t3_ns,
                                   .t4_ns = call.reply.received_ns};
    return answer;
}

static void another_clock_is_known_from_its_reports(void **state)
{
    struct bench bench;
    struct clock_report report = {.head = {.instance = INSTANCE}};
    struct clock_exchange exchange;
    struct clock_estimate clock;
    const int64_t ahead_ns = 3600 * NS_PER_S; /* The agent's clock. */

    (void)state;
    bench_begin(&bench, 1);
    report.head.agent = bench_join(&bench, INSTANCE);
    for (int burst = 0; burst < 4; burst++) {
        for (uint32_t i = 0; i < 8; i++) {
            struct clock_report question = {.head = report.head};

            (void)say_clock(&bench, &question, &exchange);
            assert_true(exchange.t1_ns <= exchange.t2_ns && exchange.t2_ns <= exchange.t3_ns &&
                        exchange.t3_ns <= exchange.t4_ns);
            exchange.t1_ns += ahead_ns;
            exchange.t4_ns += ahead_ns;
            report.exchanges[i] = exchange;
        }
        report.exchanges_count = 8;
        (void)say_clock(&bench, &report, &exchange);
    }
    clock = fleet_clock(bench.fleet, report.head.agent, mono_ns());
    assert_true(clock.known);
    assert_true(llabs(clock.offset_ns + ahead_ns) <= clock.bound_ns);
    bench_end(&bench);
}

/* The relation may be asked at times that are possible only: the coordinator ended itself. */
static void a_clock_that_can_not_be_leaves_the_fleet_as_it_was(void **state)
{
    const int64_t ends[] = {INT64_MAX, INT64_MIN, INT64_MAX / 8, -INT64_MAX / 8};
    struct clock_exchange exchange;
    struct bench bench;
    struct clock_report report = {.head = {.instance = INSTANCE}, .exchanges_count = 1};

    (void)state;
    bench_begin(&bench, 1);
    report.head.agent = bench_join(&bench, INSTANCE);
    report.exchanges[0] = (struct clock_exchange){1, 2, 3, 4};
    (void)say_clock(&bench, &report, &exchange);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        for (size_t j = 0; j < sizeof ends / sizeof ends[0]; j++) {
            struct clock_estimate clock;

            report.exchanges[0] = (struct clock_exchange){ends[i], ends[j], ends[j], ends[i]};
            (void)say_clock(&bench, &report, &exchange);
            clock = fleet_clock(bench.fleet, report.head.agent, mono_ns());
            assert_true(clock.known);
            assert_true(llabs(clock.offset_ns) <= INT64_MAX / 4);
        }
    }
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_of_one_boot_are_one_clock),
        cmocka_unit_test(another_clock_is_known_from_its_reports),
        cmocka_unit_test(a_clock_that_can_not_be_leaves_the_fleet_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
