#include "entry_codes.h"

static const char *const publish_acks[] = {
    [PUBLISH_ACK_NONE] = "none",
    [PUBLISH_ACK_LEADER] = "leader",
    [PUBLISH_ACK_ALL] = "all",
};
static const char *const consume_acks[] = {
    [CONSUME_ACK_NONE] = "none",
    [CONSUME_ACK_EACH] = "each",
    [CONSUME_ACK_BATCH] = "batch",
};
static const char *const payloads[] = {
    [PAYLOAD_RANDOM] = "random",
    [PAYLOAD_ZEROS] = "zeros",
    [PAYLOAD_TEXT] = "text",
    [PAYLOAD_JSON] = "json",
};
static const char *const distributions[] = {
    [KEYS_UNIFORM] = "uniform",
    [KEYS_ZIPF] = "zipf",
    [KEYS_SEQUENTIAL] = "sequential",
};
static const char *const loads[] = {
    [LOAD_NONE] = "none",
    [LOAD_RATE] = "rate",
    [LOAD_MAX] = "max",
};

static const char *const arrivals[] = {
    [ARRIVALS_CONSTANT] = "constant",
    [ARRIVALS_POISSON] = "poisson",
    [ARRIVALS_ALIGNED] = "aligned",
};

static const char *const paces[] = {
    [CONSUME_FREE] = "free",
    [CONSUME_PAUSED] = "paused",
    [CONSUME_RATE] = "rate",
    [CONSUME_THINK] = "think",
};

static void code_delivery(struct fields *fields, struct delivery *delivery)
{
    if (!field_doc_begin(fields, "delivery")) {
        return;
    }
    delivery->publish_ack =
        field_enum(fields, "publish_ack", delivery->publish_ack, publish_acks, PUBLISH_ACK_ALL + 1);
    field_u32(fields, "in_flight", &delivery->in_flight, ANY_U32);
    delivery->consume_ack = field_enum(fields, "consume_ack", delivery->consume_ack, consume_acks,
                                       CONSUME_ACK_BATCH + 1);
    field_u32(fields, "consume_ack_batch", &delivery->consume_ack_batch, ANY_U32);
    field_bool(fields, "ordered", &delivery->ordered);
    field_i64(fields, "ttl_ns", &delivery->ttl_ns);
    field_bool(fields, "persistent", &delivery->persistent);
    field_doc_end(fields);
}

static void code_message_size(struct fields *fields, void *item)
{
    struct message_size *size = item;

    field_u32(fields, "bytes_min", &size->bytes_min, (uint32_t)MESSAGE_BYTES_MAX);
    field_u32(fields, "bytes_max", &size->bytes_max, (uint32_t)MESSAGE_BYTES_MAX);
    field_u32(fields, "weight", &size->weight, MESSAGE_WEIGHT_MAX);
}

static void code_keys(struct fields *fields, struct message_keys *keys)
{
    if (!field_doc_begin(fields, "keys")) {
        return;
    }
    field_u32(fields, "count", &keys->count, KEYS_MAX);
    keys->distribution =
        field_enum(fields, "distribution", keys->distribution, distributions, KEYS_SEQUENTIAL + 1);
    field_u32(fields, "exponent_millis", &keys->exponent_millis, KEY_EXPONENT_MILLIS_MAX);
    field_doc_end(fields);
}

static void code_message(struct fields *fields, struct message_shape *message)
{
    static const struct field_list sizes = {.item_bytes = sizeof(struct message_size),
                                            .items_max = MESSAGE_SIZES_MAX,
                                            .code = code_message_size};

    if (!field_doc_begin(fields, "message")) {
        return;
    }
    field_items(fields, "sizes", message->sizes, &message->sizes_count, &sizes);
    message->payload = field_enum(fields, "payload", message->payload, payloads, PAYLOAD_JSON + 1);
    field_u32(fields, "compressible_millis", &message->compressible_millis, 1000);
    code_keys(fields, &message->keys);
    field_doc_end(fields);
}

