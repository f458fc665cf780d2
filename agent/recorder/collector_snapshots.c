#include "collector_inner.h"

static void fill_health(struct collector *collector, struct snapshot *first,
                        const struct health *health)
{
    first->health = *health;
    first->health.reconnects = collector->reconnects;
    first->health.blocked_ns = collector->blocked_ns;
    first->health.strain.load_cpu_ns = collector->load_cpu_ns;
    first->health.strain.load_wait_ns = collector->load_wait_ns;
    first->health.strain.recorder_full_ns = collector->full_ns;
    first->health.strain.own_lag_p99_ns = collector->own_lag_p99_ns;
    first->health.strain.driver_ns_max = collector->driver_ns_max;
    collector->own_lag_p99_ns = 0;
    collector->driver_ns_max = 0;
    collector->load_cpu_ns = 0;
    collector->load_wait_ns = STRAIN_UNKNOWN;
    collector->full_ns = 0;
    collector->reconnects = 0;
    first->health.losses_untold = collector->losses_untold;
    collector->losses_untold = 0;
    collector_take_signs(collector, &first->health.signs);
    collector->blocked_ns = 0;
    for (uint32_t i = 0; i < collector->recorders_count; i++) {
        const struct recorder_state *state = &collector->worker_states[i];

        first->health.clients_down += state->clients_down;
        first->health.outstanding += state->outstanding;
        if (state->clients_down > 0 && (first->health.down_since_ns == 0 ||
                                        state->down_since_ns < first->health.down_since_ns)) {
            first->health.down_since_ns = state->down_since_ns;
        }
    }
}

/* The latest that a worker handed anything over. */
static int64_t handed_ns(const struct collector *collector)
{
    int64_t until_ns = collector->from_ns;

    for (uint32_t i = 0; i < collector->recorders_count; i++) {
        until_ns =
            collector->worker_until_ns[i] > until_ns ? collector->worker_until_ns[i] : until_ns;
    }
    return until_ns;
}

static void place_parts(struct collector *collector, struct snapshot *const *parts,
                        uint32_t parts_count, int64_t until_ns)
{
    for (uint32_t i = 0; i < parts_count; i++) {
        parts[i]->sequence = collector->sequence++;
        parts[i]->from_ns = collector->from_ns;
        parts[i]->until_ns = until_ns;
    }
    collector->from_ns = until_ns;
    collector->settled_fresh = false;
}

int collector_settled(struct collector *collector, struct snapshot ***ret, uint32_t *ret_count,
                      struct errinfo *reterr)
{
    int r = collector_cut(collector, ret, ret_count, reterr);

    if (r == 0) {
        place_parts(collector, *ret, *ret_count, handed_ns(collector));
        (*ret)[*ret_count - 1]->settled = true; /* Said when all the others are there. */
    }
    return r;
}

int collector_snapshots(struct collector *collector, const struct health *health, bool final,
                        struct snapshot ***ret, uint32_t *ret_count, struct errinfo *reterr)
{
    int64_t until_ns = (int64_t)(collector->interval + 1) * INTERVAL_NS;
    int r = collector_cut(collector, ret, ret_count, reterr);

    if (r == 0) {
        fill_health(collector, (*ret)[0], health);
        place_parts(collector, *ret, *ret_count, final ? handed_ns(collector) : until_ns);
        (*ret)[*ret_count - 1]->last_part = true;
        (*ret)[*ret_count - 1]->final = final;
        collector->interval++;
    }
    return r;
}
