/* Waiting: for an event, for the next message, for an order. */
#include "mono.h"
#include "sync.h"
#include "worker_inner.h"

#define WAIT_NS_MAX (50 * NS_PER_MS)
/* So often each endpoint is polled, for what no descriptor may tell. */
#define LOOK_NS (10 * NS_PER_MS)
#define BATCH_GAP_NS (50 * NS_PER_US)
#define SPIN_NS_MAX (80 * NS_PER_US)
#define SPIN_SHARE 4 /* Of the time between two messages, one part at most is spun away. */

void worker_look(struct worker *worker, int64_t now_ns)
{
    if (worker->watch.by_client_count > 0) {
        (void)watch_wait(&worker->watch, 0);
    }
    watch_ready_all(&worker->watch);
    worker->look_ns = now_ns + LOOK_NS;
}

static void sleep_on(struct worker *worker, int64_t wait_ns)
{
    int64_t now_ns;

    (void)watch_wait(&worker->watch, wait_ns);
    now_ns = mono_ns();
    if (now_ns >= worker->look_ns) {
        watch_ready_all(&worker->watch);
        worker->look_ns = now_ns + LOOK_NS;
    }
}

bool worker_is_batched(const struct worker *worker)
{
    return worker->running && sender_gap_ns(worker->sender) < BATCH_GAP_NS;
}

bool worker_wait(struct worker *worker, int64_t now_ns)
{
    int64_t next_ns = worker->running ? sender_next_ns(worker->sender) : SENDER_NEVER_NS;
    int64_t wait_ns = next_ns == SENDER_NEVER_NS ? WAIT_NS_MAX : next_ns - now_ns;
    int64_t intake_ns = receiver_next_ns(worker->receiver, now_ns);
    int64_t gap_ns = sender_gap_ns(worker->sender);
    bool batched = worker_is_batched(worker);
    int64_t woke_ns;
    int64_t late_ns;

    if (wait_ns > WAIT_NS_MAX) {
        wait_ns = WAIT_NS_MAX;
    }
    if (worker->running && !sender_next_is_message(worker->sender)) {
        /* Another try at a full socket, or at a lost connection. To spin for it took half a CPU
         * from the broker that was to empty the socket. */
        next_ns = SENDER_NEVER_NS;
    }
    if (intake_ns < now_ns + wait_ns) {
        wait_ns = intake_ns - now_ns;
        next_ns = SENDER_NEVER_NS; /* It need not be that exact. */
    }
    if (batched) {
        wait_ns = now_ns + wait_ns < worker->batch_ns ? worker->batch_ns - now_ns : wait_ns;
        if (wait_ns <= 0) {
            return true; /* The batch is due. */
        }
    } else if (next_ns != SENDER_NEVER_NS) {
        wait_ns -= worker->spin_ns < gap_ns / SPIN_SHARE ? worker->spin_ns : gap_ns / SPIN_SHARE;
        if (wait_ns <= 0) {
            worker_look(worker, now_ns);
            return false; /* Close enough: the loop polls and looks at the clock again. */
        }
    }
    sleep_on(worker, wait_ns);
    woke_ns = mono_ns();
    late_ns = woke_ns - (now_ns + wait_ns);
    if (late_ns > 0 && !batched) {
        /* Stochastic quantile: rises 19 times as fast as it falls, so it settles where 5 % are
         * above it. */
        worker->spin_ns += late_ns > worker->spin_ns ? 19 * 50 : -50;
        worker->spin_ns = worker->spin_ns > SPIN_NS_MAX ? SPIN_NS_MAX
                          : worker->spin_ns < 0         ? 0
                                                        : worker->spin_ns;
    }
    return true;
}

void worker_wake(struct worker *worker)
{
    atomic_store_explicit(&worker->called, true, memory_order_release);
    sync_event_set(worker->wake_fd);
}
