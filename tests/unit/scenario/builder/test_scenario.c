#include "check.h"
#include "mono.h"
#include "scenario_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_short_scenario_has_the_defaults_of_the_contract(void **state)
{
    const struct scenario *s = fixture_good(*state, FIXTURE_TARGETS FIXTURE_PHASES, NULL);
    const struct scenario_flow *flow = &s->setups[0].flows[0];

    assert_string_equal(s->name, "the-test");
    assert_string_equal(s->description, "");
    assert_false(s->unavailable_skip);
    assert_int_equal(s->on_broker_loss_ns, 30 * NS_PER_S);
    assert_int_equal(s->targets_count, 1);
    assert_string_equal(s->targets[0].label, "memory");
    assert_int_equal(s->targets[0].addresses_count, 0);
    assert_int_equal(s->setups[0].flows_count, 1);
    assert_string_equal(flow->name, "main");
    assert_false(flow->explicit_flow);
    assert_false(flow->has_rate);
    assert_int_equal(flow->topology.topics, 1);
    assert_int_equal(flow->topology.partitions, 1);
    assert_int_equal(flow->topology.producers, 1);
    assert_int_equal(flow->topology.subscriptions, 1);
    assert_int_equal(flow->topology.consumers, 1);
    assert_int_equal(flow->topology.placement, PLACEMENT_SPREAD);
    assert_int_equal(flow->message.sizes_count, 1);
    assert_int_equal(flow->message.sizes[0].bytes_min, 1024);
    assert_int_equal(flow->message.sizes[0].bytes_max, 1024);
    assert_int_equal(flow->message.payload, PAYLOAD_RANDOM);
    assert_int_equal(flow->delivery.publish_ack, PUBLISH_ACK_ALL);
    assert_int_equal(flow->delivery.in_flight, 1000);
    assert_int_equal(flow->delivery.consume_ack, CONSUME_ACK_NONE);
    assert_int_equal(flow->delivery.consume_ack_batch, 1);
    assert_false(flow->delivery.ordered);
    assert_int_equal(flow->delivery.ttl_ns, 0);
    assert_false(flow->persistent_given);
}

static const char full[] =
    "millrace: 1\n"
    "name: everything\n"
    "description: All that is executed.\n"
    "targets:\n"
    "  - label: rabbit-3.10\n"
    "    backend: rabbitmq\n"
    "    address: amqps://127.0.0.1:5671/%2f\n"
    "    auth: { username: guest, password: secret, mechanism: PLAIN }\n"
    "    tls: { ca: ca.pem, cert: /etc/me.pem, key: keys/me.key }\n"
    "  - { backend: kafka, addresses: [ \"a:9092\", \"b:9093\" ] }\n"
    "  - { backend: memory, options: { delay: 1ms, lose_every: 1k } }\n"
    "unavailable: skip\n"
    "on_broker_loss: 5m\n"
    "topology: { topics: 4, partitions: 3, producers: 8, subscriptions: 2, consumers: 6, "
    "placement: apart }\n"
    "message: { size: 4KiB, payload: zeros }\n"
    "delivery: { publish_ack: leader, in_flight: 10, consume_ack: { batch: 100 }, ordered: true, "
    "ttl: 60s, persistent: false }\n"
    "phases:\n"
    "  - { name: warm-up, rate: 5k/s, for: 5s, measure: false }\n"
    "  - { name: steady, rate: 1/30s, for: 1h, arrivals: constant }\n"
    "  - { name: peak, rate: max, for: 250ms }\n"
    "  - { name: pause, rate: none, for: 1s }\n"
    "  - { name: empty, rate: none, until: drained, for: 7s }\n";

