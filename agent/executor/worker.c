#include "worker.h"

#include "invariant.h"
#include "mono.h"
#include "slice_inner.h"
#include "sync.h"
#include "worker_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What arrives shortly before a message is to be sent is looked at after it. */
#define TOGETHER_NS (100 * NS_PER_US)
#define SPIN_SHARE 6
/* A worker has settled when nothing came for so long; what trickles in is told so often at most. */
#define QUIET_NS (10 * NS_PER_MS)
#define SETTLE_GAP_NS (100 * NS_PER_MS)

static int64_t offset_of(const struct worker *worker, int64_t now_ns)
{
    int64_t t0_ns = atomic_load_explicit(&worker->context.timeline->t0_ns, memory_order_relaxed);

    return t0_ns == TIMELINE_UNKNOWN_NS ? -1 : now_ns - t0_ns;
}

/* Leaves the interval to the collector once it is over. */
static void turn_interval(struct worker *worker, int64_t now_ns, bool final)
{
    struct recorder_state state = {0};
    struct thread_load_spent spent;
    int64_t spun_ns;
    int64_t offset_ns = offset_of(worker, now_ns);

    thread_load_take(&worker->load, &spent);
    /* While it waited for a CPU it did not spin on one. */
    spun_ns = worker->spun_ns - (spent.wait_ns == STRAIN_UNKNOWN ? 0 : spent.wait_ns);
    spun_ns = spun_ns > 0 ? spun_ns : 0;
    state.cpu_ns = spent.cpu_ns > spun_ns ? spent.cpu_ns - spun_ns : 0;
    state.wait_ns = spent.wait_ns;
    worker->spun_ns = 0;
    sender_account(worker->sender, now_ns, &state);
    receiver_account(worker->receiver, &state);
    while (!recorder_turn(worker->context.recorder, offset_ns, &state, final)) {
        mono_sleep_until(mono_ns() + NS_PER_MS); /* The collector goes on emptying the ring. */
    }
}

static int carry_out_close(struct worker *worker)
{
    int64_t now_ns = mono_ns();

    watch_look(&worker->watch);
    if (worker->producers_open) {
        (void)sender_poll(worker->sender, now_ns);
    }
    if (worker->consumers_open) {
        (void)receiver_poll(worker->receiver, now_ns);
    }
    sender_close_begin(worker->sender);
    receiver_close_begin(worker->receiver);
    worker->producers_open = false;
    worker->consumers_open = false;
    /* Nothing more is recorded: what there is does not wait for a broker that says no goodbye. */
    turn_interval(worker, mono_ns(), true);
    atomic_store(&worker->handed_in, true);
    sender_close_end(worker->sender);
    receiver_close_end(worker->receiver);
    return 0;
}

static void begin_segment(struct worker *worker)
{
    const struct segment *segment = &worker->segment;
    const struct assigned_phase *last = &worker->context.assignment->phases[segment->phase_last];

    worker->end_ns = segment->t0_ns + segment->start_ns;
    for (uint32_t i = segment->phase_first; i <= segment->phase_last; i++) {
        worker->end_ns += worker->context.assignment->phases[i].duration_ns;
    }
    worker->drain_ns = SENDER_NEVER_NS;
    worker->settled_ns = 0;
    if (last->until_drained) {
        worker->drain_ns = worker->end_ns - last->duration_ns;
    }
    sender_start(worker->sender, segment->phase_first, segment->phase_last);
    receiver_release(worker->receiver, false);
    worker->stop_taken_ns = SENDER_NEVER_NS;
    worker->running = true;
    worker->first_turn = true;
}

static void end_segment(struct worker *worker, int64_t now_ns, int64_t ended_ns)
{
    int64_t settled_ns = sender_settled_ns(worker->sender);
    int64_t received_ns = receiver_last_ns(worker->receiver);

    sender_count_due(worker->sender, now_ns);
    sender_give_up(worker->sender, now_ns);
    worker->running = false;
    gate_ended(worker->gate, ended_ns, settled_ns > received_ns ? settled_ns : received_ns);
}

/* Takes the order that waits; true if the thread shall end. */
static bool take_order(struct worker *worker)
{
    struct errinfo error = {""};
    enum worker_order order;
    bool has_order;
    bool quit;
    int64_t deadline_ns;
    int r = 0;

    (void)pthread_mutex_lock(&worker->mutex);
    atomic_store(&worker->called, false);
    has_order = worker->has_order;
    worker->has_order = false;
    order = worker->order;
    deadline_ns = worker->order_deadline_ns;
    quit = worker->quit;
    (void)pthread_mutex_unlock(&worker->mutex);
    if (!has_order) {
        return quit;
    }
    switch (order) {
    case ORDER_OPEN_CONSUMERS:
        r = receiver_open(worker->receiver, deadline_ns, &error);
        worker->consumers_open = r == 0;
        if (r == 0) {
            receiver_watch(worker->receiver, &worker->watch);
        }
        break;
    case ORDER_OPEN_PRODUCERS:
        r = sender_open(worker->sender, deadline_ns, &error);
        worker->producers_open = r == 0;
        if (r == 0) {
            sender_watch(worker->sender, &worker->watch);
        }
        break;
    case ORDER_RUN:
        begin_segment(worker);
        return quit; /* Done at the segment's end. */
    case ORDER_CLOSE:
        if (worker->running) { /* It was not waited for: a call into a library kept this thread. */
            end_segment(worker, mono_ns(), mono_ns());
        }
        r = carry_out_close(worker);
        break;
    }
    gate_order_done(worker->gate, r, &error);
    return quit;
}

