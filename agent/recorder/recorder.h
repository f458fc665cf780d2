/*
 * recorder: what one worker measured, kept so that recording costs a few nanoseconds and never
 * allocates or waits.
 *
 * Two halves of histograms and counters: the worker writes one, and at each interval's end, at its
 * own clock, leaves it to the collector and takes the other. Delivery marks go the other way: runs
 * of sequence numbers pass through a ring that the collector empties all the time, because sets
 * allocate. Ranges (which sequence numbers belong to which phase) are read in place.
 *
 * Memory follows the work. Histograms are made by the collector before they are needed and freed
 * when an interval has passed without samples for them, so that it does not matter how many phases
 * there are. What is kept of each stream that a consumer has seen lies in tables of address space,
 * of which only what was written is real: many consumers could see many streams, and few do.
 *
 * Threads: functions marked W only from the worker, C only from the collector; new and free while
 * neither runs.
 */
#ifndef MILLRACE_RECORDER_H
#define MILLRACE_RECORDER_H

#include "assignment.h"
#include "ring.h"
#include "snapshot.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum mark_kind_of_run { RUN_ACKED, RUN_REFUSED, RUN_UNCONFIRMED, RUN_SEEN, RUN_SEEN_OUT_OF_ORDER };

/* A run of sequence numbers that had the same fate, on its way to the collector. */
struct delivery_run {
    uint32_t stream;
    uint16_t subscription;
    uint16_t kind;
    uint64_t first;
    uint64_t last;
};

/* [first, end) of a stream in a phase. Written by the worker, read by the collector at any time. */
struct delivery_range {
    _Atomic uint64_t first;
    _Atomic uint64_t end;        /* 0: nothing sent. */
    _Atomic int64_t intended_ns; /* Of the last one, or the one that is being sent now. */
};

#define RECORDER_ERRORS_MAX 16
#define RECORDER_NOTICES_MAX 8

/* A connection that breaks and comes back more often in an interval is told as often as there is
 * room. */
#define RECORDER_LOSSES_PER_CLIENT 4

/* A client lost its connection, or has it again. */
struct recorder_loss {
    uint32_t client; /* As in recorder_client(). */
    uint32_t error;  /* Of the half's: why. */
    bool is_back;
    int64_t at_ns; /* Offset from T0. */
};

/* Counters and histograms of one flow and phase. */
struct recorder_cell {
    struct counters counters;
    struct hist
        *series[SERIES_COUNT]; /* All or none: those of a cell that is not listed are NULL. */
    bool listed;
};

/* State of the worker at the end of an interval. */
struct recorder_state {
    uint32_t clients_down;
    int64_t down_since_ns; /* Offset from T0; 0: none is down. */
    uint32_t reconnects;
    uint64_t outstanding;
    uint64_t blocked_ns;
    int64_t own_lag_p99_ns; /* See strain; 0: nothing was paced. */
    int64_t driver_ns_max;  /* Longest call into a driver other than submit. */
    int64_t cpu_ns;         /* Of its thread, without what it spun away. */
    int64_t wait_ns;        /* Its thread was ready and another one ran; or STRAIN_UNKNOWN. */
    struct broker_signs signs;
};

struct recorder_half {
    _Atomic bool full; /* Left to the collector. */
    uint32_t interval;
    int64_t until_ns;            /* Offset from T0. */
    struct recorder_cell *cells; /* phase x flows_count + flow. */
    uint32_t *listed;            /* Indexes of those that are in use. */
    uint32_t listed_count;
    struct client_delta *clients;
    struct error_delta errors[RECORDER_ERRORS_MAX];
    uint32_t errors_count;
    struct notice_delta notices[RECORDER_NOTICES_MAX];
    uint32_t notices_count;
    struct recorder_loss *losses;
    uint32_t losses_count;
    uint32_t losses_untold;
    struct recorder_state state;
    bool settled;    /* Handed over before the interval is over; of the state only what is down. */
    int64_t full_ns; /* There was no room: what happened waited to be recorded. */
};

struct recorder;

/* For one worker of the assignment (borrowed until free). 0, -ENOMEM; -EINVAL: its consumers could
 * see more streams than can be told apart. */
int recorder_new(const struct assignment *assignment, uint32_t worker, struct recorder **ret,
                 struct errinfo *reterr);
void recorder_free(struct recorder *recorder);

/* Index of a producer's stream among the worker's lanes; by client index within the worker's own
 * producers. */
uint32_t recorder_producer_lane(const struct recorder *recorder, uint32_t producer);

/* W: the cell to write into now. Valid until the next recorder_turn(). Takes histograms that the
 * collector has made; should there be none left, it waits a moment for it (and counts that as time
 * without room) rather than lose a sample. */
struct recorder_cell *recorder_cell(struct recorder *recorder, uint32_t flow, uint32_t phase);

/* W: adds a sample; a negative one is one before its cause: counted against the clocks' bound,
 * recorded as 0. */
void recorder_sample(struct recorder_cell *cell, enum series series, int64_t value_ns,
                     int64_t bound_ns);

