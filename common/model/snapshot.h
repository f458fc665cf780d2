/*
 * snapshot: what one agent measured in one interval of a trial. Deltas only: histograms, counts,
 * runs of sequence numbers; never a percentile or a mean, those can't be merged.
 *
 * An interval's snapshot may come in several parts (SNAPSHOT_BYTES_MAX); each part has a sequence
 * number of its own, and the coordinator counts a (trial, agent, sequence) once however often it
 * arrives.
 */
#ifndef MILLRACE_SNAPSHOT_H
#define MILLRACE_SNAPSHOT_H

#include "bounds.h"
#include "hist.h"
#include "record.h"
#include "request_head.h"
#include "seqset.h"

#include <stdbool.h>
#include <stdint.h>

/* One latency series each, named as in result.json's latency_ns. */
enum series {
    SERIES_PUBLISH,         /* Confirm - intended. */
    SERIES_PUBLISH_SERVICE, /* Confirm - actual send. */
    SERIES_E2E,             /* Receive - intended. */
    SERIES_E2E_SERVICE,     /* Receive - actual send. */
    SERIES_SEND_LAG,        /* Actual send - intended. */
    SERIES_CALL,            /* Time within submit: of each call, however many messages it took. */
    SERIES_CONSUME_ACK,
    SERIES_CONNECT,     /* Of each client, until it was subscribed; */
    SERIES_CONNECT_TCP, /* and the parts of that which its driver can tell. */
    SERIES_CONNECT_TLS,
    SERIES_CONNECT_LOGIN,
    SERIES_COUNT
};

/* Those of messages; the others have a few samples, of before the first message. */
#define SERIES_MESSAGES_COUNT SERIES_CONNECT

/* "publish", "e2e_service", ... */
const char *series_name(enum series series);

/* Events of one flow that happened in the interval. Of messages that belong to one phase, unless
 * said otherwise. */
struct counters {
    uint64_t due;          /* Came due by the schedule (with `max`: equals sent). */
    uint64_t sent;         /* Submitted to the client library. */
    uint64_t sent_in_time; /* Of these, before their phase ended. */
    uint64_t skipped;      /* Came due and were not sent, as they were too late by then. */
    uint64_t sent_bytes;
    uint64_t acked;
    uint64_t refused;
    uint64_t unconfirmed;
    uint64_t received; /* Arrivals, copies included. */
    uint64_t received_bytes;
    uint64_t corrupted;
    uint64_t foreign; /* Arrived with another run's tag: not ours, not counted elsewhere. */
    uint64_t errors;  /* Broker or client errors that are not an outcome of one message. */
    /* Events that happened while this phase ran, whatever phase their message belongs to: for
     * rates. */
    uint64_t sent_now;
    uint64_t sent_bytes_now;
    uint64_t acked_now;
    uint64_t received_now;
    uint64_t received_bytes_now;
    uint64_t received_until_ns; /* Offset from T0 of the last of received_now; the sum of two is the
                                   later one. A phase that ends by count ends before it. */
    uint64_t below_resolution[SERIES_COUNT]; /* Recorded as 0: in [-bound, 0). */
    uint64_t clock_violations;               /* Under -bound. */
    uint64_t clock_bound_ns; /* The largest bound that a time was converted with from one clock to
                                another; the sum of two is the larger one. */
    uint64_t resolution_ns;  /* The longest that an answer or a message may have waited for the
                                worker to look, as it meant to; likewise. */
};

void counters_add(struct counters *counters, const struct counters *from);

extern const struct record counters_record;

struct snapshot_row {
    uint32_t flow;
    uint32_t phase;
    struct counters counters;
    struct hist_packed series[SERIES_COUNT]; /* Owned. */
};

extern const struct record snapshot_row_record;

/* Producer's side of a stream. */
struct stream_delta {
    uint32_t stream;
    struct seqruns acked;
    struct seqruns refused;
    struct seqruns unconfirmed;
};

extern const struct record stream_delta_record;

/* The sequence numbers of a stream that belong to a phase: [first, end). Cumulative, end grows;
 * sent by interval. */
