/*
 * bare_memory: moves messages through the memory backend's own functions and does nothing else: no
 * schedule, stamp, histogram or audit. See bare.h; ADDRESS is ignored, and both modes are the same.
 *
 * There is no client library here, so this isn't what a driver costs beside its library, but what
 * the rest of Millrace costs: the difference of the two CPU times is its own work per message.
 * Producer and consumer have a thread each, as the plan gives them a worker each, and share the
 * broker's locks like them.
 */
#include "backend_table.h"
#include "bare.h"
#include "mono.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#define EVENTS 256

struct end {
    const struct backend_ops *ops;
    struct endpoint *endpoint;
    const struct bare_job *job;
};

static struct endpoint *open_end(const struct backend_ops *ops, struct endpoint_config *config,
                                 enum endpoint_role role)
{
    struct endpoint *endpoint = NULL;
    struct errinfo error = {""};

    config->role = role;
    config->open_deadline_ns = mono_ns() + NS_PER_S;
    bare_check(ops->open(config, &endpoint, &error) == 0, "opening", error.text);
    return endpoint;
}

static void await_events(const struct end *end)
{
    struct pollfd readable = {.fd = end->ops->wait_fd(end->endpoint), .events = POLLIN};

    (void)poll(&readable, 1, 1);
}

/* Tokens may come back in any order; a stack knows which are free. */
static void *produce(void *argument)
{
    static struct event events[EVENTS];
    const struct end *end = argument;
    uint32_t window = (uint32_t)end->job->window;
    unsigned char *payload = calloc(1, end->job->bytes);
    uint32_t *tokens = calloc(window, sizeof *tokens);
    struct message message = {.bytes = payload, .bytes_count = (uint32_t)end->job->bytes};
    uint32_t tokens_count = window;
    uint64_t sent = 0;

    bare_check(payload != NULL && tokens != NULL, "allocating", "no memory");
    for (uint32_t i = 0; i < window; i++) {
        tokens[i] = i;
    }
    while (bare_sending() || tokens_count < window) {
        int told;

        while (tokens_count > 0 && bare_sending()) {
            message.token = tokens[tokens_count - 1];
            if (end->ops->submit(end->endpoint, &message, 1) == 0) {
                break;
            }
            tokens_count--;
            sent++;
        }
        told = end->ops->poll(end->endpoint, events, EVENTS);
        for (int i = 0; i < told; i++) {
            tokens[tokens_count++] = (uint32_t)events[i].token;
        }
        if (told == 0) {
            await_events(end);
        }
    }
    bare_sent(sent);
    free(tokens);
    free(payload);
    return NULL;
}

static void *consume(void *argument)
{
    static struct event events[EVENTS];
    const struct end *end = argument;

    while (bare_receiving()) {
        int came = end->ops->poll(end->endpoint, events, EVENTS);

        if (came == 0) {
            await_events(end);
        }
        bare_count((uint64_t)came);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct bare_job job = bare_job_read(argc, argv);
    struct delivery delivery = {
        .publish_ack = PUBLISH_ACK_ALL, .in_flight = (uint32_t)job.window, .consume_ack_batch = 1};
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
                                     .message_bytes_max = (uint32_t)job.bytes};
    struct endpoint_config consumer_config = config;
    const struct backend_ops *ops = backend_find("memory");
    struct end consumer = {.ops = ops, .job = &job};
    struct end producer = consumer;
    pthread_t threads[2];

    bare_check(ops->topics_create(&target, &list, mono_ns() + NS_PER_S, NULL) == 0, "making",
               "a topic");
    consumer.endpoint = open_end(ops, &consumer_config, ROLE_CONSUMER);
    producer.endpoint = open_end(ops, &config, ROLE_PRODUCER);
    bare_check(pthread_create(&threads[0], NULL, consume, &consumer) == 0 &&
                   pthread_create(&threads[1], NULL, produce, &producer) == 0,
               "starting", "no thread");
    bare_measure(&job);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    ops->close(producer.endpoint);
    ops->close(consumer.endpoint);
    return ops->topics_delete(&target, &list, mono_ns() + NS_PER_S, NULL) < 0;
}
