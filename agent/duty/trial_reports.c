/* trial_reports: what a trial reports while it runs: each second, and when it has settled in its
 * drain. */
#include "trial_parts_inner.h"

#include <stdlib.h>

static void post_snapshots(struct trial *trial, struct snapshot **parts, uint32_t parts_count)
{
    for (uint32_t i = 0; i < parts_count; i++) {
        /* After one that is missing none can be counted. */
        if (trial->failure_code == 0) {
            trial->failure_code = outbox_post_snapshot(trial->outbox, parts[i], &trial->failure);
        }
        trial->left_out += trial->failure_code < 0 ? 1 : 0;
        snapshot_free(parts[i]);
    }
    free(parts);
}

static void take_trace(const struct trial *trial, struct health *health)
{
    if (trial->trace != NULL) {
        struct trace_counts counts = trace_count(trial->trace);

        health->trace_records = counts.records;
        health->trace_dropped = counts.dropped;
    }
}

/* Closes the collector's interval and posts it. */
void trial_close_interval(struct trial *trial, bool final)
{
    struct snapshot **parts = NULL;
    uint32_t parts_count = 0;
    struct health health = {0};
    struct host_load_taken taken;
    int r;

    host_health(&health);
    health.clients = trial->assignment.producers_count + trial->assignment.consumers_count;
    health.load_threads = trial->assignment.workers_count;
    health.rss_before_bytes = atomic_load(&trial->rss_before_bytes);
    health.rss_opened_bytes = atomic_load(&trial->rss_opened_bytes);
    host_load_take(&trial->host_load, &taken);
    health.strain.library_cpu_ns = library_load_take(&trial->library_load);
    health.strain.steal_ns = taken.steal_ns;
    health.strain.throttled_ns = taken.throttled_ns;
    health.strain.ticker_late_ns = trial->ticker_late_ns;
    trial->ticker_late_ns = 0;
    take_trace(trial, &health);
    r = collector_snapshots(trial->collector, &health, final, &parts, &parts_count,
                            &trial->failure);
    if (r < 0) {
        trial->failure_code = r;
        return;
    }
    if (!trial->threads_told) {
        host_threads(&parts[0]->threads, &parts[0]->threads_count);
        trial->threads_told = true;
    }
    post_snapshots(trial, parts, parts_count);
}

/* When the segment that runs began to do nothing but drain, as offset from T0; INT64_MAX: not that.
 */
static int64_t drain_start_ns(struct trial *trial)
{
    const struct assigned_phase *phases = trial->assignment.phases;
    int64_t start_ns = INT64_MAX;

    (void)pthread_mutex_lock(&trial->mutex);
    if (trial->running && phases[trial->segment.phase_last].until_drained) {
        start_ns = trial->segment.start_ns;
        for (uint32_t i = trial->segment.phase_first; i < trial->segment.phase_last; i++) {
            start_ns += phases[i].duration_ns;
        }
    }
    (void)pthread_mutex_unlock(&trial->mutex);
    return start_ns;
}

void trial_look_at_drain(struct trial *trial)
{
    struct snapshot **parts = NULL;
    uint32_t parts_count = 0;
    int r;

    if (trial->failure_code < 0 ||
        !collector_has_settled(trial->collector, drain_start_ns(trial))) {
        return;
    }
    r = collector_settled(trial->collector, &parts, &parts_count, &trial->failure);
    if (r < 0) {
        trial->failure_code = r;
        return;
    }
    post_snapshots(trial, parts, parts_count);
}
