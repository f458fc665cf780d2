/* Every message in every state of an agent, from a coordinator that is wrong or that somebody
 * plays: it is refused with a sentence, what is there stays as it is, and no topic is left behind.
 * On the memory broker, which the test looks at itself. */
#include "duty_bench.h"

#include "backend_table.h"
#include "mono.h"
#include "small_assignment.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_NS (20 * NS_PER_S)
#define RUN_ID "duty"

/* What a test sends, and what has to come back. */
struct row {
    enum command_kind kind;
    enum prepare_step step;
    int32_t code;
    const char *words; /* In the sentence of a refusal. */
};

static void fill(enum command_kind kind, enum prepare_step step, struct command *ret)
{
    *ret = (struct command){.kind = kind, .step = step, .deadline_ns = DEADLINE_NS};
    ret->segment.t0_ns = kind == COMMAND_START ? mono_ns() : 0;
    if (kind == COMMAND_PREPARE && (step == PREPARE_TOPICS || step == PREPARE_ROOM)) {
        ret->assignment = calloc(1, sizeof *ret->assignment);
        assert_non_null(ret->assignment);
        small_assignment(ret->assignment, RUN_ID);
    }
    if (kind == COMMAND_CLEAN) {
        ret->targets = calloc(1, sizeof *ret->targets);
        assert_non_null(ret->targets);
        ret->targets_count = 1;
        ret->targets[0].label = strdup("memory");
        ret->targets[0].backend = strdup("memory");
    }
}

static void answered(const struct status *answer, int32_t code, const char *words)
{
    if (answer->code != code || strstr(answer->text, words) == NULL) {
        fail_msg("%d \"%s\" where %d \"%s\" belongs", answer->code, answer->text, code, words);
    }
}

static void ask(struct duty_bench *bench, const struct row *row)
{
    struct command command;

    fill(row->kind, row->step, &command);
    answered(duty_bench_answer(bench, duty_bench_send(bench, &command)), row->code,
             row->words == NULL ? "" : row->words);
}

static void ask_all(struct duty_bench *bench, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ask(bench, &rows[i]);
    }
}

#define ASK_ALL(bench, rows) ask_all(bench, rows, sizeof(rows) / sizeof(rows)[0])

/* Gives a command whose answer does not matter, or comes later. */
static uint64_t give(struct duty_bench *bench, enum command_kind kind)
{
    struct command command;

    fill(kind, PREPARE_TOPICS, &command);
    return duty_bench_send(bench, &command);
}

static const struct row prepared[] = {
    {COMMAND_PREPARE, PREPARE_TOPICS, 0, NULL},
    {COMMAND_PREPARE, PREPARE_CONSUMERS, 0, NULL},
    {COMMAND_PREPARE, PREPARE_PRODUCERS, 0, NULL},
};

/* Makes the trial's topic, or looks for it: -EEXIST. */
static int make_topic(void)
{
    struct target target = {.label = strdup("memory"), .backend = strdup("memory")};
    struct assignment assignment;
    struct topic topic = {.partitions = 1, .subscriptions = 1};
    struct topic_list list = {.topics = &topic, .topics_count = 1};
    int r;

    small_assignment(&assignment, RUN_ID);
    topic.name = assignment.topics[0].name;
    topic.delivery = &assignment.flows[0].delivery;
    r = backend_find(catalog_find("memory"))
            ->topics_create(&target, &list, mono_ns() + DEADLINE_NS, NULL);
    assignment_done(&assignment);
    target_done(&target);
    return r;
}

static void remove_topic(void)
{
    struct target target = {.label = strdup("memory"), .backend = strdup("memory")};
    uint32_t removed = 0;

    assert_int_equal(backend_find(catalog_find("memory"))
                         ->clean(&target, mono_ns() + DEADLINE_NS, &removed, NULL),
                     0);
    assert_int_equal(removed, 1);
    target_done(&target);
}

static void no_topic_is_left(void)
{
    assert_int_equal(make_topic(), 0);
    remove_topic();
}

static void dismissed(struct duty_bench *bench)
{
    (void)give(bench, COMMAND_GOODBYE);
    assert_int_equal(duty_bench_end(bench), 0);
    no_topic_is_left();
}

