/* Resting: until an event, the next message, an order. What is chosen: rest.c. */
#include "mono.h"
#include "sync.h"
#include "worker_inner.h"

#define WAIT_NS_MAX (50 * NS_PER_MS)
/* So often each endpoint is polled, for what no descriptor may tell. */
#define LOOK_NS (10 * NS_PER_MS)
#define BATCH_GAP_NS (50 * NS_PER_US)
#define BATCH_WAIT_NS (40 * NS_PER_US)

void worker_look(struct worker *worker, int64_t now_ns)
{
    if (worker->watch.has_slept) {
        (void)watch_wait(&worker->watch, 0);
    }
    if (now_ns >= worker->look_ns) {
        watch_ready_all(&worker->watch);
        worker->look_ns = now_ns + LOOK_NS;
    }
}

static bool is_ticked(const struct worker *worker)
{
    return worker->running && worker->tick_ns > 0 && sender_is_paced(worker->sender);
}

bool worker_is_batched(const struct worker *worker)
{
    return worker->running && (sender_gap_ns(worker->sender) < BATCH_GAP_NS || is_ticked(worker));
}

int64_t worker_next_batch_ns(const struct worker *worker, int64_t now_ns)
{
    int64_t since_ns = now_ns - worker->segment.t0_ns;

    if (!is_ticked(worker)) {
        return now_ns + BATCH_WAIT_NS;
    }
    return since_ns < 0 ? worker->segment.t0_ns
                        : now_ns + worker->tick_ns - since_ns % worker->tick_ns;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Until when nobody is to look at what arrives. */
static int64_t gather_until_ns(const struct worker *worker)
{
    struct gather_sum sum;

    gather_sum_init(&sum);
    if (worker->producers_open) {
        sender_gather(worker->sender, &sum);
    }
    if (worker->consumers_open) {
        receiver_gather(worker->receiver, &sum);
    }
    return worker->together_ns > 0 ? gather_sum_until_ns(&sum) : 0;
}

static struct rest_ask ask_of(const struct worker *worker, int64_t now_ns)
{
    struct rest_ask ask = {
        .now_ns = now_ns,
        .send_ns = REST_NEVER_NS,
        .other_ns = smaller(now_ns + WAIT_NS_MAX, receiver_next_ns(worker->receiver, now_ns)),
        .lead_ns = rest_lead_ns(&worker->lead),
        .together_ns = worker->together_ns,
        .gather_ns = gather_until_ns(worker)};
    int64_t next_ns = sender_next_ns(worker->sender);

    if (!worker->running) {
        return ask;
    }
    if (is_ticked(worker)) {
        ask.send_ns =
            worker->batch_ns > now_ns ? worker->batch_ns : worker_next_batch_ns(worker, now_ns);
        ask.together_ns = ask.together_ns > 0 ? worker->tick_ns : 0;
    } else if (!sender_next_is_message(worker->sender)) {
        /* Another try at a full socket, or at a lost connection. To spin for it took half a CPU
         * from the broker that was to empty the socket. */
        ask.other_ns = smaller(ask.other_ns, next_ns);
    } else if (worker_is_batched(worker)) {
        ask.send_ns = next_ns > worker->batch_ns ? next_ns : worker->batch_ns;
    } else {
        ask.send_ns = next_ns;
        ask.is_exact = true;
    }
    return ask;
}

/* Until just before the message, and the rest of it awake. */
static void sleep_exactly(struct worker *worker, const struct rest_ask *ask,
                          const struct rest *rest)
{
    int64_t gap_ns = sender_gap_ns(worker->sender);
    int64_t spun_ns = 0;
    bool ended = false;

    if (rest->how == REST_EVENTS) {
        ended = watch_wait(&worker->watch, rest->until_ns - ask->now_ns);
        if (!ended) {
            rest_lead_slept(&worker->lead, mono_ns() - rest->until_ns);
        }
    } else if (rest->how == REST_CLOCK) {
        rest_lead_slept(&worker->lead, watch_sleep(&worker->watch, rest->until_ns));
    }
    if (!ended) {
        spun_ns = watch_spin(&worker->watch, ask->send_ns, &worker->called);
        rest_lead_spun(&worker->lead, spun_ns, gap_ns / worker->context.spin_share);
        worker->spun_ns += spun_ns;
    }
}

void worker_rest(struct worker *worker, bool busy)
{
    int64_t now_ns = mono_ns();
    struct rest_ask ask = ask_of(worker, now_ns);
    struct rest rest = rest_choose(&ask);

    worker->owes = is_ticked(worker) && sender_is_blocked(worker->sender);
    watch_passed_by(&worker->watch, worker->pass_begin_ns, smaller(now_ns, worker->pass_until_ns));
    worker->pass_until_ns = 0;
    if (rest.how == REST_NOT && ask.gather_ns > now_ns) {
        worker->pass_begin_ns = now_ns;
        worker->pass_until_ns = ask.gather_ns;
    } else if (rest.how == REST_NOT ||
               (busy && rest.how == REST_EVENTS && ask.send_ns == REST_NEVER_NS)) {
        watch_look(&worker->watch);
    } else if (ask.is_exact && rest.is_exact) {
        sleep_exactly(worker, &ask, &rest);
    } else if (rest.how == REST_EVENTS) {
        (void)watch_wait(&worker->watch, rest.until_ns - now_ns);
    } else {
        (void)watch_sleep(&worker->watch, rest.until_ns);
    }
}

void worker_wake(struct worker *worker)
{
    atomic_store_explicit(&worker->called, true, memory_order_release);
    sync_event_set(worker->wake_fd);
}
