#include "trace.h"

#include "invariant.h"
#include "mono.h"
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A tenth of a second at a million records a second and load thread. */
#define RING_RECORDS (UINT32_C(1) << 17)
#define BLOCK_RECORDS 4096
#define LOOK_NS (5 * NS_PER_MS)

struct trace_lane {
    struct ring *ring;
    _Atomic uint64_t dropped;
};

struct trace {
    int fd;
    char *path;
    uint16_t agent;
    uint32_t trial;
    struct trace_lane *lanes;
    uint32_t lanes_count;
    pthread_t thread;
    bool thread_started;
    _Atomic bool quit;
    _Atomic uint64_t records;
    _Atomic uint64_t unwritten; /* Taken out of a ring, but the file took no more. */
    int failure;                /* Of the file; belongs to the thread while that runs. */
    unsigned char block[(BLOCK_RECORDS + 1) * TRACE_RECORD_BYTES];
};

static void put(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static void encode(const struct trace_record *record, unsigned char *ret)
{
    ret[0] = record->kind;
    ret[1] = record->outcome;
    ret[2] = record->flow;
    ret[3] = record->flags;
    put(ret + 4, record->stream, 4);
    put(ret + 8, record->sequence, 6);
    put(ret + 14, record->subscription, 2);
    put(ret + 16, (uint64_t)record->intended_ns, 8);
    put(ret + 24, (uint64_t)record->sent_ns, 8);
    put(ret + 32, (uint64_t)record->at_ns, 8);
}

/* All or nothing: half a record would shift all that follow. */
static int append(int fd, const unsigned char *bytes, size_t bytes_count)
{
    struct stat before;
    size_t done = 0;
    int r = 0;

    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    if (fstat(fd, &before) < 0) {
        r = -errno;
    }
    while (r == 0 && done < bytes_count) {
        ssize_t written = write(fd, bytes + done, bytes_count - done);

        if (written > 0) {
            done += (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            r = written == 0 ? -EIO : -errno;
            if (done > 0 && ftruncate(fd, before.st_size) < 0) {
                r = -errno;
            }
        }
    }
    (void)flock(fd, LOCK_UN);
    return r;
}

static void write_block(struct trace *trace, uint32_t count)
{
    struct trace_record head = {.kind = TRACE_BLOCK,
                                .stream = trace->trial,
                                .sequence = count,
                                .subscription = trace->agent};

    encode(&head, trace->block);
    if (trace->failure == 0) {
        trace->failure = append(trace->fd, trace->block, ((size_t)count + 1) * TRACE_RECORD_BYTES);
    }
    atomic_fetch_add(trace->failure == 0 ? &trace->records : &trace->unwritten, count);
}

/* True if there was anything. */
static bool write_lane(struct trace *trace, struct trace_lane *lane)
{
    struct trace_record record;
    uint32_t count = 0;

    while (count < BLOCK_RECORDS && ring_pop(lane->ring, &record)) {
        count++;
        encode(&record, trace->block + (size_t)count * TRACE_RECORD_BYTES);
    }
    if (count > 0) {
        write_block(trace, count);
    }
    return count > 0;
}

static bool write_all(struct trace *trace)
{
    bool any = false;

    for (uint32_t i = 0; i < trace->lanes_count; i++) {
        any = write_lane(trace, &trace->lanes[i]) || any;
    }
    return any;
}

static void *thread_main(void *argument)
{
    struct trace *trace = argument;

    (void)pthread_setname_np(pthread_self(), "trace");
    while (!atomic_load(&trace->quit)) {
        if (!write_all(trace)) {
            mono_sleep_until(mono_ns() + LOOK_NS);
        }
    }
    return NULL;
}

int trace_create(const char *path, const char *run_id, struct errinfo *reterr)
{
    char head[TRACE_RECORD_BYTES] = {0};
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    int r;

    if (fd < 0) {
        r = -errno;
        return errinfo_set(reterr, r, "the trace can't be written: %s: %s", path, strerror(-r));
    }
    (void)snprintf(head, sizeof head, TRACE_MAGIC "%s", run_id);
    r = append(fd, (const unsigned char *)head, sizeof head);
    if (close(fd) < 0 && r == 0) {
        r = -errno;
    }
    return r == 0
               ? 0
               : errinfo_set(reterr, r, "the trace can't be written: %s: %s", path, strerror(-r));
}

static int make_lanes(struct trace *trace, const struct trace_config *config,
                      struct errinfo *reterr)
{
    uint32_t room = config->ring_records == 0 ? RING_RECORDS : config->ring_records;
    int r = 0;

    trace->lanes = calloc((size_t)config->lanes_count + 1, sizeof *trace->lanes);
    trace->path = strdup(config->path);
    if (trace->lanes == NULL || trace->path == NULL) {
        return errinfo_nomem(reterr);
    }
    trace->lanes_count = config->lanes_count;
    for (uint32_t i = 0; r == 0 && i < config->lanes_count; i++) {
        r = ring_new(sizeof(struct trace_record), room, &trace->lanes[i].ring, reterr);
    }
    return r;
}

int trace_new(const struct trace_config *config, struct trace **ret, struct errinfo *reterr)
{
    struct trace *trace = calloc(1, sizeof *trace);
    int r;

    if (trace == NULL) {
        return errinfo_nomem(reterr);
    }
    trace->agent = config->agent;
    trace->trial = config->trial;
    trace->fd = open(config->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    r = trace->fd < 0 ? errinfo_set(reterr, -errno, "the trace can't be written: %s: %s",
                                    config->path, strerror(errno))
                      : make_lanes(trace, config, reterr);
    if (r == 0) {
        r = -pthread_create(&trace->thread, NULL, thread_main, trace);
        trace->thread_started = r == 0;
        r = r < 0 ? errinfo_set(reterr, r, "a thread can't be started: %s", strerror(-r)) : 0;
    }
    if (r < 0) {
        trace_free(trace);
        return r;
    }
    *ret = trace;
    return 0;
}

struct trace_lane *trace_lane(struct trace *trace, uint32_t index)
{
    ASSERT(index < trace->lanes_count);
    return &trace->lanes[index];
}

void trace_add(struct trace_lane *lane, const struct trace_record *record)
{
    if (!ring_push(lane->ring, record)) {
        atomic_fetch_add_explicit(&lane->dropped, 1, memory_order_relaxed);
    }
}

struct trace_counts trace_count(const struct trace *trace)
{
    struct trace_counts counts = {.records = atomic_load(&trace->records),
                                  .dropped = atomic_load(&trace->unwritten)};

    for (uint32_t i = 0; i < trace->lanes_count; i++) {
        counts.dropped += atomic_load(&trace->lanes[i].dropped);
    }
    return counts;
}

static void stop_thread(struct trace *trace)
{
    if (trace->thread_started) {
        atomic_store(&trace->quit, true);
        (void)pthread_join(trace->thread, NULL);
        trace->thread_started = false;
    }
}

int trace_finish(struct trace *trace, struct errinfo *reterr)
{
    unsigned char bytes[TRACE_RECORD_BYTES];
    struct trace_counts counts;
    struct trace_record end = {
        .kind = TRACE_END, .stream = trace->trial, .subscription = trace->agent};

    stop_thread(trace);
    while (write_all(trace)) {
    }
    counts = trace_count(trace);
    end.intended_ns = (int64_t)counts.records;
    end.sent_ns = (int64_t)counts.dropped;
    encode(&end, bytes);
    if (trace->failure == 0) {
        trace->failure = append(trace->fd, bytes, sizeof bytes);
    }
    return trace->failure == 0 ? 0
                               : errinfo_set(reterr, trace->failure,
                                             "%s: %s; %llu records are "
                                             "missing in it",
                                             trace->path, strerror(-trace->failure),
                                             (unsigned long long)counts.dropped);
}

void trace_free(struct trace *trace)
{
    if (trace == NULL) {
        return;
    }
    stop_thread(trace);
    for (uint32_t i = 0; trace->lanes != NULL && i < trace->lanes_count; i++) {
        ring_free(trace->lanes[i].ring);
    }
    if (trace->fd >= 0) {
        (void)close(trace->fd);
    }
    free(trace->lanes);
    free(trace->path);
    free(trace);
}