static const struct row without_trial[] = {
    {COMMAND_PREPARE, PREPARE_ROOM, 0, NULL},
    {COMMAND_PREPARE, PREPARE_CONSUMERS, -EINVAL, "no trial to prepare"},
    {COMMAND_PREPARE, PREPARE_PRODUCERS, -EINVAL, "no trial to prepare"},
    {COMMAND_START, 0, -EINVAL, "no trial to start"},
    {COMMAND_STOP, 0, 0, NULL},
    {COMMAND_RELEASE, 0, 0, NULL},
    {COMMAND_REMOVE, 0, 0, NULL},
    {COMMAND_PROBE, 0, 0, NULL},
    {COMMAND_CLEAN, 0, 0, NULL},
};

static void without_a_trial_there_is_nothing_to_do(void **state)
{
    struct duty_bench bench;

    (void)state;
    duty_bench_begin(&bench, true);
    ASK_ALL(&bench, without_trial);
    dismissed(&bench);
}

/* What its clients need can't be told; the agent looked it up all the same, and ended. */
static void of_a_backend_that_nobody_knows_there_is_no_question_of_room(void **state)
{
    struct duty_bench bench;
    struct command command;

    (void)state;
    duty_bench_begin(&bench, true);
    fill(COMMAND_PREPARE, PREPARE_ROOM, &command);
    free(command.assignment->target.backend);
    command.assignment->target.backend = strdup("pigeon");
    answered(duty_bench_answer(&bench, duty_bench_send(&bench, &command)), -ENOTSUP,
             "knows no backend pigeon");
    dismissed(&bench);
}

/* In each stage of preparing everything but the next step, then that. */
static void steps_out_of_order_leave_the_trial_as_it_is(void **state)
{
    static const struct row rows[] = {
        {COMMAND_PREPARE, PREPARE_TOPICS, 0, NULL},
        {COMMAND_PREPARE, PREPARE_TOPICS, -EBUSY, "was not removed"},
        {COMMAND_PREPARE, PREPARE_ROOM, 0, NULL},
        {COMMAND_PREPARE, PREPARE_PRODUCERS, -EINVAL, "producers can't be opened"},
        {COMMAND_START, 0, -EINVAL, "not prepared"},
        {COMMAND_STOP, 0, 0, NULL},
        {COMMAND_CLEAN, 0, -EBUSY, "was not removed"},
        {COMMAND_PREPARE, PREPARE_CONSUMERS, 0, NULL},
        {COMMAND_PREPARE, PREPARE_TOPICS, -EBUSY, "was not removed"},
        {COMMAND_PREPARE, PREPARE_CONSUMERS, -EINVAL, "consumers can't be opened"},
        {COMMAND_START, 0, -EINVAL, "not prepared"},
        {COMMAND_STOP, 0, 0, NULL},
        {COMMAND_CLEAN, 0, -EBUSY, "was not removed"},
        {COMMAND_PREPARE, PREPARE_PRODUCERS, 0, NULL},
        {COMMAND_PREPARE, PREPARE_TOPICS, -EBUSY, "was not removed"},
        {COMMAND_PREPARE, PREPARE_CONSUMERS, -EINVAL, "consumers can't be opened"},
        {COMMAND_PREPARE, PREPARE_PRODUCERS, -EINVAL, "producers can't be opened"},
        {COMMAND_STOP, 0, 0, NULL},
        {COMMAND_CLEAN, 0, -EBUSY, "was not removed"},
        {COMMAND_RELEASE, 0, 0, NULL},
        {COMMAND_REMOVE, 0, 0, NULL},
    };
    struct duty_bench bench;

    (void)state;
    duty_bench_begin(&bench, true);
    ASK_ALL(&bench, rows);
    assert_int_equal(bench.finals, 1);
    ASK_ALL(&bench, without_trial);
    dismissed(&bench);
}

