#include "fleet_bench.h"

#include "file.h"

#include <stdlib.h>
#include <unistd.h>

#define INSTANCE 4711

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

/* A burst of an agent whose clock is ahead by that much. */
static struct clock_answer say_burst(struct bench *bench, uint32_t agent, int64_t ahead_ns)
{
    struct clock_report report = {.head = {.agent = agent, .instance = INSTANCE + agent}};
    const struct clock_report question = report;
    struct clock_exchange exchange;

    for (uint32_t i = 0; i < 8; i++) {
        (void)say_clock(bench, &question, &exchange);
        assert_true(exchange.t1_ns <= exchange.t2_ns && exchange.t2_ns <= exchange.t3_ns &&
                    exchange.t3_ns <= exchange.t4_ns);
        exchange.t1_ns += ahead_ns;
        exchange.t4_ns += ahead_ns;
        report.exchanges[i] = exchange;
    }
    report.exchanges_count = 8;
    return say_clock(bench, &report, &exchange);
}

/* Joins as a process of this very host. */
static uint32_t join_here(struct bench *bench, uint64_t instance)
{
    struct hello hello = bench_hello("here", instance);

    file_first_line("/proc/sys/kernel/random/boot_id", hello.boot_id, NAME_BYTES);
    assert_true(readlink("/proc/self/ns/time", hello.time_namespace, NAME_BYTES - 1) > 0);
    return bench_say_hello(bench, &hello).agent;
}

/* All agents of the bench claim to be of one other host. */
static uint32_t join_there(struct bench *bench, uint64_t instance)
{
    struct hello hello = bench_hello("there", instance);

    (void)snprintf(hello.boot_id, sizeof hello.boot_id, "another");
    return bench_say_hello(bench, &hello).agent;
}

static void clocks_of_one_boot_are_one_clock_once_eight_probes_agree(void **state)
{
    struct bench bench;
    struct clock_estimate clock;
    struct fleet_doubt doubt;

    (void)state;
    bench_begin(&bench, 2);
    assert_int_equal(join_here(&bench, INSTANCE), 0);
    assert_int_equal(join_there(&bench, INSTANCE + 1), 1);
    assert_false(fleet_clock(bench.fleet, 0, mono_ns()).known);
    (void)say_burst(&bench, 0, 0);
    (void)say_burst(&bench, 1, 0);
    assert_true(fleet_clock_is_own(bench.fleet, 0));
    assert_false(fleet_clock_is_own(bench.fleet, 1));
    clock = fleet_clock(bench.fleet, 0, mono_ns());
    assert_true(clock.known && clock.settled);
    assert_int_equal(clock.offset_ns, 0);
    assert_int_equal(clock.bound_ns, 0);
    assert_true(fleet_clock(bench.fleet, 1, mono_ns()).bound_ns > 0);
    assert_false(fleet_next_doubt(bench.fleet, &doubt));
    bench_end(&bench);
}

/* As a machine that was restored from another one's memory. */
static void a_clone_of_this_host_has_a_clock_of_its_own(void **state)
{
    const int64_t ahead_ns = 3 * NS_PER_S;
    struct bench bench;
    struct clock_estimate clock;
    struct fleet_doubt doubt;

    (void)state;
    bench_begin(&bench, 1);
    assert_int_equal(join_here(&bench, INSTANCE), 0);
    (void)say_burst(&bench, 0, ahead_ns);
    clock = fleet_clock(bench.fleet, 0, mono_ns());
    assert_false(fleet_clock_is_own(bench.fleet, 0));
    assert_true(llabs(clock.offset_ns + ahead_ns) <= clock.bound_ns);
    assert_false(fleet_next_doubt(bench.fleet, &doubt)); /* Nobody was told otherwise. */
    (void)say_burst(&bench, 0, ahead_ns);
    assert_false(fleet_clock_is_own(bench.fleet, 0));
    bench_end(&bench);
}

static void the_first_probe_that_excludes_0_ends_a_common_clock_and_is_told(void **state)
{
    const int64_t ahead_ns = 3 * NS_PER_S;
    struct bench bench;
    struct clock_estimate clock;
    struct fleet_doubt doubt;

    (void)state;
    bench_begin(&bench, 1);
    assert_int_equal(join_here(&bench, INSTANCE), 0);
    (void)say_burst(&bench, 0, 0);
    assert_true(fleet_clock_is_own(bench.fleet, 0));
    (void)say_burst(&bench, 0, ahead_ns);
    assert_false(fleet_clock_is_own(bench.fleet, 0));
    assert_true(fleet_next_doubt(bench.fleet, &doubt));
    assert_int_equal(doubt.kind, FLEET_DOUBT_APART);
    assert_int_equal(doubt.agent, 0);
    assert_true(doubt.size_ns >= ahead_ns - NS_PER_S && doubt.from_ns < doubt.until_ns);
    assert_false(fleet_next_doubt(bench.fleet, &doubt));
    (void)say_burst(&bench, 0, ahead_ns);
    (void)say_burst(&bench, 0, ahead_ns);
    clock = fleet_clock(bench.fleet, 0, mono_ns());
    assert_true(llabs(clock.offset_ns + ahead_ns) <= clock.bound_ns);
    assert_true(clock.before_ns >= ahead_ns - NS_PER_S);
    bench_end(&bench);
}

