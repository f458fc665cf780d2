/* The memory broker does known things to known messages; the result must say exactly those. */
#include "one_process.h"
#include "truth.h"

#include "hist.h"

#define MESSAGES 600u

/* 600 messages in 0.3 s from two producers over two partitions to two subscriptions: each partition
 * gets 300. */
static struct one_process_spec paced(void)
{
    return (struct one_process_spec){.partitions = 2,
                                     .producers = 2,
                                     .subscriptions = 2,
                                     .consumers = 2,
                                     .delivery = {.publish_ack = PUBLISH_ACK_ALL,
                                                  .in_flight = 100,
                                                  .consume_ack = CONSUME_ACK_EACH,
                                                  .consume_ack_batch = 1},
                                     .load = {LOAD_RATE, {MESSAGES, 300 * NS_PER_MS}},
                                     .load_ns = 300 * NS_PER_MS};
}

static void assert_clean(const struct result_delivery *delivery)
{
    assert_int_equal(delivery->refused, 0);
    assert_int_equal(delivery->unconfirmed, 0);
    assert_int_equal(delivery->expired, 0);
    assert_int_equal(delivery->unaccounted, 0);
    assert_int_equal(delivery->unexpected, 0);
    assert_int_equal(delivery->errors, 0);
}

static void a_clean_run_loses_and_doubles_nothing(void **state)
{
    struct one_process_spec spec = paced();
    struct result *result;
    const struct result_delivery *delivery;
    const struct result_phase *phase;

    (void)state;
    spec.delivery.consume_ack = CONSUME_ACK_BATCH;
    spec.delivery.consume_ack_batch = 64;
    result = one_process_run(&spec);
    delivery = one_process_delivery(result);
    phase = one_process_phase(result);
    assert_clean(delivery);
    assert_int_equal(phase->due, MESSAGES);
    assert_int_equal(delivery->sent, MESSAGES);
    assert_int_equal(delivery->expected, 2 * MESSAGES);
    assert_int_equal(delivery->received, 2 * MESSAGES);
    assert_int_equal(delivery->lost + delivery->duplicated + delivery->corrupted, 0);
    assert_int_equal(hist_count(phase->latency[SERIES_E2E]), 2 * MESSAGES);
    assert_int_equal(hist_count(phase->latency[SERIES_E2E_SERVICE]), 2 * MESSAGES);
    assert_int_equal(hist_count(phase->latency[SERIES_PUBLISH]), MESSAGES);
    assert_int_equal(hist_count(phase->latency[SERIES_SEND_LAG]), MESSAGES);
    assert_in_range(hist_count(phase->latency[SERIES_CALL]), 1, MESSAGES); /* Some carry several. */
    truth("a broker that does no wrong: lost, doubled, damaged", "exactly 0", "0 of %llu",
          (unsigned long long)delivery->expected);
    result_free(result);
}

static void lost_messages_are_counted_exactly(void **state)
{
    struct one_process_spec spec = paced();
    struct result *result;
    const struct result_delivery *delivery;

    (void)state;
    spec.options[0] = "lose_every";
    spec.options[1] = "7";
    result = one_process_run(&spec);
    delivery = one_process_delivery(result);
    assert_clean(delivery);
    assert_int_equal(delivery->acked, MESSAGES);
    assert_int_equal(delivery->lost, 2 * 2 * (300 / 7));
    assert_int_equal(delivery->received, 2 * MESSAGES - delivery->lost);
    assert_int_equal(delivery->duplicated, 0);
    truth("a broker that loses each 7th message", "exactly 168 of 1200", "%llu lost",
          (unsigned long long)delivery->lost);
    result_free(result);
}

static void copies_and_damage_are_counted_exactly(void **state)
{
    struct one_process_spec spec = paced();
    struct result *result;
    const struct result_delivery *delivery;

    (void)state;
    spec.options[0] = "duplicate_every";
    spec.options[1] = "5";
    spec.options[2] = "corrupt_every";
    spec.options[3] = "9";
    result = one_process_run(&spec);
    delivery = one_process_delivery(result);
    assert_clean(delivery);
    assert_int_equal(delivery->acked, MESSAGES);
    /* Every 45th is both: two damaged arrivals of one lost message. */
    assert_int_equal(delivery->lost, 2 * 2 * (300 / 9));
    assert_int_equal(delivery->corrupted, 2 * 2 * (300 / 9 + 300 / 45));
    assert_int_equal(delivery->duplicated, 2 * 2 * (300 / 5 - 300 / 45));
    truth("a broker that doubles each 5th and damages each 9th message",
          "exactly 216 doubled, 156 damaged", "%llu, %llu",
          (unsigned long long)delivery->duplicated, (unsigned long long)delivery->corrupted);
    result_free(result);
}

