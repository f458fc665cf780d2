#include "assignment.h"

struct load_curve assigned_curve(const struct assignment *assignment,
                                 const struct assigned_phase *phase)
{
    if (phase->curve_count == 0) {
        return (struct load_curve){NULL, 0};
    }
    return (struct load_curve){assignment->points + phase->curve_first, phase->curve_count};
}

uint64_t assigned_share(const struct assigned_phase *phase, uint32_t producers_count,
                        uint32_t index)
{
    if (phase->messages == 0) {
        return UINT64_MAX;
    }
    return phase->messages > index ? (phase->messages - 1 - index) / producers_count + 1 : 0;
}

static uint32_t at_most(uint64_t number, uint32_t most)
{
    return number < most ? (uint32_t)number : most;
}

struct snapshot_limits assigned_snapshot_limits(const struct assignment *assignment)
{
    uint64_t streams = 0;
    uint64_t readings = 0;

    for (uint32_t i = 0; i < assignment->flows_count; i++) {
        const struct assigned_flow *flow = &assignment->flows[i];

        streams += flow->streams_count;
        readings += (uint64_t)flow->streams_count * flow->subscriptions_count;
    }
    return (struct snapshot_limits){.rows = assignment->flows_count * assignment->phases_count,
                                    .streams = at_most(streams, STREAMS_MAX),
                                    .ranges =
                                        at_most(streams * assignment->phases_count, READINGS_MAX),
                                    .readings = at_most(readings, READINGS_MAX)};
}

void assignment_done(struct assignment *assignment)
{
    record_done(&assignment_record, assignment);
}

uint32_t assigned_topic_index(const struct assigned_flow *flow, uint32_t topic_first,
                              uint32_t topic_stride, uint32_t ordinal)
{
    return flow->topic_first + topic_first + ordinal * topic_stride;
}