static void every_executed_key_arrives_in_its_field(void **state)
{
    const struct scenario *s = fixture_good(*state, full, NULL);
    const struct scenario_flow *flow = &s->setups[0].flows[0];

    assert_string_equal(s->name, "everything");
    assert_string_equal(s->description, "All that is executed.");
    assert_true(s->unavailable_skip);
    assert_int_equal(s->on_broker_loss_ns, 300 * NS_PER_S);
    assert_int_equal(s->targets_count, 3);
    assert_string_equal(s->targets[0].label, "rabbit-3.10");
    assert_string_equal(s->targets[0].backend, "rabbitmq");
    assert_string_equal(s->targets[0].addresses[0], "amqps://127.0.0.1:5671/%2f");
    assert_string_equal(s->targets[0].username, "guest");
    assert_string_equal(s->targets[0].password, "secret");
    assert_string_equal(s->targets[0].mechanism, "PLAIN");
    assert_int_equal(s->targets[1].addresses_count, 2);
    assert_string_equal(s->targets[1].addresses[1], "b:9093");
    assert_string_equal(target_option(&s->targets[2], "delay"), "1ms");
    assert_string_equal(target_option(&s->targets[2], "lose_every"), "1k");
    assert_int_equal(flow->topology.topics, 4);
    assert_int_equal(flow->topology.partitions, 3);
    assert_int_equal(flow->topology.producers, 8);
    assert_int_equal(flow->topology.subscriptions, 2);
    assert_int_equal(flow->topology.consumers, 6);
    assert_int_equal(flow->topology.placement, PLACEMENT_APART);
    assert_int_equal(message_bytes_max(&flow->message), 4096);
    assert_int_equal(flow->message.payload, PAYLOAD_ZEROS);
    assert_int_equal(flow->delivery.publish_ack, PUBLISH_ACK_LEADER);
    assert_int_equal(flow->delivery.in_flight, 10);
    assert_int_equal(flow->delivery.consume_ack, CONSUME_ACK_BATCH);
    assert_int_equal(flow->delivery.consume_ack_batch, 100);
    assert_true(flow->delivery.ordered);
    assert_int_equal(flow->delivery.ttl_ns, 60 * NS_PER_S);
    assert_true(flow->persistent_given);
    assert_false(flow->delivery.persistent);
}

static void placement_is_a_word_or_says_who_is_where(void **state)
{
    const struct scenario *s =
        fixture_good(*state,
                     "millrace: 1\n"
                     "name: placed\n"
                     "targets: [ { backend: kafka, address: 127.0.0.1:9092 } ]\n"
                     "topology: { placement: { spread: equal, producers: zone=a } }\n"
                     "flows:\n"
                     "  one: { rate: 1/s }\n"
                     "  two: { rate: 1/s, topology: { placement: { consumers: zone=b } } }\n"
                     "  three: { rate: 1/s, topology: { placement: apart } }\n"
                     "phases: [ { name: steady, for: 1s } ]\n",
                     NULL);
    const struct scenario_flow *flows = s->setups[0].flows;

    assert_true(flows[0].topology.spread_equal);
    assert_string_equal(flows[0].topology.producers_label, "zone=a");
    assert_string_equal(flows[0].topology.consumers_label, "");
    assert_false(flows[1].topology.spread_equal);
    assert_string_equal(flows[1].topology.producers_label, "");
    assert_string_equal(flows[1].topology.consumers_label, "zone=b");
    assert_int_equal(flows[1].topology.placement, PLACEMENT_SPREAD);
    assert_int_equal(flows[2].topology.placement, PLACEMENT_APART);
    assert_string_equal(flows[2].topology.producers_label, "");
}

static void phases_keep_their_order_and_their_rules(void **state)
{
    const struct scenario *s = fixture_good(*state, full, NULL);

    assert_int_equal(s->setups[0].phases_count, 5);
    assert_string_equal(s->setups[0].phases[0].name, "warm-up");
    assert_int_equal(s->setups[0].phases[0].kind, PHASE_RATE);
    assert_int_equal(s->setups[0].phases[0].rate.messages, 1);
    assert_int_equal(s->setups[0].phases[0].rate.per_ns, 200000);
    assert_false(s->setups[0].phases[0].measured);
    assert_int_equal(s->setups[0].phases[1].rate.per_ns, 30 * NS_PER_S);
    assert_int_equal(s->setups[0].phases[1].duration_ns, 3600 * NS_PER_S);
    assert_true(s->setups[0].phases[1].measured);
    assert_int_equal(s->setups[0].phases[2].kind, PHASE_MAX);
    assert_int_equal(s->setups[0].phases[2].duration_ns, 250 * NS_PER_MS);
    assert_int_equal(s->setups[0].phases[3].kind, PHASE_NONE);
    assert_false(s->setups[0].phases[3].until_drained);
    assert_true(s->setups[0].phases[4].until_drained);
    assert_false(s->setups[0].phases[4].measured);
    assert_false(s->setups[0].phases[4].implied);
    assert_int_equal(s->setups[0].phases[4].duration_ns, 7 * NS_PER_S);
}

