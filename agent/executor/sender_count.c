#include "sender_parts_inner.h"

#include "mono.h"

#define AHEAD_NS (5 * NS_PER_MS)

struct due_context {
    struct recorder *recorder;
    uint32_t flow;
};

static void count_due(void *context, uint32_t phase, uint64_t n)
{
    const struct due_context *due = context;

    recorder_cell(due->recorder, due->flow, phase)->counters.due += n;
}

void sender_count_due(struct sender *sender, int64_t now_ns)
{
    for (uint32_t i = 0; sender->t0_ns != 0 && i < sender->producers_count; i++) {
        struct producer *producer = &sender->producers[i];
        struct due_context due = {.recorder = sender->context.recorder,
                                  .flow = sender->groups[producer->group].flow};

        schedule_account(&producer->schedule, now_ns, count_due, &due);
    }
}

/*
 * Poisson arrivals are counted by walking through those that were not sent. Once an interval, with
 * a million of them, that stalled the worker for tens of milliseconds. What a stop may still take
 * back, as it names a time that is a moment ago, is not counted ahead.
 */
void sender_count_ahead(struct sender *sender, int64_t now_ns)
{
    const struct assignment *assignment = sender->context.assignment;

    if (sender->t0_ns == 0 || now_ns < sender->count_look_ns ||
        assignment->phases[sender->phase_now].pacing.arrivals != ARRIVALS_POISSON) {
        return;
    }
    sender->count_look_ns = now_ns + AHEAD_NS;
    sender_count_due(sender, now_ns - AHEAD_NS);
}

/* What every producer has left behind is over: nothing more will be sent in it. */
static void account_phases(struct sender *sender)
{
    uint32_t lowest = sender->producers_count == 0 ? 0 : UINT32_MAX;

    for (uint32_t i = 0; i < sender->producers_count; i++) {
        uint32_t phase = sender->producers[i].schedule.phase;

        lowest = phase < lowest ? phase : lowest;
    }
    recorder_phases_over(sender->context.recorder, lowest);
}

void sender_account(struct sender *sender, int64_t now_ns, struct recorder_state *state)
{
    sender_count_due(sender, now_ns);
    account_phases(sender);
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        reconnect_account(&sender->groups[i].reconnect, sender->t0_ns, state);
    }
    state->outstanding += sender->outstanding;
    state->blocked_ns += (uint64_t)sender->blocked_ns;
    sender->blocked_ns = 0.0;
    state->own_lag_p99_ns = lag_count_take_p99(&sender->lag);
    if (sender->driver_ns_max > state->driver_ns_max) {
        state->driver_ns_max = sender->driver_ns_max;
    }
    sender->driver_ns_max = 0;
    sender_account_signs(sender, &state->signs);
}
