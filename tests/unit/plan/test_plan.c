#include "check.h"
#include "mono.h"
#include "phase_messages.h"
#include "plan_fixture.h"

#include <errno.h>
#include <string.h>

static void counts_are_spread_evenly_and_the_remainder_goes_to_the_first(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;
    const struct assignment *a;

    (void)state;
    plan_fixture_init(&fixture, "kafka");
    fixture.flows[0].topology.topics = 4;
    fixture.flows[0].topology.producers = 7;
    fixture.flows[0].topology.consumers = 4;
    plan = plan_fixture_make(&fixture, 3);
    a = plan->trials[0].assignments;
    assert_int_equal(a[0].producers_count, 3);
    assert_int_equal(a[1].producers_count, 2);
    assert_int_equal(a[2].producers_count, 2);
    /* Consumers go on where producers ended, so that agent 0 is not given both remainders. */
    assert_int_equal(a[0].consumers_count, 1);
    assert_int_equal(a[1].consumers_count, 2);
    assert_int_equal(a[2].consumers_count, 1);
    plan_free(plan);
}

/* The others' numbers are what agents and reports know them by. */
static void a_trial_of_some_agents_is_given_to_them_and_to_nobody_else(void **state)
{
    static const uint32_t left[] = {0, 3};
    struct plan_fixture fixture;
    struct plan *plan;
    struct plan_trial *trial;

    (void)state;
    plan_fixture_init(&fixture, "kafka");
    fixture.flows[0].topology.topics = 2;
    fixture.flows[0].topology.producers = 4;
    plan = plan_fixture_make(&fixture, 2);
    trial = &plan->trials[0];
    assert_int_equal(plan_trial_spread(trial, left, 4, NULL), 0);
    assert_int_equal(trial->assignments_count, 4);
    assert_int_equal(trial->assignments[1].phases_count, 0);
    assert_int_equal(trial->assignments[2].producers_count, 0);
    assert_int_equal(trial->assignments[0].producers_count, 2);
    assert_int_equal(trial->assignments[3].producers_count, 2);
    assert_int_equal(trial->assignments[3].agent, 3);
    for (uint32_t i = 0; i < trial->assignments[0].writers_count; i++) {
        uint32_t agent = trial->assignments[0].writers[i].agent;

        assert_true(agent == 0 || agent == 3);
    }
    assert_ptr_equal(plan_trial_tables(trial), &trial->assignments[0]);
    plan_free(plan);
}

static void producer_p_writes_topic_p_mod_topics(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;

    (void)state;
    plan_fixture_init(&fixture, "kafka");
    fixture.flows[0].topology.topics = 3;
    fixture.flows[0].topology.producers = 7;
    plan = plan_fixture_make(&fixture, 1);
    for (uint32_t p = 0; p < 7; p++) {
        const struct assigned_producer *producer = &plan->trials[0].assignments[0].producers[p];

        assert_int_equal(producer->index, p);
        assert_int_equal(producer->topics_count, 1);
        assert_int_equal(producer->topic_first, p % 3);
        assert_int_equal(producer->stream_first, p);
    }
    plan_free(plan);
}

static void fewer_producers_than_topics_go_round_them(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;
    const struct assigned_producer *producers;

    (void)state;
    plan_fixture_init(&fixture, "kafka");
    fixture.flows[0].topology.topics = 7;
    fixture.flows[0].topology.partitions = 2;
    fixture.flows[0].topology.producers = 3;
    plan = plan_fixture_make(&fixture, 1);
    producers = plan->trials[0].assignments[0].producers;
    /* 0: 0 3 6, 1: 1 4, 2: 2 5 */
    assert_int_equal(producers[0].topics_count, 3);
    assert_int_equal(producers[1].topics_count, 2);
    assert_int_equal(producers[2].topics_count, 2);
    assert_int_equal(producers[2].topic_first, 2);
    assert_int_equal(producers[2].topic_stride, 3);
    assert_int_equal(producers[1].stream_first, 6);
    assert_int_equal(producers[2].stream_first, 10);
    assert_int_equal(plan->trials[0].assignments[0].flows[0].streams_count, 14);
    plan_free(plan);
}

