/*
 * bare_memory: the least that moves messages through the memory backend: submit and poll on one
 * thread, no stamp, no histogram, no audit; what the whole of Millrace is measured against there.
 *
 *     bare_memory ADDRESS both [SECONDS [BYTES [WINDOW]]]
 *
 * ADDRESS is ignored. Prints one line: mode, messages, seconds, rate_per_s, cpu_us_per_message.
 */
#include "backend.h"
#include "mono.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define EVENTS 256

static double cpu_s(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0.0;
    }
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static struct endpoint *open_end(const struct backend_ops *ops, struct endpoint_config *config,
                                 enum endpoint_role role)
{
    struct endpoint *endpoint = NULL;
    struct errinfo error;

    config->role = role;
    config->open_deadline_ns = mono_ns() + NS_PER_S;
    if (ops->open(config, &endpoint, &error) < 0) {
        (void)fprintf(stderr, "bare_memory: %s\n", error.text);
        exit(1);
    }
    return endpoint;
}

/* Sends and receives until the time is over; returns how many were received. */
static uint64_t move(const struct backend_ops *ops, struct endpoint *producer,
                     struct endpoint *consumer, uint32_t bytes, uint32_t window, int64_t until_ns)
{
    static struct event events[EVENTS];
    unsigned char *payload = calloc(1, bytes);
    struct message message = {.bytes = payload, .bytes_count = bytes};
    uint64_t received = 0;
    uint32_t outstanding = 0;

    while (payload != NULL && mono_ns() < until_ns) {
        while (outstanding < window) {
            message.token = outstanding;
            if (ops->submit(producer, &message) < 0) {
                break;
            }
            outstanding++;
        }
        outstanding -= (uint32_t)ops->poll(producer, events, EVENTS);
        received += (uint64_t)ops->poll(consumer, events, EVENTS);
    }
    free(payload);
    return received;
}

int main(int argc, char **argv)
{
    double seconds = argc > 3 ? strtod(argv[3], NULL) : 3.0;
    uint32_t bytes = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 100;
    uint32_t window = argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : 1000;
    struct delivery delivery = {
        .publish_ack = PUBLISH_ACK_ALL, .in_flight = window, .consume_ack_batch = 1};
    char label[] = "memory";
    struct target target = {.label = label, .backend = label};
    struct topic topic = {
        .name = "bare", .partitions = 1, .subscriptions = 1, .delivery = &delivery};
    struct topic_list list = {&topic, 1};
    uint32_t topic_index = 0;
    struct endpoint_client client = {.topics = &topic_index, .topics_count = 1, .shares_count = 1};
    struct endpoint_config config = {.target = &target,
                                     .run_id = "bare",
                                     .topics = &topic,
                                     .topics_count = 1,
                                     .clients = &client,
                                     .clients_count = 1,
                                     .delivery = &delivery,
                                     .message_bytes_max = bytes};
    struct endpoint_config consumer_config = config;
    const struct backend_ops *ops = backend_find("memory");
    struct endpoint *producer;
    struct endpoint *consumer;
    int64_t begin_ns;
    double cpu;
    uint64_t messages;

    if (ops->topics_create(&target, &list, mono_ns() + NS_PER_S, NULL) < 0) {
        return 1;
    }
    consumer = open_end(ops, &consumer_config, ROLE_CONSUMER);
    producer = open_end(ops, &config, ROLE_PRODUCER);
    begin_ns = mono_ns();
    cpu = cpu_s();
    messages = move(ops, producer, consumer, bytes, window, begin_ns + (int64_t)(seconds * 1e9));
    seconds = (double)(mono_ns() - begin_ns) / 1e9;
    (void)printf(
        "mode=both messages=%" PRIu64 " seconds=%.2f rate_per_s=%.0f cpu_us_per_message=%.3f\n",
        messages, seconds, (double)messages / seconds, (cpu_s() - cpu) * 1e6 / (double)messages);
    ops->close(producer);
    ops->close(consumer);
    return ops->topics_delete(&target, &list, mono_ns() + NS_PER_S, NULL) < 0;
}
