#include "assignment.h"
#include "wire_fields.h"

#include <errno.h>
#include <stdlib.h>

#define ADDRESSES_MAX 1024 /* Of one target; likewise below. */
#define OPTIONS_MAX 1024

static void code_address(struct coder *coder, void *item)
{
    code_string(coder, "address", item, false);
}

static void code_option(struct coder *coder, void *item)
{
    struct option_value *option = item;

    code_begin(coder, "option", 2);
    code_string(coder, "key", &option->key, false);
    code_string(coder, "value", &option->value, false);
    code_end(coder);
}

static const struct list_kind addresses_kind = {.item_bytes = sizeof(char *),
                                                .items_max = ADDRESSES_MAX,
                                                .item_bytes_min = 1,
                                                .code = code_address};
static const struct list_kind options_kind = {.item_bytes = sizeof(struct option_value),
                                              .items_max = OPTIONS_MAX,
                                              .item_bytes_min = 3,
                                              .code = code_option};

void code_target(struct coder *coder, void *item)
{
    struct target *target = item;

    code_begin(coder, "target", 11);
    code_string(coder, "label", &target->label, false);
    code_string(coder, "backend", &target->backend, false);
    target->addresses =
        code_list(coder, "addresses", target->addresses, &target->addresses_count, &addresses_kind);
    code_string(coder, "username", &target->username, true);
    code_string(coder, "password", &target->password, true);
    code_string(coder, "mechanism", &target->mechanism, true);
    code_bool(coder, "tls", &target->tls);
    code_string(coder, "tls_ca", &target->tls_ca, true);
    code_string(coder, "tls_cert", &target->tls_cert, true);
    code_string(coder, "tls_key", &target->tls_key, true);
    target->options =
        code_list(coder, "options", target->options, &target->options_count, &options_kind);
    code_end(coder);
}

static void code_delivery(struct coder *coder, struct delivery *delivery)
{
    code_begin(coder, "delivery", 7);
    delivery->publish_ack =
        (enum publish_ack)code_enum(coder, "publish_ack", delivery->publish_ack, PUBLISH_ACK_ALL);
    code_u32(coder, "in_flight", &delivery->in_flight, IN_FLIGHT_MAX);
    delivery->consume_ack =
        (enum consume_ack)code_enum(coder, "consume_ack", delivery->consume_ack, CONSUME_ACK_BATCH);
    code_u32(coder, "consume_ack_batch", &delivery->consume_ack_batch, ANY_U32);
    code_bool(coder, "ordered", &delivery->ordered);
    code_i64(coder, "ttl_ns", &delivery->ttl_ns);
    code_bool(coder, "persistent", &delivery->persistent);
    code_end(coder);
}

static void code_message_size(struct coder *coder, void *item)
{
    struct message_size *size = item;

    code_begin(coder, "message_size", 3);
    code_u32(coder, "bytes_min", &size->bytes_min, MESSAGE_BYTES_MAX);
    code_u32(coder, "bytes_max", &size->bytes_max, MESSAGE_BYTES_MAX);
    code_u32(coder, "weight", &size->weight, MESSAGE_WEIGHT_MAX);
    code_end(coder);
}

static void code_keys(struct coder *coder, struct message_keys *keys)
{
    code_begin(coder, "keys", 3);
    code_u32(coder, "count", &keys->count, KEYS_MAX);
    keys->distribution = (enum key_distribution)code_enum(coder, "distribution", keys->distribution,
                                                          KEYS_SEQUENTIAL);
    code_u32(coder, "exponent_millis", &keys->exponent_millis, KEY_EXPONENT_MILLIS_MAX);
    code_end(coder);
}

static void code_message(struct coder *coder, struct message_shape *message)
{
    static const struct list_kind sizes = {.item_bytes = sizeof(struct message_size),
                                           .items_max = MESSAGE_SIZES_MAX,
                                           .item_bytes_min = 4,
                                           .code = code_message_size};

    code_begin(coder, "message", 4);
    code_items(coder, "sizes", message->sizes, &message->sizes_count, &sizes);
    message->payload = (enum payload)code_enum(coder, "payload", message->payload, PAYLOAD_JSON);
    code_u32(coder, "compressible_millis", &message->compressible_millis, 1000);
    code_keys(coder, &message->keys);
    code_end(coder);
}

