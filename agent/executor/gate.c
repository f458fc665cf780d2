#include "gate.h"

#include "invariant.h"
#include "mono.h"

#include <string.h>
#include <time.h>

int gate_init(struct gate *gate, struct errinfo *reterr)
{
    pthread_condattr_t attributes;
    int code;

    memset(gate, 0, sizeof *gate);
    code = pthread_mutex_init(&gate->mutex, NULL);
    if (code == 0) {
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        code = pthread_cond_init(&gate->changed, &attributes);
        (void)pthread_condattr_destroy(&attributes);
    }
    return code == 0 ? 0 : errinfo_set(reterr, -code, "a lock can't be made: %s", strerror(code));
}

void gate_done(struct gate *gate)
{
    (void)pthread_mutex_destroy(&gate->mutex);
    (void)pthread_cond_destroy(&gate->changed);
}

uint32_t gate_pending(struct gate *gate)
{
    uint32_t pending;

    (void)pthread_mutex_lock(&gate->mutex);
    pending = gate->pending;
    (void)pthread_mutex_unlock(&gate->mutex);
    return pending;
}

int gate_wait(struct gate *gate, int64_t deadline_ns, struct errinfo *reterr)
{
    int64_t system_ns = mono_system_ns(deadline_ns);
    struct timespec until = {.tv_sec = system_ns / NS_PER_S, .tv_nsec = system_ns % NS_PER_S};
    int r = 0;

    (void)pthread_mutex_lock(&gate->mutex);
    while (gate->pending > 0 && r == 0) {
        r = -pthread_cond_timedwait(&gate->changed, &gate->mutex, &until);
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
    (void)pthread_mutex_unlock(&gate->mutex);
    return r;
}

void gate_order_given(struct gate *gate)
{
    (void)pthread_mutex_lock(&gate->mutex);
    gate->pending++;
    (void)pthread_mutex_unlock(&gate->mutex);
}

void gate_order_done(struct gate *gate, int code, const struct errinfo *error)
{
    (void)pthread_mutex_lock(&gate->mutex);
    ASSERT(gate->pending > 0);
    gate->pending--;
    if (code < 0 && gate->code == 0) {
        gate->code = code;
        gate->error = *error;
    }
    (void)pthread_cond_broadcast(&gate->changed);
    (void)pthread_mutex_unlock(&gate->mutex);
}

void gate_started(struct gate *gate, int64_t now_ns)
{
    (void)pthread_mutex_lock(&gate->mutex);
    if (now_ns > gate->started_ns) {
        gate->started_ns = now_ns;
    }
    (void)pthread_mutex_unlock(&gate->mutex);
}

void gate_ended(struct gate *gate, int64_t at_ns, int64_t last_ns)
{
    (void)pthread_mutex_lock(&gate->mutex);
    if (at_ns > gate->ended_ns) {
        gate->ended_ns = at_ns;
    }
    if (last_ns > gate->last_ns) {
        gate->last_ns = last_ns;
    }
    (void)pthread_mutex_unlock(&gate->mutex);
    gate_order_done(gate, 0, NULL);
}
