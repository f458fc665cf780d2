/* What a made-up trial must come to, message by message. */
#include "invariant.h"
#include "made_trial_parts.h"

#include <stdlib.h>
#include <string.h>

static void *zeros(size_t count, size_t item_bytes)
{
    void *list = calloc(count + 1, item_bytes);

    ASSERT(list != NULL);
    return list;
}

void made_settle(struct made_trial *made)
{
    uint32_t subscriptions = made->options.subscriptions_count;
    uint32_t streams = made->entry.flows_count * made->entry.flows[0].streams_count;
    uint32_t agents = made->entry.agents_count;
    uint64_t *high =
        zeros((size_t)made->entry.consumers_count * streams, sizeof *high); /* One above it. */
    uint8_t *had = zeros((size_t)made->messages_count * subscriptions * agents, 1);

    made->arrivals = zeros((size_t)made->messages_count * subscriptions, sizeof *made->arrivals);
    for (uint32_t i = 0; i < made->deliveries_count; i++) {
        const struct made_delivery *delivery = &made->deliveries[i];
        const struct made_message *message = &made->messages[delivery->message];
        uint32_t subscription = made->entry.consumers[delivery->consumer].subscription;
        uint32_t agent = made->entry.consumer_agents[delivery->consumer];
        uint64_t *highest = &high[(size_t)delivery->consumer * streams + message->stream];
        size_t at = (size_t)delivery->message * subscriptions + subscription;

        if (delivery->interval >= made_reported(made, agent)) {
            continue;
        }
        made->arrivals[at].copies++;
        if (had[at * agents + agent] == 0 && message->seq + 1 < *highest) {
            made->arrivals[at].out_of_order = true;
        }
        had[at * agents + agent] = 1;
        *highest = message->seq + 1 > *highest ? message->seq + 1 : *highest;
    }
    free(high);
    free(had);
}

static bool asked(uint32_t question, uint32_t value)
{
    return question == DELIVERY_ALL || question == value;
}

/* An acked message that did not come: whose fault? */
static void count_missing(const struct made_trial *made, const struct made_message *message,
                          const struct delivery_end *end, uint32_t place,
                          struct delivery_counts *ret)
{
    int64_t ttl_ns = made->options.ttl_ns;
    int64_t reported_ns = (message->sent_interval + 1) * INTERVAL_NS;

    if (ttl_ns > 0 && reported_ns + ttl_ns <= end->ended_ns) {
        ret->expired++;
    } else if (end->unaccounted[place] != 0) {
        ret->unaccounted++;
    } else {
        ret->lost++;
    }
}

static void count_reading(const struct made_trial *made, uint32_t index, uint32_t subscription,
                          bool acked, const struct delivery_end *end, struct delivery_counts *ret)
{
    const struct made_message *message = &made->messages[index];
    const struct made_arrivals *arrivals =
        &made->arrivals[(size_t)index * made->options.subscriptions_count + subscription];
    uint32_t flow = made->entry.producers[message->producer].flow;

    ret->expected += acked ? 1 : 0;
    ret->reordered += arrivals->out_of_order ? 1 : 0;
    if (arrivals->copies > 0) {
        ret->received++;
        ret->duplicated += arrivals->copies - 1;
        ret->unexpected += acked ? 0 : 1;
    } else if (acked) {
        count_missing(made, message, end, flow * SUBSCRIPTIONS_MAX + subscription, ret);
    }
}

void made_count(const struct made_trial *made, const struct delivery_question *question,
                const struct delivery_end *end, struct delivery_counts *ret)
{
    for (uint32_t i = 0; i < made->messages_count; i++) {
        const struct made_message *message = &made->messages[i];
        uint32_t agent = made->entry.producer_agents[message->producer];
        bool told = message->outcome_interval < made_reported(made, agent);

        if (message->sent_interval >= made_reported(made, agent) ||
            !asked(question->flow, made->entry.producers[message->producer].flow) ||
            !asked(question->phase, message->phase) || !asked(question->topic, message->topic) ||
            !asked(question->partition, message->partition)) {
            continue;
        }
        ret->sent++;
        ret->acked += told && message->outcome == MADE_ACKED ? 1 : 0;
        ret->refused += told && message->outcome == MADE_REFUSED ? 1 : 0;
        ret->unconfirmed += told && message->outcome == MADE_UNCONFIRMED ? 1 : 0;
        for (uint32_t s = 0;
             made->options.consumers_count > 0 && s < made->options.subscriptions_count; s++) {
            if (asked(question->subscription, s)) {
                count_reading(made, i, s, told && message->outcome == MADE_ACKED, end, ret);
            }
        }
    }
}

struct hist *made_latency(const struct made_trial *made, uint32_t flow, uint32_t phase)
{
    uint32_t subscriptions = made->options.subscriptions_count;
    uint32_t agents = made->entry.agents_count;
    uint8_t *had = zeros((size_t)made->messages_count * subscriptions * agents, 1);
    struct hist *hist = NULL;

    ASSERT(hist_new(&hist, NULL) == 0);
    for (uint32_t i = 0; i < made->deliveries_count; i++) {
        const struct made_delivery *delivery = &made->deliveries[i];
        const struct made_message *message = &made->messages[delivery->message];
        uint32_t agent = made->entry.consumer_agents[delivery->consumer];
        uint32_t subscription = made->entry.consumers[delivery->consumer].subscription;
        uint8_t *here =
            &had[((size_t)delivery->message * subscriptions + subscription) * agents + agent];

        /* An agent takes the latency of what is new to it. */
        if (delivery->interval < made_reported(made, agent) && *here == 0 &&
            asked(flow, made->entry.consumers[delivery->consumer].flow) &&
            asked(phase, message->phase)) {
            hist_record(hist, delivery->latency_ns);
        }
        *here = 1;
    }
    free(had);
    return hist;
}
