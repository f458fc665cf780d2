/* Producers and consumers on threads of their own, as workers are; worth most under TSan. */
#include "check.h"

#include "backend_drivers.h"
#include "mono.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define THREADS 2 /* Of each role. */
#define SUBSCRIPTIONS 2
#define MESSAGES 20000 /* Of each producer. */
#define ECHOES 20000
#define DEADLINE_NS (25 * NS_PER_S)

static struct delivery delivery = {.publish_ack = PUBLISH_ACK_ALL,
                                   .in_flight = 100,
                                   .consume_ack = CONSUME_ACK_EACH,
                                   .consume_ack_batch = 1};
static struct topic topic = {
    .name = "threads", .partitions = 1, .subscriptions = SUBSCRIPTIONS, .delivery = &delivery};
static const uint32_t topic_index = 0;
static struct target target = {.label = NULL};
static atomic_uchar seen[SUBSCRIPTIONS][THREADS * MESSAGES];
static atomic_uint seen_count[SUBSCRIPTIONS];
static int64_t deadline_ns;

/* A thread and what it drives. Threads assert nothing: that would jump into another's stack. */
struct side {
    uint32_t index;
    struct endpoint_client client;
    struct endpoint_config config;
    struct endpoint *endpoint;
    uint32_t done;
    pthread_t thread;
};

static void open_side(struct side *side, enum endpoint_role role, uint32_t index)
{
    side->index = index;
    side->client = (struct endpoint_client){
        .client = index, .topics = &topic_index, .topics_count = 1, .shares_count = THREADS};
    if (role == ROLE_CONSUMER) {
        side->client.subscription = index / THREADS;
        side->client.share_index = index % THREADS;
    }
    side->config = (struct endpoint_config){.target = &target,
                                            .role = role,
                                            .run_id = "threads",
                                            .topics = &topic,
                                            .topics_count = 1,
                                            .clients = &side->client,
                                            .clients_count = 1,
                                            .delivery = &delivery,
                                            .message_bytes_max = 100};
    assert_int_equal(backend_memory.open(&side->config, &side->endpoint, NULL), 0);
}

static void wait_for(const struct endpoint *endpoint)
{
    struct pollfd fd = {backend_memory.wait_fd(endpoint), POLLIN, 0};

    (void)poll(&fd, 1, 30000); /* Beyond the deadline: a lost wake-up is not to be missed. */
}

static void *produce(void *argument)
{
    struct side *side = argument;
    uint8_t bytes[100] = {0};
    struct message message = {.bytes = bytes, .bytes_count = sizeof bytes};
    uint32_t sent = 0;

    while (side->done < MESSAGES && mono_ns() < deadline_ns) {
        struct event events[16];
        uint32_t number = side->index * MESSAGES + sent;
        int count;

        memcpy(bytes, &number, sizeof number);
        message.token = sent % delivery.in_flight;
        if (sent < MESSAGES && sent - side->done < delivery.in_flight &&
            backend_memory.submit(side->endpoint, &message, 1) == 1) {
            sent++;
            continue;
        }
        count = backend_memory.poll(side->endpoint, events, 16);
        for (int i = 0; i < count; i++) {
            side->done += events[i].kind == EVENT_ACKED;
        }
        if (count == 0 && sent == MESSAGES) {
            wait_for(side->endpoint);
        }
    }
    return NULL;
}

static void *consume(void *argument)
{
    struct side *side = argument;
    uint32_t subscription = side->client.subscription;

    while (atomic_load(&seen_count[subscription]) < THREADS * MESSAGES && mono_ns() < deadline_ns) {
        struct event events[16];
        int count = backend_memory.poll(side->endpoint, events, 16);

        for (int i = 0; i < count; i++) {
            uint32_t number;

            memcpy(&number, events[i].bytes, sizeof number);
            (void)atomic_fetch_add(&seen[subscription][number], 1);
            (void)atomic_fetch_add(&seen_count[subscription], 1);
            (void)backend_memory.ack(side->endpoint, events[i].token, false);
        }
        if (count == 0) {
            struct pollfd fd = {backend_memory.wait_fd(side->endpoint), POLLIN, 0};

            (void)poll(&fd, 1, 100); /* The other consumer may have had the last one. */
        }
    }
    return NULL;
}