static void a_drain_phase_of_30_s_is_implied(void **state)
{
    const struct scenario *s = fixture_good(*state, FIXTURE_TARGETS FIXTURE_PHASES, NULL);
    const struct scenario_phase *drain = &s->setups[0].phases[1];

    assert_int_equal(s->setups[0].phases_count, 2);
    assert_string_equal(drain->name, "drain");
    assert_int_equal(drain->kind, PHASE_NONE);
    assert_int_equal(drain->duration_ns, 30 * NS_PER_S);
    assert_true(drain->until_drained);
    assert_true(drain->implied);
    assert_false(drain->measured);
}

static void an_implied_drain_phase_has_a_name_of_its_own(void **state)
{
    const struct scenario *s = fixture_good(
        *state, FIXTURE_TARGETS "phases: [ { name: drain, rate: 1/s, for: 1s } ]\n", NULL);

    assert_int_equal(s->setups[0].phases_count, 2);
    assert_string_equal(s->setups[0].phases[1].name, "drain-2");
}

static void until_drained_without_for_gets_30_s(void **state)
{
    const struct scenario *s =
        fixture_good(*state,
                     FIXTURE_TARGETS "phases:\n"
                                     "  - { name: a, rate: 1/s, for: 1s }\n"
                                     "  - { name: b, rate: none, until: drained }\n",
                     NULL);

    assert_int_equal(s->setups[0].phases_count, 2);
    assert_int_equal(s->setups[0].phases[1].duration_ns, 30 * NS_PER_S);
}

static const char two_flows[] =
    FIXTURE_TARGETS "topology: { topics: 2, producers: 3 }\n"
                    "message: { size: 100 }\n"
                    "delivery: { in_flight: 7, consume_ack: each }\n"
                    "flows:\n"
                    "  orders:  { rate: 18k/s, message: { size: 400 }, topology: { producers: 40 } "
                    "}\n"
                    "  exports: { rate: 20/s, delivery: { consume_ack: { batch: 5 } } }\n"
                    "phases:\n"
                    "  - { name: plain, for: 1s }\n"
                    "  - { name: peak, load: 150%, for: 1s }\n"
                    "  - { name: odd, load: 33.333%, for: 1s }\n";

static void flows_override_what_stands_above_them(void **state)
{
    const struct scenario *s = fixture_good(*state, two_flows, NULL);

    assert_int_equal(s->setups[0].flows_count, 2);
    assert_string_equal(s->setups[0].flows[0].name, "orders");
    assert_true(s->setups[0].flows[0].explicit_flow);
    assert_true(s->setups[0].flows[0].has_rate);
    assert_int_equal(s->setups[0].flows[0].rate.per_ns * 18,
                     s->setups[0].flows[0].rate.messages * NS_PER_MS);
    assert_int_equal(message_bytes_max(&s->setups[0].flows[0].message), 400);
    assert_int_equal(s->setups[0].flows[0].topology.producers, 40);
    assert_int_equal(s->setups[0].flows[0].topology.topics, 2);
    assert_int_equal(s->setups[0].flows[0].delivery.in_flight, 7);
    assert_int_equal(s->setups[0].flows[0].delivery.consume_ack, CONSUME_ACK_EACH);
    assert_string_equal(s->setups[0].flows[1].name, "exports");
    assert_int_equal(message_bytes_max(&s->setups[0].flows[1].message), 100);
    assert_int_equal(s->setups[0].flows[1].topology.producers, 3);
    assert_int_equal(s->setups[0].flows[1].delivery.consume_ack, CONSUME_ACK_BATCH);
    assert_int_equal(s->setups[0].flows[1].delivery.consume_ack_batch, 5);
}