static void while_a_segment_runs_it_can_only_be_ended(void **state)
{
    static const struct row running[] = {
        {COMMAND_PREPARE, PREPARE_TOPICS, -EBUSY, "was not removed"},
        {COMMAND_PREPARE, PREPARE_CONSUMERS, -EINVAL, "consumers can't be opened"},
        {COMMAND_PREPARE, PREPARE_PRODUCERS, -EINVAL, "producers can't be opened"},
        {COMMAND_START, 0, -EINVAL, "runs already"},
        {COMMAND_CLEAN, 0, -EBUSY, "was not removed"},
        {COMMAND_STOP, 0, 0, NULL},
    };
    static const struct row released[] = {
        {COMMAND_RELEASE, 0, 0, NULL},
        {COMMAND_RELEASE, 0, 0, NULL},
        {COMMAND_PREPARE, PREPARE_TOPICS, -EBUSY, "was not removed"},
        {COMMAND_PREPARE, PREPARE_CONSUMERS, -EINVAL, "consumers can't be opened"},
        {COMMAND_PREPARE, PREPARE_PRODUCERS, -EINVAL, "producers can't be opened"},
        {COMMAND_START, 0, -EINVAL, "not prepared"},
        {COMMAND_STOP, 0, 0, NULL},
        {COMMAND_REMOVE, 0, 0, NULL},
    };
    struct duty_bench bench;
    uint64_t started;

    (void)state;
    duty_bench_begin(&bench, true);
    ASK_ALL(&bench, prepared);
    started = give(&bench, COMMAND_START);
    ASK_ALL(&bench, running);
    assert_int_equal(duty_bench_answer(&bench, started)->code, 0);
    ASK_ALL(&bench, released);
    ASK_ALL(&bench, without_trial);
    ASK_ALL(&bench, prepared); /* The next trial finds all as it was. */
    dismissed(&bench);
}

static void after_a_preparation_that_failed_there_is_only_removing(void **state)
{
    static const struct row failed[] = {
        {COMMAND_PREPARE, PREPARE_TOPICS, -EEXIST, "exists already"},
        {COMMAND_PREPARE, PREPARE_TOPICS, -EBUSY, "was not removed"},
        {COMMAND_PREPARE, PREPARE_CONSUMERS, -EINVAL, "consumers can't be opened"},
        {COMMAND_PREPARE, PREPARE_PRODUCERS, -EINVAL, "producers can't be opened"},
        {COMMAND_START, 0, -EINVAL, "not prepared"},
        {COMMAND_STOP, 0, 0, NULL},
        {COMMAND_RELEASE, 0, 0, NULL},
        {COMMAND_START, 0, -EINVAL, "not prepared"},
        {COMMAND_REMOVE, 0, 0, NULL},
    };
    struct duty_bench bench;

    (void)state;
    assert_int_equal(make_topic(), 0);
    duty_bench_begin(&bench, true);
    ASK_ALL(&bench, failed);
    remove_topic(); /* It was not the trial's, so it is still there. */
    ASK_ALL(&bench, prepared);
    dismissed(&bench);
}

/* Clients that still write to a topic while it is deleted can make it anew: Kafka and MQTT do. */
static void what_is_removed_before_its_release_is_released_first(void **state)
{
    static const struct row removed[] = {{COMMAND_REMOVE, 0, 0, NULL}};
    struct duty_bench bench;
    uint64_t started;

    (void)state;
    duty_bench_begin(&bench, true);
    ASK_ALL(&bench, prepared);
    started = give(&bench, COMMAND_START);
    ASK_ALL(&bench, removed);
    assert_int_equal(bench.finals, 1);
    assert_int_equal(duty_bench_answer(&bench, started)->code, 0);
    dismissed(&bench);
}

static void commands_of_another_trial_are_refused(void **state)
{
    static const struct row others[] = {
        {COMMAND_PREPARE, PREPARE_CONSUMERS, 0, NULL},
        {COMMAND_PREPARE, PREPARE_PRODUCERS, 0, NULL},
        {COMMAND_START, 0, 0, NULL},
        {COMMAND_STOP, 0, 0, NULL},
        {COMMAND_RELEASE, 0, 0, NULL},
        {COMMAND_REMOVE, 0, 0, NULL},
    };
    struct duty_bench bench;

    (void)state;
    duty_bench_begin(&bench, true);
    ask(&bench, &prepared[0]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct command command;

        fill(others[i].kind, others[i].step, &command);
        command.trial = 7;
        answered(duty_bench_answer(&bench, duty_bench_send(&bench, &command)), -EINVAL,
                 "of trial 7, but trial 0 is here");
    }
    ask(&bench, &prepared[1]);
    ask(&bench, &prepared[2]);
    dismissed(&bench);
}