static void a_step_is_told_once_with_its_size(void **state)
{
    const int64_t step_ns = NS_PER_S;
    struct bench bench;
    struct fleet_doubt doubt;

    (void)state;
    bench_begin(&bench, 1);
    assert_int_equal(join_there(&bench, INSTANCE), 0);
    for (int i = 0; i < 10; i++) {
        (void)say_burst(&bench, 0, 0);
    }
    assert_true(fleet_clock(bench.fleet, 0, mono_ns()).settled);
    (void)say_burst(&bench, 0, step_ns);
    assert_true(fleet_clock(bench.fleet, 0, mono_ns()).bound_ns >= step_ns / 2);
    assert_false(fleet_next_doubt(bench.fleet, &doubt));
    (void)say_burst(&bench, 0, step_ns);
    assert_true(fleet_next_doubt(bench.fleet, &doubt));
    assert_int_equal(doubt.kind, FLEET_DOUBT_STEP);
    assert_in_range(doubt.size_ns, step_ns - NS_PER_MS, 2 * step_ns);
    assert_false(fleet_next_doubt(bench.fleet, &doubt));
    bench_end(&bench);
}

/* Gives the agent a trial in which it reads what all agents write; returns what it takes. */
static void prepare_reader(struct bench *bench, uint32_t agent, uint32_t writers)
{
    struct command command = {.kind = COMMAND_PREPARE,
                              .assignment = calloc(1, sizeof(struct assignment))};
    struct assignment *assignment = command.assignment;

    assert_non_null(assignment);
    assignment->consumers = calloc(1, sizeof *assignment->consumers);
    assignment->consumers_count = 1;
    assignment->writers = calloc(writers, sizeof *assignment->writers);
    assert_non_null(assignment->writers);
    assignment->writers_count = writers;
    for (uint32_t i = 0; i < writers; i++) {
        assignment->writers[i].agent = i;
    }
    /* Taken back at once: it could not be told, being no whole assignment. */
    (void)fleet_command(bench->fleet, agent, &command);
}

static const struct clock_line *line_of(const struct command *command, uint32_t agent)
{
    for (uint32_t i = 0; i < command->lines_count; i++) {
        if (command->lines[i].agent == agent) {
            return &command->lines[i];
        }
    }
    return NULL;
}

/* Agents 0 and 1 are of one other host, 2 of a third one, and all ahead. */
static void every_answer_to_a_poll_tells_the_clocks_of_who_writes(void **state)
{
    const int64_t ahead_ns = 3600 * NS_PER_S;
    struct bench bench;
    struct command command;
    const struct clock_line *line;

    (void)state;
    bench_begin(&bench, 3);
    assert_int_equal(join_there(&bench, INSTANCE), 0);
    assert_int_equal(join_there(&bench, INSTANCE + 1), 1);
    assert_int_equal(bench_join(&bench, INSTANCE + 2), 2);
    for (int i = 0; i < 3; i++) {
        (void)say_burst(&bench, 0, ahead_ns);
        (void)say_burst(&bench, 1, ahead_ns);
        (void)say_burst(&bench, 2, 2 * ahead_ns);
    }
    prepare_reader(&bench, 1, 3);
    command = bench_poll(&bench, 1, INSTANCE + 1, 1);
    assert_int_equal(command.kind, COMMAND_NONE);
    assert_int_equal(command.lines_count, 2); /* It needs no line to itself. */
    line = line_of(&command, 0);
    assert_non_null(line);
    assert_true(line->own_ns == line->peer_ns && line->bound_ns == 0 && line->skew_ppb == 0.0);
    line = line_of(&command, 2);
    assert_non_null(line);
    assert_true(llabs(line->peer_ns - line->own_ns - ahead_ns) <= line->bound_ns);
    assert_true(line->bound_ns > 0 && line->growth_ppb > 0.0);
    command_done(&command);
    command = bench_poll(&bench, 0, INSTANCE, 0); /* It receives nothing. */
    assert_int_equal(command.lines_count, 0);
    command_done(&command);
    bench_end(&bench);
}

#define MANY 40

