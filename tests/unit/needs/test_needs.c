/* What clients ask of a host, and how it is told that there is too little. */
#include "check.h"

#include "needs_limits.h"
#include "needs_resident.h"

#include <stdlib.h>
#include <string.h>

static struct needs needs_on(const char *backend, uint32_t producers, uint32_t consumers)
{
    char *name = strdup(backend);
    const struct assignment assignment = {.target = {.backend = name},
                                          .workers_count = 2,
                                          .producers_count = producers,
                                          .consumers_count = consumers};
    struct needs needs;

    assert_non_null(name);
    needs = needs_of(&assignment);
    free(name);
    return needs;
}

static void clients_of_brokers_need_connections(void **state)
{
    struct needs needs = needs_on("rabbitmq", 1000, 1000);

    (void)state;
    assert_int_equal(needs.connections, 2000);
    assert_true(needs.open_files > 2000 + 64);
    assert_int_equal(needs_on("mqtt", 10, 5).connections, 15);
    /* Producers share handles; a consumer talks to a broker and to its group's coordinator. */
    assert_int_equal(needs_on("kafka", 10, 5).connections, 10);
    assert_int_equal(needs_on("memory", 10, 5).connections, 0);
}

/* In a trial that goes on without an agent, that agent's assignment has no tables and no target. */
static void an_agent_that_was_lost_needs_what_an_idle_one_does(void **state)
{
    const struct assignment lost = {.producers_count = 0};
    struct needs needs = needs_of(&lost);

    (void)state;
    assert_int_equal(needs.clients, 0);
    assert_int_equal(needs.connections, 0);
    assert_int_equal(needs.open_files, NEEDS_IDLE_FILES);
    assert_true(needs_resident_kept_bytes(&lost) < 16.0 * 1024 * 1024);
    assert_true(needs_resident_bytes(&lost) < 16.0 * 1024 * 1024);
}

static void too_few_open_files_are_told_with_the_sum_and_the_remedy(void **state)
{
    const struct needs needs = {.clients = 1900, .connections = 2000, .open_files = 2064};
    struct needs_limits limits = {.open_files_max = 1024};
    char why[NEEDS_TEXT_BYTES] = "";

    (void)state;
    assert_true(needs_lack_files(&needs, &limits, why));
    assert_string_equal(why, "1,024 open files, 1,900 clients would be there, which need 2,064: "
                             "raise it with ulimit -n 4096");
    limits.open_files_max = 2064;
    assert_false(needs_lack_files(&needs, &limits, why));
    limits.open_files_max = 0; /* Unknown. */
    assert_false(needs_lack_files(&needs, &limits, why));
}

static void too_few_ports_are_told_for_all_agents_of_a_host(void **state)
{
    const struct needs_limits limits = {.ports_count = 28232};
    const struct needs_limits unknown = {.ports_count = 0};
    char why[NEEDS_TEXT_BYTES] = "";

    (void)state;
    assert_false(needs_lack_ports(28232, 1, &limits, why));
    assert_true(needs_lack_ports(1234567, 1, &limits, why));
    assert_non_null(strstr(why, "1,234,567 connections need as many local ports, the host has "
                                "28,232 for one address"));
    assert_false(needs_lack_ports(50000, 2, &limits, why));
    assert_false(needs_lack_ports(1234567, 1, &unknown, why));
}

static void too_little_memory_is_told_with_the_sum(void **state)
{
    struct needs_limits limits = {.memory_bytes = UINT64_C(2) << 30};
    char why[NEEDS_TEXT_BYTES] = "";

    (void)state;
    assert_false(needs_lack_memory(2147483648.0, &limits, why));
    assert_true(needs_lack_memory(5e9, &limits, why));
    assert_string_equal(why, "its agents take about 4.66 GiB of memory together, the host has 2.00 "
                             "GiB: fewer clients, topics or partitions, or more hosts");
    limits.memory_bytes = 0; /* Unknown. */
    assert_false(needs_lack_memory(5e9, &limits, why));
}

static void too_few_threads_are_told(void **state)
{
    const struct needs needs = {.clients = 30, .threads = 34};
    struct needs_limits limits = {.threads_max = 33};
    char why[NEEDS_TEXT_BYTES] = "";

    (void)state;
    assert_true(needs_lack_threads(&needs, &limits, why));
    assert_string_equal(why, "33 more threads, 30 clients would be there, which need 34: raise "
                             "ulimit -u, or the limit of processes of its control group");
    limits.threads_max = 34;
    assert_false(needs_lack_threads(&needs, &limits, why));
    limits.threads_max = 0; /* Unknown. */
    assert_false(needs_lack_threads(&needs, &limits, why));
}

static void as_many_clients_fit_as_there_is_room_for_in_proportion(void **state)
{
    (void)state;
    assert_int_equal(needs_clients_fit(1000, 2064.0, 1064.0, 64.0), 500);
    assert_int_equal(needs_clients_fit(1000, 2064.0, 1065.0, 64.0), 500); /* Not half of one. */
    assert_int_equal(needs_clients_fit(1000, 2064.0, 10.0, 64.0), 0);
    assert_int_equal(needs_clients_fit(1000, 2064.0, 3000.0, 64.0), 1000);
    assert_int_equal(needs_clients_fit(0, 64.0, 10.0, 64.0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_of_brokers_need_connections),
        cmocka_unit_test(an_agent_that_was_lost_needs_what_an_idle_one_does),
        cmocka_unit_test(too_few_open_files_are_told_with_the_sum_and_the_remedy),
        cmocka_unit_test(too_few_ports_are_told_for_all_agents_of_a_host),
        cmocka_unit_test(too_little_memory_is_told_with_the_sum),
        cmocka_unit_test(too_few_threads_are_told),
        cmocka_unit_test(as_many_clients_fit_as_there_is_room_for_in_proportion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
