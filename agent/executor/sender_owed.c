/* What a segment leaves unsent. */
#include "sender_parts_inner.h"

#include "mono.h"

/* Of all producers of a worker: a message takes some 20 ns, and its segment's end waits. */
#define SINGLY_MAX (1 << 20)

struct owing {
    struct recorder *recorder;
    const struct assignment *assignment;
    uint32_t flow;
    int64_t until_ns;
};

static void skip(void *context, uint32_t phase, uint64_t n)
{
    const struct owing *owing = context;

    recorder_cell(owing->recorder, owing->flow, phase)->counters.skipped += n;
}

/* A message that was never sent was never received either, by none of the subscriptions. */
static void owe(void *context, uint32_t phase, int64_t due_ns, uint64_t n)
{
    const struct owing *owing = context;
    struct recorder_cell *cell = recorder_cell(owing->recorder, owing->flow, phase);
    int64_t waited_ns = owing->until_ns - due_ns;

    if (recorder_owes(owing->assignment, owing->flow, phase, SERIES_PUBLISH)) {
        recorder_owed(cell, SERIES_PUBLISH, waited_ns, n);
    }
    if (recorder_owes(owing->assignment, owing->flow, phase, SERIES_E2E)) {
        recorder_owed(cell, SERIES_E2E, waited_ns,
                      n * owing->assignment->flows[owing->flow].subscriptions_count);
    }
}

void sender_give_up(struct sender *sender, int64_t now_ns)
{
    struct owing owing = {.recorder = sender->context.recorder,
                          .assignment = sender->context.assignment,
                          .until_ns = now_ns < sender->stop_ns ? now_ns : sender->stop_ns};
    struct schedule_owed owed = {.context = &owing, .skipped = skip, .owed = owe};

    for (uint32_t i = 0; sender->t0_ns != 0 && i < sender->producers_count; i++) {
        struct producer *producer = &sender->producers[i];

        owing.flow = sender->groups[producer->group].flow;
        owed.singly_max = SINGLY_MAX / sender->producers_count;
        schedule_give_up(&producer->schedule, now_ns, &owed);
    }
}
