#include "wire_samples.h"

#include "invariant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGENTS 2

static char *string(struct random *random, bool optional)
{
    char text[300];
    char *copy;

    if (optional && sample_bool(random)) {
        return NULL;
    }
    sample_text(random, text, sizeof text);
    copy = strdup(text);
    ASSERT(copy != NULL);
    return copy;
}

void sample_target(struct random *random, struct target *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->label = string(random, false);
    ret->backend = string(random, false);
    ret->addresses_count = sample_below(random, 4);
    ret->addresses = sample_zeros(ret->addresses_count, sizeof *ret->addresses);
    for (uint32_t i = 0; i < ret->addresses_count; i++) {
        ret->addresses[i] = string(random, false);
    }
    ret->username = string(random, true);
    ret->password = string(random, true);
    ret->mechanism = string(random, true);
    ret->tls = sample_bool(random);
    ret->tls_ca = string(random, true);
    ret->tls_cert = string(random, true);
    ret->tls_key = string(random, true);
    ret->options_count = sample_below(random, 4);
    ret->options = sample_zeros(ret->options_count, sizeof *ret->options);
    for (uint32_t i = 0; i < ret->options_count; i++) {
        ret->options[i].key = string(random, false);
        ret->options[i].value = string(random, false);
    }
}

static bool same_string(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool same_target(const struct target *a, const struct target *b)
{
    bool same = a->tls == b->tls && a->addresses_count == b->addresses_count &&
                a->options_count == b->options_count && same_string(a->label, b->label) &&
                same_string(a->backend, b->backend) && same_string(a->username, b->username) &&
                same_string(a->password, b->password) && same_string(a->mechanism, b->mechanism) &&
                same_string(a->tls_ca, b->tls_ca) && same_string(a->tls_cert, b->tls_cert) &&
                same_string(a->tls_key, b->tls_key);

    for (uint32_t i = 0; same && i < a->addresses_count; i++) {
        same = same_string(a->addresses[i], b->addresses[i]);
    }
    for (uint32_t i = 0; same && i < a->options_count; i++) {
        same = same_string(a->options[i].key, b->options[i].key) &&
               same_string(a->options[i].value, b->options[i].value);
    }
    return same;
}

static void name(struct random *random, char *text, size_t text_bytes)
{
    sample_text(random, text, text_bytes);
    text[0] = 'n'; /* assignment_check() refuses empty ones. */
}

static void sample_message(struct random *random, struct message_shape *message)
{
    message->sizes_count = 1 + sample_below(random, MESSAGE_SIZES_MAX);
    for (uint32_t i = 0; i < message->sizes_count; i++) {
        struct message_size *size = &message->sizes[i];

        size->bytes_min = MESSAGE_BYTES_MIN + sample_below(random, 100000);
        size->bytes_max = size->bytes_min + sample_below(random, 100000);
        size->weight = 1 + sample_below(random, MESSAGE_WEIGHT_MAX);
    }
    message->compressible_millis = sample_bool(random) ? sample_below(random, 1001) : 0;
    message->keys.count = sample_below(random, KEYS_MAX + 1);
    message->keys.distribution = (enum key_distribution)sample_below(random, KEYS_SEQUENTIAL + 1);
    message->keys.exponent_millis = sample_below(random, KEY_EXPONENT_MILLIS_MAX + 1);
    message->payload = message->compressible_millis > 0
                           ? PAYLOAD_RANDOM
                           : (enum payload)sample_below(random, PAYLOAD_JSON + 1);
}

/* Each producer has one topic of the flow, each consumer of a subscription all of them. */
static void sample_flow(struct random *random, struct assignment *a, uint32_t index)
{
    struct assigned_flow *flow = &a->flows[index];

    name(random, flow->name, sizeof flow->name);
    sample_message(random, &flow->message);
    flow->delivery.publish_ack = (enum publish_ack)sample_below(random, PUBLISH_ACK_ALL + 1);
    flow->delivery.in_flight = 1 + sample_below(random, IN_FLIGHT_MAX);
    flow->delivery.consume_ack = (enum consume_ack)sample_below(random, CONSUME_ACK_BATCH + 1);
    flow->delivery.consume_ack_batch =
        flow->delivery.consume_ack == CONSUME_ACK_BATCH ? 1 + sample_below(random, 1000) : 1;
    flow->delivery.ordered = sample_bool(random);
    flow->delivery.ttl_ns = (int64_t)(sample_number(random) >> 1);
    flow->delivery.persistent = sample_bool(random);
    flow->topic_first = a->topics_count;
    flow->topics_count = 1 + sample_below(random, 4);
    flow->partitions = 1 + sample_below(random, 4);
    flow->producers_count = flow->topics_count;
    flow->subscriptions_count = 1 + sample_below(random, 3);
    flow->consumers_count = 1 + sample_below(random, 3);
    flow->stream_first = index == 0 ? 0 : flow[-1].stream_first + flow[-1].streams_count;
    flow->streams_count = flow->topics_count * flow->partitions;
    a->topics_count += flow->topics_count;
    a->producers_count += flow->producers_count;
    a->consumers_count += flow->subscriptions_count * flow->consumers_count;
}

static void sample_phases(struct random *random, struct assignment *a)
{
    a->phases_count = 1 + sample_below(random, 4);
    a->phases = sample_zeros(a->phases_count, sizeof *a->phases);
    for (uint32_t i = 0; i < a->phases_count; i++) {
        struct assigned_phase *phase = &a->phases[i];

        name(random, phase->name, sizeof phase->name);
        phase->duration_ns = 1 + (int64_t)(sample_number(random) >> 10);
        phase->until_drained = sample_bool(random);
        phase->messages = phase->until_drained ? 0 : sample_below(random, 1000);
        phase->measured = sample_bool(random);
        phase->implied = sample_bool(random);
        phase->consume.pace = (enum consume_pace)sample_below(random, CONSUME_THINK + 1);
        phase->consume.rate = (struct rate){1 + sample_below(random, 1000), 1000000000};
        phase->consume.think_ns = 1 + sample_below(random, 1000000);
        phase->arrivals = (enum arrivals)sample_below(random, ARRIVALS_ALIGNED + 1);
        phase->skip_ns = sample_below(random, 1000000);
        phase->curve_count = sample_below(random, 4);
        for (uint32_t p = 0; p < phase->curve_count; p++) {
            phase->curve[p].at_ns =
                p == 0 ? 0 : phase->curve[p - 1].at_ns + 1 + sample_below(random, 1000);
            phase->curve[p].messages_per_1e6_s = 1 + sample_number(random) % 1000000000;
        }
        for (uint32_t flow = 0; flow < FLOWS_MAX; flow++) {
            phase->loads[flow].load = (enum load)sample_below(random, LOAD_MAX + 1);
            phase->loads[flow].rate.messages = 1 + sample_below(random, 1000);
            phase->loads[flow].rate.per_ns = 1000000 + sample_number(random) / 2;
        }
    }
}

static void fill_producers(struct random *random, struct assignment *a, uint32_t *client)
{
    uint32_t at = 0;

    for (uint32_t f = 0; f < a->flows_count; f++) {
        for (uint32_t i = 0; i < a->flows[f].producers_count; i++) {
            a->producers[at++] = (struct assigned_producer){
                .client = (*client)++,
                .flow = f,
                .index = i,
                .worker = sample_below(random, a->workers_count),
                .stream_first = a->flows[f].stream_first + i * a->flows[f].partitions,
                .topic_first = i,
                .topic_stride = (uint32_t)sample_number(random),
                .topics_count = 1,
            };
        }
    }
}

static void fill_consumers(struct random *random, struct assignment *a, uint32_t *client)
{
    uint32_t at = 0;

    for (uint32_t f = 0; f < a->flows_count; f++) {
        const struct assigned_flow *flow = &a->flows[f];

        for (uint32_t i = 0; i < flow->subscriptions_count * flow->consumers_count; i++) {
            a->consumers[at++] = (struct assigned_consumer){
                .client = (*client)++,
                .flow = f,
                .subscription = i / flow->consumers_count,
                .index = i % flow->consumers_count,
                .worker = sample_below(random, a->workers_count),
                .topic_stride = 1,
                .topics_count = flow->topics_count,
                .share_index = i % flow->consumers_count,
                .shares_count = flow->consumers_count,
            };
        }
    }
}

void sample_assignment(struct random *random, struct assignment *ret)
{
    struct assignment *a = ret;
    uint32_t client = 0;

    memset(a, 0, sizeof *a);
    name(random, a->run_id, sizeof a->run_id);
    a->trial = (uint32_t)sample_number(random);
    a->tag = (uint32_t)sample_number(random);
    a->seed = sample_number(random);
    a->agent = sample_below(random, AGENTS_MAX);
    a->workers_count = 1 + sample_below(random, WORKERS_MAX);
    a->topics_owner = sample_bool(random);
    sample_target(random, &a->target);
    a->flows_count = 1 + sample_below(random, 4);
    a->flows = sample_zeros(a->flows_count, sizeof *a->flows);
    for (uint32_t i = 0; i < a->flows_count; i++) {
        sample_flow(random, a, i);
    }
    a->topics = sample_zeros(a->topics_count, sizeof *a->topics);
    for (uint32_t f = 0; f < a->flows_count; f++) {
        for (uint32_t i = 0; i < a->flows[f].topics_count; i++) {
            struct assigned_topic *topic = &a->topics[a->flows[f].topic_first + i];

            name(random, topic->name, sizeof topic->name);
            topic->flow = f;
        }
    }
    sample_phases(random, a);
    a->producers = sample_zeros(a->producers_count, sizeof *a->producers);
    fill_producers(random, a, &client);
    a->consumers = sample_zeros(a->consumers_count, sizeof *a->consumers);
    fill_consumers(random, a, &client);
    a->writers_count = a->flows_count;
    a->writers = sample_zeros(a->writers_count, sizeof *a->writers);
    for (uint32_t f = 0; f < a->flows_count; f++) {
        a->writers[f] = (struct assigned_writer){
            a->flows[f].stream_first, a->flows[f].streams_count, sample_below(random, AGENTS_MAX)};
    }
}

bool same_assignment(const struct assignment *a, const struct assignment *b)
{
    struct assignment flat[2] = {*a, *b};

    for (int i = 0; i < 2; i++) {
        memset(&flat[i].target, 0, sizeof flat[i].target);
        flat[i].flows = NULL;
        flat[i].topics = NULL;
        flat[i].phases = NULL;
        flat[i].producers = NULL;
        flat[i].consumers = NULL;
        flat[i].writers = NULL;
    }
    return memcmp(&flat[0], &flat[1], sizeof flat[0]) == 0 && same_target(&a->target, &b->target) &&
           same_items(a->flows, b->flows, a->flows_count, sizeof *a->flows) &&
           same_items(a->topics, b->topics, a->topics_count, sizeof *a->topics) &&
           same_items(a->phases, b->phases, a->phases_count, sizeof *a->phases) &&
           same_items(a->producers, b->producers, a->producers_count, sizeof *a->producers) &&
           same_items(a->consumers, b->consumers, a->consumers_count, sizeof *a->consumers) &&
           same_items(a->writers, b->writers, a->writers_count, sizeof *a->writers);
}
