/* Latencies against what the broker really did: frozen for a second, or holding each message back.
 * What is compared was seen in the same run, so a busy machine makes both sides late. */
#include "one_process.h"
#include "truth.h"

#include "backend_drivers.h"
#include "hist.h"
#include "memory_broker_inner.h"
#include "stamp.h"

#include <stdlib.h>

/* ---- The frozen broker: coordinated omission, or not ---- */

#define GAP_NS NS_PER_MS
#define FROZEN_MESSAGES 10000u
#define FROZEN_BYTES_MAX 4096
#define FROZEN_NS NS_PER_S

/* When each message was due and when the broker took it, and when the broker was frozen. */
static struct {
    struct backend_ops ops;
    int64_t intended_ns[FROZEN_MESSAGES]; /* Offsets from T0. */
    int64_t sent_ns[FROZEN_MESSAGES];     /* mono_ns(). */
    int64_t taken_ns[FROZEN_MESSAGES];
    uint32_t count;
    struct memory_outage outage;
} frozen;

static int submit_and_look(struct endpoint *endpoint, const struct message *messages,
                           uint32_t messages_count)
{
    char whole[FROZEN_BYTES_MAX];
    int64_t now_ns = mono_ns();
    int taken = backend_memory.submit(endpoint, messages, messages_count);
    struct stamp stamp;

    for (int i = 0; i < taken && frozen.count < FROZEN_MESSAGES; i++) {
        assert_true(message_whole_bytes(&messages[i]) <= sizeof whole);
        message_write(&messages[i], whole);
        assert_int_equal(
            stamp_read(whole, message_whole_bytes(&messages[i]), ONE_PROCESS_TAG, &stamp),
            STAMP_OK);
        frozen.intended_ns[frozen.count] = stamp.intended_ns;
        frozen.sent_ns[frozen.count] = stamp.sent_ns;
        assert_true(stamp.sent_ns <= now_ns);
        frozen.taken_ns[frozen.count++] = now_ns;
    }
    return taken;
}

static int open_and_look(const struct endpoint_config *config, struct endpoint **ret,
                         struct errinfo *reterr)
{
    struct memory_topic *topic = memory_topic_get(config->target->label, config->topics[0].name);

    assert_non_null(topic);
    frozen.outage = topic->rules.outage;
    memory_topic_put(topic);
    return backend_memory.open(config, ret, reterr);
}

/* 1k/s for 10 s, and one second in which nothing is taken, confirmed or delivered. */
static struct result *run_frozen(int64_t *ret_t0_ns)
{
    const struct one_process_spec spec = {
        .partitions = 1,
        .producers = 1,
        .subscriptions = 1,
        .consumers = 1,
        .delivery = {.publish_ack = PUBLISH_ACK_ALL, .in_flight = 5000, .consume_ack_batch = 1},
        .load = {LOAD_RATE, {1, GAP_NS}},
        .load_ns = FROZEN_MESSAGES * GAP_NS,
        .options = {"outage_after", "4s", "outage_for", "1s", "outage", "frozen"},
        .ops = &frozen.ops,
        .ret_t0_ns = ret_t0_ns};

    frozen.ops = backend_memory;
    frozen.ops.submit = submit_and_look;
    frozen.ops.open = open_and_look;
    return one_process_run(&spec);
}

/* Mean over all messages of the part of their wait in which the broker was frozen, of those that
 * came due in it: 1 s x 1 s / (2 x 10 s), to half a gap. What the generator was late by itself, as
 * on a busy machine, is not in it. */
static double frozen_mean_ns(int64_t t0_ns)
{
    double sum_ns = 0.0;

    assert_int_equal(frozen.outage.until_ns - frozen.outage.from_ns, FROZEN_NS);
    for (uint32_t i = 0; i < frozen.count; i++) {
        int64_t due_ns = t0_ns + frozen.intended_ns[i];

        if (due_ns >= frozen.outage.from_ns && due_ns < frozen.outage.until_ns) {
            assert_true(frozen.taken_ns[i] >= frozen.outage.until_ns);
            sum_ns += (double)(frozen.outage.until_ns - due_ns);
        }
    }
    return sum_ns / FROZEN_MESSAGES;
}

