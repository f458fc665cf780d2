/* What holds for every plan, tried on many topologies drawn from a fixed seed. */
#include "check.h"
#include "mono.h"
#include "plan_fixture.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLANS 600
#define DRAWN_MAX 40 /* Of topics, producers, consumers: small enough to meet every remainder. */

static uint32_t draw(struct random *random, uint32_t from, uint32_t to)
{
    return from + (uint32_t)(random_next(random) % (to - from + 1));
}

static void draw_fixture(struct random *random, struct plan_fixture *fixture, uint32_t *ret_agents)
{
    static const char *const backends[] = {"memory", "kafka", "rabbitmq", "mqtt"};
    const char *backend = backends[draw(random, 0, 3)];

    plan_fixture_init(fixture, backend);
    *ret_agents = draw(random, 1, 6);
    fixture->setup.flows_count = draw(random, 1, 3);
    for (uint32_t i = 0; i < fixture->setup.flows_count; i++) {
        struct scenario_topology *t = &fixture->flows[i].topology;

        fixture->flows[i] = fixture->flows[0];
        (void)snprintf(fixture->flows[i].name, NAME_BYTES, "flow%u", i);
        t->topics = draw(random, 1, DRAWN_MAX);
        t->partitions = draw(random, 1, 4);
        t->producers = draw(random, 1, DRAWN_MAX);
        t->subscriptions = draw(random, 1, 3);
        t->consumers = draw(random, 0, DRAWN_MAX);
        t->placement = strcmp(backend, "memory") != 0 && *ret_agents > 1 && draw(random, 0, 2) == 0
                           ? PLACEMENT_APART
                           : PLACEMENT_SPREAD;
    }
    for (uint32_t a = 0; a < *ret_agents; a++) {
        fixture->agents[a].cpus = draw(random, 1, 8);
    }
}

static void assert_is_valid(const struct plan_trial *trial)
{
    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        struct errinfo error = {""};

        assert_int_equal(trial->assignments[a].agent, a);
        if (assignment_check(&trial->assignments[a], &error) < 0) {
            fail_msg("agent %u: %s", a, error.text);
        }
    }
}

/* Every stream has one writer, the table of writers names its agent, and every partition of every
 * topic is written. */
static void assert_streams_are_written_once(const struct plan_trial *trial)
{
    const struct assignment *any = &trial->assignments[0];
    const struct assigned_flow *last = &any->flows[any->flows_count - 1];
    uint32_t streams = last->stream_first + last->streams_count;
    uint32_t *writer = calloc(streams, sizeof writer[0]);
    uint8_t *written = calloc((size_t)any->topics_count * 4, 1);

    assert_true(writer != NULL && written != NULL);
    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        const struct assignment *here = &trial->assignments[a];

        for (uint32_t i = 0; i < here->producers_count; i++) {
            const struct assigned_producer *p = &here->producers[i];
            const struct assigned_flow *flow = &here->flows[p->flow];

            for (uint32_t k = 0; k < p->topics_count * flow->partitions; k++) {
                uint32_t ordinal = k / flow->partitions;
                uint32_t partition = k % flow->partitions;
                uint32_t topic =
                    assigned_topic_index(flow, p->topic_first, p->topic_stride, ordinal);
                uint32_t stream = p->stream_first + k;

                assert_true(stream < streams && writer[stream] == 0);
                assert_int_equal(here->topics[topic].flow, p->flow);
                writer[stream] = a + 1;
                written[topic * 4 + partition] = 1;
            }
        }
    }
    for (uint32_t i = 0; i < any->writers_count; i++) {
        for (uint32_t k = 0; k < any->writers[i].streams_count; k++) {
            assert_int_equal(writer[any->writers[i].stream_first + k], any->writers[i].agent + 1);
            writer[any->writers[i].stream_first + k] = UINT32_MAX;
        }
    }
    for (uint32_t i = 0; i < streams; i++) {
        assert_int_equal(writer[i], UINT32_MAX);
    }
    for (uint32_t i = 0; i < any->topics_count; i++) {
        for (uint32_t k = 0; k < any->flows[any->topics[i].flow].partitions; k++) {
            assert_int_equal(written[i * 4 + k], 1);
        }
    }
    free(writer);
    free(written);
}

