/* How many workers each agent has. */
#include "plan_inner.h"

#include <math.h>
#include <stdlib.h>

/*
 * What one worker carries with ease. Each wakes for its own messages and receipts, and waking is
 * most of what a paced message costs: two workers for what one carries wake twice as often, and
 * what one of them receives can't be taken together with what the other sends. Where messages are
 * sent with some 30 us of CPU time each, a receipt included, so many take half of a CPU.
 */
#define WORKER_MESSAGES_PER_S 25e3 /* Sent and received. */
#define WORKER_BYTES_PER_S (100.0 * 1024 * 1024)

/* An agent's clients of a flow. */
struct part {
    uint32_t producers;
    uint32_t consumers;
};

static uint32_t less(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static double share(double of, uint32_t part, uint32_t whole)
{
    return whole > 0 ? of * part / whole : 0.0;
}

/* Messages a second that pass the agent's clients of a flow, sent and received. Each subscription
 * gets all messages, and its consumers share them. */
static double passing_per_s(const struct assigned_flow *flow, const struct part *part, double per_s)
{
    return share(per_s, part->producers, flow->producers_count) +
           share(per_s, part->consumers, flow->consumers_count);
}

/* How many workers a phase needs, of an agent with these parts of the flows; INFINITY: as many as
 * there can be, as it sends as fast as it goes. */
static double needed_in(const struct layout *layout, const struct assigned_phase *phase,
                        const struct part *parts)
{
    double messages = 0.0;
    double bytes = 0.0;

    for (uint32_t f = 0; f < layout->flows_count; f++) {
        const struct assigned_flow *flow = &layout->flows[f];
        double here;

        if (phase->loads[f].load == LOAD_MAX) {
            return INFINITY;
        }
        if (phase->loads[f].load == LOAD_RATE) {
            here = passing_per_s(flow, &parts[f], rate_per_s(phase->loads[f].rate));
            messages += here;
            bytes += here * message_bytes_mean(&flow->message);
        }
    }
    return fmax(messages / WORKER_MESSAGES_PER_S, bytes / WORKER_BYTES_PER_S);
}

static uint32_t needed_by(const struct layout *layout, const struct part *parts)
{
    double most = 1.0;

    for (uint32_t i = 0; i < layout->phases_count; i++) {
        most = fmax(most, needed_in(layout, &layout->phases[i], parts));
    }
    return most < WORKERS_MAX ? (uint32_t)ceil(most) : WORKERS_MAX;
}

int layout_limit_workers(struct layout *layout, struct errinfo *reterr)
{
    uint32_t flows = layout->flows_count;
    struct part *parts = calloc((size_t)layout->agents_count * flows, sizeof *parts);

    if (parts == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        parts[layout->producer_agents[i] * flows + layout->producers[i].flow].producers++;
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        parts[layout->consumer_agents[i] * flows + layout->consumers[i].flow].consumers++;
    }
    for (uint32_t a = 0; a < layout->agents_count; a++) {
        uint32_t needed = less(needed_by(layout, &parts[a * flows]), layout->agents[a].cpus);

        layout->workers_counts[a] = less(layout->workers_counts[a], needed);
        layout->workers_counts[a] += layout->workers_counts[a] == 0 ? 1 : 0;
    }
    free(parts);
    return 0;
}
