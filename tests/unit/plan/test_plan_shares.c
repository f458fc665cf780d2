/* Clients are dealt in proportion to what agents can use, and where their labels allow it. */
#include "check.h"
#include "mono.h"
#include "plan_fixture.h"
#include "random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLANS 300

static uint32_t clients_of(const struct plan *plan, uint32_t agent)
{
    const struct assignment *here = &plan->trials[0].assignments[agent];

    return here->producers_count + here->consumers_count;
}

static void weigh(struct plan_fixture *fixture, const uint32_t *cpus_milli, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        fixture->agents[i].cpus_milli = cpus_milli[i];
        fixture->agents[i].cpus = cpus_milli[i] < 1000 ? 1 : cpus_milli[i] / 1000;
    }
}

static void label(struct plan_agent *agent, const struct host_label labels[2])
{
    agent->labels = labels;
    agent->labels_count = 2;
}

static void expect(struct plan_fixture *fixture, uint32_t agents_count, const uint32_t *producers,
                   const uint32_t *consumers)
{
    struct plan *plan = plan_fixture_make(fixture, agents_count);

    for (uint32_t i = 0; i < agents_count; i++) {
        assert_int_equal(plan->trials[0].assignments[i].producers_count, producers[i]);
        assert_int_equal(plan->trials[0].assignments[i].consumers_count, consumers[i]);
    }
    plan_free(plan);
}

/* One flow, with a topic for each producer. */
static void begin(struct plan_fixture *fixture, const char *backend, uint32_t producers,
                  uint32_t consumers)
{
    plan_fixture_init(fixture, backend);
    fixture->flows[0].topology.topics = producers;
    fixture->flows[0].topology.producers = producers;
    fixture->flows[0].topology.consumers = consumers;
}

static void clients_follow_usable_cpus(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    begin(&fixture, "kafka", 8, 8);
    weigh(&fixture, (const uint32_t[]){6000, 1500, 500}, 3);
    /* 6, 1.5 and 0.5 of 8: whose remainder is larger has the one that is left, then the other. */
    expect(&fixture, 3, (const uint32_t[]){6, 2, 0}, (const uint32_t[]){6, 1, 1});
}

static void a_weight_stands_for_the_cpus(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    begin(&fixture, "kafka", 10, 0);
    weigh(&fixture, (const uint32_t[]){1000, 64000}, 2);
    fixture.agents[0].weight_milli = 4000;
    fixture.agents[1].weight_milli = 1000;
    expect(&fixture, 2, (const uint32_t[]){8, 2}, (const uint32_t[]){0, 0});
}

static void spread_equal_passes_over_cpus(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    begin(&fixture, "kafka", 10, 0);
    fixture.flows[0].topology.spread_equal = true;
    weigh(&fixture, (const uint32_t[]){1000, 64000}, 2);
    expect(&fixture, 2, (const uint32_t[]){5, 5}, (const uint32_t[]){0, 0});
}

/* What is rounded away in one flow is made up for in the next. */
static void remainders_of_flows_are_carried_over(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan;

    (void)state;
    plan_fixture_init(&fixture, "kafka");
    fixture.setup.flows_count = FLOWS_MAX;
    for (uint32_t i = 0; i < FLOWS_MAX; i++) {
        fixture.flows[i] = fixture.flows[0];
        (void)snprintf(fixture.flows[i].name, NAME_BYTES, "f%u", i);
        fixture.flows[i].topology.consumers = 0;
    }
    weigh(&fixture, (const uint32_t[]){3000, 1000}, 2);
    plan = plan_fixture_make(&fixture, 2);
    assert_int_equal(clients_of(plan, 0), FLOWS_MAX * 3 / 4);
    assert_int_equal(clients_of(plan, 1), FLOWS_MAX / 4);
    plan_free(plan);
}

static void a_topic_inside_an_agent_is_where_there_is_most_room_for_it(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    begin(&fixture, "memory", 8, 8);
    weigh(&fixture, (const uint32_t[]){1000, 3000}, 2);
    expect(&fixture, 2, (const uint32_t[]){2, 6}, (const uint32_t[]){2, 6});
    fixture.flows[0].topology.spread_equal = true;
    expect(&fixture, 2, (const uint32_t[]){4, 4}, (const uint32_t[]){4, 4});
}

static void labels_say_who_sends_and_who_reads(void **state)
{
    static const struct host_label a[] = {{"zone=a"}, {"disk=fast"}};
    static const struct host_label b[] = {{"disk=slow"}, {"zone=b"}};
    struct plan_fixture fixture;

    (void)state;
    begin(&fixture, "kafka", 6, 6);
    label(&fixture.agents[0], b);
    label(&fixture.agents[1], a);
    label(&fixture.agents[2], b);
    (void)snprintf(fixture.flows[0].topology.producers_label, NAME_BYTES, "zone=a");
    (void)snprintf(fixture.flows[0].topology.consumers_label, NAME_BYTES, "zone=b");
    expect(&fixture, 4, (const uint32_t[]){0, 6, 0, 0}, (const uint32_t[]){3, 0, 3, 0});
    fixture.flows[0].topology.producers_label[0] = '\0';
    expect(&fixture, 4, (const uint32_t[]){2, 2, 1, 1}, (const uint32_t[]){3, 0, 3, 0});
}