static void code_flow(struct coder *coder, void *item)
{
    struct assigned_flow *flow = item;

    code_begin(coder, "flow", 11);
    code_text(coder, "name", flow->name, sizeof flow->name);
    code_message(coder, &flow->message);
    code_delivery(coder, &flow->delivery);
    code_u32(coder, "topic_first", &flow->topic_first, TOPICS_MAX);
    code_u32(coder, "topics_count", &flow->topics_count, TOPICS_MAX);
    code_u32(coder, "partitions", &flow->partitions, PARTITIONS_MAX);
    code_u32(coder, "producers_count", &flow->producers_count, CLIENTS_MAX);
    code_u32(coder, "subscriptions_count", &flow->subscriptions_count, SUBSCRIPTIONS_MAX);
    code_u32(coder, "consumers_count", &flow->consumers_count, CLIENTS_MAX);
    code_u32(coder, "stream_first", &flow->stream_first, STREAMS_MAX);
    code_u32(coder, "streams_count", &flow->streams_count, STREAMS_MAX);
    code_end(coder);
}

static void code_topic(struct coder *coder, void *item)
{
    struct assigned_topic *topic = item;

    code_begin(coder, "topic", 2);
    code_text(coder, "name", topic->name, sizeof topic->name);
    code_u32(coder, "flow", &topic->flow, FLOWS_MAX);
    code_end(coder);
}

static void code_load(struct coder *coder, struct phase_load *load)
{
    code_begin(coder, "load", 3);
    load->load = (enum load)code_enum(coder, "load", load->load, LOAD_MAX);
    code_u64(coder, "messages", &load->rate.messages);
    code_u64(coder, "per_ns", &load->rate.per_ns);
    code_end(coder);
}

static void code_point(struct coder *coder, void *item)
{
    struct curve_point *point = item;

    code_begin(coder, "point", 2);
    code_i64(coder, "at_ns", &point->at_ns);
    code_u64(coder, "messages_per_1e6_s", &point->messages_per_1e6_s);
    code_end(coder);
}

static const struct list_kind curve_kind = {.item_bytes = sizeof(struct curve_point),
                                            .items_max = CURVE_POINTS_MAX,
                                            .item_bytes_min = 3,
                                            .code = code_point};

static void code_consume(struct coder *coder, struct phase_consume *consume)
{
    code_begin(coder, "consume", 4);
    consume->pace = (enum consume_pace)code_enum(coder, "pace", consume->pace, CONSUME_THINK);
    code_u64(coder, "messages", &consume->rate.messages);
    code_u64(coder, "per_ns", &consume->rate.per_ns);
    code_i64(coder, "think_ns", &consume->think_ns);
    code_end(coder);
}

static void code_phase(struct coder *coder, void *item)
{
    struct assigned_phase *phase = item;

    code_begin(coder, "phase", 10 + FLOWS_MAX);
    code_text(coder, "name", phase->name, sizeof phase->name);
    code_i64(coder, "duration_ns", &phase->duration_ns);
    code_bool(coder, "until_drained", &phase->until_drained);
    code_u64(coder, "messages", &phase->messages);
    code_bool(coder, "measured", &phase->measured);
    code_bool(coder, "implied", &phase->implied);
    code_consume(coder, &phase->consume);
    phase->arrivals =
        (enum arrivals)code_enum(coder, "arrivals", phase->arrivals, ARRIVALS_ALIGNED);
    code_i64(coder, "skip_ns", &phase->skip_ns);
    code_items(coder, "curve", phase->curve, &phase->curve_count, &curve_kind);
    for (uint32_t i = 0; i < FLOWS_MAX; i++) {
        code_load(coder, &phase->loads[i]);
    }
    code_end(coder);
}

static void code_producer(struct coder *coder, void *item)
{
    struct assigned_producer *producer = item;

    code_begin(coder, "producer", 8);
    code_u32(coder, "client", &producer->client, CLIENTS_MAX);
    code_u32(coder, "flow", &producer->flow, FLOWS_MAX);
    code_u32(coder, "index", &producer->index, CLIENTS_MAX);
    code_u32(coder, "worker", &producer->worker, WORKERS_MAX);
    code_u32(coder, "stream_first", &producer->stream_first, STREAMS_MAX);
    code_u32(coder, "topic_first", &producer->topic_first, TOPICS_MAX);
    code_u32(coder, "topic_stride", &producer->topic_stride, ANY_U32);
    code_u32(coder, "topics_count", &producer->topics_count, TOPICS_MAX);
    code_end(coder);
}

