#include "explain_case_inner.h"

#include "explain_needs_inner.h"
#include "mono.h"
#include "needs.h"
#include "needs_resident.h"
#include "phase_messages.h"
#include "snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Topics of a flow that are listed one by one; the others follow the same rule. */
#define TOPICS_LISTED 8
#define CLIENTS_LISTED 12

/* "1 topic", "4 topics". */
static void write_count(uint32_t count, const char *noun)
{
    (void)printf("%" PRIu32 " %s%s", count, noun, count == 1 ? "" : "s");
}

static void write_words(const struct delivery *delivery)
{
    static const char *const publish[] = {"none", "leader", "all"};
    char ttl[UNITS_TEXT_BYTES];

    (void)printf("publish_ack %s, in_flight %" PRIu32 ", consume_ack ",
                 publish[delivery->publish_ack], delivery->in_flight);
    if (delivery->consume_ack == CONSUME_ACK_BATCH) {
        (void)printf("every %" PRIu32, delivery->consume_ack_batch);
    } else {
        (void)printf("%s", delivery->consume_ack == CONSUME_ACK_EACH ? "each" : "none");
    }
    (void)printf("%s%s", delivery->ordered ? ", ordered" : "",
                 delivery->persistent ? ", persistent" : ", not persistent");
    if (delivery->ttl_ns > 0) {
        (void)printf(", ttl %s", units_format_duration(delivery->ttl_ns, ttl));
    }
    (void)printf("\n");
}

/* Messages and bytes of a flow over all phases; false if a phase sends as much as it can. */
static bool flow_messages(const struct assignment *a, uint32_t flow, uint64_t *ret)
{
    bool bounded = true;

    *ret = 0;
    for (uint32_t i = 0; i < a->phases_count; i++) {
        uint64_t messages = phase_messages(a, i, flow);

        bounded = bounded && messages != UINT64_MAX;
        *ret += messages == UINT64_MAX ? 0 : messages;
    }
    return bounded;
}

/* "256 B (70.0 %), 4.00 KiB to 64.0 KiB (30.0 %), mean 10.4 KiB, random" */
static void write_message(const struct message_shape *message)
{
    char bytes[UNITS_TEXT_BYTES];
    double weights = 0.0;

    for (uint32_t i = 0; i < message->sizes_count; i++) {
        weights += message->sizes[i].weight;
    }
    for (uint32_t i = 0; i < message->sizes_count; i++) {
        const struct message_size *size = &message->sizes[i];

        (void)printf("%s%s", i > 0 ? ", " : "", units_format_bytes(size->bytes_min, bytes));
        if (size->bytes_max > size->bytes_min) {
            (void)printf(" to %s", units_format_bytes(size->bytes_max, bytes));
        }
        if (message->sizes_count > 1) {
            (void)printf(" (%.3g %%)", size->weight / weights * 100.0);
        }
    }
    if (message_bytes_max(message) > message_bytes_min(message)) {
        (void)printf(", mean %s", units_format_bytes(message_bytes_mean(message), bytes));
    }
    (void)printf(", %s", message_payload_name(message->payload));
    if (message->compressible_millis > 0) {
        (void)printf(" (%.3g %% compressible)", message->compressible_millis / 10.0);
    }
}

/* Shares of the busiest key, and of the partitions of a topic that most and least goes to. */
struct key_shares {
    double key;
    double partition_min;
    double partition_max;
};

static struct key_shares key_shares_of(const struct assigned_flow *flow)
{
    const struct message_keys *keys = &flow->message.keys;
    double partitions[PARTITIONS_MAX] = {0};
    struct key_shares shares = {.partition_min = 1.0};
    double sum = 0.0;

    for (uint32_t i = 0; i < keys->count; i++) {
        double weight = message_key_weight(keys, i);

        sum += weight;
        partitions[message_key_partition(i, flow->partitions)] += weight;
    }
    shares.key = message_key_weight(keys, 0) / sum;
    for (uint32_t i = 0; i < flow->partitions; i++) {
        double share = partitions[i] / sum;

        shares.partition_min = share < shares.partition_min ? share : shares.partition_min;
        shares.partition_max = share > shares.partition_max ? share : shares.partition_max;
    }
    return shares;
}

