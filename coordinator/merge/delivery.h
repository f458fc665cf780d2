/*
 * delivery: the audit of a trial: what every agent says it confirmed and saw, united. Exact;
 * tests/accuracy/README.md has the words and their sum: received - unexpected + lost + expired +
 * unaccounted = expected.
 *
 * Pure. Snapshots may come in any order between agents; each once. Answers are for what has come so
 * far.
 */
#ifndef MILLRACE_DELIVERY_H
#define MILLRACE_DELIVERY_H

#include "assignment.h"
#include "errinfo.h"
#include "snapshot.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct delivery_counts {
    uint64_t sent, acked, refused, unconfirmed;
    uint64_t expected, received, lost, duplicated, reordered, expired, unaccounted, unexpected;
};

/* The tables it needs; borrowed until delivery_free(). */
struct delivery_tables {
    const struct assigned_flow *flows;
    uint32_t flows_count;
    uint32_t phases_count;
    const struct assigned_producer *producers; /* All of the trial. */
    uint32_t producers_count;
};

struct delivery_audit;

/* -EBADMSG for tables that do not fit each other; -ENOMEM. */
int delivery_new(const struct delivery_tables *tables, struct delivery_audit **ret,
                 struct errinfo *reterr);
void delivery_free(struct delivery_audit *audit);

/* -EBADMSG for a stream, phase or subscription that the trial does not have, or for numbers far
 * beyond what came of their stream, with a part of the snapshot in; -ENOMEM. */
int delivery_add(struct delivery_audit *audit, const struct snapshot *snapshot,
                 struct errinfo *reterr);

/* What can only be said once: whether missing messages of a flow's subscription have somebody to
 * blame. */
struct delivery_end {
    int64_t ended_ns; /* Offset from T0; for ttl. */
    /* Was a consumer of this subscription (or a producer of the flow) on an agent that was lost, or
     * was the run cut off? Then what is missing is unaccounted. Indexed by flow x SUBSCRIPTIONS_MAX
     * + subscription. */
    const uint8_t *unaccounted;
};

/* Where a question is aimed; UINT32_MAX: all of them. */
#define DELIVERY_ALL UINT32_MAX
struct delivery_question {
    uint32_t flow;
    uint32_t phase;
    uint32_t subscription;
    uint32_t topic; /* Ordinal within the flow. */
    uint32_t partition;
};

/* Adds the counts. Producer's counts (sent .. unconfirmed) are once per message, the rest per
 * subscription. Goes through all streams: whoever asks for many rows takes the tally. */
void delivery_count(const struct delivery_audit *audit, const struct delivery_question *question,
                    const struct delivery_end *end, struct delivery_counts *counts);

/* A topic of a flow as a subscription had it. */
struct delivery_line {
    struct delivery_counts counts;
    struct text detail; /* The first ranges of what went wrong: "stream 3: missing 120-140". */
    uint32_t ranges_left;
};

/* A partition of a topic, all subscriptions together. */
struct delivery_place {
    uint64_t acked;
    uint64_t received;
};

/* All rows of a trial, as delivery_count() would answer for each. */
struct delivery_tally {
    struct delivery_counts *cells; /* Flow x phases_count + phase. */
    /* Of a flow from flow_first_line on: topic x subscriptions_count + subscription. */
    struct delivery_line *lines;
    size_t lines_count;
    /* Of a flow from flow_first_place on: topic x partitions + partition. */
    struct delivery_place *places;
    size_t flow_first_line[FLOWS_MAX];
    size_t flow_first_place[FLOWS_MAX];
};

/* Makes all rows in one pass over the streams; each line tells at most ranges_max ranges. 0, or
 * -ENOMEM with nothing to free. */
int delivery_tally(const struct delivery_audit *audit, const struct delivery_end *end,
                   uint32_t ranges_max, struct delivery_tally *ret, struct errinfo *reterr);
void delivery_tally_done(struct delivery_tally *tally);

/* What never came of a flow in a phase, with how long it was waited for. */
struct delivery_wait {
    uint32_t flow;
    uint32_t phase;
    int64_t phase_start_ns; /* Offsets from T0. */
    int64_t phase_end_ns;
    int64_t until_ns; /* When nobody waited any longer. */
    /* n of them, which were waited for at least that long. */
    void (*take)(void *context, int64_t waited_ns, uint64_t n);
    void *context;
};

/*
 * Calls take for the messages that were sent and not confirmed (end NULL), or for those that a
 * subscription never got: confirmed ones, which are lost, and unconfirmed ones. Refused ones are
 * not waited for, what expired and what is unaccounted is left out, too. 0 or -ENOMEM.
 *
 * When each was due is interpolated between what the snapshots said of their last messages: exact
 * for a constant rate, else within the time between two of them (a second; of phases over two
 * minutes up to a sixtieth of the phase, of trials with over 30,000 streams in all phases together
 * more). Many in a row are told in groups, with the one that was waited for least.
 */
int delivery_wait(const struct delivery_audit *audit, const struct delivery_wait *wait,
                  const struct delivery_end *end, struct errinfo *reterr);

/* After the last snapshot: frees the times of streams of which nothing is missing, as nobody will
 * ask for them. A run keeps all of its trials. */
void delivery_settle(struct delivery_audit *audit);

/* Distinct messages that were seen, over all subscriptions; whatever became of them at their
 * producers. */
uint64_t delivery_seen(const struct delivery_audit *audit);

/* Confirmed and not yet seen, over all subscriptions: cheap and, where unconfirmed messages
 * arrived, too low. */
uint64_t delivery_backlog(const struct delivery_audit *audit);

/* Has every subscription every confirmed message, and has every sent message an outcome? Exact. */
bool delivery_complete(const struct delivery_audit *audit);

#endif