static void a_mix_has_sizes_and_ranges_with_weights(void **state)
{
    const struct scenario *s = fixture_good(
        *state,
        FIXTURE_TARGETS "message: { size: 4KiB..64KiB }\n"
                        "flows:\n"
                        "  a: { rate: 1/s }\n"
                        "  b: { rate: 1/s, message: { size: { mix: [ { size: 256, weight: 70 }, "
                        "{ size: 1kB..2kB } ] } } }\n"
                        "phases: [ { name: steady, for: 10s } ]\n",
        NULL);
    const struct message_shape *range = &s->setups[0].flows[0].message;
    const struct message_shape *mix = &s->setups[0].flows[1].message;

    assert_int_equal(range->sizes_count, 1);
    assert_int_equal(range->sizes[0].bytes_min, 4096);
    assert_int_equal(range->sizes[0].bytes_max, 65536);
    assert_int_equal(mix->sizes_count, 2);
    assert_int_equal(mix->sizes[0].bytes_min, 256);
    assert_int_equal(mix->sizes[0].bytes_max, 256);
    assert_int_equal(mix->sizes[0].weight, 70);
    assert_int_equal(mix->sizes[1].bytes_min, 1000);
    assert_int_equal(mix->sizes[1].bytes_max, 2000);
    assert_int_equal(mix->sizes[1].weight, 1);
}

static void compressibility_is_a_share_of_random_payloads(void **state)
{
    const struct scenario *s =
        fixture_good(*state,
                     FIXTURE_TARGETS "message: { compressibility: 0.5 }\n"
                                     "flows:\n"
                                     "  a: { rate: 1/s }\n"
                                     "  b: { rate: 1/s, message: { compressibility: 1 } }\n"
                                     "  c: { rate: 1/s, message: { compressibility: 0, payload: "
                                     "zeros } }\n"
                                     "phases: [ { name: steady, for: 10s } ]\n",
                     NULL);

    assert_int_equal(s->setups[0].flows[0].message.compressible_millis, 500);
    assert_int_equal(s->setups[0].flows[1].message.compressible_millis, 1000);
    assert_int_equal(s->setups[0].flows[2].message.compressible_millis, 0);
}

static void keys_have_a_count_a_distribution_and_with_zipf_an_exponent(void **state)
{
    const struct scenario *s = fixture_good(
        *state,
        FIXTURE_TARGETS
        "message: { keys: { count: 1k } }\n"
        "flows:\n"
        "  a: { rate: 1/s }\n"
        "  b: { rate: 1/s, message: { keys: { count: 7, distribution: zipf } } }\n"
        "  c: { rate: 1/s, message: { keys: { count: 1M, distribution: zipf, exponent: 1.25 } } }\n"
        "  d: { rate: 1/s, message: { keys: { count: 7, distribution: sequential } } }\n"
        "  e: { rate: 1/s, message: { keys: none } }\n"
        "phases: [ { name: steady, for: 10s } ]\n",
        NULL);

    assert_int_equal(s->setups[0].flows[0].message.keys.count, 1000);
    assert_int_equal(s->setups[0].flows[0].message.keys.distribution, KEYS_UNIFORM);
    assert_int_equal(s->setups[0].flows[1].message.keys.distribution, KEYS_ZIPF);
    assert_int_equal(s->setups[0].flows[1].message.keys.exponent_millis, 990);
    assert_int_equal(s->setups[0].flows[2].message.keys.count, 1000000);
    assert_int_equal(s->setups[0].flows[2].message.keys.exponent_millis, 1250);
    assert_int_equal(s->setups[0].flows[3].message.keys.distribution, KEYS_SEQUENTIAL);
    assert_int_equal(s->setups[0].flows[4].message.keys.count, 0);
}

