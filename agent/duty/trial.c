#include "trial_parts_inner.h"

#include "backend_table.h"
#include "deadlines.h"
#include "log.h"
#include "mono.h"
#include "own_time.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An interval is closed without a worker that is late by more than this: it may sit in a blocking
 * call. */
#define LATE_NS (300 * NS_PER_MS)

/* Of a hundred RabbitMQ makes the queues in a second or two. */
#define TOPICS_AT_ONCE 100

#define OFFSET_NS_MAX (INT64_MAX / 4) /* So that sums of times can't overflow. */
#define PPB_MAX 1e9

int trial_tell_failure(const struct trial *trial, struct errinfo *reterr)
{
    return trial->left_out == 0
               ? errinfo_set(reterr, trial->failure_code, "%s", trial->failure.text)
               : errinfo_set(reterr, trial->failure_code, "%s (reports left out: %llu)",
                             trial->failure.text, (unsigned long long)trial->left_out);
}

/* Load that can't be reported any more measures nothing: the segment ends now, and says why. */
static void give_up(struct trial *trial)
{
    int64_t now_ns = mono_ns();

    trial->given_up = true;
    for (uint32_t i = 0; i < trial->assignment.workers_count; i++) {
        worker_stop(trial->workers[i], now_ns, false);
    }
}

void trial_look_at_segment(struct trial *trial)
{
    (void)pthread_mutex_lock(&trial->mutex);
    if (trial->running && trial->failure_code < 0 && !trial->given_up) {
        give_up(trial);
    }
    if (trial->running && gate_pending(&trial->gate) == 0) {
        int64_t t0_ns = atomic_load(&trial->timeline.t0_ns);
        int64_t start_ns = t0_ns + trial->segment.start_ns;

        trial->running = false;
        trial->status.code = gate_wait(&trial->gate, mono_ns(), NULL);
        trial->status.ended_ns = trial->gate.ended_ns - t0_ns;
        trial->status.last_ns = trial->gate.last_ns - t0_ns;
        trial->status.start_skew_ns =
            trial->gate.started_ns > start_ns ? trial->gate.started_ns - start_ns : 0;
        if (trial->failure_code < 0) {
            struct errinfo failure = {""};

            trial->status.code = trial_tell_failure(trial, &failure);
            memcpy(trial->status.text, failure.text, sizeof trial->status.text);
        }
        outbox_post_status(trial->outbox, &trial->status);
    }
    (void)pthread_mutex_unlock(&trial->mutex);
}

/* What preparing took is no strain of the load. What the library's threads took is forgotten until
 * the tick before it begins: a short load may be half over with the one after. */
static void forget_preparing(struct trial *trial, bool begun)
{
    struct host_load_taken preparing;

    if (!begun || trial->library_load.threads_count == 0) {
        (void)library_load_take(&trial->library_load);
    }
    if (begun) {
        host_load_take(&trial->host_load, &preparing);
        trial->ticker_late_ns = 0;
    }
}

static void *ticker_main(void *argument)
{
    struct trial *trial = argument;
    int64_t interval_end_ns = INTERVAL_NS; /* Offset from T0. */
    struct own_time own = {0};
    bool begun = false;
    int64_t wake_ns;
    int64_t late_ns;
    int64_t stood_ns;

    (void)pthread_setname_np(pthread_self(), "ticker");
    while (!atomic_load(&trial->ticker_quit)) {
        int64_t t0_ns = atomic_load(&trial->timeline.t0_ns);
        int64_t offset_ns = t0_ns == TIMELINE_UNKNOWN_NS ? -1 : mono_ns() - t0_ns;

        if (!begun && t0_ns != TIMELINE_UNKNOWN_NS) {
            begun = offset_ns >= 0;
            forget_preparing(trial, begun);
        }
        if (collector_drain(trial->collector, &trial->failure) < 0) {
            trial->failure_code = -ENOMEM;
        }
        if (offset_ns >= interval_end_ns && (collector_interval_ready(trial->collector) ||
                                             offset_ns >= interval_end_ns + LATE_NS)) {
            trial_close_interval(trial, false);
            interval_end_ns += INTERVAL_NS;
        }
        trial_look_at_drain(trial);
        trial_look_at_segment(trial);
        wake_ns = mono_ns() + TICK_NS;
        mono_sleep_until(wake_ns);
        late_ns = mono_ns() - wake_ns;
        /* It may have been stopped while it was not asleep. */
        stood_ns = own_time_turn(&own, wake_ns + late_ns, STANDSTILL_NS);
        late_ns = stood_ns > late_ns ? stood_ns : late_ns;
        trial->ticker_late_ns = late_ns > trial->ticker_late_ns ? late_ns : trial->ticker_late_ns;
    }
    return NULL;
}

