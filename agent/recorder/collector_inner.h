/* collector_inner: the collector's struct, shared by its files: gathering (collector.c), cutting
 * what was gathered into parts (collector_parts.c), and what these are of (collector_snapshots.c).
 */
#ifndef MILLRACE_COLLECTOR_INNER_H
#define MILLRACE_COLLECTOR_INNER_H

#include "collector.h"

#include <errno.h>

#define COLLECTOR_ERRORS_MAX 64
#define COLLECTOR_NOTICES_MAX 16

/* What one subscription has seen of a stream: all of it as a set, the new part as a delta. */
struct reading {
    struct seqset *set;
    struct reading_delta delta;
};

struct collector {
    const struct assignment *assignment;
    struct recorder *const *recorders;
    uint32_t recorders_count;
    uint32_t interval;
    int64_t from_ns;
    uint64_t sequence;
    struct reading **readings; /* NULL until something was seen. */
    uint32_t readings_count;
    uint32_t *readings_made; /* Which they are. */
    uint32_t readings_made_count;
    uint32_t flow_first_reading[FLOWS_MAX];
    struct stream_delta **fates; /* By stream; NULL until something was confirmed. */
    uint32_t *fates_made;
    uint32_t fates_made_count;
    uint32_t streams_count;
    uint8_t *stream_flow;
    struct recorder_cell *cells; /* As in a recorder's half. */
    uint32_t *listed;
    uint32_t listed_count;
    uint32_t cells_count;
    struct client_delta *clients;
    uint32_t clients_count;
    uint64_t **range_sent; /* By recorder, phase and lane: ends that were reported already. */
    int64_t *worker_until_ns;
    int64_t *worker_settled_ns; /* When it was settled last; before it got anything more. */
    bool settled_fresh;         /* One was, since the last part. */
    struct recorder_state *worker_states;
    uint32_t reconnects;
    uint64_t blocked_ns;
    int64_t load_cpu_ns;  /* Of the busiest worker. */
    int64_t load_wait_ns; /* Or STRAIN_UNKNOWN. */
    int64_t full_ns;
    int64_t own_lag_p99_ns; /* Of the worst worker. */
    int64_t driver_ns_max;
    struct error_delta errors[COLLECTOR_ERRORS_MAX];
    uint32_t errors_count;
    struct notice_delta notices[COLLECTOR_NOTICES_MAX];
    uint32_t notices_count;
    struct loss_delta
        losses[2 * LOSSES_TOLD_MAX]; /* Of one interval: of a trial there are no more. */
    uint32_t losses_count;
    uint32_t losses_told; /* Of the trial. */
    uint32_t losses_untold;
    bool *client_lost; /* By client: its loss was told, and not yet that it is back. */
    struct seqruns fresh;
};

/* All that was gathered, as parts whose place in the trial is not told yet; the caller frees each
 * and the array. 0 or -ENOMEM. */
int collector_cut(struct collector *collector, struct snapshot ***ret, uint32_t *ret_count,
                  struct errinfo *reterr);

/* Takes a half's notices and losses; the clients of its worker begin at first_client. */
void collector_take_words(struct collector *collector, const struct recorder_half *half,
                          uint32_t first_client);

/* What the workers know together of the broker. */
void collector_take_signs(struct collector *collector, struct broker_signs *ret);

#endif