/* On each topic the consumers of a subscription are shares 0 .. n - 1 of n, each once. */
static void assert_subscriptions_are_read(const struct plan_trial *trial)
{
    const struct assignment *any = &trial->assignments[0];

    for (uint32_t topic = 0; topic < any->topics_count; topic++) {
        const struct assigned_flow *flow = &any->flows[any->topics[topic].flow];

        for (uint32_t s = 0; s < flow->subscriptions_count; s++) {
            uint64_t shares = 0;
            uint32_t count = 0;

            for (uint32_t a = 0; a < trial->assignments_count; a++) {
                for (uint32_t i = 0; i < trial->assignments[a].consumers_count; i++) {
                    const struct assigned_consumer *c = &trial->assignments[a].consumers[i];
                    bool reads = false;

                    for (uint32_t k = 0; k < c->topics_count && c->subscription == s; k++) {
                        reads = reads || assigned_topic_index(&any->flows[c->flow], c->topic_first,
                                                              c->topic_stride, k) == topic;
                    }
                    if (reads) {
                        assert_int_equal(shares & (UINT64_C(1) << c->share_index), 0);
                        shares |= UINT64_C(1) << c->share_index;
                        assert_true(count == 0 || count == c->shares_count);
                        count = c->shares_count;
                    }
                }
            }
            assert_true(count > 0);
            assert_true(shares == (UINT64_C(1) << count) - 1);
        }
    }
}

static void assert_clients_are_complete(const struct plan_fixture *fixture,
                                        const struct plan_trial *trial)
{
    uint32_t producers = 0;
    uint32_t consumers = 0;
    uint32_t wanted = 0;
    uint8_t seen[4 * DRAWN_MAX * 4] = {0};

    for (uint32_t i = 0; i < fixture->setup.flows_count; i++) {
        const struct scenario_topology *t = &fixture->flows[i].topology;

        wanted += t->producers + t->subscriptions * t->consumers;
    }
    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        const struct assignment *here = &trial->assignments[a];

        producers += here->producers_count;
        consumers += here->consumers_count;
        for (uint32_t i = 0; i < here->producers_count + here->consumers_count; i++) {
            uint32_t client = i < here->producers_count
                                  ? here->producers[i].client
                                  : here->consumers[i - here->producers_count].client;

            assert_true(client < wanted && seen[client] == 0);
            seen[client] = 1;
        }
    }
    assert_int_equal(producers + consumers, wanted);
}

static void assert_placement(const struct plan_fixture *fixture, const struct plan_trial *trial)
{
    const struct catalog_entry *entry = catalog_entry_of(&fixture->target);
    uint32_t owners = 0;
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    bool apart = false;

    for (uint32_t i = 0; i < fixture->setup.flows_count; i++) {
        apart = apart || fixture->flows[i].topology.placement == PLACEMENT_APART;
    }
    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        const struct assignment *here = &trial->assignments[a];
        uint32_t clients = here->producers_count + here->consumers_count;

        owners += here->topics_owner;
        least = clients < least ? clients : least;
        most = clients > most ? clients : most;
        assert_true(!here->topics_owner || clients > 0);
        assert_true(entry->local ? here->topics_owner == (clients > 0) : true);
        assert_true(here->workers_count <= fixture->agents[a].cpus);
    }
    if (!entry->local) {
        assert_int_equal(owners, 1);
        assert_true(apart || most - least <= 1);
    }
}

/* A topic of a broker inside an agent has all its clients there. */
static void assert_local_topics_stay_together(const struct plan_trial *trial)
{
    uint32_t home[3 * DRAWN_MAX] = {0};

    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        const struct assignment *here = &trial->assignments[a];

        for (uint32_t i = 0; i < here->producers_count; i++) {
            const struct assigned_producer *p = &here->producers[i];

            for (uint32_t k = 0; k < p->topics_count; k++) {
                uint32_t topic =
                    assigned_topic_index(&here->flows[p->flow], p->topic_first, p->topic_stride, k);

                assert_true(home[topic] == 0 || home[topic] == a + 1);
                home[topic] = a + 1;
            }
        }
    }
    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        const struct assignment *here = &trial->assignments[a];

        for (uint32_t i = 0; i < here->consumers_count; i++) {
            const struct assigned_consumer *c = &here->consumers[i];

            for (uint32_t k = 0; k < c->topics_count; k++) {
                assert_int_equal(home[assigned_topic_index(&here->flows[c->flow], c->topic_first,
                                                           c->topic_stride, k)],
                                 a + 1);
            }
        }
    }
}

static void every_plan_keeps_the_rules(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 20261123);
    for (uint32_t i = 0; i < PLANS; i++) {
        struct plan_fixture fixture;
        uint32_t agents = 0;
        struct plan *plan;

        draw_fixture(&random, &fixture, &agents);
        plan = plan_fixture_make(&fixture, agents);
        assert_int_equal(plan->trials_count, 1);
        assert_int_equal(plan->trials[0].assignments_count, agents);
        assert_is_valid(&plan->trials[0]);
        assert_streams_are_written_once(&plan->trials[0]);
        assert_subscriptions_are_read(&plan->trials[0]);
        assert_clients_are_complete(&fixture, &plan->trials[0]);
        assert_placement(&fixture, &plan->trials[0]);
        if (catalog_entry_of(&fixture.target)->local) {
            assert_local_topics_stay_together(&plan->trials[0]);
        }
        plan_free(plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plan_keeps_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