/* They were added to the clock. */
static void a_command_that_may_take_centuries_is_refused(void **state)
{
    static const struct row all[] = {
        {COMMAND_PREPARE, PREPARE_TOPICS, 0, NULL},
        {COMMAND_PREPARE, PREPARE_CONSUMERS, 0, NULL},
        {COMMAND_PROBE, 0, 0, NULL},
        {COMMAND_CLEAN, 0, 0, NULL},
        {COMMAND_RELEASE, 0, 0, NULL},
        {COMMAND_REMOVE, 0, 0, NULL},
    };
    static const int64_t deadlines[] = {INT64_MIN, -1, 86401 * NS_PER_S, INT64_MAX};
    struct duty_bench bench;

    (void)state;
    duty_bench_begin(&bench, true);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t d = 0; d < sizeof deadlines / sizeof deadlines[0]; d++) {
            struct command command;

            fill(all[i].kind, all[i].step, &command);
            command.deadline_ns = deadlines[d];
            answered(duty_bench_answer(&bench, duty_bench_send(&bench, &command)), -EINVAL,
                     "can't have");
        }
    }
    dismissed(&bench);
}

/* What it reads is written by agent 1. */
static void prepare_as_reader(struct duty_bench *bench)
{
    for (size_t i = 0; i < sizeof prepared / sizeof prepared[0]; i++) {
        struct command command;

        fill(prepared[i].kind, prepared[i].step, &command);
        if (command.assignment != NULL) {
            command.assignment->writers[0].agent = 1;
        }
        answered(duty_bench_answer(bench, duty_bench_send(bench, &command)), 0, "");
    }
}

/* As far as they are taken; UBSan watches. */
static void clocks_that_are_decades_apart_overflow_no_latency(void **state)
{
    static const struct row released[] = {{COMMAND_RELEASE, 0, 0, NULL},
                                          {COMMAND_REMOVE, 0, 0, NULL}};
    static const int64_t offsets[] = {INT64_MAX / 4, -INT64_MAX / 4};

    (void)state;
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        struct duty_bench bench;
        struct command command;
        uint64_t started;

        duty_bench_begin(&bench, true);
        prepare_as_reader(&bench);
        fill(COMMAND_START, 0, &command);
        command.segment.peers = calloc(1, sizeof *command.segment.peers);
        command.lines = calloc(1, sizeof *command.lines);
        assert_non_null(command.segment.peers);
        assert_non_null(command.lines);
        command.segment.peers_count = 1;
        command.segment.peers[0] = (struct peer_start){.agent = 1, .t0_ns = offsets[i]};
        command.lines_count = 1;
        command.lines[0] = (struct clock_line){.agent = 1,
                                               .own_ns = -offsets[i],
                                               .peer_ns = offsets[i],
                                               .skew_ppb = 1e9,
                                               .bound_ns = INT64_MAX / 4,
                                               .growth_ppb = 1e9,
                                               .valid_from_ns = INT64_MAX,
                                               .before_ns = INT64_MAX / 4};
        started = duty_bench_send(&bench, &command);
        fill(COMMAND_STOP, 0, &command);
        command.stop_ns = 50 * NS_PER_MS;
        (void)duty_bench_send(&bench, &command);
        assert_int_equal(duty_bench_answer(&bench, started)->code, 0);
        ASK_ALL(&bench, released);
        assert_true(bench.received > 0);
        dismissed(&bench);
    }
}

/* The bytes that a coordinator of the next protocol would answer with. */
static void reply_next_protocol(struct duty_bench *bench, struct text *frame)
{
    assert_int_equal(frame->bytes[4], PROTOCOL_VERSION); /* After array, length, M and R. */
    frame->bytes[4]++;
    duty_bench_reply(bench, frame->bytes, frame->bytes_count);
    text_done(frame);
}