/* Not once its sending was stopped: then the segment lasts until it is drained. */
static bool ends_by_count(const struct worker *worker)
{
    return worker->context.assignment->phases[worker->segment.phase_last].messages > 0 &&
           !worker->first_turn && worker->stop_taken_ns == SENDER_NEVER_NS;
}

static int64_t sending_end_ns(const struct worker *worker)
{
    return worker->stop_taken_ns < worker->end_ns ? worker->stop_taken_ns : worker->end_ns;
}

/* Also once the segment has ended here, as one with a number of messages does at once where only
 * consumers are: its producers elsewhere may not have ended. */
static void look_at_stop(struct worker *worker)
{
    int64_t stop_ns = atomic_load_explicit(&worker->sending_stop_ns, memory_order_acquire);

    if (stop_ns < worker->stop_taken_ns) {
        worker->stop_taken_ns = stop_ns;
        sender_stop(worker->sender, stop_ns);
        if (atomic_load(&worker->stop_ns) == SENDER_NEVER_NS) {
            /* A run that is interrupted while its consumers are paused is drained as well; one that
             * is over is not, though that is said ahead of its time. */
            receiver_release(worker->receiver, true);
        }
    }
}

static void look_at_segment(struct worker *worker, int64_t now_ns)
{
    int64_t stop_ns = atomic_load_explicit(&worker->stop_ns, memory_order_relaxed);
    int64_t settled_ns = 0;

    if (worker->first_turn && now_ns >= worker->segment.t0_ns + worker->segment.start_ns) {
        worker->first_turn = false;
        if (worker->segment.start_ns == 0) { /* What preparing took is no strain of the load. */
            struct thread_load_spent preparing;

            thread_load_take(&worker->load, &preparing);
            worker->spun_ns = 0;
        }
        gate_started(worker->gate, now_ns);
    }
    if (now_ns >= worker->end_ns || now_ns >= stop_ns) {
        sender_stop(worker->sender, sending_end_ns(worker));
        while (sender_send(worker->sender, mono_ns())) {
            /* What came due since the last batch: there is no later one. */
        }
        end_segment(worker, now_ns, now_ns);
    } else if (ends_by_count(worker) && sender_finished(worker->sender, &settled_ns)) {
        end_segment(worker, now_ns, settled_ns);
    }
}

/* Once only draining is left: hands over what came last as soon as it is quiet, so that the drain's
 * end is known then and not with the next interval. What comes later is handed over likewise. */
static void look_at_drain(struct worker *worker, int64_t now_ns)
{
    int64_t came_ns = receiver_last_ns(worker->receiver);
    int64_t settled_ns = sender_settled_ns(worker->sender);

    if (!worker->running || now_ns < worker->drain_ns ||
        now_ns < worker->settled_ns + SETTLE_GAP_NS ||
        !sender_is_idle_until(worker->sender, worker->end_ns)) {
        return;
    }
    came_ns = came_ns > settled_ns ? came_ns : settled_ns;
    if (now_ns < came_ns + QUIET_NS ||
        (worker->settled_ns >= worker->drain_ns && worker->settled_ns > came_ns)) {
        return;
    }
    sender_count_due(worker->sender, now_ns);
    if (recorder_settle(worker->context.recorder, offset_of(worker, now_ns))) {
        worker->settled_ns = now_ns;
    }
}

/* Sends what is due. Between two batches only events are looked after: their answers come one by
 * one, and each look would find a message or two to send, so that the thread would never sleep. */
static bool send_due(struct worker *worker)
{
    int64_t now_ns = mono_ns();
    bool sent;

    if (!worker_is_batched(worker)) {
        return sender_send(worker->sender, now_ns);
    }
    if (now_ns < worker->batch_ns && now_ns < sending_end_ns(worker) && !worker->owes) {
        return false; /* At the end there is no later batch. */
    }
    sent = sender_send(worker->sender, now_ns);
    now_ns = mono_ns();
    if (sender_next_ns(worker->sender) > now_ns) {
        worker->batch_ns = worker_next_batch_ns(worker, now_ns); /* Nothing is owed. */
    }
    return sent;
}