static void a_phase_takes_percents_of_the_flows_rates(void **state)
{
    const struct scenario *s = fixture_good(*state, two_flows, NULL);

    assert_int_equal(s->setups[0].phases[0].kind, PHASE_LOAD);
    assert_int_equal(s->setups[0].phases[0].load_percent_millis, 100000);
    assert_int_equal(s->setups[0].phases[1].load_percent_millis, 150000);
    assert_int_equal(s->setups[0].phases[2].load_percent_millis, 33333);
}

static void paths_of_certificates_are_relative_to_the_scenario(void **state)
{
    struct fixture *fixture = *state;
    const struct scenario *s = fixture_good(fixture, full, NULL);
    char expected[128];

    assert_true(s->targets[0].tls);
    (void)snprintf(expected, sizeof expected, "%s/ca.pem", fixture->folder);
    assert_string_equal(s->targets[0].tls_ca, expected);
    assert_string_equal(s->targets[0].tls_cert, "/etc/me.pem");
    (void)snprintf(expected, sizeof expected, "%s/keys/me.key", fixture->folder);
    assert_string_equal(s->targets[0].tls_key, expected);
    assert_false(s->targets[1].tls);
}

static void an_address_with_an_s_means_tls(void **state)
{
    const struct scenario *s = fixture_good(
        *state,
        "millrace: 1\ntargets:\n"
        "  - { label: a, backend: rabbitmq, address: amqps://127.0.0.1 }\n"
        "  - { label: b, backend: rabbitmq, address: amqp://127.0.0.1 }\n" FIXTURE_PHASES,
        NULL);

    assert_true(s->targets[0].tls);
    assert_false(s->targets[1].tls);
}

static void the_environment_is_expanded_after_parsing(void **state)
{
    const struct scenario *s;

    assert_int_equal(setenv("MILLRACE_TEST", "x\ntopology: { topics: 9 } # \"", 1), 0);
    assert_int_equal(unsetenv("MILLRACE_TEST_UNSET"), 0);
    s = fixture_good(*state,
                     FIXTURE_TARGETS
                     "description: <${MILLRACE_TEST}> $${HOME} $5\n"
                     "topology:\n  topics: ${MILLRACE_TEST_UNSET:-3}\n"
                     "phases: [ { name: a, rate: \"${MILLRACE_TEST_UNSET:-5}k/s\", for: 1s } ]\n",
                     NULL);
    assert_string_equal(s->description, "<x\ntopology: { topics: 9 } # \"> ${HOME} $5");
    assert_int_equal(s->setups[0].flows[0].topology.topics, 3);
    assert_int_equal(s->setups[0].phases[0].rate.per_ns, 200000);
    assert_int_equal(unsetenv("MILLRACE_TEST"), 0);
}

static void the_effective_text_hides_passwords(void **state)
{
    const struct scenario *s = fixture_good(*state, full, NULL);

    assert_null(strstr(s->effective, "secret"));
    assert_non_null(strstr(s->effective, "password: \"***\""));
    assert_non_null(strstr(s->effective, "label: rabbit-3.10"));
}

static void the_effective_text_is_a_scenario_with_the_same_effect(void **state)
{
    static const char *const texts[] = {
        full, two_flows,
        FIXTURE_TARGETS "description: \"a \\\"quoted\\\" \\\\ text:\\n # - [x] \\t\\x07 \\u00e9 "
                        "'\"\nname: \"null\"\n" FIXTURE_PHASES,
        FIXTURE_TARGETS "description: $${HOME} $$${HOME} $\n" FIXTURE_PHASES,
        FIXTURE_TARGETS "topology: {}\ndescription: \" padded \"\n" FIXTURE_PHASES};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct scenario *s = fixture_good(*state, texts[i], NULL);
        char *effective = strdup(s->effective);
        char *description = strdup(s->description);
        char sha256[sizeof s->sha256];

        memcpy(sha256, s->sha256, sizeof sha256);
        s = fixture_good(*state, effective, NULL);
        assert_string_equal(s->effective, effective);
        assert_string_equal(s->sha256, sha256);
        assert_string_equal(s->description, description);
        free(effective);
        free(description);
    }
}

