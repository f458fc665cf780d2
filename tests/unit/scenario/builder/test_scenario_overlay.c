#include "check.h"
#include "mono.h"
#include "scenario_fixture.h"

#include <stdlib.h>
#include <string.h>

static const char base[] = "millrace: 1\n"
                           "targets:\n"
                           "  - { label: rabbit-3.10, backend: rabbitmq, address: "
                           "amqp://127.0.0.1:1, auth: { username: a, "
                           "password: b } }\n"
                           "  - { label: rabbit, backend: rabbitmq, address: amqp://127.0.0.1:2 }\n"
                           "  - { backend: memory, options: { delay: 1ms } }\n"
                           "topology: { topics: 4, producers: 4 }\n"
                           "phases:\n"
                           "  - { name: warm-up, rate: 1k/s, for: 1s, measure: false }\n"
                           "  - { name: steady, rate: 5k/s, for: 8s }\n";

static void with_merges_mappings_deeply(void **state)
{
    const struct scenario *s = fixture_good(
        *state, base,
        &(struct fixture_extra){.with = "topology: { producers: 8 }\nmessage: { size: 64 }\n"});

    assert_int_equal(s->setups[0].flows[0].topology.topics, 4);
    assert_int_equal(s->setups[0].flows[0].topology.producers, 8);
    assert_int_equal(message_bytes_max(&s->setups[0].flows[0].message), 64);
}

static void with_merges_targets_and_phases_by_name(void **state)
{
    const struct scenario *s = fixture_good(
        *state, base,
        &(struct fixture_extra){.with = "targets:\n"
                                        "  - { label: memory, options: { lose_every: 5 } }\n"
                                        "  - { backend: kafka, address: \"127.0.0.1:9092\" }\n"
                                        "phases:\n"
                                        "  - { name: steady, rate: 9k/s }\n"
                                        "  - { name: late, rate: 1/s, for: 1s }\n"});

    assert_int_equal(s->targets_count, 4);
    assert_string_equal(s->targets[2].label, "memory");
    assert_string_equal(target_option(&s->targets[2], "delay"), "1ms");
    assert_string_equal(target_option(&s->targets[2], "lose_every"), "5");
    assert_string_equal(s->targets[3].label, "kafka");
    assert_int_equal(s->setups[0].phases_count, 4);
    assert_string_equal(s->setups[0].phases[1].name, "steady");
    assert_int_equal(
        s->setups[0].phases[1].rate.messages * NS_PER_S / s->setups[0].phases[1].rate.per_ns, 9000);
    assert_int_equal(s->setups[0].phases[1].duration_ns, 8 * NS_PER_S);
    assert_string_equal(s->setups[0].phases[2].name, "late");
}

static void with_replaces_lists_without_names(void **state)
{
    const struct scenario *s = fixture_good(
        *state,
        "millrace: 1\ntargets: [ { backend: kafka, addresses: [ \"a:1\", \"b:1\" ] } "
        "]\n" FIXTURE_PHASES,
        &(struct fixture_extra){.with = "targets: [ { label: kafka, addresses: [ \"c:1\" ] } ]\n"});

    assert_int_equal(s->targets[0].addresses_count, 1);
    assert_string_equal(s->targets[0].addresses[0], "c:1");
}

static void problems_point_into_the_overlay(void **state)
{
    fixture_bad(*state, base,
                &(struct fixture_extra){.with = "phases:\n  - name: steady\n    rate: yes\n"},
                "/with.yaml:3:11: phases.steady.rate: \"yes\" is not a rate");
    fixture_bad(*state, base,
                &(struct fixture_extra){.with = "phases:\n  - { name: x, rate: 1/s, for: 1s }\n"
                                                "  - { name: x, rate: 2/s, for: 1s }\n"},
                "/with.yaml:3:5: phases.x: duplicate name (the first stands in line 2, column 5)");
    fixture_bad(*state, base, &(struct fixture_extra){.with = "a: [\n"}, "/with.yaml:");
}

static void set_addresses_items_by_name_even_with_dots(void **state)
{
    const struct scenario *s =
        fixture_good(*state, base,
                     &(struct fixture_extra){.set = {"phases.steady.rate=40k/s",
                                                     "targets.rabbit-3.10.auth.username=me",
                                                     "targets.rabbit.address=amqp://127.0.0.1:3",
                                                     "targets.memory.options.delay=2ms"}});

    assert_int_equal(s->setups[0].phases[1].rate.messages * NS_PER_S /
                         s->setups[0].phases[1].rate.per_ns,
                     40000);
    assert_string_equal(s->targets[0].username, "me");
    assert_string_equal(s->targets[0].password, "b");
    assert_string_equal(s->targets[1].addresses[0], "amqp://127.0.0.1:3");
    assert_string_equal(target_option(&s->targets[2], "delay"), "2ms");
}

