#include "gate.h"

#include "invariant.h"
#include "sync.h"

#include <string.h>

void gate_init(struct gate *gate)
{
    memset(gate, 0, sizeof *gate);
    ASSERT(pthread_mutex_init(&gate->mutex, NULL) == 0);
    sync_condition_init(&gate->changed);
}

void gate_done(struct gate *gate)
{
    (void)pthread_mutex_destroy(&gate->mutex);
    (void)pthread_cond_destroy(&gate->changed);
}

uint32_t gate_pending(struct gate *gate)
{
    uint32_t pending;

    sync_lock(&gate->mutex);
    pending = gate->pending;
    sync_unlock(&gate->mutex);
    return pending;
}

int gate_wait(struct gate *gate, int64_t deadline_ns, struct errinfo *reterr)
{
    int r = 0;

    sync_lock(&gate->mutex);
    while (gate->pending > 0 && r == 0) {
        r = sync_condition_wait(&gate->changed, &gate->mutex, deadline_ns) ? 0 : -ETIMEDOUT;
    }
    if (r < 0) {
        (void)errinfo_set(reterr, r, "%u workers were not ready in time", gate->pending);
    } else {
        r = gate->code;
        if (r < 0 && reterr != NULL) {
            *reterr = gate->error;
        }
        gate->code = 0;
    }
    sync_unlock(&gate->mutex);
    return r;
}

void gate_order_given(struct gate *gate)
{
    sync_lock(&gate->mutex);
    gate->pending++;
    sync_unlock(&gate->mutex);
}

void gate_order_done(struct gate *gate, int code, const struct errinfo *error)
{
    sync_lock(&gate->mutex);
    ASSERT(gate->pending > 0);
    gate->pending--;
    if (code < 0 && gate->code == 0) {
        gate->code = code;
        gate->error = *error;
    }
    (void)pthread_cond_broadcast(&gate->changed);
    sync_unlock(&gate->mutex);
}

void gate_started(struct gate *gate, int64_t now_ns)
{
    sync_lock(&gate->mutex);
    if (now_ns > gate->started_ns) {
        gate->started_ns = now_ns;
    }
    sync_unlock(&gate->mutex);
}

void gate_ended(struct gate *gate, int64_t at_ns, int64_t last_ns)
{
    sync_lock(&gate->mutex);
    if (at_ns > gate->ended_ns) {
        gate->ended_ns = at_ns;
    }
    if (last_ns > gate->last_ns) {
        gate->last_ns = last_ns;
    }
    sync_unlock(&gate->mutex);
    gate_order_done(gate, 0, NULL);
}
