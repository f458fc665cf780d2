/* An agent that is asked for more than it has room for says so, and how much it could take. */
#include "check.h"

#include "room_inner.h"

#include <string.h>

static struct status room_of(const struct needs_limits *limits)
{
    static struct assigned_producer producers[600];
    static struct assigned_consumer consumers[400];
    char backend[] = "rabbitmq";
    struct assigned_flow flow = {.topics_count = 1,
                                 .partitions = 1,
                                 .producers_count = 600,
                                 .consumers_count = 400,
                                 .subscriptions_count = 1,
                                 .streams_count = 600,
                                 .message = {.sizes = {{100, 100, 1}}, .sizes_count = 1}};
    const struct assignment assignment = {.target = {.backend = backend},
                                          .workers_count = 4,
                                          .flows = &flow,
                                          .flows_count = 1,
                                          .producers = producers,
                                          .producers_count = 600,
                                          .consumers = consumers,
                                          .consumers_count = 400};
    struct status status = {0};

    room_check(&assignment, limits, &status);
    return status;
}

static void an_agent_without_limits_has_room(void **state)
{
    const struct needs_limits limits = {0};

    (void)state;
    assert_false(room_of(&limits).is_full);
}

/* 64 for an idle agent and 4 for each of its workers are taken before the first client. */
static void too_few_open_files_leave_room_for_some(void **state)
{
    struct needs_limits limits = {.open_files_max = 580};
    struct status status = room_of(&limits);

    (void)state;
    assert_true(status.is_full);
    assert_int_equal(status.clients_max, 500);
    assert_string_equal(status.text, "580 open files, 1,000 clients would be there, which need "
                                     "1,080: raise it with ulimit -n 2048");
    limits.open_files_used = 264;
    assert_int_equal(room_of(&limits).clients_max, 300);
    limits.open_files_max = 1280;
    assert_false(room_of(&limits).is_full);
    limits.open_files_max = 60;
    assert_int_equal(room_of(&limits).clients_max, 0);
}

static void the_scarcest_of_several_counts(void **state)
{
    const struct needs_limits limits = {
        .open_files_max = 580, .ports_count = 300, .threads_max = 5, .memory_bytes = 1024};
    const struct needs_limits ports = {.ports_count = 300};
    const struct needs_limits threads = {.threads_max = 3};

    (void)state;
    assert_int_equal(room_of(&limits).clients_max, 0); /* There is no memory at all. */
    assert_non_null(strstr(room_of(&limits).text, "open files"));
    assert_int_equal(room_of(&ports).clients_max, 300);
    assert_int_equal(room_of(&threads).clients_max, 500);
}

static void what_this_process_has_is_enough_for_an_idle_agent(void **state)
{
    const struct needs_limits limits = room_limits();

    (void)state;
    assert_true(limits.open_files_max > limits.open_files_used);
    assert_true(limits.open_files_used >= 3);
    assert_true(limits.memory_bytes > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agent_without_limits_has_room),
        cmocka_unit_test(too_few_open_files_leave_room_for_some),
        cmocka_unit_test(the_scarcest_of_several_counts),
        cmocka_unit_test(what_this_process_has_is_enough_for_an_idle_agent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