static void code_consumer(struct coder *coder, void *item)
{
    struct assigned_consumer *consumer = item;

    code_begin(coder, "consumer", 10);
    code_u32(coder, "client", &consumer->client, CLIENTS_MAX);
    code_u32(coder, "flow", &consumer->flow, FLOWS_MAX);
    code_u32(coder, "subscription", &consumer->subscription, SUBSCRIPTIONS_MAX);
    code_u32(coder, "index", &consumer->index, CLIENTS_MAX);
    code_u32(coder, "worker", &consumer->worker, WORKERS_MAX);
    code_u32(coder, "topic_first", &consumer->topic_first, TOPICS_MAX);
    code_u32(coder, "topic_stride", &consumer->topic_stride, ANY_U32);
    code_u32(coder, "topics_count", &consumer->topics_count, TOPICS_MAX);
    code_u32(coder, "share_index", &consumer->share_index, CLIENTS_MAX);
    code_u32(coder, "shares_count", &consumer->shares_count, CLIENTS_MAX);
    code_end(coder);
}

static void code_writer(struct coder *coder, void *item)
{
    struct assigned_writer *writer = item;

    code_begin(coder, "writer", 3);
    code_u32(coder, "stream_first", &writer->stream_first, STREAMS_MAX);
    code_u32(coder, "streams_count", &writer->streams_count, STREAMS_MAX);
    code_u32(coder, "agent", &writer->agent, AGENTS_MAX);
    code_end(coder);
}

static const struct list_kind flows_kind = {.item_bytes = sizeof(struct assigned_flow),
                                            .items_max = FLOWS_MAX,
                                            .item_bytes_min = 20,
                                            .code = code_flow};
static const struct list_kind topics_kind = {.item_bytes = sizeof(struct assigned_topic),
                                             .items_max = TOPICS_MAX,
                                             .item_bytes_min = 3,
                                             .code = code_topic};
static const struct list_kind phases_kind = {.item_bytes = sizeof(struct assigned_phase),
                                             .items_max = PHASES_MAX,
                                             .item_bytes_min = 16 + 4 * FLOWS_MAX,
                                             .code = code_phase};
static const struct list_kind producers_kind = {.item_bytes = sizeof(struct assigned_producer),
                                                .items_max = CLIENTS_MAX,
                                                .item_bytes_min = 9,
                                                .code = code_producer};
static const struct list_kind consumers_kind = {.item_bytes = sizeof(struct assigned_consumer),
                                                .items_max = CLIENTS_MAX,
                                                .item_bytes_min = 11,
                                                .code = code_consumer};
static const struct list_kind writers_kind = {.item_bytes = sizeof(struct assigned_writer),
                                              .items_max = STREAMS_MAX,
                                              .item_bytes_min = 4,
                                              .code = code_writer};

void code_assignment(struct coder *coder, void *item)
{
    struct assignment *a = item;

    code_begin(coder, "assignment", 14);
    code_text(coder, "run_id", a->run_id, sizeof a->run_id);
    code_u32(coder, "trial", &a->trial, ANY_U32);
    code_u32(coder, "tag", &a->tag, ANY_U32);
    code_u64(coder, "seed", &a->seed);
    code_u32(coder, "agent", &a->agent, AGENTS_MAX);
    code_u32(coder, "workers_count", &a->workers_count, WORKERS_MAX);
    code_bool(coder, "topics_owner", &a->topics_owner);
    code_target(coder, &a->target);
    a->flows = code_list(coder, "flows", a->flows, &a->flows_count, &flows_kind);
    a->topics = code_list(coder, "topics", a->topics, &a->topics_count, &topics_kind);
    a->phases = code_list(coder, "phases", a->phases, &a->phases_count, &phases_kind);
    a->producers =
        code_list(coder, "producers", a->producers, &a->producers_count, &producers_kind);
    a->consumers =
        code_list(coder, "consumers", a->consumers, &a->consumers_count, &consumers_kind);
    a->writers = code_list(coder, "writers", a->writers, &a->writers_count, &writers_kind);
    code_end(coder);
}