static double late_mean_ns(int64_t t0_ns)
{
    double sum_ns = 0.0;

    for (uint32_t i = 0; i < frozen.count; i++) {
        sum_ns += (double)(frozen.taken_ns[i] - t0_ns - frozen.intended_ns[i]);
    }
    return sum_ns / FROZEN_MESSAGES;
}

/* By what the messages say themselves: on a busy machine a batch can be kept from the driver. */
static double sent_late_mean_ns(int64_t t0_ns)
{
    double sum_ns = 0.0;

    for (uint32_t i = 0; i < frozen.count; i++) {
        sum_ns += (double)(frozen.sent_ns[i] - t0_ns - frozen.intended_ns[i]);
    }
    return sum_ns / FROZEN_MESSAGES;
}

static void assert_rise(const char *name, const struct hist *response, const struct hist *service,
                        int64_t t0_ns)
{
    double rise_ns = hist_mean(response) - hist_mean(service);

    assert_int_equal(hist_count(response), FROZEN_MESSAGES);
    assert_true(rise_ns >= frozen_mean_ns(t0_ns));
    /* The clock is read once more on the way from the schedule to the driver. */
    assert_true(rise_ns <= late_mean_ns(t0_ns) + 1.0);
    assert_true(rise_ns >= sent_late_mean_ns(t0_ns) - 20.0 * NS_PER_US);
    /* The hundredth of ten thousand from above came due 100 ms into the second, give or take a gap.
     */
    assert_true(hist_percentile(response, 99.0) >= 900 * NS_PER_MS - GAP_NS);
    /* One message at most was with the broker when it froze. */
    assert_true(hist_percentile(service, 99.0) < 450 * NS_PER_MS);
    truth("broker frozen for 1 s of 10 s: mean response over mean service",
          "its part of each wait, to 0.02 ms", "%s %.3f ms, by the waits %.3f ms", name,
          rise_ns / NS_PER_MS, late_mean_ns(t0_ns) / NS_PER_MS);
    truth("broker frozen for 1 s of 10 s: p99 of response; of service",
          "at least 899 ms; below 450 ms", "%.0f ms; %.3f ms",
          (double)hist_percentile(response, 99.0) / NS_PER_MS,
          (double)hist_percentile(service, 99.0) / NS_PER_MS);
}

static void a_frozen_second_shows_in_the_response_and_not_in_the_service(void **state)
{
    int64_t t0_ns = 0;
    struct result *result = run_frozen(&t0_ns);
    const struct result_phase *phase = one_process_phase(result);
    double off_ns = frozen_mean_ns(t0_ns) - 50.0 * NS_PER_MS;

    (void)state;
    assert_int_equal(phase->due, FROZEN_MESSAGES);
    assert_int_equal(frozen.count, FROZEN_MESSAGES);
    assert_int_equal(one_process_delivery(result)->lost, 0);
    assert_true(off_ns > -0.1 * NS_PER_MS && off_ns < 0.1 * NS_PER_MS);
    assert_rise("publish", phase->latency[SERIES_PUBLISH], phase->latency[SERIES_PUBLISH_SERVICE],
                t0_ns);
    assert_rise("e2e", phase->latency[SERIES_E2E], phase->latency[SERIES_E2E_SERVICE], t0_ns);
    result_free(result);
}

/* ---- Set delays ---- */

#define MESSAGES 1000u

/* When the broker had let go of each message: by the return of the poll that gave it. */
static struct {
    struct backend_ops ops;
    int64_t intended_ns[MESSAGES]; /* Offsets from T0. */
    int64_t sent_ns[MESSAGES];
    int64_t released_ns[MESSAGES];
    uint32_t count;
} seen;

/* Consumers of one worker only, so no lock. */
static int poll_and_look(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    int count = backend_memory.poll(endpoint, events, events_max);
    int64_t now_ns = mono_ns();

    for (int i = 0; i < count; i++) {
        struct stamp stamp;

        if (events[i].kind != EVENT_MESSAGE || seen.count == MESSAGES) {
            continue;
        }
        assert_int_equal(
            stamp_read(events[i].bytes, events[i].bytes_count, ONE_PROCESS_TAG, &stamp), STAMP_OK);
        seen.intended_ns[seen.count] = stamp.intended_ns;
        seen.sent_ns[seen.count] = stamp.sent_ns;
        seen.released_ns[seen.count++] = now_ns;
    }
    return count;
}

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return a < b ? -1 : a > b;
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