static void write_keys(const struct assigned_flow *flow)
{
    const struct message_keys *keys = &flow->message.keys;
    struct key_shares shares;

    if (keys->count == 0) {
        return;
    }
    shares = key_shares_of(flow);
    (void)printf("    ");
    write_count(keys->count, "key");
    switch (keys->distribution) {
    case KEYS_UNIFORM:
        (void)printf(", uniform");
        break;
    case KEYS_ZIPF:
        (void)printf(", zipf with exponent %.3g: the busiest is that of %.3g %% of the messages",
                     keys->exponent_millis / 1000.0, shares.key * 100.0);
        break;
    case KEYS_SEQUENTIAL:
        (void)printf(", sequential");
        break;
    }
    (void)printf("; of a topic's messages the partitions get %.3g %% to %.3g %%\n",
                 shares.partition_min * 100.0, shares.partition_max * 100.0);
}

static void write_flow(const struct assignment *a, uint32_t index)
{
    const struct assigned_flow *flow = &a->flows[index];
    uint64_t messages = 0;
    bool bounded = flow_messages(a, index, &messages);
    char count[UNITS_TEXT_BYTES];
    char bytes[UNITS_TEXT_BYTES];

    (void)printf("  flow %s: messages of ", flow->name);
    write_message(&flow->message);
    (void)printf("; ");
    write_words(&flow->delivery);
    (void)printf("    ");
    write_count(flow->topics_count, "topic");
    (void)printf(" x ");
    write_count(flow->partitions, "partition");
    (void)printf("; ");
    write_count(flow->producers_count, "producer");
    (void)printf(" on ");
    write_count(flow->streams_count, "stream");
    (void)printf("; ");
    write_count(flow->subscriptions_count, "subscription");
    (void)printf(" x ");
    write_count(flow->consumers_count, "consumer");
    if (bounded) {
        (void)printf(
            "\n    %s messages out, %s", units_format_count((double)messages, count),
            units_format_bytes((double)messages * message_bytes_mean(&flow->message), bytes));
    } else {
        (void)printf("\n    as many messages out as confirms allow");
    }
    (void)printf("; each read by ");
    write_count(flow->subscriptions_count, "subscription");
    (void)printf("\n");
    write_keys(flow);
}

/* A ramp's two rates, or the lowest and the highest of a curve. */
static void write_curve(const struct assignment *a, const struct assigned_phase *phase)
{
    struct load_curve curve = assigned_curve(a, phase);
    char from[UNITS_TEXT_BYTES];
    char to[UNITS_TEXT_BYTES];
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;

    for (uint32_t i = 0; i < phase->curve_count; i++) {
        uint64_t rate = curve.points[i].messages_per_1e6_s;

        low = rate < low ? rate : low;
        high = rate > high ? rate : high;
    }
    if (phase->curve_count == 2) {
        low = curve.points[0].messages_per_1e6_s;
        high = curve.points[1].messages_per_1e6_s;
    }
    (void)printf(phase->curve_count == 2 ? "from %s to %s" : "a curve between %s and %s",
                 units_format_rate((double)low / 1e6, from),
                 units_format_rate((double)high / 1e6, to));
}

static void write_load(const struct assignment *a, const struct assigned_phase *phase,
                       const struct phase_load *load)
{
    static const char *const arrivals[] = {[ARRIVALS_CONSTANT] = "",
                                           [ARRIVALS_POISSON] = ", poisson",
                                           [ARRIVALS_ALIGNED] = ", aligned"};
    char rate[UNITS_TEXT_BYTES];

    if (load->load != LOAD_RATE) {
        (void)printf("%s", load->load == LOAD_MAX ? "as fast as confirms allow" : "nothing sent");
        return;
    }
    if (phase->curve_count > 0) {
        write_curve(a, phase);
    } else {
        (void)printf("%s", units_format_rate(rate_per_s(load->rate), rate));
    }
    (void)printf("%s", arrivals[phase->pacing.arrivals]);
    if (phase->pacing.coalesce_ns > 0) {
        (void)printf(", in ticks of %s", units_format_ns((double)phase->pacing.coalesce_ns, rate));
    }
    if (phase->pacing.skip_ns > 0) {
        (void)printf(", those later than %s skipped",
                     units_format_ns((double)phase->pacing.skip_ns, rate));
    }
}

