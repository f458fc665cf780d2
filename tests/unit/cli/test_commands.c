/* check, explain and backends: exit codes, and what goes to which stream. */
#include "check.h"
#include "cli.h"
#include "cli_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct cli_outcome outcome; /* Too large for a stack. */

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("not there: %s\n%s", part, text);
    }
}

static void check_is_silent_on_stderr_when_all_is_well(void **state)
{
    (void)state;
    CALL(command_check, &outcome, "check", "quickstart.yaml", "two-flows.yaml");
    assert_int_equal(outcome.code, 0);
    assert_string_equal(outcome.out, "quickstart.yaml: ok\ntwo-flows.yaml: ok\n");
    assert_string_equal(outcome.err, "");
}

static void check_goes_on_after_a_wrong_scenario(void **state)
{
    (void)state;
    CALL(command_check, &outcome, "check", "no-such.yaml", "quickstart.yaml");
    assert_int_equal(outcome.code, 2);
    assert_string_equal(outcome.out, "quickstart.yaml: ok\n");
    assert_string_equal(outcome.err, "no-such.yaml: can't be read: No such file or directory\n");
}

static void check_shows_warnings_and_passes(void **state)
{
    (void)state;
    CALL(command_check, &outcome, "check", "quickstart.yaml", "--set",
         "delivery.publish_ack=leader");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.err, "warning: quickstart.yaml:");
    assert_has(outcome.err, "not available: publish_ack: leader");
}

static void explain_says_who_writes_and_reads_which_topic(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "1 case, 1 trial, 2 agents, 9 s of load, at most 19 s with draining\n");
    assert_has(outcome.out, "case memory: memory\n");
    assert_has(outcome.out, "steady           8 s, 5,000/s\n");
    assert_has(outcome.out, "warm-up          1 s, 2,000/s, not measured\n");
    assert_has(outcome.out, "42.0k messages out, 20.5 MiB; each read by 1 subscription\n");
    assert_has(outcome.out, "0: 2 producers, 2 consumers on ");
    assert_has(outcome.out, "sends 2,500/s; about ");
    assert_has(outcome.out, "millrace-RUN-c0-t0-main-3: producer 3@1 -> consumer 0.3@1\n");
    assert_has(outcome.out, "disk: about ");
}

static void explain_says_what_tls_means_on_the_target(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--target",
         "rabbitmq=amqps://rabbit:5671");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "  tls: amqps; TLS 1.2 or newer");
    assert_has(outcome.out, "an IP address is never found in a certificate");
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--target",
         "rabbitmq=amqp://rabbit:5672");
    assert_int_equal(outcome.code, 0);
    assert_null(strstr(outcome.out, "  tls: "));
}

/* It said "at most 30 h": the limits of phases that end by count were taken for their lengths. */
static void explain_says_that_counts_take_as_long_as_they_take(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "publish-throughput-by-count.yaml");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "6 cases, 30 trials, 2 agents, load until its counts are sent, at most "
                            "22 min 30 s with draining\n");
    assert_has(outcome.out, "count            at most 30 s, 10 messages, as fast as confirms");
    CALL(command_explain, &outcome, "explain", "publish-throughput-by-count.yaml", "--set",
         "repeat=1", "--set", "phases.count.rate=10k/s");
    assert_int_equal(outcome.code, 0);
    /* 6660 messages. */
    assert_has(outcome.out, ", 666 ms of load, at most 4 min 30 s with draining\n");
    CALL(command_explain, &outcome, "explain", "publish-throughput-by-count.yaml", "--set",
         "repeat=1", "--set",
         "phases=[{ name: warm-up, rate: max, for: 2s }, { name: count, rate: max, messages: 1 }]");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, ", 12 s of load and what its counts take, at most ");
}

static void explain_says_how_a_search_goes_on_and_what_it_can_come_to(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "capacity.yaml", "--target", "memory", "--set",
         "search.rate.from=1k/s", "--set", "search.rate.to=8k/s", "--set", "search.width=20%");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "the highest rate from 1,000/s to 8,000/s that each case holds, to "
                            "within 20 %\n");
    assert_has(outcome.out, "a trial has 2 s to settle, 6 s that count, at most 30 s to drain\n");
    assert_has(outcome.out, "each of the two bounds by at most 3 trials with 10 s that count\n");
    /* One, three doublings, two halvings, and six of 12 s that confirm. */
    assert_has(outcome.out, "  expected: 12 trials, 2 min of load, at most 8 min with "
                            "draining, at most 960k messages\n");
    assert_has(outcome.out, "  at worst: 100 trials, 20 min of load, at most 70 min with "
                            "draining, at most 9.60M messages\n");
    assert_has(outcome.out, "objectives, of each trial:\n  what was asked is sent, ");
    assert_has(outcome.out, "(the first trial of the search; others have another rate)\n");
}

