/*
 * bare_memory: moves messages through the memory backend's own functions and does nothing else: no
 * schedule, stamp, histogram or audit. See bare.h; ADDRESS is ignored, and both modes are the same.
 *
 * There is no client library here, so this isn't what a driver costs beside its library, but what
 * the rest of Millrace costs: the difference of the two CPU times is its own work per message.
 * Producer and consumer share a thread, as the plan gives both to one worker, and each turn fills
 * the window before it takes what came, like that.
 */
#include "backend_table.h"
#include "bare.h"
#include "mono.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#define EVENTS 256

struct loop {
    const struct backend_ops *ops;
    struct endpoint *producer;
    struct endpoint *consumer;
    const struct bare_job *job;
    struct message message;
    unsigned char *payload;
    uint32_t *tokens; /* Free ones: they may come back in any order, a stack knows which. */
    uint32_t tokens_count;
    uint64_t sent;
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

static void await_events(const struct loop *loop)
{
    struct pollfd readable[] = {
        {.fd = loop->ops->wait_fd(loop->producer), .events = POLLIN},
        {.fd = loop->ops->wait_fd(loop->consumer), .events = POLLIN},
    };

    (void)poll(readable, 2, 1);
}

static void publish(struct loop *loop)
{
    while (loop->tokens_count > 0 && bare_sending()) {
        loop->message.token = loop->tokens[loop->tokens_count - 1];
        if (loop->ops->submit(loop->producer, &loop->message, 1) == 0) {
            return;
        }
        loop->tokens_count--;
        loop->sent++;
    }
}

/* How many receipts and messages there were. */
static int take(struct loop *loop)
{
    static struct event events[EVENTS];
    int told = loop->ops->poll(loop->producer, events, EVENTS);
    int came;

    for (int i = 0; i < told; i++) {
        loop->tokens[loop->tokens_count++] = (uint32_t)events[i].token;
    }
    came = loop->ops->poll(loop->consumer, events, EVENTS);
    bare_count((uint64_t)came);
    return told + came;
}

static void *work(void *argument)
{
    struct loop *loop = argument;
    uint32_t window = (uint32_t)loop->job->window;
    bool told_sent = false;

    while (bare_receiving()) {
        publish(loop);
        if (take(loop) == 0) {
            await_events(loop);
        }
        if (!told_sent && !bare_sending() && loop->tokens_count == window) {
            bare_sent(loop->sent);
            told_sent = true;
        }
    }
    return NULL;
}

static void fill_tokens(struct loop *loop)
{
    uint32_t window = (uint32_t)loop->job->window;

    loop->payload = calloc(1, loop->job->bytes);
    loop->tokens = calloc(window, sizeof *loop->tokens);
    bare_check(loop->payload != NULL && loop->tokens != NULL, "allocating", "no memory");
    for (uint32_t i = 0; i < window; i++) {
        loop->tokens[i] = i;
    }
    loop->tokens_count = window;
    loop->message =
        (struct message){.bytes = loop->payload, .bytes_count = (uint32_t)loop->job->bytes};
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
    const struct backend_ops *ops = backend_find(catalog_find("memory"));
    struct loop loop = {.ops = ops, .job = &job};
    pthread_t thread;

    bare_check(ops->topics_create(&target, &list, mono_ns() + NS_PER_S, NULL) == 0, "making",
               "a topic");
    loop.consumer = open_end(ops, &consumer_config, ROLE_CONSUMER);
    loop.producer = open_end(ops, &config, ROLE_PRODUCER);
    fill_tokens(&loop);
    bare_check(pthread_create(&thread, NULL, work, &loop) == 0, "starting", "no thread");
    bare_measure(&job);
    (void)pthread_join(thread, NULL);
    ops->close(loop.producer);
    ops->close(loop.consumer);
    free(loop.payload);
    free(loop.tokens);
    return ops->topics_delete(&target, &list, mono_ns() + NS_PER_S, NULL) < 0;
}
