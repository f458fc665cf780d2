#include "check.h"
#include "plan_demand.h"
#include "plan_fixture.h"

#include <errno.h>
#include <string.h>

static struct plan_demand demand_on(const char *backend, uint32_t producers, uint32_t consumers)
{
    struct plan_fixture fixture;

    plan_fixture_init(&fixture, backend);
    fixture.flows[0].topology.producers = producers;
    fixture.flows[0].topology.consumers = consumers;
    fixture.flows[0].topology.subscriptions = 2;
    return plan_demand_of(&fixture.setup, catalog_find(backend));
}

static struct broker_limits limits_of(enum broker_limit_kind kind, const char *name, uint64_t value)
{
    struct broker_limits limits = {.count = 0};

    broker_limits_add(&limits, LIMIT_OTHER, "frame_max", 1);
    broker_limits_add(&limits, kind, name, value);
    return limits;
}

static void a_case_asks_for_what_all_its_clients_need(void **state)
{
    (void)state;
    assert_int_equal(demand_on("rabbitmq", 10, 20).connections, 50);
    assert_int_equal(demand_on("mqtt", 10, 20).host_connections, 50);
    assert_int_equal(demand_on("kafka", 10, 20).connections, 80); /* Producers share some. */
    assert_int_equal(demand_on("memory", 10, 20).connections, 0);
}

static void a_limit_of_connections_that_is_too_low_is_told_with_the_sum_and_the_remedy(void **state)
{
    const struct plan_demand demand = {.connections = 2040, .host_connections = 1020};
    struct broker_limits limits = limits_of(LIMIT_CONNECTIONS, "max.connections", 2000);
    char why[PLAN_DEMAND_BYTES] = "";

    (void)state;
    assert_int_equal(plan_demand_check(&demand, &limits, why), -EUSERS);
    assert_string_equal(why, "2,040 connections are needed, the broker takes 2,000 "
                             "(max.connections): raise it, or use fewer clients");
    limits.items[1].value = 2040;
    assert_int_equal(plan_demand_check(&demand, &limits, why), 0);
    limits = limits_of(LIMIT_HOST_CONNECTIONS, "max.connections.per.ip", 1019);
    assert_int_equal(plan_demand_check(&demand, &limits, why), -EUSERS);
    assert_string_equal(why, "1,020 connections from one host are needed, the broker takes 1,019 "
                             "(max.connections.per.ip): raise it, or use fewer clients");
}

static void a_message_that_is_too_large_is_told_before_the_load(void **state)
{
    const struct plan_demand demand = {.message_bytes = 4096};
    struct broker_limits limits = limits_of(LIMIT_MESSAGE_BYTES, "Maximum Packet Size", 4095);
    char why[PLAN_DEMAND_BYTES] = "";

    (void)state;
    assert_int_equal(plan_demand_check(&demand, &limits, why), -EMSGSIZE);
    assert_string_equal(why, "messages of 4,096 bytes are sent, the broker takes 4,095 (Maximum "
                             "Packet Size): raise it, or send smaller ones");
    limits.items[1].value = 4096;
    assert_int_equal(plan_demand_check(&demand, &limits, why), 0);
}

static void what_is_only_to_be_shown_holds_nothing_up(void **state)
{
    const struct plan_demand demand = {
        .connections = 2040, .host_connections = 1020, .message_bytes = 4096};
    struct broker_limits limits = {.count = 0};
    char why[PLAN_DEMAND_BYTES] = "";

    (void)state;
    for (uint32_t i = 0; i < 2 * BROKER_LIMITS_MAX; i++) {
        broker_limits_add(&limits, LIMIT_OTHER, "Receive Maximum", 0);
    }
    assert_int_equal(limits.count, BROKER_LIMITS_MAX);
    assert_int_equal(plan_demand_check(&demand, &limits, why), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_asks_for_what_all_its_clients_need),
        cmocka_unit_test(
            a_limit_of_connections_that_is_too_low_is_told_with_the_sum_and_the_remedy),
        cmocka_unit_test(a_message_that_is_too_large_is_told_before_the_load),
        cmocka_unit_test(what_is_only_to_be_shown_holds_nothing_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
