/*
 * trace: a record of each message that was settled or received, in a file, for whoever wants to
 * count and measure by other means. Opt-in; it judges nothing and nothing is judged by it.
 *
 * Load threads put records into a ring each and never wait; a thread of the trace's own writes
 * them. A record that finds the ring full, or the file at its end (a full disk), is dropped and
 * counted.
 *
 * The file, little endian, is a sequence of 40-byte records. The first one is the text of
 * TRACE_MAGIC and the run's id, padded with zeros. Of the others
 *
 *   byte  0      kind: 1 block, 2 settled, 3 received, 4 end
 *         1      outcome (settled): 0 acked, 1 refused, 2 unconfirmed
 *         2      flow, by its place in the scenario
 *         3      flags: 1 it had an intended time, 2 the outcome is the broker's word
 *         4-7    stream; block and end: trial
 *         8-13   sequence in its stream; block: how many records of this agent follow
 *        14-15   subscription (received); block and end: agent
 *        16-23   intended time; end: records of this agent and trial, without blocks
 *        24-31   time of the call that sent it; end: dropped
 *        32-39   when it was settled or received
 *
 * Times are nanoseconds from the trial's T0 on the sender's clock. When a message was received is
 * moved to that by the relation of the two clocks that its latency was taken with: differences of a
 * record's times are what the histograms have. Several agents of a host append to one file, block
 * by block, each under a lock.
 */
#ifndef MILLRACE_TRACE_H
#define MILLRACE_TRACE_H

#include "errinfo.h"

#include <stdbool.h>
#include <stdint.h>

#define TRACE_RECORD_BYTES 40
#define TRACE_MAGIC "millrace.trace/1 "

enum trace_kind { TRACE_BLOCK = 1, TRACE_SETTLED, TRACE_RECEIVED, TRACE_END };
enum trace_outcome { TRACE_ACKED, TRACE_REFUSED, TRACE_UNCONFIRMED };

#define TRACE_PACED 1
#define TRACE_CONFIRMED 2

struct trace_record {
    uint8_t kind;
    uint8_t outcome;
    uint8_t flow;
    uint8_t flags;
    uint32_t stream;
    uint64_t sequence; /* 48 bits. */
    uint16_t subscription;
    int64_t intended_ns;
    int64_t sent_ns;
    int64_t at_ns;
};

struct trace_config {
    const char *path;
    uint16_t agent;
    uint32_t trial;
    uint32_t lanes_count;  /* Load threads. */
    uint32_t ring_records; /* Room of each; 0: a default for full load. */
};

struct trace_counts {
    uint64_t records; /* That stand in the file. */
    uint64_t dropped;
};

struct trace;
struct trace_lane;

/* Makes the file with its first record. 0, -EEXIST, or why it can't be. Any thread. */
int trace_create(const char *path, const char *run_id, struct errinfo *reterr);

/* Opens the file that trace_create() made, and starts the thread. 0, -ENOMEM, or why not; the
 * caller owns *ret. */
int trace_new(const struct trace_config *config, struct trace **ret, struct errinfo *reterr);

/* One load thread's. */
struct trace_lane *trace_lane(struct trace *trace, uint32_t index);

/* Load thread: takes a copy. Never waits or allocates. */
void trace_add(struct trace_lane *lane, const struct trace_record *record);

/* So far; any thread. */
struct trace_counts trace_count(const struct trace *trace);

/* Once no load thread adds any more: writes what is left and the end. Blocks. 0, or why the file
 * has less than was added. */
int trace_finish(struct trace *trace, struct errinfo *reterr);

/* NULL is allowed; what was not written is lost. */
void trace_free(struct trace *trace);

#endif