int trial_new(struct assignment *assignment, struct outbox *outbox, struct trial **ret,
              struct errinfo *reterr)
{
    struct trial *trial = calloc(1, sizeof *trial);
    const struct catalog_entry *entry;
    int r;

    if (trial == NULL) {
        assignment_done(assignment);
        return errinfo_nomem(reterr);
    }
    trial->assignment = *assignment;
    memset(assignment, 0, sizeof *assignment);
    trial->outbox = outbox;
    host_load_open(&trial->host_load);
    (void)pthread_mutex_init(&trial->mutex, NULL);
    entry = catalog_entry_of(&trial->assignment.target);
    trial->ops = backend_find(entry);
    if (trial->ops == NULL) {
        r = errinfo_set(reterr, -ENOTSUP, "this agent was built without the %s backend",
                        entry == NULL ? trial->assignment.target.backend : entry->driver);
        goto out;
    }
    library_load_open(&trial->library_load, trial->ops->library_threads);
    r = timeline_init(&trial->timeline, &trial->assignment, reterr);
    if (r == 0) {
        r = trial_make_topics(trial, reterr);
    }
    if (r == 0) {
        r = key_tables_init(&trial->keys, &trial->assignment, reterr);
    }
    if (r == 0) {
        r = payload_pools_init(&trial->payloads, &trial->assignment, reterr);
    }
    if (r == 0) {
        gate_init(&trial->gate);
        trial->gate_made = true;
    }
    if (r < 0) {
        goto out;
    }
    *ret = trial;
    return 0;
out:
    trial_free(trial);
    return r;
}

uint32_t trial_number(const struct trial *trial)
{
    return trial->assignment.trial;
}

int trial_trace(struct trial *trial, const char *path, struct errinfo *reterr)
{
    trial->trace_path = strdup(path);
    return trial->trace_path == NULL ? errinfo_nomem(reterr) : 0;
}

void trial_stop_ticker(struct trial *trial)
{
    if (trial->ticker_started) {
        atomic_store(&trial->ticker_quit, true);
        (void)pthread_join(trial->ticker, NULL);
        trial->ticker_started = false;
    }
}

void trial_free(struct trial *trial)
{
    if (trial == NULL) {
        return;
    }
    /* The ticker goes last of the threads: workers that end may wait for it to empty their rings.
     */
    for (uint32_t i = 0; trial->workers != NULL && i < trial->assignment.workers_count; i++) {
        worker_free(trial->workers[i]);
    }
    trial_stop_ticker(trial);
    collector_free(trial->collector);
    trace_free(trial->trace);
    free(trial->trace_path);
    for (uint32_t i = 0; trial->recorders != NULL && i < trial->assignment.workers_count; i++) {
        recorder_free(trial->recorders[i]);
    }
    if (trial->gate_made) {
        gate_done(&trial->gate);
    }
    timeline_done(&trial->timeline);
    host_load_close(&trial->host_load);
    library_load_close(&trial->library_load);
    free(trial->workers);
    free(trial->recorders);
    key_tables_done(&trial->keys);
    payload_pools_done(&trial->payloads);
    free(trial->topics);
    free(trial->segment.peers);
    (void)pthread_mutex_destroy(&trial->mutex);
    assignment_done(&trial->assignment);
    free(trial);
}

void trial_call_back(struct trial *trial)
{
    atomic_store(&trial->called_back, true);
}

/* Some at a time, so that thousands of them can be called back in between. */
static int create_topics(struct trial *trial, int64_t deadline_ns, struct errinfo *reterr)
{
    uint32_t count = trial->assignment.topics_count;
    uint32_t made = 0;

    while (made < count) {
        uint32_t next = count - made < TOPICS_AT_ONCE ? count - made : TOPICS_AT_ONCE;
        struct topic_list list = {.topics = trial->topics + made, .topics_count = next};
        int r;

        if (atomic_load(&trial->called_back)) {
            return errinfo_set(reterr, -ECANCELED, "called back while topics were made");
        }
        r = trial->ops->topics_create(&trial->assignment.target, &list, deadline_ns, reterr);
        if (r < 0) {
            /* What was made before stays to be removed; so does a part of these, where the driver
             * could not take them back. */
            trial->topics_made = trial->topics_made || r == -ECONNRESET || r == -ETIMEDOUT;
            return r;
        }
        trial->topics_made = true;
        made += next;
    }
    return 0;
}