struct stream_range {
    uint32_t stream;
    uint32_t phase;
    uint64_t first;
    uint64_t end;
    /* When number end - 1 was due (with `max`: sent), as offset from T0: what never came is placed
     * in time by it. Where the next one is being sent just now, it may be that one's. */
    int64_t intended_ns;
};

extern const struct record stream_range_record;

#define RANGE_TIME_UNKNOWN INT64_MIN /* Of a journal that was written without. */

/* Consumer's side: what one subscription saw of a stream on this agent. */
struct reading_delta {
    uint32_t stream;
    uint32_t subscription;
    struct seqruns seen;  /* New to this agent. */
    struct seqruns again; /* Seen before on this agent; a run per copy. */
    struct seqruns
        out_of_order; /* Of seen: came after a higher one of its stream at the same consumer. */
};

extern const struct record reading_delta_record;

/* Per client: who was slower than the rest. Role follows from the plan. */
struct client_delta {
    uint32_t client;
    uint64_t messages;
    uint64_t bytes;
    double latency_ns_sum; /* Publish for producers, e2e for consumers (response). */
    int64_t latency_ns_max;
    uint64_t latency_samples;
};

extern const struct record client_delta_record;

struct error_delta {
    char text[REASON_BYTES];
    uint64_t count;
};

#define ERROR_DELTAS_MAX 4096

extern const struct record error_delta_record;

/* What the broker said of itself in the interval. */
struct notice_delta {
    char text[REASON_BYTES];
    int64_t first_ns; /* Offsets from T0. */
    int64_t last_ns;
    uint64_t count;
};

#define NOTICE_DELTAS_MAX 64

extern const struct record notice_delta_record;

/* A client lost its connection, or has it again. */
struct loss_delta {
    uint32_t client;
    bool is_back;
    int64_t at_ns;           /* Offset from T0. */
    char text[REASON_BYTES]; /* Why it was lost; "" of one that is back. */
};

#define LOSS_DELTAS_MAX (2 * LOSSES_TOLD_MAX)

extern const struct record loss_delta_record;

/* Whether the broker is there for those who use it, as far as one agent knows. Offsets from T0; 0:
 * none. */
struct broker_signs {
    int64_t answered_first_ns; /* In this interval: the first message that was confirmed, refused by
                                * the broker or delivered, and the last one. */
    int64_t answered_last_ns;
    int64_t waiting_since_ns; /* Since when, without a break, something waits for the broker: to be
                               * confirmed, or to be taken at all. */
    int64_t handed_ns; /* The last message that nobody confirms was handed over; of flows with
                        * consumers. */
};

#define STRAIN_UNKNOWN (-1) /* The host does not tell. */

/* How hard it was for the agent to keep its schedule, in the interval. */
struct strain {
    int64_t load_cpu_ns;      /* CPU of the busiest load thread, without what it spun away. */
    int64_t library_cpu_ns;   /* CPU of the busiest thread of the client library, beside them. */
    int64_t load_wait_ns;     /* Longest time a load thread was ready and another one ran; or
                                 STRAIN_UNKNOWN. */
    int64_t ticker_late_ns;   /* Latest wake-up of a thread that wakes at fixed times. */
    int64_t steal_ns;         /* Taken from the host by its hypervisor, over all CPUs; or
                                 STRAIN_UNKNOWN. */
    int64_t throttled_ns;     /* Held back by limits on CPU time (cgroups); or STRAIN_UNKNOWN. */
    int64_t recorder_full_ns; /* Events were left where they were, as the recorder had no room for
                                 them; summed over load threads. */
    int64_t own_lag_p99_ns;   /* Of the load thread where it was largest: how late it sent messages
                                 that their own client did not hold back (by a lost connection, a
                                 full window or a full socket). 0: there were none;
                                 STRAIN_UNKNOWN in journals that do not have it. */
    int64_t driver_ns_max;    /* Longest call of a load thread into a driver other than submit. */
};

/* Threads of the agent's process that have one name: its own, and its libraries'. */
#define THREAD_NAME_BYTES 16 /* The kernel's names have 15 bytes. */
#define THREAD_NAMES_MAX 64  /* Those of further names are counted together. */
struct thread_count {
    char name[THREAD_NAME_BYTES];
    uint32_t count;
};