static void explain_says_what_is_calibrated_and_how_long_that_takes(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set", "calibrate=2s", "--set",
         "repeat=3");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "calibration: 1 case into memory as fast as possible, each 2 s\n"
                            "calibration takes at most 7.30 s in all\n");
    /* Three trials of 9 s, 19 s with their drains, beside it. */
    assert_has(outcome.out, "29 s of load, at most 1 min 04 s with draining\n");
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set", "calibrate=none");
    assert_int_equal(outcome.code, 0);
    assert_null(strstr(outcome.out, "calibration"));
    CALL(command_explain, &outcome, "explain", "quickstart.yaml"); /* Memory, and not asked for. */
    assert_null(strstr(outcome.out, "calibration"));
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--target",
         "rabbitmq=amqp://rabbit:5672", "--set", "calibrate=2s");
    assert_has(outcome.out,
               "calibration: 1 case, each a burst of 5000 messages to its own target as "
               "fast as possible, for 2 s at most\n");
}

static void explain_lists_objectives_line_by_line_those_that_are_implied_too(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set",
         "objectives=[\"e2e.p99 < 10ms\", \"lost <= 3\"]");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out,
               "objectives:\n  e2e.p99 < 10ms\n  lost <= 3\n"
               "  corrupted == 0 (implied)\n"
               "  attained >= 99% (implied, of each flow in each measured phase with "
               "a rate)\n"
               "  refused + unconfirmed + errors <= 0.1% of what was sent (implied, as "
               "above)\n\n");
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set",
         "objectives=[\"attained > 50%\", \"errors < 9\", \"outage.max < 2s\"]");
    assert_has(outcome.out, "  corrupted == 0 (implied)\n"
                            "  refused + unconfirmed <= 0.1% of what was sent (implied, as above, "
                            "but for outages)\n\n");
}

static void explain_says_that_the_self_check_only_warns(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set", "selfcheck=warn");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "objectives, judged as observed whatever the self-check says:\n");
}

static void explain_tells_flows_and_open_ends_apart(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "two-flows.yaml");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "5 s, orders 6,000/s, exports 30.0/s\n");
    assert_has(outcome.out, "at most 15 s, nothing sent, until every subscription");
    CALL(command_explain, &outcome, "explain", "max-memory.yaml");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out,
               "as many messages out as confirms allow; each read by 1 subscription\n");
    assert_has(outcome.out, "full             10 s, as fast as confirms allow\n");
}

static void explain_says_what_a_mix_of_sizes_comes_to(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set",
         "message.size={ mix: [ { size: 256, weight: 70 }, { size: 4KiB..64KiB, weight: 30 } ] }");
    assert_int_equal(outcome.code, 0);
    /* (0.7 x 256 + 0.3 x 34816) B = 10.375 KiB. */
    assert_has(outcome.out, "messages of 256 B (70 %), 4.00 KiB to 64.0 KiB (30 %), mean 10.4 KiB, "
                            "random; ");
}

static void explain_says_how_keys_spread(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set",
         "message.keys={ count: 1, distribution: zipf, exponent: 1 }", "--set",
         "topology.partitions=2");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "    1 key, zipf with exponent 1: the busiest is that of 100 % of the "
                            "messages; of a topic's messages the partitions get 0 % to 100 %\n");
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set",
         "message.keys={ count: 1M, distribution: sequential }", "--set", "topology.partitions=2");
    assert_has(outcome.out, "    1000000 keys, sequential; of a topic's messages the partitions "
                            "get 50 % to 50 %\n");
}

static void explain_names_idle_agents_and_idle_consumers(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set", "topology.topics=1",
         "--target", "memory", "--target", "kafka");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "    1: idle, it has no clients\n");
    assert_has(outcome.out, "idle: consumer 0.1@");
    assert_has(outcome.err, "3 of 4 consumers of each subscription of flow main have no partition");
}

static void explain_says_what_is_not_available(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--set", "delivery.ttl=1s",
         "--target", "memory", "--target", "kafka");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "2 cases, 1 trial, ");
    assert_has(outcome.out, "case kafka: kafka at 127.0.0.1:9092\n  not available: ttl: ");
}