static void set_makes_what_is_not_there(void **state)
{
    const struct scenario *s = fixture_good(
        *state, base,
        &(struct fixture_extra){
            .set = {"delivery.consume_ack=each", "delivery.consume_ack.batch=100",
                    "message={ size: 100, payload: zeros }", "flows={ a: { rate: 5/s } }",
                    "phases.steady={ name: steady, for: 1s }",
                    "phases.warm-up={ name: warm-up, rate: max, for: 1s }", "flows.a.rate=6/s"}});

    assert_int_equal(s->setups[0].flows[0].delivery.consume_ack, CONSUME_ACK_BATCH);
    assert_int_equal(s->setups[0].flows[0].delivery.consume_ack_batch, 100);
    assert_int_equal(message_bytes_max(&s->setups[0].flows[0].message), 100);
    assert_string_equal(s->setups[0].flows[0].name, "a");
    assert_int_equal(
        s->setups[0].flows[0].rate.messages * NS_PER_S / s->setups[0].flows[0].rate.per_ns, 6);
}

static void set_is_validated_like_a_file(void **state)
{
    static const struct {
        const char *set;
        const char *part;
    } cases[] = {
        {"topology.topics=0", "--set topology.topics: \"0\" is out of range (1 to 4096)\n"},
        {"topologie.topics=1",
         "--set topologie.topics: topologie: unknown key (did you mean topology?)\n"},
        {"phases.stedy.rate=1/s",
         "--set phases.stedy.rate: there is no \"stedy\" (did you mean steady?)\n"},
        {"targets.pulsar.options.x=1", "--set targets.pulsar.options.x: there is no \"pulsar\" "
                                       "(there is rabbit-3.10, rabbit, memory; "
                                       "add one with --with)\n"},
        {"compare.worse.e2e.p98.5=x", "--set compare.worse.e2e.p98.5: \"x\" is not a percentage"},
        {"flows.a.rate=1/s",
         "--set flows.a.rate: the scenario has no flows (add one with --with)\n"},
        {"sweep.message.size=1", "--set sweep.message.size: is a single value (a list)\n"},
        {"delivery={ ordered: yes }",
         "--set delivery: delivery.ordered: \"yes\" is not a boolean (true or false)\n"},
        {"delivery={ ordered: ${X} }",
         "--set delivery: inside { } and [ ] a ${NAME} must be quoted"},
        {"delivery={", "--set delivery: not YAML: "},
        {"topology.topics", "--set topology.topics: is not of the form KEY=VALUE\n"},
        {"=5", "--set : is not of the form KEY=VALUE\n"},
        {"topology.topics=", "--set topology.topics: is empty\n"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t=1", "has too many parts\n"},
        {"topology.topics=&a 4", "anchors and aliases are not supported"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_bad(*state, base, &(struct fixture_extra){.set = {cases[i].set}}, cases[i].part);
    }
}

static void all_problems_of_all_sources_come_in_their_order(void **state)
{
    struct fixture *fixture = *state;
    const char *first;
    const char *second;
    const char *third;

    fixture_bad(fixture, "zebra: 1\nmillrace: 1\ntargets: [ { backend: memory } ]\n" FIXTURE_PHASES,
                &(struct fixture_extra){.with = "yak: 1\n",
                                        .set = {"topology.topics=x"},
                                        .targets = {"nothing-like-it"}},
                "the-test.yaml:1:1: zebra");
    first = strstr(fixture->problems.bytes, "with.yaml:1:1: yak");
    assert_non_null(first);
    second = strstr(first, "--set topology.topics: ");
    assert_non_null(second);
    third = strstr(second, "--target nothing-like-it: there is no target and no backend");
    assert_non_null(third);
}

static void a_password_is_not_taken_from_the_command_line(void **state)
{
    struct fixture *fixture = *state;
    const struct scenario *s;

    fixture_bad(fixture, base,
                &(struct fixture_extra){.set = {"targets.rabbit-3.10.auth.password=hunter2"}},
                "--set targets.rabbit-3.10.auth.password: a secret does not belong on the command "
                "line");
    assert_null(strstr(fixture->problems.bytes, "hunter2"));
    assert_int_equal(setenv("MILLRACE_TEST_PASSWORD", "hunter2", 1), 0);
    s = fixture_good(fixture, base,
                     &(struct fixture_extra){
                         .set = {"targets.rabbit-3.10.auth.password=${MILLRACE_TEST_PASSWORD}"}});
    assert_string_equal(s->targets[0].password, "hunter2");
    assert_null(strstr(s->effective, "hunter2"));
    fixture_bad(fixture, base, &(struct fixture_extra){.targets = {"rabbit=amqp://a:hunter2@h:1"}},
                "--target rabbit: targets.rabbit.address: user and password don't belong");
    assert_null(strstr(fixture->problems.bytes, "hunter2"));
    assert_int_equal(unsetenv("MILLRACE_TEST_PASSWORD"), 0);
}

static void target_selects_in_its_order(void **state)
{
    const struct scenario *s =
        fixture_good(*state, base, &(struct fixture_extra){.targets = {"memory", "rabbit-3.10"}});

    assert_int_equal(s->targets_count, 2);
    assert_string_equal(s->targets[0].label, "memory");
    assert_string_equal(s->targets[1].label, "rabbit-3.10");
}

static void target_gives_a_new_address_and_keeps_the_rest(void **state)
{
    const struct scenario *s = fixture_good(
        *state, base, &(struct fixture_extra){.targets = {"rabbit-3.10=amqp://10.0.0.7:5672"}});

    assert_int_equal(s->targets_count, 1);
    assert_string_equal(s->targets[0].addresses[0], "amqp://10.0.0.7:5672");
    assert_string_equal(s->targets[0].username, "a");
    assert_string_equal(s->targets[0].password, "b");
}

static void target_adds_a_backend_that_the_scenario_lacks(void **state)
{
    const struct scenario *s = fixture_good(
        *state, FIXTURE_TARGETS FIXTURE_PHASES,
        &(struct fixture_extra){
            .targets = {"rabbitmq", "kafka=10.0.0.7:9092,10.0.0.8:9092", "mqtt", "memory"}});

    assert_int_equal(s->targets_count, 4);
    assert_string_equal(s->targets[0].addresses[0], "amqp://127.0.0.1:5672");
    assert_int_equal(s->targets[1].addresses_count, 2);
    assert_string_equal(s->targets[1].addresses[1], "10.0.0.8:9092");
    assert_string_equal(s->targets[2].addresses[0], "mqtt://127.0.0.1:1883");
    assert_string_equal(s->targets[3].backend, "memory");
}

static void target_makes_a_scenario_without_targets_whole(void **state)
{
    const struct scenario *s = fixture_good(*state, "millrace: 1\n" FIXTURE_PHASES,
                                            &(struct fixture_extra){.targets = {"memory"}});

    assert_int_equal(s->targets_count, 1);
    assert_string_equal(s->targets[0].label, "memory");
}

static void target_refuses_what_it_does_not_know(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *targets[2];
        const char *part;
    } cases[] = {
        {{"memroy"},
         "--target memroy: there is no target and no backend of that name (did you mean "
         "memory?)\n"},
        {{"rabbit-3.1"}, "(did you mean rabbit-3.10?)\n"},
        {{"memory", "memory"}, "--target memory: is selected twice\n"},
        {{"memory=here"},
         "--target memory: targets.memory.address: the memory backend has no address\n"},
        {{"kafka=nonsense"},
         "--target kafka: targets.kafka.address: \"nonsense\" is not an address of the form "
         "HOST:PORT\n"},
        {{"amqp://guest:hunter2@127.0.0.1"},
         "--target amqp: there is no target and no backend of that name "
         "(rabbit-3.10, rabbit, memory, kafka, rabbitmq, mqtt)\n"},
        {{""}, "--target : there is no target"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_bad(fixture, base,
                    &(struct fixture_extra){.targets = {cases[i].targets[0], cases[i].targets[1]}},
                    cases[i].part);
        assert_null(strstr(fixture->problems.bytes, "hunter2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_merges_mappings_deeply),
        cmocka_unit_test(with_merges_targets_and_phases_by_name),
        cmocka_unit_test(with_replaces_lists_without_names),
        cmocka_unit_test(problems_point_into_the_overlay),
        cmocka_unit_test(set_addresses_items_by_name_even_with_dots),
        cmocka_unit_test(set_makes_what_is_not_there),
        cmocka_unit_test(set_is_validated_like_a_file),
        cmocka_unit_test(all_problems_of_all_sources_come_in_their_order),
        cmocka_unit_test(a_password_is_not_taken_from_the_command_line),
        cmocka_unit_test(target_selects_in_its_order),
        cmocka_unit_test(target_gives_a_new_address_and_keeps_the_rest),
        cmocka_unit_test(target_adds_a_backend_that_the_scenario_lacks),
        cmocka_unit_test(target_makes_a_scenario_without_targets_whole),
        cmocka_unit_test(target_refuses_what_it_does_not_know),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