/* Agents that read each other: of all of them at once there is no time to tell. */
static void a_large_fleet_is_told_of_some_clocks_at_a_time_and_of_all_in_turn(void **state)
{
    bool told[MANY] = {false};
    struct bench bench;
    struct command command;
    struct command start = {.kind = COMMAND_START};
    uint32_t count = 0;

    (void)state;
    bench_begin(&bench, AGENTS_MAX);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(join_there(&bench, INSTANCE + i), i);
        (void)say_burst(&bench, i, NS_PER_S);
    }
    prepare_reader(&bench, 0, MANY);
    for (int i = 0; i < 2; i++) {
        command = bench_poll(&bench, 0, INSTANCE, 1);
        assert_int_equal(command.lines_count, 32);
        for (uint32_t j = 0; j < command.lines_count; j++) {
            count += told[command.lines[j].agent] ? 0 : 1;
            told[command.lines[j].agent] = true;
        }
        command_done(&command);
    }
    assert_int_equal(count, MANY - 1);
    /* What is wrong does not wait for its turn. */
    (void)say_burst(&bench, MANY / 2, 2 * NS_PER_S);
    for (int i = 0; i < 2; i++) {
        command = bench_poll(&bench, 0, INSTANCE, 1);
        assert_non_null(line_of(&command, MANY / 2));
        assert_true(line_of(&command, MANY / 2)->bound_ns > 0);
        command_done(&command);
    }
    assert_int_equal(fleet_command(bench.fleet, 0, &start), 2);
    command = bench_poll(&bench, 0, INSTANCE, 1);
    assert_int_equal(command.kind, COMMAND_START);
    assert_int_equal(command.lines_count, MANY - 1);
    command_done(&command);
    bench_end(&bench);
}

static void all_agents_together_have_a_budget_of_probes(void **state)
{
    const struct clock_report question = {.head = {.instance = INSTANCE}};
    struct clock_exchange first;
    struct bench few;
    struct bench many;

    (void)state;
    bench_begin(&few, 25);
    assert_int_equal(join_there(&few, INSTANCE), 0);
    assert_int_equal(say_burst(&few, 0, 0).pause_ns, 100 * NS_PER_MS);
    bench_pass(4 * NS_PER_S);
    assert_int_equal(say_burst(&few, 0, 0).pause_ns, NS_PER_S);
    bench_end(&few);
    bench_begin(&many, AGENTS_MAX);
    assert_int_equal(join_there(&many, INSTANCE), 0);
    assert_int_equal(say_clock(&many, &question, &first).pause_ns, AGENTS_MAX * 4 * NS_PER_MS);
    bench_end(&many);
}

/* They join at once, and their probes would wait for each other. */
static void agents_of_a_large_fleet_probe_one_after_the_other(void **state)
{
    const int64_t pause_ns = AGENTS_MAX * 4 * NS_PER_MS;
    struct clock_report report = {.exchanges_count = 1};
    struct clock_exchange ignored;
    struct bench bench;

    (void)state;
    bench_begin(&bench, AGENTS_MAX);
    for (uint32_t i = 0; i < 3; i++) {
        const struct clock_report question = {.head = {.agent = i, .instance = INSTANCE + i}};
        int64_t told_ns;

        assert_int_equal(join_there(&bench, INSTANCE + i), i);
        (void)say_clock(&bench, &question, &report.exchanges[0]);
        report.head = question.head;
        told_ns = say_clock(&bench, &report, &ignored).pause_ns;
        assert_in_range(told_ns, pause_ns / 2, 3 * pause_ns / 2 + CALL_MS * NS_PER_MS);
        assert_int_equal((report.exchanges[0].t2_ns + told_ns) % pause_ns,
                         i * pause_ns / AGENTS_MAX);
    }
    bench_end(&bench);
}

/* A burst costs an agent a millisecond: ten in each second were a twentieth of a short run's CPU.
 */
static void an_agent_on_the_coordinators_clock_is_not_asked_eagerly(void **state)
{
    struct bench bench;

    (void)state;
    bench_begin(&bench, 2);
    assert_int_equal(join_here(&bench, INSTANCE), 0);
    assert_int_equal(join_here(&bench, INSTANCE + 1), 1);
    assert_int_equal(say_burst(&bench, 0, 0).pause_ns, NS_PER_S);
    assert_true(fleet_clock_is_own(bench.fleet, 0));
    /* A clone is not on it, and one that left it is none of it any more. */
    assert_int_equal(say_burst(&bench, 1, 3 * NS_PER_S).pause_ns, 100 * NS_PER_MS);
    assert_int_equal(say_burst(&bench, 0, 3 * NS_PER_S).pause_ns, 100 * NS_PER_MS);
    assert_false(fleet_clock_is_own(bench.fleet, 0));
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
        cmocka_unit_test(clocks_of_one_boot_are_one_clock_once_eight_probes_agree),
        cmocka_unit_test(a_clone_of_this_host_has_a_clock_of_its_own),
        cmocka_unit_test(the_first_probe_that_excludes_0_ends_a_common_clock_and_is_told),
        cmocka_unit_test(a_step_is_told_once_with_its_size),
        cmocka_unit_test(every_answer_to_a_poll_tells_the_clocks_of_who_writes),
        cmocka_unit_test(a_large_fleet_is_told_of_some_clocks_at_a_time_and_of_all_in_turn),
        cmocka_unit_test(all_agents_together_have_a_budget_of_probes),
        cmocka_unit_test(agents_of_a_large_fleet_probe_one_after_the_other),
        cmocka_unit_test(an_agent_on_the_coordinators_clock_is_not_asked_eagerly),
        cmocka_unit_test(a_clock_that_can_not_be_leaves_the_fleet_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
