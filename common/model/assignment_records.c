/* The tables of what an agent is to do; see record.h. */
#include "assignment.h"

const char *const publish_ack_names[] = {
    [PUBLISH_ACK_NONE] = "none",
    [PUBLISH_ACK_LEADER] = "leader",
    [PUBLISH_ACK_ALL] = "all",
};
const char *const consume_ack_names[] = {
    [CONSUME_ACK_NONE] = "none",
    [CONSUME_ACK_EACH] = "each",
    [CONSUME_ACK_BATCH] = "batch",
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

static const struct field delivery_fields[] = {
    FIELD_NAMES_OF(delivery, publish_ack, FIELD_ENUM, publish_ack_names),
    FIELD(delivery, in_flight, .min = 1, .max = IN_FLIGHT_MAX),
    FIELD_NAMES_OF(delivery, consume_ack, FIELD_ENUM, consume_ack_names),
    FIELD(delivery, consume_ack_batch, .min = 1),
    FIELD(delivery, ordered),
    FIELD(delivery, ttl_ns, .max = INT64_MAX),
    FIELD(delivery, persistent),
};

static const char *delivery_wrong(const void *item)
{
    const struct delivery *delivery = item;

    return delivery->consume_ack != CONSUME_ACK_BATCH && delivery->consume_ack_batch != 1
               ? "consume_ack_batch is for batches"
               : NULL;
}

const struct record delivery_record = RECORD(delivery, .wrong = delivery_wrong);

static const struct field assigned_flow_fields[] = {
    FIELD(assigned_flow, name, .min = 1),
    FIELD_RECORD_OF(assigned_flow, message, message_shape_record),
    FIELD_RECORD_OF(assigned_flow, delivery, delivery_record),
    FIELD(assigned_flow, topic_first, .max = TOPICS_MAX),
    FIELD(assigned_flow, topics_count, .min = 1, .max = TOPICS_MAX),
    FIELD(assigned_flow, partitions, .min = 1, .max = PARTITIONS_MAX),
    FIELD(assigned_flow, producers_count, .max = CLIENTS_MAX),
    FIELD(assigned_flow, subscriptions_count, .max = SUBSCRIPTIONS_MAX),
    FIELD(assigned_flow, consumers_count, .max = CLIENTS_MAX),
    FIELD(assigned_flow, stream_first, .max = STREAMS_MAX),
    FIELD(assigned_flow, streams_count, .max = STREAMS_MAX),
};

const struct record assigned_flow_record = RECORD(assigned_flow);

static const struct field assigned_topic_fields[] = {
    FIELD(assigned_topic, name, .min = 1),
    FIELD(assigned_topic, flow, .max = FLOWS_MAX - 1),
};

const struct record assigned_topic_record = RECORD(assigned_topic);

static bool is_no_rate(struct rate rate)
{
    return rate.messages == 0 || rate.per_ns == 0 || rate_per_s(rate) > RATE_PER_S_MAX;
}

static const struct field phase_load_fields[] = {
    FIELD_NAMES_OF(phase_load, load, FIELD_ENUM, loads),
    FIELD_NAMED(phase_load, rate.messages, "messages"),
    FIELD_NAMED(phase_load, rate.per_ns, "per_ns"),
};

static const char *phase_load_wrong(const void *item)
{
    const struct phase_load *load = item;

    return load->load == LOAD_RATE && is_no_rate(load->rate) ? "rate is zero or too high" : NULL;
}

const struct record phase_load_record = RECORD(phase_load, .wrong = phase_load_wrong);

static const struct field phase_consume_fields[] = {
    FIELD_NAMES_OF(phase_consume, pace, FIELD_ENUM, paces),
    FIELD_NAMED(phase_consume, rate.messages, "messages"),
    FIELD_NAMED(phase_consume, rate.per_ns, "per_ns"),
    FIELD(phase_consume, think_ns, .max = THINK_NS_MAX),
};

static const char *phase_consume_wrong(const void *item)
{
    const struct phase_consume *consume = item;

    if (consume->pace == CONSUME_RATE && is_no_rate(consume->rate)) {
        return "rate is zero or too high";
    }
    return consume->pace == CONSUME_THINK && consume->think_ns == 0 ? "think_ns is zero" : NULL;
}

const struct record phase_consume_record = RECORD(phase_consume, .wrong = phase_consume_wrong);

static const struct field curve_point_fields[] = {
    FIELD(curve_point, at_ns, .max = CURVE_NEVER_NS),
    FIELD(curve_point, messages_per_1e6_s, .max = (uint64_t)(RATE_PER_S_MAX * 1e6)),
};

const struct record curve_point_record = RECORD(curve_point);

static const struct field phase_pacing_fields[] = {
    FIELD_NAMES_OF(phase_pacing, arrivals, FIELD_ENUM, arrivals),
    FIELD(phase_pacing, skip_ns, .max = SKIP_NS_MAX),
    FIELD(phase_pacing, coalesce_ns, .max = COALESCE_NS_MAX, .since = 4),
};

static const struct record phase_pacing_record = RECORD(phase_pacing);

static const struct field assigned_phase_fields[] = {
    FIELD(assigned_phase, name, .min = 1),
    FIELD(assigned_phase, duration_ns, .min = 1, .max = INT64_MAX / 2),
    FIELD(assigned_phase, until_drained),
    FIELD(assigned_phase, messages, .max = PHASE_MESSAGES_MAX),
    FIELD(assigned_phase, measured),
    FIELD(assigned_phase, implied),
    FIELD_RECORD_OF(assigned_phase, consume, phase_consume_record),
    FIELD_RECORD_OF(assigned_phase, pacing, phase_pacing_record, .flat = true),
    FIELD(assigned_phase, curve_first, .max = CURVES_POINTS_MAX, .only = ONLY_SENT),
    FIELD(assigned_phase, curve_count, .max = CURVE_POINTS_MAX, .since = 3, .was_list = "curve"),
    FIELD_ARRAY_OF(assigned_phase, loads, phase_load_record), /* By flow. */
};

static const char *assigned_phase_wrong(const void *item)
{
    const struct assigned_phase *phase = item;

    return phase->until_drained && phase->messages > 0
               ? "messages are of a phase that ends when it is drained"
               : NULL;
}

const struct record assigned_phase_record = RECORD(assigned_phase, .wrong = assigned_phase_wrong);

static const struct field assigned_producer_fields[] = {
    FIELD(assigned_producer, client, .max = CLIENTS_MAX - 1),
    FIELD(assigned_producer, flow, .max = FLOWS_MAX - 1),
    FIELD(assigned_producer, index, .max = CLIENTS_MAX - 1),
    FIELD(assigned_producer, worker, .max = WORKERS_MAX - 1),
    FIELD(assigned_producer, stream_first, .max = STREAMS_MAX),
    FIELD(assigned_producer, topic_first, .max = TOPICS_MAX),
    FIELD(assigned_producer, topic_stride),
    FIELD(assigned_producer, topics_count, .min = 1, .max = TOPICS_MAX),
};

const struct record assigned_producer_record = RECORD(assigned_producer);

static const struct field assigned_consumer_fields[] = {
    FIELD(assigned_consumer, client, .max = CLIENTS_MAX - 1),
    FIELD(assigned_consumer, flow, .max = FLOWS_MAX - 1),
    FIELD(assigned_consumer, subscription, .max = SUBSCRIPTIONS_MAX - 1),
    FIELD(assigned_consumer, index, .max = CLIENTS_MAX - 1),
    FIELD(assigned_consumer, worker, .max = WORKERS_MAX - 1),
    FIELD(assigned_consumer, topic_first, .max = TOPICS_MAX),
    FIELD(assigned_consumer, topic_stride),
    FIELD(assigned_consumer, topics_count, .min = 1, .max = TOPICS_MAX),
    FIELD(assigned_consumer, share_index, .max = CLIENTS_MAX - 1),
    FIELD(assigned_consumer, shares_count, .min = 1, .max = CLIENTS_MAX),
};

const struct record assigned_consumer_record = RECORD(assigned_consumer);

static const struct field assigned_writer_fields[] = {
    FIELD(assigned_writer, stream_first, .max = STREAMS_MAX),
    FIELD(assigned_writer, streams_count, .max = STREAMS_MAX),
    FIELD(assigned_writer, agent, .max = AGENTS_MAX - 1),
};

const struct record assigned_writer_record = RECORD(assigned_writer);

static const struct field assignment_fields[] = {
    FIELD(assignment, run_id, .min = 1),
    FIELD(assignment, trial),
    FIELD(assignment, tag),
    FIELD_OF_TYPE(assignment, seed, FIELD_ID),
    FIELD(assignment, agent, .max = AGENTS_MAX - 1),
    FIELD(assignment, workers_count, .min = 1, .max = WORKERS_MAX),
    FIELD(assignment, topics_owner),
    FIELD_RECORD_OF(assignment, target, target_record),
    FIELD_LIST_OF(assignment, flows, flows_count, assigned_flow_record, FLOWS_MAX, .min = 1),
    FIELD_LIST_OF(assignment, topics, topics_count, assigned_topic_record, TOPICS_MAX, .min = 1),
    FIELD_LIST_OF(assignment, phases, phases_count, assigned_phase_record, PHASES_MAX, .min = 1),
    FIELD_LIST_OF(assignment, points, points_count, curve_point_record, CURVES_POINTS_MAX),
    FIELD_LIST_OF(assignment, producers, producers_count, assigned_producer_record, CLIENTS_MAX),
    FIELD_LIST_OF(assignment, consumers, consumers_count, assigned_consumer_record, CLIENTS_MAX),
    FIELD_LIST_OF(assignment, writers, writers_count, assigned_writer_record, STREAMS_MAX),
};

static const char *assignment_wrong(const void *item)
{
    const struct assignment *assignment = item;

    return assignment->flows_count * assignment->phases_count > CELLS_MAX
               ? "flows_count x phases_count is too large"
               : NULL;
}

const struct record assignment_record = RECORD(assignment, .wrong = assignment_wrong);
