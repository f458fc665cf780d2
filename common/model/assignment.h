/*
 * assignment: what one agent does in one trial. Made by plan, carried out by duty. The tables
 * describe the whole trial (flows, phases, writers), the client lists only this agent's part.
 *
 * Who writes and reads what follows scenarios/README.md ("Who writes what") and is stored as
 * arithmetic: a client uses the topics topic_first, topic_first + topic_stride, ... (topics_count
 * of them) of its flow.
 */
#ifndef MILLRACE_ASSIGNMENT_H
#define MILLRACE_ASSIGNMENT_H

#include "bounds.h"
#include "load_curve.h"
#include "message_shape.h"
#include "record.h"
#include "snapshot.h"
#include "target.h"
#include "units.h"

#include <stdbool.h>
#include <stdint.h>

enum publish_ack { PUBLISH_ACK_NONE, PUBLISH_ACK_LEADER, PUBLISH_ACK_ALL };
enum consume_ack { CONSUME_ACK_NONE, CONSUME_ACK_EACH, CONSUME_ACK_BATCH };

/* As a scenario writes them. */
extern const char *const publish_ack_names[PUBLISH_ACK_ALL + 1];
extern const char *const consume_ack_names[CONSUME_ACK_BATCH + 1];

enum load { LOAD_NONE, LOAD_RATE, LOAD_MAX };

/* How the messages of a rate are spread in time. */
enum arrivals {
    ARRIVALS_CONSTANT, /* Equal gaps; producer k of n takes each n-th message, from the k-th on. */
    ARRIVALS_POISSON,  /* Exponential gaps, each producer its own: together a Poisson process. */
    ARRIVALS_ALIGNED   /* Equal gaps; all producers of the flow send in the same instants. */
};

/* What a phase asks of the consumers. */
enum consume_pace { CONSUME_FREE, CONSUME_PAUSED, CONSUME_RATE, CONSUME_THINK };

struct phase_consume {
    enum consume_pace pace;
    struct rate rate; /* CONSUME_RATE: of each subscription of each flow, at most. */
    int64_t think_ns; /* CONSUME_THINK: how long each message keeps its consumer busy. */
};

/* What a scenario says under `delivery`. */
struct delivery {
    enum publish_ack publish_ack;
    uint32_t in_flight; /* Unconfirmed messages per producer; 1 .. IN_FLIGHT_MAX. */
    enum consume_ack consume_ack;
    uint32_t consume_ack_batch; /* With CONSUME_ACK_BATCH; otherwise 1. */
    bool ordered;
    int64_t ttl_ns; /* 0: messages live for ever. */
    bool persistent;
};

struct assigned_flow {
    char name[NAME_BYTES];
    struct message_shape message;
    struct delivery delivery;
    uint32_t topic_first; /* Into the assignment's topics. */
    uint32_t topics_count;
    uint32_t partitions; /* Of each topic. */
    uint32_t producers_count;
    uint32_t subscriptions_count;
    uint32_t consumers_count; /* Of each subscription. */
    uint32_t stream_first;    /* The flow's streams are contiguous. */
    uint32_t streams_count;
};

struct assigned_topic {
    char name[TOPIC_NAME_BYTES];
    uint32_t flow;
};

/* What a phase asks of one flow. */
struct phase_load {
    enum load load;
    struct rate rate; /* Of the whole flow; with LOAD_RATE. With a curve its highest rate. */
};

/* How the messages of a phase follow its schedule, those of all flows with LOAD_RATE. A scenario's
 * phase has the same struct, so what is added here reaches agents. */
struct phase_pacing {
    enum arrivals arrivals;
    int64_t skip_ns;     /* A message that is later than that is not sent any more; 0: all are. */
    int64_t coalesce_ns; /* So often all is sent that is due by then, and what has arrived is read;
                            0: each message at its own time. The same in all phases of a trial. */
};