static void consumers_of_one_topic_know_their_share(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;
    const struct assigned_consumer *consumers;

    (void)state;
    plan_fixture_init(&fixture, "rabbitmq");
    fixture.flows[0].topology.topics = 2;
    fixture.flows[0].topology.consumers = 5;
    fixture.flows[0].topology.subscriptions = 2;
    plan = plan_fixture_make(&fixture, 1);
    consumers = plan->trials[0].assignments[0].consumers;
    assert_int_equal(plan->trials[0].assignments[0].consumers_count, 10);
    /* Topic 0: 0 2 4, topic 1: 1 3. */
    assert_int_equal(consumers[4].topic_first, 0);
    assert_int_equal(consumers[4].share_index, 2);
    assert_int_equal(consumers[4].shares_count, 3);
    assert_int_equal(consumers[3].share_index, 1);
    assert_int_equal(consumers[3].shares_count, 2);
    assert_int_equal(consumers[9].subscription, 1);
    assert_int_equal(consumers[9].index, 4);
    plan_free(plan);
}

static void apart_keeps_producers_and_consumers_on_different_agents(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan = NULL;
    struct errinfo error = {""};
    const struct assignment *a;

    (void)state;
    plan_fixture_init(&fixture, "rabbitmq");
    fixture.flows[0].topology.producers = 4;
    fixture.flows[0].topology.consumers = 4;
    fixture.flows[0].topology.placement = PLACEMENT_APART;
    plan = plan_fixture_make(&fixture, 3);
    a = plan->trials[0].assignments;
    for (uint32_t i = 0; i < 3; i++) {
        assert_true((a[i].producers_count == 0) != (a[i].consumers_count == 0));
    }
    assert_int_equal(a[0].producers_count, 2);
    assert_int_equal(a[1].producers_count, 2);
    assert_int_equal(a[2].consumers_count, 4);
    plan_free(plan);
    plan = NULL;
    assert_int_equal(plan_fixture_try(&fixture, 1, "x", &plan, &error), -EINVAL);
    assert_null(plan);
    assert_string_equal(error.text,
                        "rabbitmq: placement: apart needs at least 2 agents, there is 1");
}

/* How many producers and consumers agents 0 and 1 get. */
static void clients_in_order(struct plan_fixture *fixture, const uint32_t *order, uint32_t ret[4])
{
    struct plan *plan;

    fixture->order = order;
    plan = plan_fixture_make(fixture, 2);
    for (uint32_t i = 0; i < 2; i++) {
        ret[2 * i] = plan->trials[0].assignments[i].producers_count;
        ret[2 * i + 1] = plan->trials[0].assignments[i].consumers_count;
    }
    plan_free(plan);
}

static void clients_follow_the_order_of_agents_not_their_numbers(void **state)
{
    static const char *const backends[] = {"rabbitmq", "memory"};
    static const uint32_t reversed[] = {1, 0};
    struct plan_fixture fixture;
    uint32_t plain[4];
    uint32_t swapped[4];

    (void)state;
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        plan_fixture_init(&fixture, backends[i]);
        fixture.flows[0].topology.producers = 3;
        fixture.flows[0].topology.consumers = 2;
        fixture.flows[0].topology.placement = i == 0 ? PLACEMENT_APART : PLACEMENT_SPREAD;
        clients_in_order(&fixture, NULL, plain);
        clients_in_order(&fixture, reversed, swapped);
        assert_memory_not_equal(plain, swapped, sizeof plain);
        assert_memory_equal(&plain[0], &swapped[2], 2 * sizeof plain[0]);
        assert_memory_equal(&plain[2], &swapped[0], 2 * sizeof plain[0]);
    }
}

