#include "memory_bench.h"
#include "mono.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

static struct bench bench;

static int close_bench(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

static bool is_readable(const struct endpoint *endpoint, int timeout_ms)
{
    struct pollfd fd = {backend_memory.wait_fd(endpoint), POLLIN, 0};

    return poll(&fd, 1, timeout_ms) == 1;
}

static void the_descriptor_is_readable_exactly_while_there_is_something(void **state)
{
    struct bench_spec spec = {.partitions = 1};

    (void)state;
    bench_open(&bench, &spec);
    assert_int_equal(bench_poll(&bench, 0), 0);
    assert_int_equal(bench_poll_producer(&bench), 0);
    assert_false(is_readable(bench.consumers[0], 0));
    assert_false(is_readable(bench.producer, 0));
    assert_int_equal(bench_submit(&bench, 1, 0), 0);
    assert_true(is_readable(bench.consumers[0], 0));
    assert_true(is_readable(bench.producer, 0));
    assert_int_equal(bench_poll_producer(&bench), 1);
    assert_int_equal(bench_poll(&bench, 0), 1);
    assert_int_equal(bench_submit(&bench, 2, 0), 0);
    assert_true(is_readable(bench.consumers[0], 0));
    assert_int_equal(bench_poll(&bench, 0), 1);
    assert_int_equal(bench_poll(&bench, 0), 0);
    assert_false(is_readable(bench.consumers[0], 0));
}

static void a_delayed_message_wakes_the_consumer_when_it_is_due(void **state)
{
    struct bench_spec spec = {.options = {"delay", "20ms"}};
    int64_t sent_ns;

    (void)state;
    bench_open(&bench, &spec);
    sent_ns = mono_ns();
    assert_int_equal(bench_submit(&bench, 1, 0), 0);
    while (bench_poll(&bench, 0) == 0) {
        assert_true(is_readable(bench.consumers[0], 10000));
    }
    assert_true(bench_number(&bench, 0) == 1);
    assert_true(bench.events[0].at_ns >= sent_ns + 20 * NS_PER_MS);
}

static void a_delayed_confirm_wakes_the_producer_when_it_is_due(void **state)
{
    struct bench_spec spec = {.options = {"confirm_delay", "20ms"}};
    int64_t sent_ns;

    (void)state;
    bench_open(&bench, &spec);
    sent_ns = mono_ns();
    assert_int_equal(bench_submit(&bench, 1, 0), 0);
    assert_int_equal(bench_poll(&bench, 0), 1); /* The message itself is there. */
    while (bench_poll_producer(&bench) == 0) {
        assert_true(is_readable(bench.producer, 10000));
    }
    assert_int_equal(bench.outcomes[EVENT_ACKED], 1);
    assert_true(mono_ns() >= sent_ns + 20 * NS_PER_MS);
}

static void a_consumer_that_leaves_gives_back_what_it_did_not_acknowledge(void **state)
{
    struct bench_spec spec = {.delivery = {.consume_ack = CONSUME_ACK_EACH}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 5);
    assert_int_equal(bench_poll(&bench, 0), 5);
    assert_int_equal(backend_memory.ack(bench.consumers[0], bench.events[1].token, false), 0);
    assert_int_equal(backend_memory.ack(bench.consumers[0], bench.events[3].token, false), 0);
    backend_memory.close(bench.consumers[0]);
    bench.consumers[0] = NULL;
    bench_open_consumer(&bench, 0);
    assert_int_equal(bench_poll(&bench, 0), 3);
    assert_true(bench_number(&bench, 0) == 1);
    assert_true(bench_number(&bench, 1) == 3);
    assert_true(bench_number(&bench, 2) == 5);
}

static void ack_multiple_covers_all_before_it(void **state)
{
    struct bench_spec spec = {.delivery = {.consume_ack = CONSUME_ACK_BATCH},
                              .options = {"prefetch", "3"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 5);
    assert_int_equal(bench_poll(&bench, 0), 3); /* No more than it may hold. */
    assert_int_equal(bench_poll(&bench, 0), 0);
    assert_false(is_readable(bench.consumers[0], 0));
    assert_int_equal(backend_memory.ack(bench.consumers[0], bench.events[1].token, true), 0);
    assert_true(is_readable(bench.consumers[0], 0));
    assert_int_equal(bench_poll(&bench, 0), 2);
    assert_true(bench_number(&bench, 0) == 4);
    backend_memory.close(bench.consumers[0]);
    bench.consumers[0] = NULL;
    bench_open_consumer(&bench, 0);
    assert_int_equal(bench_poll(&bench, 0), 3); /* 3, 4 and 5. */
    assert_true(bench_number(&bench, 0) == 3);
}

static void bytes_stay_as_they_are_until_the_next_poll_even_when_acknowledged(void **state)
{
    struct bench_spec spec = {.delivery = {.consume_ack = CONSUME_ACK_EACH},
                              .options = {"queue_bytes", "4096"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 100);
    assert_int_equal(bench_poll(&bench, 0), 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(backend_memory.ack(bench.consumers[0], bench.events[i].token, false), 0);
    }
    for (uint64_t number = 101; bench_submit(&bench, number, 0) == 0; number++) {
    }
    for (int i = 0; i < 100; i++) {
        assert_true(bench_number(&bench, i) == (uint64_t)i + 1);
    }
}

static void ordered_lets_one_consumer_of_a_queue_read_at_a_time(void **state)
{
    struct bench_spec spec = {.consumers = 2, .delivery = {.ordered = true}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 4);
    assert_int_equal(bench_poll(&bench, 1), 0);
    assert_int_equal(bench_poll(&bench, 0), 4);
    bench_send(&bench, 5, 6);
    assert_int_equal(bench_poll(&bench, 1), 0);
    backend_memory.close(bench.consumers[0]);
    bench.consumers[0] = NULL;
    assert_true(is_readable(bench.consumers[1], 0));
    assert_int_equal(bench_poll(&bench, 1), 2);
    assert_true(bench_number(&bench, 0) == 5);
}

static void topics_of_other_labels_are_other_topics(void **state)
{
    struct bench_spec spec = {.partitions = 1};
    struct topic_list list = {&bench.topic, 1};
    struct target other = {.label = (char[]){"other"}};
    struct endpoint_config config;
    struct endpoint *endpoint = NULL;
    struct errinfo error = {""};

    (void)state;
    bench_open(&bench, &spec);
    assert_int_equal(backend_memory.topics_create(&bench.target, &list, 0, &error), -EEXIST);
    config = bench.configs[0];
    config.target = &other;
    assert_int_equal(backend_memory.open(&config, &endpoint, &error), -ENOENT);
    assert_non_null(strstr(error.text, "topic"));
    assert_int_equal(backend_memory.topics_create(&other, &list, 0, &error), 0);
    assert_int_equal(backend_memory.open(&config, &endpoint, &error), 0);
    bench_send(&bench, 1, 3);
    assert_int_equal(backend_memory.poll(endpoint, bench.events, 10), 0);
    backend_memory.close(endpoint);
    assert_int_equal(backend_memory.topics_delete(&other, &list, 0, &error), 0);
}

static void topics_create_makes_all_or_none(void **state)
{
    struct bench_spec spec = {.partitions = 1};
    struct topic topics[2];
    struct topic_list list = {topics, 2};
    struct errinfo error = {""};

    (void)state;
    bench_open(&bench, &spec);
    topics[0] = bench.topic;
    topics[0].name = "before";
    topics[1] = bench.topic;
    assert_int_equal(backend_memory.topics_create(&bench.target, &list, 0, &error), -EEXIST);
    list.topics_count = 1;
    assert_int_equal(backend_memory.topics_create(&bench.target, &list, 0, &error), 0);
    assert_int_equal(backend_memory.topics_delete(&bench.target, &list, 0, &error), 0);
}

static void a_topic_deleted_under_its_clients_lives_until_they_close(void **state)
{
    struct bench_spec spec = {.partitions = 1};
    struct topic_list list = {&bench.topic, 1};

    (void)state;
    bench_open(&bench, &spec);
    assert_int_equal(backend_memory.topics_delete(&bench.target, &list, 0, NULL), 0);
    bench_send(&bench, 1, 3);
    assert_int_equal(bench_poll(&bench, 0), 3);
}

static void open_refuses_messages_that_never_fit(void **state)
{
    struct bench_spec spec = {.options = {"queue_bytes", "4096", "duplicate_every", "10"}};
    struct endpoint_config config;
    struct endpoint *endpoint = NULL;
    struct errinfo error = {""};

    (void)state;
    bench_open(&bench, &spec);
    config = bench.producer_config;
    config.message_bytes_max = 2049; /* Two copies must fit. */
    assert_int_equal(backend_memory.open(&config, &endpoint, &error), -EINVAL);
    assert_non_null(strstr(error.text, "queue_bytes"));
    config.message_bytes_max = 2048;
    assert_int_equal(backend_memory.open(&config, &endpoint, &error), 0);
    backend_memory.close(endpoint);
}

static void an_outage_drops_everyone_and_keeps_the_messages(void **state)
{
    /* Long enough that a busy host does not sleep through it. */
    struct bench_spec spec = {
        .delivery = {.consume_ack = CONSUME_ACK_EACH},
        .options = {"outage_after", "300ms", "outage_for", "1s", "confirm_delay", "1h"}};
    struct endpoint *refused = NULL;

    (void)state;
    bench_open(&bench, &spec);
    assert_int_equal(bench_submit(&bench, 1, 0), 0);
    assert_int_equal(bench_submit(&bench, 2, 0), 0);
    assert_int_equal(bench_poll(&bench, 0), 2); /* Held, not acknowledged. */
    while (bench_poll_producer(&bench) == 0) {
        assert_true(is_readable(bench.producer, 10000));
    }
    assert_int_equal(bench.outcomes[EVENT_DOWN], 1);
    assert_int_equal(bench.outcomes[EVENT_UNCONFIRMED], 2);
    assert_int_equal(bench_submit(&bench, 3, 0), -EAGAIN);
    assert_int_equal(bench_poll(&bench, 0), 1);
    assert_int_equal(bench.events[0].kind, EVENT_DOWN);
    assert_int_equal(backend_memory.ack(bench.consumers[0], 0, false), -ENOTCONN);
    if (bench_poll_producer(&bench) == 0) {
        assert_int_equal(backend_memory.open(&bench.configs[0], &refused, NULL), -ECONNREFUSED);
    }
    while (bench.outcomes[EVENT_UP] == 0) { /* By itself, and the descriptor tells. */
        assert_true(is_readable(bench.producer, 10000));
        (void)bench_poll_producer(&bench);
    }
    assert_int_equal(bench_submit(&bench, 3, 0), 0);
    assert_int_equal(bench_poll(&bench, 0), 4);
    assert_int_equal(bench.events[0].kind, EVENT_UP);
    for (int i = 1; i <= 3; i++) {
        assert_true(bench_number(&bench, i) == (uint64_t)i); /* Held ones came again. */
    }
}

static void a_frozen_broker_takes_and_gives_nothing_and_drops_nobody(void **state)
{
    struct bench_spec spec = {
        .options = {"outage", "frozen", "outage_after", "1ms", "outage_for", "60ms"}};
    int64_t made_ns = mono_ns();

    (void)state;
    bench_open(&bench, &spec);
    while (bench_submit(&bench, 1, 0) == 0 && mono_ns() < made_ns + 40 * NS_PER_MS) {
        (void)bench_poll_producer(&bench);
        (void)bench_poll(&bench, 0);
    }
    while (bench_submit(&bench, 2, 0) == -EAGAIN) {
        assert_int_equal(bench_poll(&bench, 0), 0);
        (void)poll(NULL, 0, 1);
    }
    assert_true(mono_ns() >= made_ns + 61 * NS_PER_MS);
    assert_int_equal(bench.outcomes[EVENT_DOWN], 0);
    assert_true(bench_poll(&bench, 0) >= 1);
    assert_true(bench_number(&bench, bench.events_count - 1) == 2);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, NULL, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_descriptor_is_readable_exactly_while_there_is_something),
        CASE(a_delayed_message_wakes_the_consumer_when_it_is_due),
        CASE(a_delayed_confirm_wakes_the_producer_when_it_is_due),
        CASE(a_consumer_that_leaves_gives_back_what_it_did_not_acknowledge),
        CASE(ack_multiple_covers_all_before_it),
        CASE(bytes_stay_as_they_are_until_the_next_poll_even_when_acknowledged),
        CASE(ordered_lets_one_consumer_of_a_queue_read_at_a_time),
        CASE(topics_of_other_labels_are_other_topics),
        CASE(topics_create_makes_all_or_none),
        CASE(a_topic_deleted_under_its_clients_lives_until_they_close),
        CASE(open_refuses_messages_that_never_fit),
        CASE(an_outage_drops_everyone_and_keeps_the_messages),
        CASE(a_frozen_broker_takes_and_gives_nothing_and_drops_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