static int make_topics(struct trial *trial, int64_t deadline_ns, char *broker_version,
                       struct errinfo *reterr)
{
    const struct assignment *assignment = &trial->assignment;
    struct probe probe = {0};
    int r;

    if (assignment->topics_owner) {
        r = trial->ops->probe(&assignment->target, deadline_ns, &probe, reterr);
        if (r < 0) {
            return r;
        }
        memcpy(broker_version, probe.broker_version, NAME_BYTES);
        r = create_topics(trial, deadline_ns, reterr);
        if (r < 0) {
            return r;
        }
    }
    /* Workers hold tables of each of their clients: what comes from here on is the clients' doing.
     */
    atomic_store(&trial->rss_before_bytes, host_settled_rss_bytes());
    r = trial_make_workers(trial, reterr);
    if (r == 0) {
        r = -pthread_create(&trial->ticker, NULL, ticker_main, trial);
        if (r < 0) {
            return errinfo_set(reterr, r, "a thread can't be started: %s", strerror(-r));
        }
        trial->ticker_started = true;
    }
    return r;
}

/* Takes a step's outcome over. */
static int reach(struct trial *trial, enum trial_stage stage, int code)
{
    trial->stage = code < 0 ? STAGE_FAILED : stage;
    return code;
}

int trial_topics(struct trial *trial, int64_t deadline_ns, char *broker_version,
                 struct errinfo *reterr)
{
    if (trial->stage != STAGE_MADE) {
        return errinfo_set(reterr, -EINVAL, "the topics of this trial were made already");
    }
    return reach(trial, STAGE_TOPICS, make_topics(trial, deadline_ns, broker_version, reterr));
}

int trial_order_all(struct trial *trial, enum worker_order order, int64_t deadline_ns,
                    struct errinfo *reterr)
{
    for (uint32_t i = 0; i < trial->assignment.workers_count; i++) {
        worker_order(trial->workers[i], order, NULL, deadline_ns);
    }
    /* Drivers keep the deadline; the grace is for their last call to return. */
    return gate_wait(&trial->gate, deadline_ns + LAST_CALL_NS, reterr);
}

int trial_open(struct trial *trial, enum endpoint_role role, int64_t deadline_ns,
               struct errinfo *reterr)
{
    bool consumers = role == ROLE_CONSUMER;
    int r;

    if (trial->stage != (consumers ? STAGE_TOPICS : STAGE_CONSUMERS)) {
        return errinfo_set(reterr, -EINVAL, "%s can't be opened: the step before it was not done",
                           consumers ? "consumers" : "producers");
    }
    r = trial_order_all(trial, consumers ? ORDER_OPEN_CONSUMERS : ORDER_OPEN_PRODUCERS, deadline_ns,
                        reterr);
    if (!consumers) {
        atomic_store(&trial->rss_opened_bytes, host_settled_rss_bytes());
    }
    return reach(trial, consumers ? STAGE_CONSUMERS : STAGE_READY, r);
}

static bool is_running(struct trial *trial)
{
    bool running;

    (void)pthread_mutex_lock(&trial->mutex);
    running = trial->running;
    (void)pthread_mutex_unlock(&trial->mutex);
    return running;
}

void trial_tell_clock(struct trial *trial, const struct clock_line *line)
{
    bool possible = line->own_ns >= -OFFSET_NS_MAX && line->own_ns <= OFFSET_NS_MAX &&
                    line->peer_ns >= -OFFSET_NS_MAX && line->peer_ns <= OFFSET_NS_MAX &&
                    line->bound_ns >= 0 && line->bound_ns <= OFFSET_NS_MAX &&
                    line->before_ns >= 0 && line->before_ns <= OFFSET_NS_MAX &&
                    fabs(line->skew_ppb) <= PPB_MAX && line->growth_ppb >= 0.0 &&
                    line->growth_ppb <= PPB_MAX;

    /* Who is told nonsense knows less than before, but what it knew widens by itself. */
    if (possible && line->agent != trial->assignment.agent) {
        timeline_tell(&trial->timeline, line);
    }
}

/* The clocks of all other agents that write what is read here have to be told, and their T0: a
 * latency that lacks one is not wrong by chance. */