static void write_consume(const struct phase_consume *consume)
{
    char text[UNITS_TEXT_BYTES];

    if (consume->pace == CONSUME_PAUSED) {
        (void)printf("; consumers paused");
    } else if (consume->pace == CONSUME_RATE) {
        (void)printf("; each subscription takes %s at most",
                     units_format_rate(rate_per_s(consume->rate), text));
    } else if (consume->pace == CONSUME_THINK) {
        (void)printf("; consumers think for %s after each message",
                     units_format_ns((double)consume->think_ns, text));
    }
}

/* Max and none hold for all flows. */
static void write_loads(const struct assignment *a, const struct assigned_phase *phase)
{
    if (a->flows_count == 1 || phase->loads[0].load != LOAD_RATE) {
        (void)printf(" ");
        write_load(a, phase, &phase->loads[0]);
        return;
    }
    for (uint32_t flow = 0; flow < a->flows_count; flow++) {
        (void)printf("%s %s ", flow > 0 ? "," : "", a->flows[flow].name);
        write_load(a, phase, &phase->loads[flow]);
    }
}

static void write_phases(const struct assignment *a)
{
    char duration[UNITS_TEXT_BYTES];

    (void)printf("  phases:\n");
    for (uint32_t i = 0; i < a->phases_count; i++) {
        const struct assigned_phase *phase = &a->phases[i];

        (void)printf("    %-16s %s%s,", phase->name,
                     phase->until_drained || phase->messages > 0 ? "at most " : "",
                     units_format_duration(phase->duration_ns, duration));
        if (phase->messages > 0) {
            (void)printf(" %" PRIu64 " messages%s,", phase->messages,
                         a->flows_count > 1 ? " of each flow" : "");
        }
        write_loads(a, phase);
        write_consume(&phase->consume);
        (void)printf("%s%s\n",
                     phase->until_drained ? ", until every subscription has every confirmed message"
                     : phase->measured    ? ""
                                          : ", not measured",
                     phase->implied ? " (implied)" : "");
    }
}

/* What the agent's producers are asked for in the phase that asks most. */
static double peak_rate(const struct assignment *a, bool *ret_max)
{
    double peak = 0.0;

    *ret_max = false;
    for (uint32_t i = 0; i < a->phases_count; i++) {
        double here = 0.0;

        for (uint32_t k = 0; k < a->producers_count; k++) {
            const struct assigned_producer *producer = &a->producers[k];
            const struct phase_load *load = &a->phases[i].loads[producer->flow];

            *ret_max = *ret_max || load->load == LOAD_MAX;
            if (load->load == LOAD_RATE) {
                here += rate_per_s(load->rate) / a->flows[producer->flow].producers_count;
            }
        }
        peak = here > peak ? here : peak;
    }
    return peak;
}

static void write_agent(const struct assignment *a)
{
    bool is_max = false;
    double rate = peak_rate(a, &is_max);
    char rate_text[UNITS_TEXT_BYTES];
    char bytes[UNITS_TEXT_BYTES];

    write_count(a->producers_count, "producer");
    (void)printf(", ");
    write_count(a->consumers_count, "consumer");
    (void)printf(" on ");
    write_count(a->workers_count, "worker");
    (void)printf("; sends %s; about %s of memory",
                 is_max ? "as fast as confirms allow" : units_format_rate(rate, rate_text),
                 units_format_bytes(needs_resident_bytes(a), bytes));
}

static void write_agents(const struct plan_trial *trial, char (*hosts)[NAME_BYTES])
{
    uint64_t all = 0;

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        all += needs_of(&trial->assignments[i]).clients;
    }
    (void)printf("  agents:\n");
    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        const struct assignment *a = &trial->assignments[i];
        uint64_t clients = needs_of(a).clients;

        (void)printf("    %" PRIu32 "%s%s: ", i, hosts == NULL ? "" : " on ",
                     hosts == NULL ? "" : hosts[i]);
        if (clients == 0) {
            (void)printf("idle, it has no clients\n");
            continue;
        }
        write_agent(a);
        (void)printf("; %.3g %% of the clients\n", 100.0 * (double)clients / (double)all);
    }
}