static void assert_near(int64_t reported_ns, int64_t truth_ns)
{
    int64_t off_ns = distance(reported_ns, truth_ns);

    if (off_ns * 100 > truth_ns * 3 && off_ns > 100 * NS_PER_US) {
        fail_msg("%lld ns reported, %lld ns in truth", (long long)reported_ns, (long long)truth_ns);
    }
}

/* latencies: what was seen from outside, in any order. */
static void assert_percentiles(const struct hist *hist, int64_t *latencies)
{
    qsort(latencies, MESSAGES, sizeof latencies[0], compare_times);
    assert_int_equal(hist_count(hist), MESSAGES);
    assert_near(hist_percentile(hist, 50.0), latencies[MESSAGES / 2 - 1]);
    assert_near(hist_percentile(hist, 99.0), latencies[MESSAGES * 99 / 100 - 1]);
}

/* Of latencies that were sorted. */
static double median_ms(const int64_t *latencies)
{
    int64_t median_ns = latencies[MESSAGES / 2 - 1];

    return (double)median_ns / NS_PER_MS;
}

static void check_delay(const char *delay, int64_t delay_ns)
{
    static int64_t latencies[MESSAGES];
    int64_t t0_ns = 0;
    struct one_process_spec spec = {
        .partitions = 1,
        .producers = 2,
        .subscriptions = 1,
        .consumers = 1,
        .delivery = {.publish_ack = PUBLISH_ACK_ALL, .in_flight = 5000, .consume_ack_batch = 1},
        .load = {LOAD_RATE, {1, NS_PER_MS}},
        .load_ns = MESSAGES * NS_PER_MS,
        .options = {"delay", delay},
        .ops = &seen.ops,
        .ret_t0_ns = &t0_ns};
    const struct result_phase *phase;
    struct result *result;

    seen.ops = backend_memory;
    seen.ops.poll = poll_and_look;
    seen.count = 0;
    result = one_process_run(&spec);
    phase = one_process_phase(result);
    assert_int_equal(seen.count, MESSAGES);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        latencies[i] = seen.released_ns[i] - (t0_ns + seen.intended_ns[i]);
        assert_true(latencies[i] >= delay_ns);
    }
    assert_percentiles(phase->latency[SERIES_E2E], latencies);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        latencies[i] = seen.released_ns[i] - seen.sent_ns[i];
        assert_true(latencies[i] >= delay_ns);
    }
    assert_percentiles(phase->latency[SERIES_E2E_SERVICE], latencies);
    truth("a broker that keeps each message for a while, delay and p50 from outside and as told",
          "3 %, or 0.1 ms", "%s: %.3f ms, %.3f ms", delay, median_ms(latencies),
          (double)hist_percentile(phase->latency[SERIES_E2E_SERVICE], 50.0) / NS_PER_MS);
    result_free(result);
}

static void set_delays_are_reported_as_the_broker_kept_them(void **state)
{
    (void)state;
    check_delay("100us", 100 * NS_PER_US);
    check_delay("1ms", NS_PER_MS);
    check_delay("10ms", 10 * NS_PER_MS);
    check_delay("100ms", 100 * NS_PER_MS);
}

/* ---- Answers that are read with the next send ---- */

#define ROUNDS 3

/* Medians of a run, in which each worker has a producer and a consumer. */
struct medians {
    int64_t publish_ns; /* Both from the actual send. */
    int64_t e2e_ns;
    int64_t lag_ns; /* What the host was late by, without the wait for ticks. */
    int64_t resolution_ns;
};

static struct medians run_resolved(struct one_process_spec spec, bool wake_each)
{
    const struct result_phase *phase;
    struct result *result;
    struct medians medians;
    int64_t lag_ns = 0;

    assert_int_equal(wake_each ? setenv("MILLRACE_TEST_WAKE_EACH", "1", 1)
                               : unsetenv("MILLRACE_TEST_WAKE_EACH"),
                     0);
    result = one_process_run(&spec);
    phase = one_process_phase(result);
    /* The case's is that of its trial, not the sum of both. */
    assert_int_equal(result->cases[0].phases[0].resolution_ns, phase->resolution_ns);
    if (spec.load.load == LOAD_RATE) {
        lag_ns = hist_percentile(phase->latency[SERIES_SEND_LAG], 50.0) - spec.coalesce_ns / 2;
    }
    medians = (struct medians){.publish_ns =
                                   hist_percentile(phase->latency[SERIES_PUBLISH_SERVICE], 50.0),
                               .e2e_ns = hist_percentile(phase->latency[SERIES_E2E_SERVICE], 50.0),
                               .lag_ns = lag_ns > 0 ? lag_ns : 0,
                               .resolution_ns = (int64_t)phase->resolution_ns};
    result_free(result);
    assert_int_equal(unsetenv("MILLRACE_TEST_WAKE_EACH"), 0);
    return medians;
}