static void a_topic_of_the_memory_broker_stays_with_its_clients(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;
    const struct assignment *a;

    (void)state;
    plan_fixture_init(&fixture, "memory");
    fixture.flows[0].topology.topics = 4;
    fixture.flows[0].topology.producers = 4;
    fixture.flows[0].topology.consumers = 4;
    plan = plan_fixture_make(&fixture, 2);
    a = plan->trials[0].assignments;
    assert_int_equal(a[0].producers_count, 2);
    assert_int_equal(a[1].producers_count, 2);
    assert_true(a[0].topics_owner && a[1].topics_owner);
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t k = 0; k < 2; k++) {
            assert_int_equal(a[i].producers[k].topic_first, a[i].consumers[k].topic_first);
            assert_int_equal(a[i].producers[k].topic_first % 2, i);
        }
    }
    plan_free(plan);
}

static void agents_without_a_topic_of_the_memory_broker_are_idle(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;
    const struct assignment *a;

    (void)state;
    plan_fixture_init(&fixture, "memory");
    fixture.flows[0].topology.producers = 4;
    fixture.flows[0].topology.consumers = 4;
    plan = plan_fixture_make(&fixture, 2);
    a = plan->trials[0].assignments;
    assert_int_equal(a[0].producers_count, 4);
    assert_int_equal(a[0].consumers_count, 4);
    assert_true(a[0].topics_owner);
    assert_int_equal(a[1].producers_count + a[1].consumers_count, 0);
    assert_false(a[1].topics_owner);
    assert_int_equal(assignment_check(&a[1], NULL), 0);
    plan_free(plan);
}

static void clients_of_the_memory_broker_share_a_worker_by_topic(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;
    const struct assignment *a;

    (void)state;
    plan_fixture_init(&fixture, "memory");
    fixture.flows[0].topology.topics = 6;
    fixture.flows[0].topology.producers = 6;
    fixture.flows[0].topology.consumers = 6;
    fixture.phases[0].kind = PHASE_MAX;
    fixture.agents[0].cpus = 4;
    plan = plan_fixture_make(&fixture, 1);
    a = &plan->trials[0].assignments[0];
    assert_int_equal(a->workers_count, 4);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(a->producers[i].worker, i % 4);
        assert_int_equal(a->consumers[i].worker, i % 4);
    }
    plan_free(plan);
}

static void one_topic_of_the_memory_broker_still_uses_all_workers(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;
    const struct assignment *a;

    (void)state;
    plan_fixture_init(&fixture, "memory");
    fixture.flows[0].topology.producers = 4;
    fixture.flows[0].topology.consumers = 4;
    fixture.phases[0].kind = PHASE_MAX;
    fixture.agents[0].cpus = 2;
    plan = plan_fixture_make(&fixture, 1);
    a = &plan->trials[0].assignments[0];
    assert_int_equal(a->workers_count, 2);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(a->producers[i].worker, i % 2);
        assert_int_equal(a->consumers[i].worker, i % 2);
    }
    plan_free(plan);
}

/* Bug: of a broker whose publish could block, each producer had a thread of its own, so that 1,000
 * of them took 3.9 GB, and an agent could not have more than 1,024. */
static void an_agent_has_as_many_workers_as_cores_however_many_producers(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan = NULL;

    (void)state;
    plan_fixture_init(&fixture, "rabbitmq");
    fixture.flows[0].topology.producers = WORKERS_MAX + 1;
    fixture.flows[0].topology.consumers = 2;
    plan = plan_fixture_make(&fixture, 1);
    assert_int_equal(plan->trials[0].assignments[0].workers_count, fixture.agents[0].cpus);
    assert_int_equal(plan->trials[0].assignments[0].producers_count, WORKERS_MAX + 1);
    plan_free(plan);
}

static void topics_are_named_by_run_case_trial_flow_and_index(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan = NULL;
    struct errinfo error = {""};

    (void)state;
    plan_fixture_init(&fixture, "mqtt");
    fixture.flows[0].topology.topics = 2;
    plan = plan_fixture_make(&fixture, 1);
    assert_string_equal(plan->trials[0].assignments[0].topics[1].name,
                        "millrace-20261123-x-c0-t0-main-1");
    assert_string_equal(plan->trials[0].assignments[0].run_id, "20261123-x");
    plan_free(plan);
    plan = NULL;
    assert_int_equal(plan_fixture_try(&fixture, 1, "a/b", &plan, &error), -EINVAL);
    memset(fixture.flows[0].name, 'f', NAME_BYTES - 1);
    assert_int_equal(
        plan_fixture_try(&fixture, 1,
                         "runrunrunrunrunrunrunrunrunrunrunrunrunrunrunrunrunrunrunrun", &plan,
                         &error),
        -EINVAL);
    assert_non_null(strstr(error.text, "too long"));
}

