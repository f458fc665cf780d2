/* How many workers agents get: what cores and clients allow, and no more than the load needs. */
#include "plan_fixture.h"

#include "check.h"

static uint32_t workers_of(struct plan_fixture *fixture, uint32_t agents_count, uint32_t agent)
{
    struct plan *plan = plan_fixture_make(fixture, agents_count);
    uint32_t workers = plan->trials[0].assignments[agent].workers_count;

    plan_free(plan);
    return workers;
}

static void init(struct plan_fixture *fixture, const char *backend, uint32_t clients, uint64_t rate)
{
    plan_fixture_init(fixture, backend);
    fixture->flows[0].topology.producers = clients;
    fixture->flows[0].topology.consumers = clients;
    fixture->phases[0].rate = (struct rate){.messages = rate, .per_ns = 1000000000};
    for (uint32_t i = 0; i < FIXTURE_AGENTS_MAX; i++) {
        fixture->agents[i].cpus = 8;
    }
}

static void a_rate_that_one_worker_carries_gets_one(void **state)
{
    static const char *const backends[] = {"memory", "rabbitmq", "mqtt", "kafka"};
    struct plan_fixture fixture;

    (void)state;
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        init(&fixture, backends[i], 2, 10000);
        assert_int_equal(workers_of(&fixture, 1, 0), 1);
    }
}

/* 10,000 sent and 10,000 received are 20,000. */
static void workers_grow_with_what_is_sent_and_received(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "rabbitmq", 20, 12500);
    assert_int_equal(workers_of(&fixture, 1, 0), 1);
    init(&fixture, "rabbitmq", 20, 13000);
    assert_int_equal(workers_of(&fixture, 1, 0), 2);
    init(&fixture, "rabbitmq", 20, 50000);
    assert_int_equal(workers_of(&fixture, 1, 0), 4);
    fixture.flows[0].topology.consumers = 0;
    assert_int_equal(workers_of(&fixture, 1, 0), 2);
    init(&fixture, "rabbitmq", 20, 12500);
    fixture.flows[0].topology.subscriptions = 3; /* Each gets all messages. */
    assert_int_equal(workers_of(&fixture, 1, 0), 2);
}

static void an_agent_with_half_of_the_clients_needs_half_of_the_workers(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "rabbitmq", 20, 50000);
    assert_int_equal(workers_of(&fixture, 2, 0), 2);
    assert_int_equal(workers_of(&fixture, 2, 1), 2);
}

static void cores_and_clients_bound_them(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "rabbitmq", 20, 10000000);
    assert_int_equal(workers_of(&fixture, 1, 0), 8);
    init(&fixture, "rabbitmq", 1, 10000000);
    assert_int_equal(workers_of(&fixture, 1, 0), 2);
    init(&fixture, "memory", 1, 10000000);
    assert_int_equal(workers_of(&fixture, 1, 0), 1); /* Both ends on one. */
}

static void what_is_sent_as_fast_as_it_goes_gets_all_cores(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "rabbitmq", 20, 100);
    fixture.phases[0].kind = PHASE_MAX;
    assert_int_equal(workers_of(&fixture, 1, 0), 8);
}

static void large_messages_count_by_their_bytes(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    init(&fixture, "rabbitmq", 20, 100);
    fixture.flows[0].message.sizes[0].bytes_min = 1024 * 1024;
    fixture.flows[0].message.sizes[0].bytes_max = 1024 * 1024;
    assert_int_equal(workers_of(&fixture, 1, 0), 2); /* 200 MiB/s, both ends. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_that_one_worker_carries_gets_one),
        cmocka_unit_test(workers_grow_with_what_is_sent_and_received),
        cmocka_unit_test(an_agent_with_half_of_the_clients_needs_half_of_the_workers),
        cmocka_unit_test(cores_and_clients_bound_them),
        cmocka_unit_test(what_is_sent_as_fast_as_it_goes_gets_all_cores),
        cmocka_unit_test(large_messages_count_by_their_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