struct assigned_phase {
    char name[NAME_BYTES];
    int64_t duration_ns; /* At most, for a phase that also has another end. */
    bool until_drained;  /* Ends earlier, when the coordinator says so (command STOP). */
    uint64_t messages;   /* Of each flow; 0: as many as come due. The phase ends once they are sent
                            and settled; it is the last of its segment. */
    bool measured;
    bool implied; /* The drain phase that the scenario did not write. */
    struct phase_consume consume;
    struct phase_pacing pacing;
    /* How the rate changes, of each flow with LOAD_RATE: points of the assignment. */
    uint32_t curve_first;
    uint32_t curve_count; /* 0: it does not. */
    struct phase_load loads[FLOWS_MAX];
};

/*
 * Streams are numbered so that a producer's are contiguous: stream = stream_first + topic ordinal x
 * partitions + partition, where the ordinal counts the producer's own topics.
 */
struct assigned_producer {
    uint32_t
        client; /* Of the trial, over both roles: producers and consumers share the numbering. */
    uint32_t flow;
    uint32_t index; /* k of the flow's producers. */
    uint32_t worker;
    uint32_t stream_first;
    uint32_t topic_first; /* Within the flow: 0 .. topics_count - 1 of the flow. */
    uint32_t topic_stride;
    uint32_t topics_count;
};

struct assigned_consumer {
    uint32_t client;
    uint32_t flow;
    uint32_t subscription;
    uint32_t index; /* Of the subscription's consumers. */
    uint32_t worker;
    uint32_t topic_first;
    uint32_t topic_stride;
    uint32_t topics_count;
    uint32_t
        share_index; /* This is consumer share_index of shares_count on exactly these topics. */
    uint32_t shares_count;
};

/* Which agent writes a range of streams: consumers need it to relate send times. */
struct assigned_writer {
    uint32_t stream_first;
    uint32_t streams_count;
    uint32_t agent;
};

struct assignment {
    char run_id[NAME_BYTES];
    uint32_t trial; /* Number within the run, from 0. */
    uint32_t tag;   /* Of run and trial, in every stamp: messages of others are told apart. */
    uint64_t seed;
    uint32_t agent; /* This agent's index. */
    uint32_t workers_count;
    bool topics_owner; /* Creates the topics in PREPARE and deletes them in RELEASE. */
    struct target target;
    struct assigned_flow *flows;
    uint32_t flows_count;
    struct assigned_topic *topics;
    uint32_t topics_count;
    struct assigned_phase *phases;
    uint32_t phases_count;
    struct curve_point *points; /* Of all phases' curves. */
    uint32_t points_count;
    struct assigned_producer *producers;
    uint32_t producers_count;
    struct assigned_consumer *consumers;
    uint32_t consumers_count;
    struct assigned_writer *writers;
    uint32_t writers_count;
};

extern const struct record delivery_record;
extern const struct record assigned_flow_record;
extern const struct record assigned_topic_record;
extern const struct record phase_load_record;
extern const struct record phase_consume_record;
extern const struct record curve_point_record;
extern const struct record assigned_phase_record;
extern const struct record assigned_producer_record;
extern const struct record assigned_consumer_record;
extern const struct record assigned_writer_record;
extern const struct record assignment_record;

/* Of the trial's snapshots, whichever agent they are of: its flows and phases are in every
 * assignment. */
struct snapshot_limits assigned_snapshot_limits(const struct assignment *assignment);

/* The phase's curve; points_count is 0 if its rate is constant. */
struct load_curve assigned_curve(const struct assignment *assignment,
                                 const struct assigned_phase *phase);

/* How many of the phase's messages producer index of a flow sends; UINT64_MAX without a number. */
uint64_t assigned_share(const struct assigned_phase *phase, uint32_t producers_count,
                        uint32_t index);

void assignment_done(struct assignment *assignment);

/* Checks every relation that the code relies on (indexes in range, counts within bounds); an
 * assignment that came over the wire is used only after it. 0, -ENOMEM, or -EBADMSG with the
 * field's name. */
int assignment_check(const struct assignment *assignment, struct errinfo *reterr);

/* Likewise, but for the points of curves, which a journal does not keep. */
int assignment_check_tables(const struct assignment *assignment, struct errinfo *reterr);

/* Index into assignment.topics of a client's topic by ordinal (0 .. topics_count-1). */
uint32_t assigned_topic_index(const struct assigned_flow *flow, uint32_t topic_first,
                              uint32_t topic_stride, uint32_t ordinal);

#endif
