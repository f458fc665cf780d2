/*
 * merge_seconds: what it costs a coordinator to merge one second of all agents, from reports that a
 * run has journaled. Each is made the frame again that came from its agent; then, as in a run, it
 * is decoded, coalesced, folded, shown to the windows of objectives, and put into the queue of a
 * journal. Without what else a coordinator does meanwhile: TLS, polls, clocks.
 *
 *     merge_seconds RUN_DIR FOLDER          (FOLDER: for that journal; an empty one)
 *
 * Prints JSON: the seconds that were merged, the agents of each, and of this thread's CPU time and
 * of the time by the wall the median and the most of a second, in ms. Of a run with one trial.
 */
#include "archive.h"
#include "disk.h"
#include "fold.h"
#include "mono.h"
#include "reports.h"
#include "sink_fold.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DISK_BYTES_MAX ((size_t)256 << 20)
#define SECONDS_MAX 100000
#define DISK_END_NS (60 * NS_PER_S)

struct merging {
    struct fold *fold;
    struct watch watch;
    struct sinks sinks;
    struct coalesce *coalesce;
    struct snapshot_limits limits;
    struct text *frames; /* Of the second that is gathered. */
    uint32_t frames_count;
    uint32_t agents_count;
    double *cpu_ms; /* By second. */
    double *wall_ms;
    uint32_t seconds_count;
};

static double ms_since(clockid_t clock, const struct timespec *since)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)(now.tv_sec - since->tv_sec) * 1e3 +
           (double)(now.tv_nsec - since->tv_nsec) / 1e6;
}

static int merge_frame(struct merging *merging, const struct text *frame, struct errinfo *reterr)
{
    const struct reports reports = {
        .coalesce = merging->coalesce, .sinks = &merging->sinks, .watch = &merging->watch};
    struct snapshot *snapshot = NULL;
    struct reported next = {.snapshot = NULL};
    int r = wire_decode_snapshot_of(frame->bytes, frame->bytes_count, &merging->limits, &snapshot,
                                    reterr);

    r = r < 0 ? r : coalesce_put(merging->coalesce, snapshot, true, reterr);
    r = r < 0 ? r : reports_next(&reports, wall_unix_ns(), &next, reterr);
    while (r == 0 && next.snapshot != NULL) {
        r = next.refused ? errinfo_set(reterr, -EBADMSG, "%s", next.why.text) : 0;
        snapshot_free(next.snapshot);
        r = r < 0 ? r : reports_next(&reports, wall_unix_ns(), &next, reterr);
    }
    return r;
}

/* What was gathered; only a whole second is told. */
static int merge_second(struct merging *merging, struct errinfo *reterr)
{
    struct fold_live live;
    struct timespec cpu;
    struct timespec wall;
    int r = 0;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    (void)clock_gettime(CLOCK_MONOTONIC, &wall);
    for (uint32_t i = 0; r == 0 && i < merging->frames_count; i++) {
        r = merge_frame(merging, &merging->frames[i], reterr);
    }
    fold_live(merging->fold, &live);
    watch_advance(&merging->watch, live.intervals);
    if (merging->frames_count == merging->agents_count && merging->seconds_count < SECONDS_MAX) {
        merging->cpu_ms[merging->seconds_count] = ms_since(CLOCK_THREAD_CPUTIME_ID, &cpu);
        merging->wall_ms[merging->seconds_count++] = ms_since(CLOCK_MONOTONIC, &wall);
    }
    for (uint32_t i = 0; i < merging->frames_count; i++) {
        text_done(&merging->frames[i]);
    }
    merging->frames_count = 0;
    /* As fast as here no disk is written. */
    return r < 0 ? r : sinks_flush(&merging->sinks, mono_ns() + DISK_END_NS, reterr);
}

static int begin_trial(struct merging *merging, const struct entry_trial *trial,
                       struct errinfo *reterr)
{
    const struct assignment tables = {.flows = trial->flows,
                                      .flows_count = trial->flows_count,
                                      .phases_count = trial->phases_count};

    if (merging->coalesce != NULL) {
        return errinfo_set(reterr, -EINVAL, "the run has more than one trial");
    }
    merging->limits = assigned_snapshot_limits(&tables);
    merging->agents_count = trial->agents_count;
    merging->frames = calloc((size_t)trial->agents_count + 1, sizeof *merging->frames);
    return merging->frames == NULL ? errinfo_nomem(reterr)
                                   : coalesce_new(trial->agents_count, &merging->coalesce, reterr);
}

static int take(struct merging *merging, const struct journal_entry *entry, struct errinfo *reterr)
{
    int r;

    if (entry->kind == ENTRY_SNAPSHOT && merging->agents_count > 0) {
        r = wire_encode_snapshot(entry->as.snapshot, &merging->frames[merging->frames_count]);
        if (r < 0) {
            return errinfo_set(reterr, r, "a report can't be made a frame again");
        }
        merging->frames_count++;
        return merging->frames_count < merging->agents_count ? 0 : merge_second(merging, reterr);
    }
    r = merge_second(merging, reterr);
    r = r < 0 ? r : sinks_take(&merging->sinks, entry, reterr);
    return r < 0 || entry->kind != ENTRY_TRIAL ? r : begin_trial(merging, &entry->as.trial, reterr);
}

static int merge_all(struct merging *merging, const char *run, const char *folder,
                     struct errinfo *reterr)
{
    struct archive_reader *reader = NULL;
    struct disk *disk = NULL;
    struct journal_entry entry;
    int r = archive_reader_new(run, &reader, reterr);

    r = r < 0 ? r : fold_new(&merging->fold, reterr);
    r = r < 0 ? r : disk_new(folder, DISK_BYTES_MAX, &disk, reterr);
    if (r < 0) {
        return r; /* The process ends with it. */
    }
    watch_init(&merging->watch, NULL, 0);
    sinks_add(&merging->sinks, &sink_fold, merging->fold);
    sinks_add(&merging->sinks, &watch_sink, &merging->watch);
    sinks_add(&merging->sinks, &disk_sink, disk);
    while (r == 0 && (r = archive_next(reader, &entry, reterr)) == 1) {
        r = take(merging, &entry, reterr);
        journal_entry_done(&entry);
    }
    r = r < 0 ? r : sinks_close(&merging->sinks, mono_ns() + DISK_END_NS, reterr);
    archive_reader_free(reader);
    return r;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static void tell(const char *name, double *ms, uint32_t count)
{
    qsort(ms, count, sizeof *ms, compare);
    (void)printf(", \"%s_median_ms\": %.1f, \"%s_max_ms\": %.1f", name, ms[count / 2], name,
                 ms[count - 1]);
}

int main(int argc, char **argv)
{
    static double cpu_ms[SECONDS_MAX];
    static double wall_ms[SECONDS_MAX];
    struct merging merging = {.cpu_ms = cpu_ms, .wall_ms = wall_ms};
    struct errinfo error = {""};

    if (argc != 3) {
        (void)fprintf(stderr, "usage: merge_seconds RUN_DIR FOLDER\n");
        return 2;
    }
    if (merge_all(&merging, argv[1], argv[2], &error) < 0 || merging.seconds_count == 0) {
        (void)fprintf(stderr, "merge_seconds: %s\n",
                      error.text[0] == '\0' ? "no whole second is in the journal" : error.text);
        return 1;
    }
    (void)printf("{\"agents\": %u, \"seconds\": %u", merging.agents_count, merging.seconds_count);
    tell("cpu", merging.cpu_ms, merging.seconds_count);
    tell("wall", merging.wall_ms, merging.seconds_count);
    (void)printf("}\n");
    return 0;
}