static void explain_refuses_what_no_plan_can_do(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "apart.yaml", "--agents", "1");
    assert_int_equal(outcome.code, 2);
    assert_string_equal(outcome.out, "");
    assert_string_equal(outcome.err, "millrace explain: rabbitmq: placement: apart needs at least "
                                     "2 agents, there is 1\n");
}

static void an_unknown_option_is_answered_with_the_nearest(void **state)
{
    (void)state;
    CALL(command_explain, &outcome, "explain", "quickstart.yaml", "--sede=1");
    assert_int_equal(outcome.code, 2);
    assert_string_equal(outcome.err,
                        "millrace explain: unknown option --sede (did you mean --seed?)\n");
}

static void every_command_has_help_with_examples(void **state)
{
    static int (*const commands[])(int, char **) = {command_check, command_explain,
                                                    command_backends};

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        CALL(commands[i], &outcome, "x", "--help");
        assert_int_equal(outcome.code, 0);
        assert_has(outcome.out, "usage: millrace ");
        assert_has(outcome.out, "\nexamples:\n  millrace ");
        assert_string_equal(outcome.err, "");
    }
}

static void backends_shows_all_and_one(void **state)
{
    (void)state;
    CALL(command_backends, &outcome, "backends");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "\nmemory ");
    assert_has(outcome.out, "\nkafka ");
    assert_has(outcome.out, "\nrabbitmq ");
    assert_has(outcome.out, "\nmqtt/paho ");
    CALL(command_backends, &outcome, "backends", "memory");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "placement: apart");
    assert_has(outcome.out, "not available: a topic lives inside one agent");
    assert_has(outcome.out, "  delay: duration (default 0ns)\n");
    CALL(command_backends, &outcome, "backends", "mqtt");
    assert_int_equal(outcome.code, 0);
    assert_has(outcome.out, "mqtt: MQTT\n  client ");
    assert_has(outcome.out, "\n  publish_ack: none                              yes: QoS 0\n");
    assert_has(outcome.out, "paho: not available: paho takes and acknowledges");
    assert_has(outcome.out, "own: yes: what is not taken stays");
    assert_has(outcome.out, "  library_queue: count (default 1000), client paho\n");
    assert_has(outcome.out, "  keep_alive: duration (default 60s)\n");
    assert_has(outcome.out, "  - client paho: The client library acknowledges");
    assert_has(outcome.out, "  - A message of MQTT has no key");
    CALL(command_backends, &outcome, "backends", "rabitmq");
    assert_int_equal(outcome.code, 2);
    assert_string_equal(outcome.err,
                        "millrace backends: there is no rabitmq (did you mean rabbitmq?)\n");
}

/* argv: the folder of the shipped scenarios. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_is_silent_on_stderr_when_all_is_well),
        cmocka_unit_test(check_goes_on_after_a_wrong_scenario),
        cmocka_unit_test(check_shows_warnings_and_passes),
        cmocka_unit_test(explain_says_who_writes_and_reads_which_topic),
        cmocka_unit_test(explain_says_what_tls_means_on_the_target),
        cmocka_unit_test(explain_says_that_counts_take_as_long_as_they_take),
        cmocka_unit_test(explain_says_how_a_search_goes_on_and_what_it_can_come_to),
        cmocka_unit_test(explain_says_what_is_calibrated_and_how_long_that_takes),
        cmocka_unit_test(explain_lists_objectives_line_by_line_those_that_are_implied_too),
        cmocka_unit_test(explain_says_that_the_self_check_only_warns),
        cmocka_unit_test(explain_tells_flows_and_open_ends_apart),
        cmocka_unit_test(explain_says_what_a_mix_of_sizes_comes_to),
        cmocka_unit_test(explain_says_how_keys_spread),
        cmocka_unit_test(explain_names_idle_agents_and_idle_consumers),
        cmocka_unit_test(explain_says_what_is_not_available),
        cmocka_unit_test(explain_refuses_what_no_plan_can_do),
        cmocka_unit_test(an_unknown_option_is_answered_with_the_nearest),
        cmocka_unit_test(every_command_has_help_with_examples),
        cmocka_unit_test(backends_shows_all_and_one),
    };

    if (argc != 2 || chdir(argv[1]) != 0) {
        (void)fprintf(stderr, "usage: %s SCENARIOS_FOLDER\n", argv[0]);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
