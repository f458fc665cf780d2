#include "pacer.h"

#include "invariant.h"

/* Seventy years: a message that is due later is never sent, and sums with it do not overflow. */
#define FAR_NS (INT64_MAX / 4)

typedef unsigned __int128 wide;

static int64_t not_beyond_far(wide ns)
{
    return ns > (wide)FAR_NS ? FAR_NS : (int64_t)ns;
}

void pacer_init(struct pacer *pacer, const struct pacer_config *config)
{
    wide first = (wide)config->producer * config->rate.per_ns;
    wide step = (wide)config->producers_count * config->rate.per_ns;

    ASSERT(config->rate.messages > 0 && config->producer < config->producers_count);
    pacer->messages = config->rate.messages;
    pacer->due_ns = config->start_ns + not_beyond_far(first / pacer->messages);
    pacer->rest = (uint64_t)(first % pacer->messages);
    pacer->step_ns = not_beyond_far(step / pacer->messages);
    pacer->step_rest = (uint64_t)(step % pacer->messages);
}

uint64_t pacer_count_before(const struct pacer_config *config, int64_t at_ns)
{
    wide flow_count;

    if (at_ns <= config->start_ns) {
        return 0;
    }
    /* floor(x) < t is x < t for a whole t, so the flow has ceil(t x messages / per_ns) messages
     * before it. */
    flow_count =
        ((wide)(at_ns - config->start_ns) * config->rate.messages + config->rate.per_ns - 1) /
        config->rate.per_ns;
    if (flow_count <= config->producer) {
        return 0;
    }
    return (uint64_t)((flow_count - 1 - config->producer) / config->producers_count) + 1;
}
