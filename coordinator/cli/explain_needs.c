#include "explain_needs_inner.h"

#include "host_limits.h"
#include "mono.h"
#include "needs_limits.h"
#include "needs_resident.h"
#include "phase_messages.h"
#include "snapshot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* The journal: what a trial begins and ends with, and each second of an agent. */
#define TRIAL_BYTES 6000.0
#define TRIAL_CLIENT_BYTES 180.0
#define SNAPSHOT_BYTES 600.0
#define SNAPSHOT_CLIENT_BYTES 18.0
/* A flow and phase in it, beside the first one. */
#define ROW_BYTES 750.0

/* A histogram as it travels: what it begins with, and each bucket that has a sample. */
#define PACKED_BYTES 35.0
#define PACKED_SAMPLE_BYTES 3.5

/* What `max` comes to is not known. A fast broker's histograms are of many samples that lie close
 * together, a slow one's of few that don't. On a busy host there are many, and they lie apart: this
 * is between the half of it and the double. */
#define PACKED_MAX_BYTES 1900.0

void explain_limits(const struct plan_trial *trial)
{
    const struct needs_limits limits = {.open_files_max = host_open_files_max(),
                                        .ports_count = host_ports(),
                                        .memory_bytes = host_memory_bytes()};
    uint64_t connections = 0;
    double resident_bytes = 0.0;
    char why[NEEDS_TEXT_BYTES];

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        struct needs needs = needs_of(&trial->assignments[i]);

        connections += needs.connections;
        resident_bytes += needs_resident_kept_bytes(&trial->assignments[i]);
        if (needs_lack_files(&needs, &limits, why)) {
            (void)printf("  too many clients for agent %" PRIu32 " on this host: %s\n", i, why);
        }
    }
    if (needs_lack_ports(connections, trial->assignments[0].target.addresses_count, &limits, why)) {
        (void)printf("  too many clients for this host: %s\n", why);
    }
    if (needs_lack_memory(resident_bytes, &limits, why)) {
        (void)printf("  too much for this host: %s\n", why);
    }
}

/* The more samples there are, the more of them fall into the same buckets. Between what the memory
 * backend's narrow distributions and a real broker's wide ones come to. */
static double packed_bytes(double samples)
{
    return fmin(PACKED_BYTES + PACKED_SAMPLE_BYTES * samples,
                360.0 + 2900.0 * samples / (samples + 3000.0));
}

/* All histograms of a flow in a second of a phase, of the messages that this agent sends. */
static double series_bytes(const struct assignment *a, uint32_t phase, uint32_t flow)
{
    double seconds = fmax((double)a->phases[phase].duration_ns / 1e9, 1.0);
    uint64_t asked = phase_messages(a, phase, flow);
    double own = 0.0;

    for (uint32_t i = 0; i < a->producers_count; i++) {
        own += a->producers[i].flow == flow ? 1.0 : 0.0;
    }
    if (own == 0.0 || asked == 0) {
        return 0.0;
    }
    return (SERIES_MESSAGES_COUNT + 1) *
           (asked == UINT64_MAX
                ? PACKED_MAX_BYTES
                : packed_bytes((double)asked / seconds * own / a->flows[flow].producers_count));
}

static double snapshots_bytes(const struct assignment *a)
{
    double clients = (double)a->producers_count + a->consumers_count;
    double bytes = TRIAL_BYTES + clients * TRIAL_CLIENT_BYTES;

    for (uint32_t p = 0; p < a->phases_count; p++) {
        /* Draining takes as long as it takes, mostly no second. */
        double seconds = a->phases[p].until_drained ? 1.0 : (double)a->phases[p].duration_ns / 1e9;

        double rows = 0.0;

        bytes += seconds * (SNAPSHOT_BYTES + clients * SNAPSHOT_CLIENT_BYTES);
        for (uint32_t f = 0; f < a->flows_count; f++) {
            /* A phase of less than a second has a row as well. */
            double of_flow = a->phases[p].loads[f].load == LOAD_NONE ? 0.0 : fmax(seconds, 1.0);

            rows += of_flow;
            bytes += of_flow * series_bytes(a, p, f);
        }
        bytes += fmax(rows - seconds, 0.0) * ROW_BYTES;
    }
    return bytes;
}

/* A second's snapshot of an agent: histograms with what was sampled in it, and what happened to the
 * streams and clients. */
void explain_disk(const struct plan_trial *trial)
{
    double bytes = 0.0;
    char text[UNITS_TEXT_BYTES];

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        bytes += snapshots_bytes(&trial->assignments[i]);
    }
    (void)printf("  disk: about %s of the run's journal for each trial\n",
                 units_format_bytes(bytes, text));
}
