#include "catalog_entries.h"
#include "invariant.h"
#include "memory_endpoint_inner.h"
#include "mono.h"
#include "pages.h"

#include <errno.h>
#include <stdlib.h>

/* Outcomes that may wait to be polled; beyond it submit() refuses to take more for the moment. */
#define PENDING_MAX (UINT32_C(1) << 20)

static_assert(CLIENTS_MAX <= UINT16_MAX + 1, "a client number fits into memory_message.producer");

int memory_producer_open(struct endpoint *endpoint, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    uint64_t outstanding_max = (uint64_t)config->clients_count * config->delivery->in_flight;
    uint32_t capacity = 1;

    endpoint->refuse_every =
        (uint64_t)catalog_option_number(&catalog_memory, config->target, "refuse_every");
    endpoint->confirm_delay_ns =
        catalog_option_number(&catalog_memory, config->target, "confirm_delay");
    endpoint->call_ns = catalog_option_number(&catalog_memory, config->target, "call_time");
    while (capacity < outstanding_max && capacity < PENDING_MAX) {
        capacity *= 2;
    }
    endpoint->pending_mask = capacity - 1;
    endpoint->pending = pages_new(capacity * sizeof *endpoint->pending);
    endpoint->submitted = calloc(config->clients_count, sizeof *endpoint->submitted);
    if (endpoint->pending == NULL || endpoint->submitted == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < config->topics_count; i++) {
        const struct memory_topic *topic = endpoint->topics[i];

        if (topic != NULL &&
            config->message_bytes_max * (topic->rules.duplicate_every != 0 ? UINT64_C(2) : 1) >
                topic->rules.queue_bytes) {
            return errinfo_set(reterr, -EINVAL,
                               "memory: a message of %u bytes never fits into a queue of %llu "
                               "(option queue_bytes)",
                               config->message_bytes_max,
                               (unsigned long long)topic->rules.queue_bytes);
        }
    }
    return 0;
}

void memory_producer_close(struct endpoint *endpoint)
{
    pages_free(endpoint->pending, ((size_t)endpoint->pending_mask + 1) * sizeof *endpoint->pending);
    free(endpoint->submitted);
}

/* Outcomes of what was taken just now. */
static void push(struct endpoint *endpoint, const struct message *messages, uint32_t messages_count,
                 enum event_kind kind)
{
    int64_t due_ns = endpoint->confirm_delay_ns > 0 ? mono_ns() + endpoint->confirm_delay_ns : 0;

    if (endpoint->pending_head == endpoint->pending_tail) { /* What waits at once is touched. */
        endpoint->pending_head = 0;
        endpoint->pending_tail = 0;
    }
    for (uint32_t i = 0; i < messages_count; i++) {
        struct pending *pending =
            &endpoint->pending[endpoint->pending_head++ & endpoint->pending_mask];

        *pending = (struct pending){.token = messages[i].token,
                                    .client = messages[i].client,
                                    .kind = kind,
                                    .due_ns = due_ns};
    }
    endpoint->submitted[messages[0].client] += messages_count;
}

/* The broker takes nothing: it is away, or this endpoint has not noticed yet that it is, or it is
 * frozen. */
static bool is_shut(const struct endpoint *endpoint)
{
    int64_t now_ns;

    if (endpoint->down) {
        return true;
    }
    if (endpoint->outage.from_ns == 0 || endpoint->outage_over) {
        return false;
    }
    now_ns = mono_ns();
    return endpoint->outage.kind == MEMORY_OUTAGE_FROZEN ? memory_is_frozen(endpoint, now_ns)
                                                         : now_ns >= endpoint->outage.from_ns;
}

/* How many of the first messages have one way to go: to one partition, none of them refused, as
 * many as may wait for their outcome; each by itself where handing over takes time. */