static bool uses_topic(uint32_t first, uint32_t stride, uint32_t count, uint32_t topic)
{
    return topic >= first && (topic == first || (stride > 0 && (topic - first) % stride == 0 &&
                                                 (topic - first) / stride < count));
}

static void write_writers(const struct plan_trial *trial, uint32_t flow, uint32_t topic)
{
    uint32_t listed = 0;

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        const struct assignment *a = &trial->assignments[i];

        for (uint32_t k = 0; k < a->producers_count; k++) {
            const struct assigned_producer *p = &a->producers[k];

            if (p->flow == flow &&
                uses_topic(p->topic_first, p->topic_stride, p->topics_count, topic) &&
                listed++ < CLIENTS_LISTED) {
                (void)printf("%s%" PRIu32 "@%" PRIu32, listed == 1 ? "producer " : ", ", p->index,
                             i);
            }
        }
    }
    (void)printf("%s", listed > CLIENTS_LISTED ? ", ..." : "");
}

static void write_readers(const struct plan_trial *trial, uint32_t flow, uint32_t topic)
{
    uint32_t listed = 0;

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        const struct assignment *a = &trial->assignments[i];

        for (uint32_t k = 0; k < a->consumers_count; k++) {
            const struct assigned_consumer *c = &a->consumers[k];

            if (c->flow == flow &&
                uses_topic(c->topic_first, c->topic_stride, c->topics_count, topic) &&
                listed++ < CLIENTS_LISTED) {
                (void)printf("%s%" PRIu32 ".%" PRIu32 "@%" PRIu32, listed == 1 ? "consumer " : ", ",
                             c->subscription, c->index, i);
            }
        }
    }
    (void)printf("%s", listed > CLIENTS_LISTED ? ", ..." : listed == 0 ? "nobody" : "");
}

static void write_topics(const struct plan_trial *trial)
{
    const struct assignment *a = &trial->assignments[0];

    (void)printf("  topics (producer INDEX@AGENT -> consumer SUBSCRIPTION.INDEX@AGENT):\n");
    for (uint32_t flow = 0; flow < a->flows_count; flow++) {
        for (uint32_t topic = 0; topic < a->flows[flow].topics_count; topic++) {
            if (topic == TOPICS_LISTED) {
                (void)printf("    ... and %" PRIu32 " more of flow %s\n",
                             a->flows[flow].topics_count - topic, a->flows[flow].name);
                break;
            }
            (void)printf("    %s: ", a->topics[a->flows[flow].topic_first + topic].name);
            write_writers(trial, flow, topic);
            (void)printf(" -> ");
            write_readers(trial, flow, topic);
            (void)printf("\n");
        }
    }
}

/* Where the broker deals out partitions, those beyond them get none. */
static void write_idle(const struct plan_trial *trial)
{
    const struct catalog_entry *entry = catalog_entry_of(&trial->assignments[0].target);

    if (!entry->group_assigns) {
        return;
    }
    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        const struct assignment *a = &trial->assignments[i];

        for (uint32_t k = 0; k < a->consumers_count; k++) {
            const struct assigned_consumer *c = &a->consumers[k];

            if (c->share_index >= a->flows[c->flow].partitions) {
                (void)printf("  idle: consumer %" PRIu32 ".%" PRIu32 "@%" PRIu32
                             " of flow %s has no partition\n",
                             c->subscription, c->index, i, a->flows[c->flow].name);
            }
        }
    }
}

void explain_trial(const struct plan_trial *trial, char (*hosts)[NAME_BYTES], bool whole)
{
    const struct assignment *a = &trial->assignments[0];

    for (uint32_t i = 0; i < a->flows_count; i++) {
        write_flow(a, i);
    }
    write_phases(a);
    write_agents(trial, hosts);
    if (whole) {
        write_topics(trial);
    }
    write_idle(trial);
    if (hosts == NULL) {
        explain_limits(trial);
    }
    explain_disk(trial);
}