extern const struct record thread_count_record;

/* CPU of the busiest of all threads that carry messages. */
static inline int64_t strain_busiest_ns(const struct strain *strain)
{
    return strain->load_cpu_ns > strain->library_cpu_ns ? strain->load_cpu_ns
                                                        : strain->library_cpu_ns;
}

/* What the agent says of itself. */
struct health {
    int64_t cpu_ns; /* Of the process, since it started. */
    uint64_t rss_bytes;
    /* Same in every snapshot of a trial: clients and load threads of this agent, and the resident
     * memory before the first of them was opened and once all were; 0: not known. */
    uint32_t clients;
    uint32_t load_threads;
    uint64_t rss_before_bytes;
    uint64_t rss_opened_bytes;
    uint32_t clients_down; /* Clients whose connection is lost now. */
    int64_t down_since_ns; /* Offset from T0 of the earliest of these losses; 0 if none. */
    uint32_t reconnects;   /* In this interval. */
    uint64_t outstanding;  /* Unconfirmed messages now. */
    uint64_t blocked_ns;   /* Time in which messages were due but the window was full or the broker
                              away, by the share of the rate that it was so for; summed over load
                              threads. */
    struct strain strain;
    uint64_t trace_records; /* Of this trial that stand in the trace's file; 0 without one. */
    uint64_t trace_dropped; /* That should, and don't. */
    struct broker_signs signs;
    uint32_t losses_untold; /* Lost connections of this interval that are not among `losses`. */
};

extern const struct record health_record;

struct snapshot {
    struct request_head head; /* As it travels; not kept. Its agent is this one. */
    uint32_t trial;
    uint32_t agent;
    uint64_t sequence; /* Of this agent's parts in this trial, from 0 without gaps. */
    uint32_t interval; /* floor((event time - T0) / INTERVAL_NS). */
    /* What the coordinator made of several is no different, but that it covers so many intervals
     * and stands for so many parts more; does not travel. See coalesce.h. */
    uint64_t seconds_more;
    uint64_t parts_more;
    bool last_part; /* Of the interval. */
    /* Came before its interval was over, with all until until_ns, when nothing was outstanding
     * here, nothing more was to be sent and nothing had come for a while: how a drain's end is
     * known. */
    bool settled;
    bool final;      /* Of the trial: nothing comes after it. */
    int64_t from_ns; /* Covered span, as offsets from T0. */
    int64_t until_ns;
    struct health health;
    struct snapshot_row *rows;
    uint32_t rows_count;
    struct stream_delta *streams;
    uint32_t streams_count;
    struct stream_range *ranges;
    uint32_t ranges_count;
    struct reading_delta *readings;
    uint32_t readings_count;
    struct client_delta *clients;
    uint32_t clients_count;
    struct error_delta *errors;
    uint32_t errors_count;
    struct notice_delta *notices;
    uint32_t notices_count;
    struct loss_delta *losses; /* In the order in which they happened, of one client. */
    uint32_t losses_count;
    /* With the first interval of a trial, at whose end they were counted; by name. */
    struct thread_count *threads;
    uint32_t threads_count;
};

extern const struct record snapshot_record;

/* After an hour what is kept of a trial has rows of ten intervals. */
#define COALESCED_FROM 3600
#define COALESCED_SECONDS 10

/* Row of an interval; rows and intervals are numbered from 0. */
static inline uint32_t snapshot_row(uint32_t interval)
{
    return interval < COALESCED_FROM
               ? interval
               : COALESCED_FROM + (interval - COALESCED_FROM) / COALESCED_SECONDS;
}

/* Its first interval; row may be one after the last. */
static inline uint32_t snapshot_row_first(uint32_t row)
{
    return row < COALESCED_FROM ? row : COALESCED_FROM + (row - COALESCED_FROM) * COALESCED_SECONDS;
}

/* How long the lists of a trial's snapshot can be: asked before memory is taken for one that comes
 * from elsewhere. */
struct snapshot_limits {
    uint32_t rows;
    uint32_t streams;
    uint32_t ranges;
    uint32_t readings;
};

void snapshot_done(struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot); /* snapshot_done() and free(). */

#endif