static void every_message_crosses_threads_once_to_each_subscription(void **state)
{
    static struct side producers[THREADS];
    static struct side consumers[SUBSCRIPTIONS * THREADS];
    struct topic_list list = {&topic, 1};

    (void)state;
    deadline_ns = mono_ns() + DEADLINE_NS;
    assert_int_equal(target_set_option(&target, "queue_bytes", "8192"), 0); /* Full very often. */
    assert_int_equal(backend_memory.topics_create(&target, &list, 0, NULL), 0);
    for (uint32_t i = 0; i < SUBSCRIPTIONS * THREADS; i++) {
        open_side(&consumers[i], ROLE_CONSUMER, i);
        assert_int_equal(pthread_create(&consumers[i].thread, NULL, consume, &consumers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        open_side(&producers[i], ROLE_PRODUCER, i);
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(producers[i].thread, NULL), 0);
        assert_int_equal(producers[i].done, MESSAGES);
        backend_memory.close(producers[i].endpoint);
    }
    for (uint32_t i = 0; i < SUBSCRIPTIONS * THREADS; i++) {
        assert_int_equal(pthread_join(consumers[i].thread, NULL), 0);
        backend_memory.close(consumers[i].endpoint);
    }
    for (uint32_t s = 0; s < SUBSCRIPTIONS; s++) {
        for (uint32_t i = 0; i < THREADS * MESSAGES; i++) {
            assert_int_equal(atomic_load(&seen[s][i]), 1);
        }
    }
    assert_int_equal(backend_memory.topics_delete(&target, &list, 0, NULL), 0);
    target_done(&target);
}

/* A lost wake-up would leave the consumer asleep: each message is sent only after it has seen the
 * one before, at all distances in time from its going to sleep. */
static void *echo(void *argument)
{
    struct side *side = argument;

    while (side->done < ECHOES && mono_ns() < deadline_ns) {
        struct event events[4];
        int count = backend_memory.poll(side->endpoint, events, 4);

        for (int i = 0; i < count; i++) {
            (void)backend_memory.ack(side->endpoint, events[i].token, false);
            side->done++;
            atomic_store(&seen_count[0], side->done);
        }
        if (count == 0) {
            wait_for(side->endpoint);
        }
    }
    return NULL;
}

static void no_wake_up_is_lost_between_sleeping_threads(void **state)
{
    static struct side producer;
    static struct side consumer;
    struct topic_list list = {&topic, 1};
    struct event events[4];
    uint8_t bytes[100] = {0};
    struct message message = {.bytes = bytes, .bytes_count = sizeof bytes};
    int64_t begin_ns = mono_ns();

    (void)state;
    deadline_ns = begin_ns + DEADLINE_NS;
    atomic_store(&seen_count[0], 0);
    topic.subscriptions = 1;
    assert_int_equal(backend_memory.topics_create(&target, &list, 0, NULL), 0);
    open_side(&consumer, ROLE_CONSUMER, 0);
    open_side(&producer, ROLE_PRODUCER, 0);
    assert_int_equal(pthread_create(&consumer.thread, NULL, echo, &consumer), 0);
    for (uint32_t i = 0; i < ECHOES; i++) {
        assert_int_equal(backend_memory.submit(producer.endpoint, &message, 1), 1);
        while (backend_memory.poll(producer.endpoint, events, 4) == 0) {
            wait_for(producer.endpoint);
        }
        while (atomic_load(&seen_count[0]) <= i && mono_ns() < deadline_ns) {
        }
        for (atomic_uint distance = i % 1000; distance > 0; distance--) {
        }
    }
    assert_int_equal(pthread_join(consumer.thread, NULL), 0);
    assert_int_equal(consumer.done, ECHOES);
    assert_true(mono_ns() - begin_ns < DEADLINE_NS);
    backend_memory.close(producer.endpoint);
    backend_memory.close(consumer.endpoint);
    assert_int_equal(backend_memory.topics_delete(&target, &list, 0, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_crosses_threads_once_to_each_subscription),
        cmocka_unit_test(no_wake_up_is_lost_between_sleeping_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
