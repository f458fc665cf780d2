/*
 * simulated_report: what a simulated agent has measured in a second: each message of its producers
 * was sent, confirmed and, if it has a consumer, received once, with latencies that fill 200
 * buckets of four histograms. So every sum of a run is known before it.
 *
 * Of assignments with one flow, whose producers write one stream each.
 */
#ifndef MILLRACE_SIMULATED_REPORT_H
#define MILLRACE_SIMULATED_REPORT_H

#include "assignment.h"
#include "control_messages.h"
#include "errinfo.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#define SIMULATED_BUCKETS 200
#define SIMULATED_CLIENTS_MAX 8 /* Of an agent, in each role. */

/* The histogram that all reports share. */
struct simulated_latency {
    struct hist_packed packed;
};

int simulated_latency_init(struct simulated_latency *latency, struct errinfo *reterr);
void simulated_latency_done(struct simulated_latency *latency);

/* What an agent has sent so far. */
struct simulated_load {
    const struct assignment *assignment;
    int64_t phase_start_ns[PHASES_MAX]; /* Offset from T0; INT64_MAX: not begun. */
    uint64_t sent[SIMULATED_CLIENTS_MAX];
    uint64_t phase_sent[SIMULATED_CLIENTS_MAX]; /* At the beginning of the phase that runs. */
    uint32_t phase;
    uint64_t sequence; /* Of its next snapshot. */
    uint32_t interval; /* Likewise. */
};

/* Begins with an assignment that stays there. 0, or -EINVAL for one that it does not know. */
int simulated_load_begin(struct simulated_load *load, const struct assignment *assignment,
                         struct errinfo *reterr);

/* A segment begins: its phases' places in time. */
void simulated_load_start(struct simulated_load *load, const struct segment *segment);

/* Appends the frame of the snapshot of the next interval, which ends at until_ns (offset from T0).
 * 0, or as wire_encode_snapshot(). */
int simulated_load_report(struct simulated_load *load, const struct simulated_latency *latency,
                          const struct request_head *head, int64_t until_ns, bool final,
                          struct text *out);

#endif