static void a_coordinator_of_another_protocol_is_refused_by_its_number(void **state)
{
    char words[128];
    struct duty_bench bench;
    struct welcome welcome = {.accepted = true, .name = "agent"};
    struct text frame = {0};

    (void)state;
    (void)snprintf(words, sizeof words, "the other side speaks protocol %d, this one %d: both must",
                   PROTOCOL_VERSION + 1, PROTOCOL_VERSION);
    duty_bench_begin(&bench, false);
    assert_int_equal(wire_encode_welcome(&welcome, &frame), 0);
    reply_next_protocol(&bench, &frame);
    assert_int_equal(duty_bench_end(&bench), -EPROTONOSUPPORT);
    assert_non_null(strstr(bench.error.text, words));
}

static void what_is_no_command_ends_the_agent_and_its_trial(void **state)
{
    struct duty_bench bench;
    struct command command = {.sequence = 100, .kind = COMMAND_START};
    struct text frame = {0};

    (void)state;
    duty_bench_begin(&bench, true);
    ASK_ALL(&bench, prepared);
    (void)give(&bench, COMMAND_START);
    assert_int_equal(wire_encode_command(&command, &frame), 0);
    reply_next_protocol(&bench, &frame);
    assert_int_equal(duty_bench_end(&bench), -EPROTONOSUPPORT);
    no_topic_is_left();
    duty_bench_begin(&bench, true);
    ASK_ALL(&bench, prepared);
    duty_bench_reply(&bench, "garbage", 7);
    assert_int_equal(duty_bench_end(&bench), -EBADMSG);
    assert_true(bench.error.text[0] != '\0');
    no_topic_is_left();
}

/* Its coordinator was killed, and at the address another one waits for agents of its own. */
static void an_agent_that_is_told_that_another_run_is_here_leaves_and_cleans_up(void **state)
{
    struct receipt receipt = {.reason = "this agent is of run one, and run two is here now"};
    struct duty_bench bench;
    struct text frame = {0};

    (void)state;
    duty_bench_begin(&bench, true);
    ASK_ALL(&bench, prepared);
    (void)give(&bench, COMMAND_START);
    assert_int_equal(wire_encode_receipt(&receipt, &frame), 0);
    duty_bench_reply(&bench, frame.bytes, frame.bytes_count);
    text_done(&frame);
    assert_int_equal(duty_bench_end(&bench), -EPERM);
    assert_non_null(strstr(bench.error.text, receipt.reason));
    no_topic_is_left();
}

/* An answer of an earlier poll that was lost on its way, or that somebody keeps sending. */
static void a_command_that_came_before_is_not_carried_out_again(void **state)
{
    struct duty_bench bench;
    struct command command;

    (void)state;
    duty_bench_begin(&bench, true);
    ASK_ALL(&bench, prepared);
    fill(COMMAND_REMOVE, 0, &command);
    bench.sequence = 0;
    (void)duty_bench_send(&bench, &command);
    bench.sequence = sizeof prepared / sizeof prepared[0];
    (void)give(&bench, COMMAND_START); /* The trial is still there. */
    dismissed(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_trial_there_is_nothing_to_do),
        cmocka_unit_test(of_a_backend_that_nobody_knows_there_is_no_question_of_room),
        cmocka_unit_test(steps_out_of_order_leave_the_trial_as_it_is),
        cmocka_unit_test(while_a_segment_runs_it_can_only_be_ended),
        cmocka_unit_test(after_a_preparation_that_failed_there_is_only_removing),
        cmocka_unit_test(what_is_removed_before_its_release_is_released_first),
        cmocka_unit_test(commands_of_another_trial_are_refused),
        cmocka_unit_test(a_command_that_may_take_centuries_is_refused),
        cmocka_unit_test(clocks_that_are_decades_apart_overflow_no_latency),
        cmocka_unit_test(a_coordinator_of_another_protocol_is_refused_by_its_number),
        cmocka_unit_test(what_is_no_command_ends_the_agent_and_its_trial),
        cmocka_unit_test(an_agent_that_is_told_that_another_run_is_here_leaves_and_cleans_up),
        cmocka_unit_test(a_command_that_came_before_is_not_carried_out_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