/* W: what is sampled there may have waited so long for the worker to look, as it meant to. */
static inline void recorder_waited(struct recorder_cell *cell, int64_t waited_ns)
{
    if (waited_ns > (int64_t)cell->counters.resolution_ns) {
        cell->counters.resolution_ns = (uint64_t)waited_ns;
    }
}

/* W: messages that were due and will never be sent, and how long that has been; a series in which
 * the worker's producers can owe some (see recorder_owes()). */
void recorder_owed(struct recorder_cell *cell, enum series series, int64_t value_ns,
                   uint64_t count);

/* Can messages of the flow and phase be owed to that series? Publish where there are confirms, e2e
 * where somebody reads, and both only by a schedule. */
bool recorder_owes(const struct assignment *assignment, uint32_t flow, uint32_t phase,
                   enum series series);

/* W: a message was given the next number of its stream; intended_ns is an offset from T0. */
void recorder_sent(struct recorder *recorder, uint32_t lane, uint32_t phase, uint64_t sequence,
                   int64_t intended_ns);

/* W: fate of a message of an own stream (ACKED, REFUSED, UNCONFIRMED). */
void recorder_outcome(struct recorder *recorder, uint32_t lane, enum mark_kind_of_run kind,
                      uint64_t sequence);

/* W: nothing will be sent any more in phases before this one. */
void recorder_phases_over(struct recorder *recorder, uint32_t phase);

/* W: a message of the stream (its number in the trial) arrived at a consumer (its index within the
 * worker's own consumers), whose flow's stream it is. */
void recorder_seen(struct recorder *recorder, uint32_t consumer, uint32_t stream,
                   uint64_t sequence);

/* W: adds to the figures of a client: producers first, then consumers, by index within the worker.
 */
void recorder_client(struct recorder *recorder, uint32_t client, uint64_t bytes,
                     int64_t latency_ns);

/* W: counts a text; beyond RECORDER_ERRORS_MAX different ones an interval, as "other errors".
 * Returns its number among the interval's. */
uint32_t recorder_error(struct recorder *recorder, const char *text);

/* W: the broker said this of itself; beyond RECORDER_NOTICES_MAX different texts an interval it is
 * left out. */
void recorder_notice(struct recorder *recorder, const char *text, int64_t offset_ns);

/* W: a client lost its connection (error: as recorder_error() returned it just now), or has it
 * again. Said twice, or of a client that was never lost, it is nothing. */
void recorder_lost(struct recorder *recorder, uint32_t client, uint32_t error, int64_t offset_ns);
void recorder_found(struct recorder *recorder, uint32_t client, int64_t offset_ns);

/* W: how many more marks can be taken; a worker that polls for at most that many events loses none.
 */
uint32_t recorder_room(const struct recorder *recorder);

/* W: counts the time without room since the last call; in each turn. */
void recorder_watch_room(struct recorder *recorder, int64_t now_ns);

/* W: is the interval over, and can it be handed over now? Not while the collector has the other
 * half: then the interval just gets longer. Never after the final one. */
bool recorder_turn_due(const struct recorder *recorder, int64_t offset_ns);

/* W: hands the interval that contains the instant before offset_ns to the collector. Without final
 * it has to be due. False with final: the ring is full, try again. Nothing may be recorded after
 * the final one. */
bool recorder_turn(struct recorder *recorder, int64_t offset_ns, const struct recorder_state *state,
                   bool final);

/* W: hands over what there is of an interval that goes on, as nothing is outstanding and nothing
 * more is to be sent. False: it can't be now, because the collector has the other half or the ring
 * is full, or because the interval is over. */
bool recorder_settle(struct recorder *recorder, int64_t offset_ns);

/* C: the oldest half that was handed over, or NULL. To be given back with recorder_return(). */
struct recorder_half *recorder_take(struct recorder *recorder);
void recorder_return(struct recorder *recorder, struct recorder_half *half);

/* C: makes histograms for what may begin next. Often. 0 or -ENOMEM. */
int recorder_supply(struct recorder *recorder, struct errinfo *reterr);

/* C: next run, false if there is none now. */
bool recorder_next_run(struct recorder *recorder, struct delivery_run *ret);
/* C: how many runs can wait at once: whoever takes so many has all that waited when he began. */
uint32_t recorder_runs_max(const struct recorder *recorder);

/* Lanes of the worker's producers: one for each of their streams. The stream is its number in the
 * trial. */
uint32_t recorder_producer_lanes(const struct recorder *recorder);
uint32_t recorder_lane_stream(const struct recorder *recorder, uint32_t lane);

/* C: ranges of the phases [*ret_first, *ret_end) can have changed; nothing was sent in later ones.
 * Those before *ret_over do not change any more once this was asked. */
void recorder_phases(const struct recorder *recorder, uint32_t *ret_first, uint32_t *ret_over,
                     uint32_t *ret_end);
/* C: the ranges of a phase, by producer's lane. */
const struct delivery_range *recorder_ranges(const struct recorder *recorder, uint32_t phase);
/* C: those of the phases before this one, which are over, were read for the last time. */
void recorder_forget_ranges(struct recorder *recorder, uint32_t phase);

uint32_t recorder_clients(const struct recorder *recorder);

#endif