/* What is due is sent first: an answer that came meanwhile has its time already, or can wait. */
static bool turn(struct worker *worker)
{
    bool busy = false;
    int64_t now_ns;

    if (atomic_load_explicit(&worker->called, memory_order_acquire) && take_order(worker)) {
        return false;
    }
    recorder_watch_room(worker->context.recorder, mono_ns());
    look_at_stop(worker);
    if (worker->running) {
        busy = send_due(worker);
    }
    now_ns = mono_ns();
    worker_look(worker, now_ns);
    if (worker->producers_open) {
        busy = sender_poll(worker->sender, now_ns) || busy;
        sender_reconnect(worker->sender, now_ns);
    }
    if (worker->consumers_open) {
        busy = receiver_poll(worker->receiver, now_ns) || busy;
        receiver_reconnect(worker->receiver, now_ns);
    }
    now_ns = mono_ns();
    if (worker->running) {
        look_at_segment(worker, now_ns);
    }
    look_at_drain(worker, now_ns);
    if (recorder_turn_due(worker->context.recorder, offset_of(worker, now_ns))) {
        turn_interval(worker, now_ns, false);
    }
    worker_rest(worker, busy);
    return true;
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;

    /* The default slack of 50 us would be added to every wait. */
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    (void)pthread_setname_np(pthread_self(), "worker");
    slice_shorten();
    thread_load_open(&worker->load);
    while (turn(worker)) {
    }
    thread_load_close(&worker->load);
    return NULL;
}

int worker_new(const struct worker_context *context, struct gate *gate, struct worker **ret,
               struct errinfo *reterr)
{
    struct worker *worker = calloc(1, sizeof *worker);
    int r;

    if (worker == NULL) {
        return errinfo_nomem(reterr);
    }
    worker->context = *context;
    worker->gate = gate;
    worker->watch.set_fd = -1;
    rest_lead_init(&worker->lead);
    worker->tick_ns = context->assignment->phases[0].pacing.coalesce_ns;
    /* For tests of how much that blurs: each arrival wakes its worker. */
    worker->together_ns = getenv("MILLRACE_TEST_WAKE_EACH") != NULL ? 0 : TOGETHER_NS;
    worker->context.spin_share = context->spin_share > 0 ? context->spin_share : SPIN_SHARE;
    worker->stop_taken_ns = SENDER_NEVER_NS;
    atomic_store(&worker->stop_ns, SENDER_NEVER_NS);
    atomic_store(&worker->sending_stop_ns, SENDER_NEVER_NS);
    (void)pthread_mutex_init(&worker->mutex, NULL);
    worker->wake_fd = sync_event_new(reterr);
    r = worker->wake_fd < 0 ? worker->wake_fd : watch_init(&worker->watch, worker->wake_fd, reterr);
    if (r == 0) {
        r = sender_new(context, &worker->sender, reterr);
    }
    if (r == 0) {
        r = receiver_new(context, &worker->receiver, reterr);
    }
    if (r < 0) {
        goto out;
    }
    r = -pthread_create(&worker->thread, NULL, worker_main, worker);
    if (r < 0) {
        (void)errinfo_set(reterr, r, "a worker's thread can't be started: %s", strerror(-r));
        goto out;
    }
    worker->thread_started = true;
    *ret = worker;
    return 0;
out:
    worker_free(worker);
    return r;
}

void worker_order(struct worker *worker, enum worker_order order, const struct segment *segment,
                  int64_t deadline_ns)
{
    gate_order_given(worker->gate);
    (void)pthread_mutex_lock(&worker->mutex);
    if (worker->has_order) { /* It was not even taken, see above. */
        ASSERT(order == ORDER_CLOSE);
        gate_order_done(worker->gate, 0, NULL);
    }
    worker->has_order = true;
    worker->order = order;
    worker->order_deadline_ns = deadline_ns;
    if (segment != NULL) {
        worker->segment = *segment;
        atomic_store(&worker->stop_ns, SENDER_NEVER_NS);
        atomic_store(&worker->sending_stop_ns, SENDER_NEVER_NS);
    }
    (void)pthread_mutex_unlock(&worker->mutex);
    worker_wake(worker);
}

bool worker_has_handed_in(const struct worker *worker)
{
    return atomic_load(&worker->handed_in);
}

void worker_stop(struct worker *worker, int64_t at_ns, bool sending_only)
{
    if (!sending_only) { /* First: who sees that sending stops sees whether that is all. */
        atomic_store(&worker->stop_ns, at_ns);
    }
    /* A later stop must not give back what an earlier one took: messages would come due that nobody
     * sends. */
    if (at_ns < atomic_load(&worker->sending_stop_ns)) {
        atomic_store(&worker->sending_stop_ns, at_ns);
    }
    worker_wake(worker);
}

void worker_free(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    if (worker->thread_started) {
        (void)pthread_mutex_lock(&worker->mutex);
        worker->quit = true;
        (void)pthread_mutex_unlock(&worker->mutex);
        worker_wake(worker);
        (void)pthread_join(worker->thread, NULL);
    }
    sender_free(worker->sender);
    receiver_free(worker->receiver);
    if (worker->wake_fd >= 0) {
        (void)close(worker->wake_fd);
    }
    watch_done(&worker->watch);
    (void)pthread_mutex_destroy(&worker->mutex);
    free(worker);
}