static void a_target_that_lacks_a_word_has_no_trial(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;

    (void)state;
    plan_fixture_init(&fixture, "memory");
    fixture.flows[0].delivery.publish_ack = PUBLISH_ACK_LEADER;
    plan = plan_fixture_make(&fixture, 1);
    assert_int_equal(plan->cases_count, 1);
    assert_int_equal(plan->cases[0].status, CASE_NOT_AVAILABLE);
    assert_string_equal(plan->cases[0].reason, "publish_ack: leader: there are no replicas");
    assert_int_equal(plan->trials_count, 0);
    plan_free(plan);
}

static void persistent_is_the_backends_usual_unless_written(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;

    (void)state;
    plan_fixture_init(&fixture, "memory");
    plan = plan_fixture_make(&fixture, 1);
    assert_false(plan->trials[0].assignments[0].flows[0].delivery.persistent);
    plan_free(plan);
    plan_fixture_init(&fixture, "rabbitmq");
    plan = plan_fixture_make(&fixture, 1);
    assert_true(plan->trials[0].assignments[0].flows[0].delivery.persistent);
    plan_free(plan);
    fixture.flows[0].persistent_given = true;
    plan = plan_fixture_make(&fixture, 1);
    assert_false(plan->trials[0].assignments[0].flows[0].delivery.persistent);
    plan_free(plan);
}

static void without_consumers_nothing_is_subscribed(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;

    (void)state;
    plan_fixture_init(&fixture, "rabbitmq");
    fixture.flows[0].topology.consumers = 0;
    plan = plan_fixture_make(&fixture, 2);
    assert_int_equal(plan->trials[0].assignments[0].flows[0].subscriptions_count, 0);
    assert_int_equal(plan->trials[0].assignments[1].consumers_count, 0);
    plan_free(plan);
}

static void phases_ask_each_flow_for_its_percents(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;
    const struct assigned_phase *phase;

    (void)state;
    plan_fixture_init(&fixture, "memory");
    fixture.flows[1] = fixture.flows[0];
    fixture.flows[0].rate = (struct rate){18000, NS_PER_S};
    fixture.flows[1].rate = (struct rate){1, 30 * NS_PER_S};
    memcpy(fixture.flows[1].name, "other", 6);
    fixture.setup.flows_count = 2;
    fixture.phases[0].kind = PHASE_LOAD;
    fixture.phases[0].load_percent_millis = 150000;
    plan = plan_fixture_make(&fixture, 1);
    phase = &plan->trials[0].assignments[0].phases[0];
    assert_int_equal(phase->loads[0].load, LOAD_RATE);
    assert_int_equal(phase_messages(&plan->trials[0].assignments[0], 0, 0), 270000);
    assert_int_equal(phase->loads[1].rate.messages, 1);
    assert_int_equal(phase->loads[1].rate.per_ns, 20 * NS_PER_S);
    assert_int_equal(phase_messages(&plan->trials[0].assignments[0], 0, 1), 1);
    assert_int_equal(phase_messages(&plan->trials[0].assignments[0], 1, 0), 0);
    assert_int_equal(plan_trial_ns(&plan->trials[0]), 40 * NS_PER_S);
    plan_free(plan);
}