static void the_sum_is_sha256_of_the_effective_text(void **state)
{
    const struct scenario *s = fixture_good(*state, FIXTURE_TARGETS FIXTURE_PHASES, NULL);

    assert_string_equal(s->effective, "millrace: 1\n"
                                      "targets:\n"
                                      "  - backend: memory\n"
                                      "phases:\n"
                                      "  - name: steady\n"
                                      "    rate: 1k/s\n"
                                      "    for: 10s\n");
    /* By the sha256sum program. */
    assert_string_equal(s->sha256,
                        "ecc1612cc01f704ff0bc4c379f3411cd5913b4aea947ed59dc8ff108fd6a4f1b");
}

static void what_a_target_lacks_is_a_warning(void **state)
{
    struct fixture *fixture = *state;

    (void)fixture_good(fixture,
                       FIXTURE_TARGETS "delivery: { publish_ack: leader }\n" FIXTURE_PHASES, NULL);
    assert_non_null(fixture->warnings.bytes);
    assert_non_null(strstr(fixture->warnings.bytes,
                           ":2:12: memory: not available: publish_ack: leader: there are no "
                           "replicas"));
}

static void idle_consumers_are_a_warning_where_the_broker_deals_out_partitions(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] =
        "millrace: 1\ntargets: [ { backend: memory } ]\n"
        "topology: { topics: 2, partitions: 2, consumers: 5 }\n" FIXTURE_PHASES;

    (void)fixture_good(fixture, text, NULL);
    assert_null(fixture->warnings.bytes);
    (void)fixture_good(fixture, text, &(struct fixture_extra){.targets = {"kafka"}});
    assert_non_null(fixture->warnings.bytes);
    assert_non_null(strstr(fixture->warnings.bytes, ":3:50: topology.consumers: 1 of 5 consumers"));
}

static void files_that_cannot_be_read_say_why(void **state)
{
    struct fixture *fixture = *state;
    struct scenario_sources sources = {.path = "/nowhere/at-all.yaml"};
    char *large = malloc(SCENARIO_BYTES_MAX + 2);

    assert_int_equal(
        scenario_load(&sources, &fixture->scenario, &fixture->problems, &fixture->warnings),
        -ENOENT);
    assert_non_null(strstr(fixture->problems.bytes, "/nowhere/at-all.yaml: can't be read"));
    assert_non_null(large);
    memset(large, '#', SCENARIO_BYTES_MAX + 1);
    large[SCENARIO_BYTES_MAX + 1] = '\0';
    fixture_load(fixture, large, NULL);
    assert_int_equal(fixture->code, -EFBIG);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_scenario_has_the_defaults_of_the_contract),
        cmocka_unit_test(every_executed_key_arrives_in_its_field),
        cmocka_unit_test(placement_is_a_word_or_says_who_is_where),
        cmocka_unit_test(phases_keep_their_order_and_their_rules),
        cmocka_unit_test(a_drain_phase_of_30_s_is_implied),
        cmocka_unit_test(an_implied_drain_phase_has_a_name_of_its_own),
        cmocka_unit_test(until_drained_without_for_gets_30_s),
        cmocka_unit_test(flows_override_what_stands_above_them),
        cmocka_unit_test(a_mix_has_sizes_and_ranges_with_weights),
        cmocka_unit_test(compressibility_is_a_share_of_random_payloads),
        cmocka_unit_test(keys_have_a_count_a_distribution_and_with_zipf_an_exponent),
        cmocka_unit_test(a_phase_takes_percents_of_the_flows_rates),
        cmocka_unit_test(paths_of_certificates_are_relative_to_the_scenario),
        cmocka_unit_test(an_address_with_an_s_means_tls),
        cmocka_unit_test(the_environment_is_expanded_after_parsing),
        cmocka_unit_test(the_effective_text_hides_passwords),
        cmocka_unit_test(the_effective_text_is_a_scenario_with_the_same_effect),
        cmocka_unit_test(the_sum_is_sha256_of_the_effective_text),
        cmocka_unit_test(what_a_target_lacks_is_a_warning),
        cmocka_unit_test(idle_consumers_are_a_warning_where_the_broker_deals_out_partitions),
        cmocka_unit_test(files_that_cannot_be_read_say_why),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
