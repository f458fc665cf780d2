#include "check.h"
#include "plan_fixture.h"
#include "plan_needs.h"

#include <string.h>

static struct needs needs_on(const char *backend, uint32_t producers, uint32_t consumers)
{
    struct plan_fixture fixture;
    struct needs needs;
    struct plan *plan;

    plan_fixture_init(&fixture, backend);
    fixture.flows[0].topology.topics = producers;
    fixture.flows[0].topology.producers = producers;
    fixture.flows[0].topology.consumers = consumers;
    plan = plan_fixture_make(&fixture, 1);
    needs = needs_of(&plan->trials[0].assignments[0]);
    plan_free(plan);
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

static void too_few_open_files_are_told_with_the_sum_and_the_remedy(void **state)
{
    const struct needs needs = {.connections = 2000, .open_files = 2064};
    struct plan_limits limits = {.open_files_max = 1024};
    char why[PLAN_NEEDS_BYTES] = "";

    (void)state;
    assert_true(plan_needs_files(&needs, &limits, why));
    assert_string_equal(why, "2,000 connections need 2,064 open files, the limit is 1,024: raise "
                             "it with ulimit -n 4096");
    limits.open_files_max = 2064;
    assert_false(plan_needs_files(&needs, &limits, why));
    limits.open_files_max = 0; /* Unknown. */
    assert_false(plan_needs_files(&needs, &limits, why));
}

static void too_few_ports_are_told_for_all_agents_of_a_host(void **state)
{
    const struct plan_limits limits = {.ports_count = 28232};
    const struct plan_limits unknown = {.ports_count = 0};
    char why[PLAN_NEEDS_BYTES] = "";

    (void)state;
    assert_false(plan_needs_ports(28232, 1, &limits, why));
    assert_true(plan_needs_ports(1234567, 1, &limits, why));
    assert_non_null(strstr(why, "1,234,567 connections need as many local ports, the host has "
                                "28,232 for one address"));
    assert_false(plan_needs_ports(50000, 2, &limits, why));
    assert_false(plan_needs_ports(1234567, 1, &unknown, why));
}

static void too_little_memory_is_told_with_the_sum(void **state)
{
    struct plan_limits limits = {.memory_bytes = UINT64_C(2) << 30};
    char why[PLAN_NEEDS_BYTES] = "";

    (void)state;
    assert_false(plan_needs_memory(2147483648.0, &limits, why));
    assert_true(plan_needs_memory(5e9, &limits, why));
    assert_string_equal(why, "its agents take about 4.66 GiB of memory together, the host has 2.00 "
                             "GiB: fewer clients, topics or partitions, or more hosts");
    limits.memory_bytes = 0; /* Unknown. */
    assert_false(plan_needs_memory(5e9, &limits, why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_of_brokers_need_connections),
        cmocka_unit_test(too_few_open_files_are_told_with_the_sum_and_the_remedy),
        cmocka_unit_test(too_few_ports_are_told_for_all_agents_of_a_host),
        cmocka_unit_test(too_little_memory_is_told_with_the_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
