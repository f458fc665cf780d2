/* delivery_sets: the sets of a trial: made, found and freed. */
#include "delivery_inner.h"

#include <errno.h>
#include <stdlib.h>

struct reading *delivery_reading(const struct delivery_audit *audit, uint32_t stream,
                                 uint32_t subscription)
{
    uint32_t flow_index = audit->streams[stream].flow;
    const struct assigned_flow *flow = &audit->tables.flows[flow_index];

    return &audit->readings[audit->flow_first_reading[flow_index] +
                            subscription * flow->streams_count + (stream - flow->stream_first)];
}

uint64_t delivery_set_count(const struct seqset *set)
{
    return set == NULL ? 0 : seqset_count(set);
}

static void name_streams(struct delivery_audit *audit)
{
    for (uint32_t i = 0; i < audit->tables.producers_count; i++) {
        const struct assigned_producer *producer = &audit->tables.producers[i];
        const struct assigned_flow *flow = &audit->tables.flows[producer->flow];

        for (uint32_t s = 0; s < producer->topics_count * flow->partitions; s++) {
            struct stream *stream = &audit->streams[producer->stream_first + s];

            stream->topic = producer->topic_first + s / flow->partitions * producer->topic_stride;
            stream->partition = s % flow->partitions;
        }
    }
}

/* A journal may be damaged: streams are looked up without another look at the tables. */
static int check_tables(const struct delivery_tables *tables, struct errinfo *reterr)
{
    uint64_t streams = 0;

    for (uint32_t i = 0; i < tables->flows_count; i++) {
        streams += tables->flows[i].streams_count;
    }
    for (uint32_t i = 0; i < tables->flows_count; i++) {
        const struct assigned_flow *flow = &tables->flows[i];

        if ((uint64_t)flow->stream_first + flow->streams_count > streams ||
            flow->subscriptions_count > SUBSCRIPTIONS_MAX) {
            return errinfo_set(reterr, -EBADMSG, "flow %u has streams that the trial does not have",
                               i);
        }
    }
    for (uint32_t i = 0; i < tables->producers_count; i++) {
        const struct assigned_producer *producer = &tables->producers[i];

        if (producer->flow >= tables->flows_count ||
            producer->stream_first +
                    (uint64_t)producer->topics_count * tables->flows[producer->flow].partitions >
                streams) {
            return errinfo_set(reterr, -EBADMSG,
                               "producer %u has streams that the trial does not have", i);
        }
    }
    return streams > STREAMS_MAX || tables->flows_count > FLOWS_MAX
               ? errinfo_set(reterr, -EBADMSG, "the trial has too many streams or flows")
               : 0;
}

int delivery_new(const struct delivery_tables *tables, struct delivery_audit **ret,
                 struct errinfo *reterr)
{
    int r = check_tables(tables, reterr);
    struct delivery_audit *audit;

    if (r < 0) {
        return r;
    }
    audit = calloc(1, sizeof *audit);
    if (audit == NULL) {
        return errinfo_nomem(reterr);
    }
    audit->tables = *tables;
    for (uint32_t i = 0; i < tables->flows_count; i++) {
        audit->flow_first_reading[i] = audit->readings_count;
        audit->readings_count +=
            tables->flows[i].streams_count * tables->flows[i].subscriptions_count;
        audit->streams_count += tables->flows[i].streams_count;
    }
    audit->streams = calloc((size_t)audit->streams_count + 1, sizeof *audit->streams);
    audit->readings = calloc((size_t)audit->readings_count + 1, sizeof *audit->readings);
    if (audit->streams == NULL || audit->readings == NULL || seqset_new(&audit->empty, NULL) < 0) {
        delivery_free(audit);
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < tables->flows_count; i++) {
        for (uint32_t s = 0; s < tables->flows[i].streams_count; s++) {
            audit->streams[tables->flows[i].stream_first + s].flow = i;
        }
    }
    name_streams(audit);
    *ret = audit;
    return 0;
}

void delivery_free(struct delivery_audit *audit)
{
    if (audit == NULL) {
        return;
    }
    for (uint32_t i = 0; audit->streams != NULL && i < audit->streams_count; i++) {
        struct stream *stream = &audit->streams[i];

        seqset_free(stream->acked);
        seqset_free(stream->refused);
        seqset_free(stream->unconfirmed);
        for (uint32_t phase = 0; stream->ranges != NULL && phase < audit->tables.phases_count;
             phase++) {
            free(stream->ranges[phase].knots);
        }
        free(stream->ranges);
        free(stream->progress);
    }
    for (uint32_t i = 0; audit->readings != NULL && i < audit->readings_count; i++) {
        seqset_free(audit->readings[i].seen);
        seqset_free(audit->readings[i].out_of_order);
        seqset_free(audit->readings[i].again);
        copies_done(&audit->readings[i].more_again);
    }
    seqset_free(audit->empty);
    free(audit->streams);
    free(audit->readings);
    free(audit);
}