static void a_label_that_no_host_has_is_told_with_those_there_are(void **state)
{
    static const struct host_label a[] = {{"zone=east"}, {"disk=fast"}};
    static const struct host_label b[] = {{"zone=west"}, {"disk=fast"}};
    struct plan_fixture fixture;
    struct plan *plan = NULL;
    struct errinfo error;

    (void)state;
    plan_fixture_init(&fixture, "kafka");
    (void)snprintf(fixture.flows[0].topology.consumers_label, NAME_BYTES, "zone=esat");
    assert_int_equal(plan_fixture_try(&fixture, 2, "x", &plan, &error), -EINVAL);
    assert_string_equal(error.text,
                        "kafka: placement.consumers: no host has the label zone=esat, nor any "
                        "other: give it one with `millrace hosts add NAME --label zone=esat`");
    label(&fixture.agents[0], a);
    label(&fixture.agents[1], b);
    assert_int_equal(plan_fixture_try(&fixture, 2, "x", &plan, &error), -EINVAL);
    assert_string_equal(error.text, "kafka: placement.consumers: no host has the label zone=esat "
                                    "(did you mean zone=east? There are zone=east, disk=fast, "
                                    "zone=west)");
    (void)snprintf(fixture.flows[0].topology.consumers_label, NAME_BYTES, "rack=17");
    assert_int_equal(plan_fixture_try(&fixture, 2, "x", &plan, &error), -EINVAL);
    assert_string_equal(error.text, "kafka: placement.consumers: no host has the label rack=17 "
                                    "(there are zone=east, disk=fast, zone=west)");
}

/* An agent that has too little keeps its mix of producers and consumers. */
static void what_an_agent_has_no_room_for_goes_to_the_others(void **state)
{
    struct plan_fixture fixture;

    (void)state;
    begin(&fixture, "kafka", 30, 15);
    fixture.rooms[1].is_full = true;
    fixture.rooms[1].clients_max = 6;
    expect(&fixture, 3, (const uint32_t[]){13, 4, 13}, (const uint32_t[]){7, 2, 6});
    fixture.rooms[1].clients_max = 15; /* As many as it would be given. */
    expect(&fixture, 3, (const uint32_t[]){10, 10, 10}, (const uint32_t[]){5, 5, 5});
}

static void no_room_anywhere_is_told(void **state)
{
    struct plan_fixture fixture;
    struct plan *plan = NULL;
    struct errinfo error;

    (void)state;
    plan_fixture_init(&fixture, "kafka");
    fixture.flows[0].topology.topics = 30;
    fixture.flows[0].topology.producers = 30;
    fixture.rooms[0].is_full = true;
    fixture.rooms[0].clients_max = 6;
    assert_int_equal(plan_fixture_try(&fixture, 1, "x", &plan, &error), -EUSERS);
    assert_string_equal(error.text,
                        "kafka: no agent has room for the rest of the producers of flow main");
    plan_fixture_init(&fixture, "memory");
    fixture.rooms[0].is_full = true;
    fixture.rooms[0].clients_max = 1;
    assert_int_equal(plan_fixture_try(&fixture, 1, "x", &plan, &error), -EUSERS);
    assert_string_equal(error.text, "memory: no agent has room for the 2 clients of a topic");
}

static uint32_t draw(struct random *random, uint32_t first, uint32_t last)
{
    return first + (uint32_t)(random_next(random) % (last - first + 1));
}

/* For one role the counts are those of the largest remainder, and twice the same; of all together
 * nobody is a client and its role's rounding away from his share. */
static void every_share_is_within_a_client_of_its_proportion(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 20261130);
    for (uint32_t i = 0; i < PLANS; i++) {
        struct plan_fixture fixture;
        struct plan *plan;
        struct plan *again;
        uint32_t agents = draw(&random, 1, FIXTURE_AGENTS_MAX);
        uint64_t sum = 0;

        plan_fixture_init(&fixture, "kafka");
        fixture.flows[0].topology.topics = draw(&random, 1, 50);
        fixture.flows[0].topology.producers = draw(&random, 1, 200);
        fixture.flows[0].topology.consumers = 0;
        for (uint32_t a = 0; a < agents; a++) {
            fixture.agents[a].cpus_milli = draw(&random, 1, 64000);
            sum += fixture.agents[a].cpus_milli;
        }
        plan = plan_fixture_make(&fixture, agents);
        again = plan_fixture_make(&fixture, agents);
        for (uint32_t a = 0; a < agents; a++) {
            double due = (double)fixture.flows[0].topology.producers *
                         fixture.agents[a].cpus_milli / (double)sum;
            double has = clients_of(plan, a);

            assert_true(has - due < 1.0 && due - has < 1.0);
            assert_int_equal(clients_of(plan, a), clients_of(again, a));
        }
        plan_free(plan);
        plan_free(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_follow_usable_cpus),
        cmocka_unit_test(a_weight_stands_for_the_cpus),
        cmocka_unit_test(spread_equal_passes_over_cpus),
        cmocka_unit_test(remainders_of_flows_are_carried_over),
        cmocka_unit_test(a_topic_inside_an_agent_is_where_there_is_most_room_for_it),
        cmocka_unit_test(labels_say_who_sends_and_who_reads),
        cmocka_unit_test(a_label_that_no_host_has_is_told_with_those_there_are),
        cmocka_unit_test(what_an_agent_has_no_room_for_goes_to_the_others),
        cmocka_unit_test(no_room_anywhere_is_told),
        cmocka_unit_test(every_share_is_within_a_client_of_its_proportion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