static void messages_of_a_phase_are_those_due_before_its_end(void **state)
{
    struct assigned_phase phase = {.duration_ns = 10, .loads = {{LOAD_RATE, {1, 3}}}};
    struct assigned_flow flow = {.producers_count = 3};
    struct curve_point points[2] = {{0, UINT64_C(1000000000) * 1000000}, /* 1, 2 ... each ns. */
                                    {9, UINT64_C(19000000000) * 1000000}};
    const struct assignment assignment = {.flows = &flow,
                                          .flows_count = 1,
                                          .phases = &phase,
                                          .phases_count = 1,
                                          .points = points,
                                          .points_count = 2};

    (void)state;
    assert_int_equal(phase_messages(&assignment, 0, 0), 4); /* 0 3 6 9 */
    phase.duration_ns = 9;
    assert_int_equal(phase_messages(&assignment, 0, 0), 3);
    phase.loads[0].rate = (struct rate){3, 10}; /* 0, 3.3, 6.6 */
    assert_int_equal(phase_messages(&assignment, 0, 0), 3);
    phase.pacing.arrivals = ARRIVALS_ALIGNED; /* All three at 0 and at 10, which is the end. */
    assert_int_equal(phase_messages(&assignment, 0, 0), 3);
    phase.pacing.arrivals = ARRIVALS_CONSTANT;
    phase.curve_count = 2;
    assert_int_equal(phase_messages(&assignment, 0, 0), 73); /* x + x^2 up to 8. */
    phase.curve_count = 0;
    phase.loads[0].rate = (struct rate){100000000, NS_PER_S};
    phase.duration_ns = 720 * 3600 * NS_PER_S;
    assert_int_equal(phase_messages(&assignment, 0, 0), UINT64_C(259200000000000));
    phase.messages = 1000;
    assert_int_equal(phase_messages(&assignment, 0, 0), 1000);
    phase.loads[0].load = LOAD_MAX;
    assert_int_equal(phase_messages(&assignment, 0, 0), 1000);
    phase.messages = 0;
    assert_true(phase_messages(&assignment, 0, 0) == UINT64_MAX);
}

static void the_same_request_gives_the_same_plan_and_other_runs_another_tag(void **state)
{
    struct plan_fixture fixture;
    struct plan *one;
    struct plan *two;
    struct plan *other = NULL;

    (void)state;
    plan_fixture_init(&fixture, "memory");
    one = plan_fixture_make(&fixture, 2);
    two = plan_fixture_make(&fixture, 2);
    assert_int_equal(plan_fixture_try(&fixture, 2, "20261123-y", &other, NULL), 0);
    assert_int_equal(one->trials[0].assignments[0].tag, two->trials[0].assignments[1].tag);
    assert_int_equal(one->trials[0].assignments[0].seed, two->trials[0].assignments[1].seed);
    assert_int_not_equal(one->trials[0].assignments[0].tag, other->trials[0].assignments[0].tag);
    plan_free(one);
    plan_free(two);
    plan_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_spread_evenly_and_the_remainder_goes_to_the_first),
        cmocka_unit_test(a_trial_of_some_agents_is_given_to_them_and_to_nobody_else),
        cmocka_unit_test(producer_p_writes_topic_p_mod_topics),
        cmocka_unit_test(fewer_producers_than_topics_go_round_them),
        cmocka_unit_test(consumers_of_one_topic_know_their_share),
        cmocka_unit_test(apart_keeps_producers_and_consumers_on_different_agents),
        cmocka_unit_test(clients_follow_the_order_of_agents_not_their_numbers),
        cmocka_unit_test(a_topic_of_the_memory_broker_stays_with_its_clients),
        cmocka_unit_test(agents_without_a_topic_of_the_memory_broker_are_idle),
        cmocka_unit_test(clients_of_the_memory_broker_share_a_worker_by_topic),
        cmocka_unit_test(one_topic_of_the_memory_broker_still_uses_all_workers),
        cmocka_unit_test(an_agent_has_as_many_workers_as_cores_however_many_producers),
        cmocka_unit_test(topics_are_named_by_run_case_trial_flow_and_index),
        cmocka_unit_test(a_target_that_lacks_a_word_has_no_trial),
        cmocka_unit_test(persistent_is_the_backends_usual_unless_written),
        cmocka_unit_test(without_consumers_nothing_is_subscribed),
        cmocka_unit_test(phases_ask_each_flow_for_its_percents),
        cmocka_unit_test(messages_of_a_phase_are_those_due_before_its_end),
        cmocka_unit_test(the_same_request_gives_the_same_plan_and_other_runs_another_tag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