static uint32_t count_alike(const struct endpoint *endpoint, const struct message *messages,
                            uint32_t messages_count)
{
    uint32_t max = endpoint->pending_mask + 1 - (endpoint->pending_head - endpoint->pending_tail);
    uint64_t every = endpoint->refuse_every;
    uint64_t until_refused =
        every == 0 ? messages_count : every - 1 - endpoint->submitted[messages[0].client] % every;
    uint32_t count = 0;

    max = messages_count < max ? messages_count : max;
    max = until_refused < max ? (uint32_t)until_refused : max;
    max = endpoint->call_ns > 0 && max > 1 ? 1 : max;
    while (count < max && messages[count].topic == messages[0].topic &&
           messages[count].partition == messages[0].partition) {
        count++;
    }
    return count;
}

static uint32_t publish(struct endpoint *endpoint, const struct message *messages,
                        uint32_t messages_count)
{
    struct memory_topic *topic = endpoint->topics[messages->topic];
    struct memory_message taken[SUBMIT_MESSAGES_MAX];
    uint16_t producer = (uint16_t)endpoint->config->clients[messages->client].client;

    ASSERT(topic != NULL && messages->partition < topic->partitions_count);
    for (uint32_t i = 0; i < messages_count; i++) {
        taken[i] = (struct memory_message){.head = messages[i].head,
                                           .head_bytes = messages[i].head_bytes,
                                           .bytes = messages[i].bytes,
                                           .bytes_count = message_whole_bytes(&messages[i]),
                                           .producer = producer};
    }
    return memory_publish(&topic->partitions[messages->partition], taken, messages_count);
}

/* How many of the first messages were taken; 0: it is full, or away. */
static uint32_t take(struct endpoint *endpoint, const struct message *messages,
                     uint32_t messages_count)
{
    uint32_t taken;

    if (endpoint->pending_head - endpoint->pending_tail > endpoint->pending_mask ||
        is_shut(endpoint)) {
        return 0;
    }
    if (endpoint->call_ns > 0) {
        mono_sleep_until(mono_ns() + endpoint->call_ns);
    }
    messages_count = count_alike(endpoint, messages, messages_count);
    if (messages_count == 0) {
        push(endpoint, messages, 1, EVENT_REFUSED);
        return 1;
    }
    taken = publish(endpoint, messages, messages_count);
    if (taken > 0) {
        push(endpoint, messages, taken, EVENT_ACKED);
    }
    return taken;
}

int memory_submit(struct endpoint *endpoint, const struct message *messages,
                  uint32_t messages_count)
{
    uint32_t taken = 0;
    uint32_t more;

    ASSERT(messages_count <= SUBMIT_MESSAGES_MAX);
    do {
        more = take(endpoint, messages + taken, messages_count - taken);
        taken += more;
    } while (more > 0 && taken < messages_count);
    if (taken > 0) {
        memory_waker_wake(&endpoint->waker);
    }
    return (int)taken;
}

uint32_t memory_producer_poll(struct endpoint *endpoint, struct event *events, uint32_t max,
                              int64_t now_ns, int64_t *due_ns)
{
    uint32_t count = 0;

    while (count < max && endpoint->pending_tail != endpoint->pending_head) {
        const struct pending *pending =
            &endpoint->pending[endpoint->pending_tail & endpoint->pending_mask];

        if (pending->due_ns > now_ns) {
            *due_ns = pending->due_ns < *due_ns ? pending->due_ns : *due_ns;
            break;
        }
        events[count++] = (struct event){
            .kind = pending->kind,
            .client = pending->client,
            .at_ns = now_ns,
            .token = pending->token,
            .text = pending->kind == EVENT_REFUSED ? "refused by option refuse_every" : NULL};
        endpoint->pending_tail++;
    }
    return count;
}

void memory_producer_drop(struct endpoint *endpoint)
{
    for (uint32_t i = endpoint->pending_tail; i != endpoint->pending_head; i++) {
        struct pending *pending = &endpoint->pending[i & endpoint->pending_mask];

        pending->kind = EVENT_UNCONFIRMED;
        pending->due_ns = 0;
    }
}
