#include "plan_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void layout_done(struct layout *layout)
{
    free(layout->flows);
    free(layout->topics);
    free(layout->phases);
    free(layout->producers);
    free(layout->consumers);
    free(layout->writers);
    free(layout->producer_agents);
    free(layout->consumer_agents);
    free(layout->workers_counts);
    memset(layout, 0, sizeof *layout);
}

/* Whoever writes has at least one topic, and every topic has at least one writer. */
static uint64_t streams_of(const struct scenario_topology *topology)
{
    uint64_t pairs =
        topology->producers > topology->topics ? topology->producers : topology->topics;

    return topology->producers == 0 ? 0 : pairs * topology->partitions;
}

static int check_totals(const struct scenario_setup *setup, struct errinfo *reterr)
{
    uint64_t topics = 0;
    uint64_t clients = 0;
    uint64_t streams = 0;
    uint64_t readings = 0;

    for (uint32_t i = 0; i < setup->flows_count; i++) {
        const struct scenario_topology *t = &setup->flows[i].topology;

        topics += t->topics;
        clients += t->producers + (uint64_t)t->subscriptions * t->consumers;
        streams += streams_of(t);
        readings += t->consumers > 0 ? streams_of(t) * t->subscriptions : 0;
    }
    if (topics > TOPICS_MAX) {
        return errinfo_set(reterr, -EINVAL, "%llu topics are more than the %d of a trial",
                           (unsigned long long)topics, TOPICS_MAX);
    }
    if (clients > CLIENTS_MAX) {
        return errinfo_set(reterr, -EINVAL, "%llu clients are more than the %d of a trial",
                           (unsigned long long)clients, CLIENTS_MAX);
    }
    if (streams > STREAMS_MAX || readings > READINGS_MAX) {
        return errinfo_set(reterr, -EINVAL,
                           "%llu streams (producers x their topics x partitions), read %llu times, "
                           "are more than a trial can audit (%d, %d)",
                           (unsigned long long)streams, (unsigned long long)readings, STREAMS_MAX,
                           READINGS_MAX);
    }
    return 0;
}

static void fill_flow(struct layout *layout, uint32_t index, uint32_t *stream)
{
    const struct scenario_flow *from = &layout->setup->flows[index];
    struct assigned_flow *flow = &layout->flows[index];
    bool read = from->topology.consumers > 0;

    memcpy(flow->name, from->name, sizeof flow->name);
    flow->message = from->message;
    flow->delivery = from->delivery;
    if (!from->persistent_given) {
        flow->delivery.persistent = layout->entry->capabilities[CAPABILITY_PERSISTENT].available;
    }
    flow->topic_first = layout->topics_count;
    flow->topics_count = from->topology.topics;
    flow->partitions = from->topology.partitions;
    flow->producers_count = from->topology.producers;
    flow->subscriptions_count = read ? from->topology.subscriptions : 0; /* Queues nobody reads. */
    flow->consumers_count = from->topology.consumers;
    flow->stream_first = *stream;
    flow->streams_count = (uint32_t)streams_of(&from->topology);
    *stream += flow->streams_count;
}

static int fill_topics(struct layout *layout, uint32_t index, const char *prefix,
                       struct errinfo *reterr)
{
    const struct assigned_flow *flow = &layout->flows[index];

    for (uint32_t i = 0; i < flow->topics_count; i++) {
        struct assigned_topic *topic = &layout->topics[layout->topics_count++];
        int length = snprintf(topic->name, sizeof topic->name, "%s-%s-%u", prefix, flow->name, i);

        topic->flow = index;
        if (length < 0 || length >= (int)sizeof topic->name) {
            return errinfo_set(reterr, -EINVAL, "topic name %s... is too long (at most %d)",
                               topic->name, TOPIC_NAME_BYTES - 1);
        }
    }
    return 0;
}

static struct phase_load load_of(const struct scenario_phase *phase,
                                 const struct scenario_flow *flow)
{
    switch (phase->kind) {
    case PHASE_LOAD:
        return (struct phase_load){LOAD_RATE, rate_scale(flow->rate, phase->load_percent_millis)};
    case PHASE_RATE:
        return (struct phase_load){LOAD_RATE, phase->rate};
    case PHASE_MAX:
        return (struct phase_load){.load = LOAD_MAX};
    default:
        return (struct phase_load){.load = LOAD_NONE};
    }
}

static void fill_phase(struct layout *layout, uint32_t index)
{
    const struct scenario_phase *from = &layout->setup->phases[index];
    struct assigned_phase *phase = &layout->phases[index];

    memcpy(phase->name, from->name, sizeof phase->name);
    phase->duration_ns = from->duration_ns;
    phase->until_drained = from->until_drained;
    phase->messages = from->messages;
    phase->consume = from->consume;
    phase->measured = from->measured;
    phase->implied = from->implied;
    phase->pacing = from->pacing;
    phase->curve_first = from->curve_first;
    phase->curve_count = from->curve_count;
    for (uint32_t i = 0; i < layout->flows_count; i++) {
        phase->loads[i] = load_of(from, &layout->setup->flows[i]);
    }
}

int layout_tables(struct layout *layout, const char *prefix, struct errinfo *reterr)
{
    const struct scenario_setup *setup = layout->setup;
    uint32_t topics = 0;
    uint32_t stream = 0;
    int r = check_totals(setup, reterr);

    if (r < 0) {
        return r;
    }
    for (uint32_t i = 0; i < setup->flows_count; i++) {
        topics += setup->flows[i].topology.topics;
    }
    layout->flows = calloc(setup->flows_count, sizeof layout->flows[0]);
    layout->topics = calloc(topics, sizeof layout->topics[0]);
    layout->phases = calloc(setup->phases_count, sizeof layout->phases[0]);
    if (layout->flows == NULL || layout->topics == NULL || layout->phases == NULL) {
        return errinfo_nomem(reterr);
    }
    layout->flows_count = setup->flows_count;
    layout->phases_count = setup->phases_count;
    for (uint32_t i = 0; r == 0 && i < layout->flows_count; i++) {
        fill_flow(layout, i, &stream);
        r = fill_topics(layout, i, prefix, reterr);
    }
    for (uint32_t i = 0; i < layout->phases_count; i++) {
        fill_phase(layout, i);
    }
    return r;
}