static void code_flow(struct fields *fields, void *item)
{
    struct assigned_flow *flow = item;

    field_text(fields, "name", flow->name, sizeof flow->name);
    code_message(fields, &flow->message);
    code_delivery(fields, &flow->delivery);
    field_u32(fields, "topic_first", &flow->topic_first, TOPICS_MAX);
    field_u32(fields, "topics_count", &flow->topics_count, TOPICS_MAX);
    field_u32(fields, "partitions", &flow->partitions, PARTITIONS_MAX);
    field_u32(fields, "producers_count", &flow->producers_count, CLIENTS_MAX);
    field_u32(fields, "subscriptions_count", &flow->subscriptions_count, SUBSCRIPTIONS_MAX);
    field_u32(fields, "consumers_count", &flow->consumers_count, CLIENTS_MAX);
    field_u32(fields, "stream_first", &flow->stream_first, STREAMS_MAX);
    field_u32(fields, "streams_count", &flow->streams_count, STREAMS_MAX);
}

static void code_topic(struct fields *fields, void *item)
{
    struct assigned_topic *topic = item;

    field_text(fields, "name", topic->name, sizeof topic->name);
    field_u32(fields, "flow", &topic->flow, FLOWS_MAX - 1);
}

static void code_load(struct fields *fields, void *item)
{
    struct phase_load *load = item;

    load->load = field_enum(fields, "load", load->load, loads, LOAD_MAX + 1);
    field_counter(fields, "messages", &load->rate.messages);
    field_counter(fields, "per_ns", &load->rate.per_ns);
}

static bool is_no_load(const struct phase_load *load)
{
    return load->load == LOAD_NONE && load->rate.messages == 0 && load->rate.per_ns == 0;
}

static void code_point(struct fields *fields, void *item)
{
    struct curve_point *point = item;

    field_i64(fields, "at_ns", &point->at_ns);
    field_counter(fields, "messages_per_1e6_s", &point->messages_per_1e6_s);
}

static void code_consume(struct fields *fields, struct phase_consume *consume)
{
    if (!field_doc_begin(fields, "consume")) {
        return;
    }
    consume->pace = field_enum(fields, "pace", consume->pace, paces, CONSUME_THINK + 1);
    field_counter(fields, "messages", &consume->rate.messages);
    field_counter(fields, "per_ns", &consume->rate.per_ns);
    field_i64(fields, "think_ns", &consume->think_ns);
    field_doc_end(fields);
}

static void code_phase(struct fields *fields, void *item)
{
    static const struct field_list flow_loads = {
        .item_bytes = sizeof(struct phase_load), .items_max = FLOWS_MAX, .code = code_load};
    static const struct field_list curve = {.item_bytes = sizeof(struct curve_point),
                                            .items_max = CURVE_POINTS_MAX,
                                            .code = code_point};
    struct assigned_phase *phase = item;
    uint32_t loads_count = FLOWS_MAX;

    while (loads_count > 0 && is_no_load(&phase->loads[loads_count - 1])) {
        loads_count--;
    }
    field_text(fields, "name", phase->name, sizeof phase->name);
    field_i64(fields, "duration_ns", &phase->duration_ns);
    field_bool(fields, "until_drained", &phase->until_drained);
    field_counter(fields, "messages", &phase->messages);
    field_bool(fields, "measured", &phase->measured);
    field_bool(fields, "implied", &phase->implied);
    code_consume(fields, &phase->consume);
    phase->arrivals =
        field_enum(fields, "arrivals", phase->arrivals, arrivals, ARRIVALS_ALIGNED + 1);
    field_i64(fields, "skip_ns", &phase->skip_ns);
    field_items(fields, "curve", phase->curve, &phase->curve_count, &curve);
    field_items(fields, "loads", phase->loads, &loads_count, &flow_loads); /* By flow. */
}

static void code_producer(struct fields *fields, void *item)
{
    struct assigned_producer *producer = item;

    field_u32(fields, "client", &producer->client, CLIENTS_MAX - 1);
    field_u32(fields, "flow", &producer->flow, FLOWS_MAX - 1);
    field_u32(fields, "index", &producer->index, CLIENTS_MAX - 1);
    field_u32(fields, "worker", &producer->worker, WORKERS_MAX - 1);
    field_u32(fields, "stream_first", &producer->stream_first, STREAMS_MAX);
    field_u32(fields, "topic_first", &producer->topic_first, TOPICS_MAX);
    field_u32(fields, "topic_stride", &producer->topic_stride, ANY_U32);
    field_u32(fields, "topics_count", &producer->topics_count, TOPICS_MAX);
}

