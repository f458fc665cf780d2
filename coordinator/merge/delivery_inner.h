/* delivery_inner: the united sets of a trial. Private to this module. */
#ifndef MILLRACE_DELIVERY_INNER_H
#define MILLRACE_DELIVERY_INNER_H

#include "copies_inner.h"
#include "delivery.h"

/* When a message was due; between two of them it is interpolated. */
struct knot {
    uint64_t last; /* Its sequence number: the last that its snapshot told of. */
    int64_t intended_ns;
};

struct range {
    uint64_t first;
    uint64_t end;       /* 0: nothing of this phase. */
    struct knot *knots; /* Rising; NULL while no time is known. */
    uint32_t knots_count;
};

/* How far a stream had come at a time; kept only where messages can expire, and only while it can
 * matter: for a ttl, or twice of that. */
struct progress {
    int64_t until_ns;
    uint64_t end;
};

struct stream {
    uint32_t flow;
    uint32_t topic; /* Ordinal within the flow. */
    uint32_t partition;
    struct seqset *acked; /* NULL while empty, likewise below. */
    struct seqset *refused;
    struct seqset *unconfirmed;
    struct range *ranges; /* By phase; NULL while nothing was sent. */
    struct progress *progress;
    uint32_t progress_count;
    uint32_t progress_capacity;
};

struct reading {
    struct seqset *seen;
    struct seqset *out_of_order;
    struct seqset *again;     /* Came more than once. */
    struct copies more_again; /* What is not in the set: the third copy and later ones, or those
                                 that are far away. */
};

struct delivery_audit {
    struct delivery_tables tables;
    struct stream *streams;
    uint32_t streams_count;
    struct reading *readings;
    uint32_t readings_count;
    uint64_t seen; /* Members of all readings. */
    uint32_t flow_first_reading[FLOWS_MAX];
    struct seqset *empty; /* Stands for a set that nothing came into yet. */
};

struct reading *delivery_reading(const struct delivery_audit *audit, uint32_t stream,
                                 uint32_t subscription);

/* When the message before end was due; one that can't be is left out. Of a long phase every second
 * knot is dropped, again and again: memory is bounded. 0, -ENOMEM. */
int delivery_add_knot(const struct delivery_audit *audit, struct range *range, uint64_t end,
                      int64_t intended_ns);

/* Everything below it was intended at least a ttl before the trial ended. */
uint64_t delivery_expired_below(const struct stream *stream, int64_t ttl_ns, int64_t ended_ns);

/* Adds what became of a phase's messages of a stream at its producer; what a subscription had of
 * them. */
void delivery_count_sent(const struct stream *stream, const struct range *range,
                         struct delivery_counts *counts);
void delivery_count_reading(const struct delivery_audit *audit, const struct stream *stream,
                            uint32_t subscription, const struct range *range,
                            const struct delivery_end *end, struct delivery_counts *counts);

/* 0 for NULL. */
uint64_t delivery_set_count(const struct seqset *set);

#endif
