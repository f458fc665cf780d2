#include "memory_bench.h"

#include <errno.h>

#include <string.h>

static uint32_t at_least_one(uint32_t count)
{
    return count > 0 ? count : 1;
}

static void fill_configs(struct bench *bench)
{
    struct endpoint_config config = {.target = &bench->target,
                                     .run_id = "bench",
                                     .topics = &bench->topic,
                                     .topics_count = 1,
                                     .delivery = &bench->spec.delivery,
                                     .clients_count = 1,
                                     .message_bytes_max = sizeof(struct bench_message)};

    bench->producer_client = (struct endpoint_client){
        .topics = &bench->topic_index, .topics_count = 1, .shares_count = 1};
    bench->producer_config = config;
    bench->producer_config.role = ROLE_PRODUCER;
    bench->producer_config.clients = &bench->producer_client;
    config.role = ROLE_CONSUMER;
    for (uint32_t i = 0; i < bench->spec.subscriptions * bench->spec.consumers; i++) {
        bench->clients[i] = (struct endpoint_client){.subscription = i / bench->spec.consumers,
                                                     .topics = &bench->topic_index,
                                                     .topics_count = 1,
                                                     .share_index = i % bench->spec.consumers,
                                                     .shares_count = bench->spec.consumers};
        config.clients = &bench->clients[i];
        bench->configs[i] = config;
    }
}

void bench_open_consumer(struct bench *bench, uint32_t index)
{
    assert_int_equal(backend_memory.open(&bench->configs[index], &bench->consumers[index], NULL),
                     0);
}

void bench_open(struct bench *bench, const struct bench_spec *spec)
{
    struct topic_list list = {&bench->topic, 1};

    memset(bench, 0, sizeof *bench);
    bench->spec = *spec;
    bench->spec.partitions = at_least_one(spec->partitions);
    bench->spec.subscriptions = at_least_one(spec->subscriptions);
    bench->spec.consumers = at_least_one(spec->consumers);
    if (spec->delivery.in_flight == 0) {
        bench->spec.delivery.in_flight = 1000;
    }
    bench->spec.delivery.consume_ack_batch = at_least_one(spec->delivery.consume_ack_batch);
    bench->target.label = strdup("bench");
    assert_non_null(bench->target.label);
    for (int i = 0; spec->options[i] != NULL; i += 2) {
        assert_int_equal(target_set_option(&bench->target, spec->options[i], spec->options[i + 1]),
                         0);
    }
    bench->topic = (struct topic){.name = "topic",
                                  .partitions = bench->spec.partitions,
                                  .subscriptions = bench->spec.subscriptions,
                                  .delivery = &bench->spec.delivery};
    fill_configs(bench);
    assert_int_equal(backend_memory.topics_create(&bench->target, &list, 0, NULL), 0);
    for (uint32_t i = 0; i < bench->spec.subscriptions * bench->spec.consumers; i++) {
        bench_open_consumer(bench, i);
    }
    assert_int_equal(backend_memory.open(&bench->producer_config, &bench->producer, NULL), 0);
}

void bench_close(struct bench *bench)
{
    struct topic_list list = {&bench->topic, 1};

    backend_memory.close(bench->producer);
    for (uint32_t i = 0; i < BENCH_CONSUMERS_MAX; i++) {
        backend_memory.close(bench->consumers[i]);
    }
    assert_int_equal(backend_memory.topics_delete(&bench->target, &list, 0, NULL), 0);
    target_done(&bench->target);
}

static uint32_t submit(struct bench *bench, uint64_t first, uint32_t count, uint32_t partition,
                       uint32_t partitions)
{
    struct bench_message contents[SUBMIT_MESSAGES_MAX];
    struct message messages[SUBMIT_MESSAGES_MAX];
    int taken;

    for (uint32_t i = 0; i < count; i++) {
        contents[i] = (struct bench_message){first + i, ~(first + i)};
        messages[i] =
            (struct message){.partition = (partition + i) % partitions,
                             .bytes = &contents[i],
                             .bytes_count = sizeof contents[i],
                             .token = (bench->next_token + i) % bench->spec.delivery.in_flight};
    }
    taken = backend_memory.submit(bench->producer, messages, count);
    assert_in_range(taken, 0, count);
    bench->next_token += (uint64_t)taken;
    return (uint32_t)taken;
}

int bench_submit(struct bench *bench, uint64_t number, uint32_t partition)
{
    return submit(bench, number, 1, partition, bench->topic.partitions) == 1 ? 0 : -EAGAIN;
}

uint32_t bench_submit_batch(struct bench *bench, uint64_t first, uint32_t count)
{
    return submit(bench, first, count, 0, bench->topic.partitions);
}

int bench_poll_producer(struct bench *bench)
{
    struct event events[64];
    int count = backend_memory.poll(bench->producer, events, 64);

    for (int i = 0; i < count; i++) {
        assert_in_range(events[i].kind, 0, 7);
        bench->outcomes[events[i].kind]++;
    }
    return count;
}

void bench_send(struct bench *bench, uint64_t first, uint64_t last)
{
    for (uint64_t number = first; number <= last; number++) {
        assert_int_equal(bench_submit(bench, number, 0), 0);
        (void)bench_poll_producer(bench);
    }
}

int bench_poll(struct bench *bench, uint32_t consumer)
{
    bench->events_count =
        backend_memory.poll(bench->consumers[consumer], bench->events, BENCH_MESSAGES_MAX);
    return bench->events_count;
}

uint64_t bench_number(const struct bench *bench, int i)
{
    struct bench_message message;

    assert_in_range(i, 0, bench->events_count - 1);
    assert_int_equal(bench->events[i].kind, EVENT_MESSAGE);
    assert_int_equal(bench->events[i].bytes_count, sizeof message);
    memcpy(&message, bench->events[i].bytes, sizeof message);
    assert_true(message.check == ~message.number);
    return message.number;
}