static void code_consumer(struct fields *fields, void *item)
{
    struct assigned_consumer *consumer = item;

    field_u32(fields, "client", &consumer->client, CLIENTS_MAX - 1);
    field_u32(fields, "flow", &consumer->flow, FLOWS_MAX - 1);
    field_u32(fields, "subscription", &consumer->subscription, SUBSCRIPTIONS_MAX - 1);
    field_u32(fields, "index", &consumer->index, CLIENTS_MAX - 1);
    field_u32(fields, "worker", &consumer->worker, WORKERS_MAX - 1);
    field_u32(fields, "topic_first", &consumer->topic_first, TOPICS_MAX);
    field_u32(fields, "topic_stride", &consumer->topic_stride, ANY_U32);
    field_u32(fields, "topics_count", &consumer->topics_count, TOPICS_MAX);
    field_u32(fields, "share_index", &consumer->share_index, CLIENTS_MAX - 1);
    field_u32(fields, "shares_count", &consumer->shares_count, CLIENTS_MAX);
}

static void column_agent(struct table *table, void *item)
{
    column_u32(table, item, AGENTS_MAX - 1);
}

/* Agents of clients stand in tables of their own, as many as there are clients. */
static uint32_t *code_client_agents(struct fields *fields, const char *key, uint32_t *agents,
                                    uint32_t clients_count)
{
    static const struct table_list kind = {.item_bytes = sizeof(uint32_t),
                                           .items_max = CLIENTS_MAX,
                                           .row_bytes_min = 1,
                                           .code = column_agent};
    uint32_t count = clients_count;

    if (fields->reads) {
        count = 0;
    }
    agents = field_table(fields, key, agents, &count, &kind);
    if (count != clients_count) {
        fields_bad(fields, key, "has not as many rows as there are clients");
    }
    return agents;
}

void code_trial_entry(struct fields *fields, struct entry_trial *trial)
{
    static const struct field_list flows = {
        .item_bytes = sizeof(struct assigned_flow), .items_max = FLOWS_MAX, .code = code_flow};
    static const struct field_list topics = {
        .item_bytes = sizeof(struct assigned_topic), .items_max = TOPICS_MAX, .code = code_topic};
    static const struct field_list phases = {
        .item_bytes = sizeof(struct assigned_phase), .items_max = PHASES_MAX, .code = code_phase};
    static const struct field_list producers = {.item_bytes = sizeof(struct assigned_producer),
                                                .items_max = CLIENTS_MAX,
                                                .code = code_producer};
    static const struct field_list consumers = {.item_bytes = sizeof(struct assigned_consumer),
                                                .items_max = CLIENTS_MAX,
                                                .code = code_consumer};

    field_u32(fields, "trial", &trial->number, ANY_U32);
    field_u32(fields, "case_index", &trial->case_index, ANY_U32);
    field_u32(fields, "repetition", &trial->repetition, ANY_U32);
    field_u32(fields, "agents_count", &trial->agents_count, AGENTS_MAX);
    field_i64(fields, "started_unix_ns", &trial->started_unix_ns);
    field_text(fields, "broker_version", trial->broker_version, sizeof trial->broker_version);
    trial->flows = field_list(fields, "flows", trial->flows, &trial->flows_count, &flows);
    trial->topics = field_list(fields, "topics", trial->topics, &trial->topics_count, &topics);
    trial->phases = field_list(fields, "phases", trial->phases, &trial->phases_count, &phases);
    trial->producers =
        field_list(fields, "producers", trial->producers, &trial->producers_count, &producers);
    trial->consumers =
        field_list(fields, "consumers", trial->consumers, &trial->consumers_count, &consumers);
    trial->producer_agents = code_client_agents(fields, "producer_agents", trial->producer_agents,
                                                trial->producers_count);
    trial->consumer_agents = code_client_agents(fields, "consumer_agents", trial->consumer_agents,
                                                trial->consumers_count);
}