/* By how much more they differ than is told, and than the host was late by: a sleep that ends late
 * for its message ends late for the answers, too. */
static int64_t beyond(int64_t together_ns, int64_t each_ns, const struct medians *told)
{
    return together_ns - each_ns - told->resolution_ns - told->lag_ns;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A busy host disturbs a round, on either side; what is told wrong is wrong in all. Returns the
 * largest resolution that was told. */
static int64_t check_resolution(const char *name, const struct one_process_spec *spec)
{
    int64_t beyond_ns = INT64_MAX;
    int64_t told_ns = 0;

    for (int round = 0; round < ROUNDS; round++) {
        struct medians each = run_resolved(*spec, true);
        struct medians together = run_resolved(*spec, false);
        int64_t here_ns = larger(beyond(together.publish_ns, each.publish_ns, &together),
                                 beyond(together.e2e_ns, each.e2e_ns, &together));

        beyond_ns = here_ns < beyond_ns ? here_ns : beyond_ns;
        told_ns = larger(told_ns, together.resolution_ns);
        truth("answers read with the next send: p50 with it, with a wake each, and what is told",
              "no further apart than told", "%s: publish %.3f, %.3f; e2e %.3f, %.3f; %.3f ms", name,
              (double)together.publish_ns / NS_PER_MS, (double)each.publish_ns / NS_PER_MS,
              (double)together.e2e_ns / NS_PER_MS, (double)each.e2e_ns / NS_PER_MS,
              (double)together.resolution_ns / NS_PER_MS);
    }
    assert_true(beyond_ns <= 0);
    return told_ns;
}

static void
answers_that_are_read_with_the_next_send_are_late_by_the_resolution_at_most(void **state)
{
    struct one_process_spec spec = {
        .partitions = 2,
        .producers = 2,
        .subscriptions = 1,
        .consumers = 2,
        .delivery = {.publish_ack = PUBLISH_ACK_ALL, .in_flight = 5000, .consume_ack_batch = 1},
        .load = {LOAD_RATE, {20, NS_PER_MS}},
        .load_ns = NS_PER_S};
    int64_t told_ns = check_resolution("10k/s a worker", &spec);

    (void)state;
    assert_true(told_ns > 0 && told_ns <= 2 * 100 * NS_PER_US);
    /* An answer comes 1 ms after its tick, and is read at the next one. */
    spec.options[0] = "delay";
    spec.options[1] = "1ms";
    spec.load = (struct phase_load){LOAD_RATE, {4, NS_PER_MS}};
    spec.coalesce_ns = 5 * NS_PER_MS;
    told_ns = check_resolution("in ticks of 5 ms", &spec);
    assert_true(told_ns > 4 * NS_PER_MS && told_ns <= 5 * NS_PER_MS);
}

/* 1,000 of each producer are under way at once, for 50 ms. */
static void what_gathers_where_all_takes_long_is_late_by_the_resolution_at_most(void **state)
{
    struct one_process_spec spec = {
        .partitions = 2,
        .producers = 2,
        .subscriptions = 1,
        .consumers = 2,
        .delivery = {.publish_ack = PUBLISH_ACK_ALL, .in_flight = 1000, .consume_ack_batch = 1},
        .load = {.load = LOAD_MAX},
        .load_ns = NS_PER_S,
        .options = {"delay", "50ms", "confirm_delay", "50ms"}};
    int64_t told_ns = check_resolution("flat out, after 50 ms", &spec);

    (void)state;
    assert_true(told_ns > 200 * NS_PER_US && told_ns <= NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frozen_second_shows_in_the_response_and_not_in_the_service),
        cmocka_unit_test(set_delays_are_reported_as_the_broker_kept_them),
        cmocka_unit_test(
            answers_that_are_read_with_the_next_send_are_late_by_the_resolution_at_most),
        cmocka_unit_test(what_gathers_where_all_takes_long_is_late_by_the_resolution_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