static int check_peers(const struct trial *trial, const struct segment *segment,
                       struct errinfo *reterr)
{
    bool told[AGENTS_MAX] = {false};

    told[trial->assignment.agent] = true;
    for (uint32_t i = 0; i < segment->peers_count; i++) {
        const struct peer_start *peer = &segment->peers[i];

        if (peer->t0_ns < -OFFSET_NS_MAX || peer->t0_ns > OFFSET_NS_MAX) {
            return errinfo_set(reterr, -EINVAL, "agent %u can't start at %lld ns of its clock",
                               peer->agent, (long long)peer->t0_ns);
        }
        told[peer->agent] = timeline_is_told(&trial->timeline, peer->agent);
    }
    for (uint32_t i = 0;
         trial->assignment.consumers_count > 0 && i < trial->assignment.writers_count; i++) {
        if (!told[trial->assignment.writers[i].agent]) {
            return errinfo_set(reterr, -EINVAL, "the clock of agent %u, which writes, was not told",
                               trial->assignment.writers[i].agent);
        }
    }
    return 0;
}

static int check_segment(struct trial *trial, const struct segment *segment, struct errinfo *reterr)
{
    if (trial->stage != STAGE_READY) {
        return errinfo_set(reterr, -EINVAL, "the trial is not prepared, so it can't start");
    }
    if (is_running(trial)) {
        return errinfo_set(reterr, -EINVAL, "a segment of this trial runs already");
    }
    if (segment->phase_first > segment->phase_last ||
        segment->phase_last >= trial->assignment.phases_count) {
        return errinfo_set(reterr, -EINVAL, "phases %u to %u are to start, but the trial has %u",
                           segment->phase_first, segment->phase_last,
                           trial->assignment.phases_count);
    }
    if (segment->t0_ns < 0 || segment->t0_ns > OFFSET_NS_MAX || segment->start_ns < 0 ||
        segment->start_ns > OFFSET_NS_MAX) {
        return errinfo_set(reterr, -EINVAL, "a segment can't start at %lld ns after T0 = %lld ns",
                           (long long)segment->start_ns, (long long)segment->t0_ns);
    }
    return check_peers(trial, segment, reterr);
}

int trial_start(struct trial *trial, uint64_t command, struct segment *segment,
                struct errinfo *reterr)
{
    int r = check_segment(trial, segment, reterr);

    if (r < 0) {
        return r;
    }
    timeline_set(&trial->timeline, segment);
    (void)pthread_mutex_lock(&trial->mutex);
    free(trial->segment.peers);
    trial->segment = *segment;
    memset(segment, 0, sizeof *segment);
    memset(&trial->status, 0, sizeof trial->status);
    trial->status.command = command;
    trial->gate.started_ns = 0;
    trial->gate.ended_ns = 0;
    trial->gate.last_ns = 0;
    for (uint32_t i = 0; i < trial->assignment.workers_count; i++) {
        worker_order(trial->workers[i], ORDER_RUN, &trial->segment, 0);
    }
    trial->running = true;
    trial->given_up = false;
    (void)pthread_mutex_unlock(&trial->mutex);
    return 0;
}

int trial_stop(struct trial *trial, int64_t stop_ns, bool sending_only, struct errinfo *reterr)
{
    int64_t t0_ns = atomic_load(&trial->timeline.t0_ns);
    int64_t at_ns;

    if (stop_ns < 0 || stop_ns > OFFSET_NS_MAX) {
        return errinfo_set(reterr, -EINVAL, "a segment can't stop at %lld ns after T0",
                           (long long)stop_ns);
    }
    /* Before the first segment there is no T0 and perhaps no worker, either. After its end here it
     * may still run elsewhere, and consumers that are paused have to drain it. */
    if (trial->stage != STAGE_READY || t0_ns == TIMELINE_UNKNOWN_NS) {
        return 0;
    }
    at_ns = stop_ns == 0 ? mono_ns() : t0_ns + stop_ns;
    for (uint32_t i = 0; i < trial->assignment.workers_count; i++) {
        worker_stop(trial->workers[i], at_ns, sending_only);
    }
    return 0;
}

int trial_remove(struct trial *trial, bool anyway, int64_t deadline_ns, struct errinfo *reterr)
{
    struct topic_list list = {.topics = trial->topics,
                              .topics_count = trial->assignment.topics_count};

    if (!trial->topics_made && !anyway) {
        return 0;
    }
    trial->topics_made = false;
    return trial->ops->topics_delete(&trial->assignment.target, &list, deadline_ns, reterr);
}