static void refused_and_reordered_messages_are_counted_exactly(void **state)
{
    struct one_process_spec spec = paced();
    struct result *result;
    const struct result_delivery *delivery;

    (void)state;
    spec.partitions = 1;
    spec.producers = 1;
    spec.consumers = 1; /* Competing ones would reorder by themselves. */
    spec.options[0] = "refuse_every";
    spec.options[1] = "11";
    spec.options[2] = "reorder_every";
    spec.options[3] = "10";
    result = one_process_run(&spec);
    delivery = one_process_delivery(result);
    assert_int_equal(delivery->sent, MESSAGES);
    assert_int_equal(delivery->refused, MESSAGES / 11);
    assert_int_equal(delivery->acked, MESSAGES - MESSAGES / 11);
    assert_int_equal(delivery->received, 2 * delivery->acked);
    assert_int_equal(delivery->lost + delivery->duplicated, 0);
    /* 546 were published, the last to be swapped is the 540th. */
    assert_int_equal(delivery->reordered, 2 * 54);
    truth("a broker that refuses each 11th and swaps each 10th message",
          "exactly 54 refused, 108 out of order", "%llu, %llu",
          (unsigned long long)delivery->refused, (unsigned long long)delivery->reordered);
    result_free(result);
}

static void as_fast_as_possible_the_counts_are_as_exact(void **state)
{
    struct one_process_spec spec = paced();
    struct result *result;
    const struct result_delivery *delivery;
    const struct result_phase *phase;
    uint64_t sent;

    (void)state;
    spec.partitions = 1;
    spec.delivery.consume_ack = CONSUME_ACK_NONE;
    spec.load = (struct phase_load){.load = LOAD_MAX};
    spec.options[0] = "lose_every";
    spec.options[1] = "1000";
    spec.options[2] = "duplicate_every";
    spec.options[3] = "777";
    result = one_process_run(&spec);
    delivery = one_process_delivery(result);
    phase = one_process_phase(result);
    assert_clean(delivery);
    sent = delivery->sent;
    assert_true(sent > 1000);
    assert_int_equal(phase->due, sent);
    assert_int_equal(delivery->acked, sent);
    assert_int_equal(delivery->expected, 2 * sent);
    assert_int_equal(delivery->lost, 2 * (sent / 1000));
    assert_int_equal(delivery->duplicated, 2 * (sent / 777 - sent / 777000));
    assert_null(phase->latency[SERIES_E2E]); /* There is no schedule to be late against. */
    assert_int_equal(hist_count(phase->latency[SERIES_E2E_SERVICE]),
                     delivery->received + delivery->duplicated + delivery->lost);
    assert_int_equal(hist_censored(phase->latency[SERIES_E2E_SERVICE]), delivery->lost);
    truth("a broker that loses each 1000th and doubles each 777th, as fast as possible",
          "exactly, of what was sent", "%llu and %llu of %llu x 2",
          (unsigned long long)delivery->lost, (unsigned long long)delivery->duplicated,
          (unsigned long long)sent);
    result_free(result);
}

static void a_broker_that_is_away_for_a_while_loses_nothing(void **state)
{
    struct one_process_spec spec = paced();
    struct result *result;
    const struct result_delivery *delivery;

    (void)state;
    spec.load_ns = 600 * NS_PER_MS;
    spec.options[0] = "outage_after";
    spec.options[1] = "150ms";
    spec.options[2] = "outage_for";
    spec.options[3] = "200ms";
    result = one_process_run(&spec);
    delivery = one_process_delivery(result);
    /* Open loop: what came due meanwhile was sent afterwards. */
    assert_int_equal(one_process_phase(result)->due, 2 * MESSAGES);
    assert_int_equal(delivery->sent, 2 * MESSAGES);
    assert_int_equal(delivery->lost, 0);
    assert_true(delivery->errors > 0);
    assert_true(delivery->unexpected <= 2 * delivery->unconfirmed);
    /* The first of them waited for nearly the whole outage, counted from its intended time. */
    assert_true(hist_max(one_process_phase(result)->latency[SERIES_PUBLISH]) >= 150 * NS_PER_MS);
    truth("a broker that is away for 0.2 s: lost; longest publish", "0; at least 150 ms",
          "%llu; %.0f ms", (unsigned long long)delivery->lost,
          (double)hist_max(one_process_phase(result)->latency[SERIES_PUBLISH]) / NS_PER_MS);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_run_loses_and_doubles_nothing),
        cmocka_unit_test(lost_messages_are_counted_exactly),
        cmocka_unit_test(copies_and_damage_are_counted_exactly),
        cmocka_unit_test(refused_and_reordered_messages_are_counted_exactly),
        cmocka_unit_test(as_fast_as_possible_the_counts_are_as_exact),
        cmocka_unit_test(a_broker_that_is_away_for_a_while_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
