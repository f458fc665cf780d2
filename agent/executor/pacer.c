#include "pacer_inner.h"

#include "invariant.h"

#include <math.h>
#include <string.h>

/* Seventy years: a message that is due later is never sent, and sums with it do not overflow. */
#define FAR_NS (INT64_MAX / 4)

typedef unsigned __int128 wide;

static int64_t not_beyond_far(wide ns)
{
    return ns > (wide)FAR_NS ? FAR_NS : (int64_t)ns;
}

static uint32_t place_of(const struct pacer_config *config)
{
    return config->arrivals == ARRIVALS_ALIGNED ? 0 : config->producer;
}

static void init_even(struct pacer *pacer, const struct pacer_config *config)
{
    wide first = (wide)place_of(config) * config->rate.per_ns;
    wide step = (wide)config->producers_count * config->rate.per_ns;

    ASSERT(config->rate.messages > 0);
    pacer->messages = config->rate.messages;
    pacer->due_ns = config->start_ns + not_beyond_far(first / pacer->messages);
    pacer->rest = (uint64_t)(first % pacer->messages);
    pacer->step_ns = not_beyond_far(step / pacer->messages);
    pacer->step_rest = (uint64_t)(step % pacer->messages);
}

/* Exponential with mean 1. The generator gives [0, 1), and the logarithm of 0 is none. */
static double next_gap(struct pacer *pacer)
{
    return -log(1.0 - random_unit(&pacer->random));
}

static void step_poisson(struct pacer *pacer)
{
    double gap_ns = next_gap(pacer) * pacer->gap_ns + pacer->fraction_ns;

    if (pacer->due_ns > FAR_NS || gap_ns > (double)FAR_NS) {
        pacer->due_ns = pacer->start_ns + FAR_NS;
        return;
    }
    pacer->due_ns += (int64_t)gap_ns;
    pacer->fraction_ns = gap_ns - floor(gap_ns);
}

static void step_curve(struct pacer *pacer)
{
    curve_position step = pacer->position_step;

    if (pacer->poisson) {
        step *= (curve_position)(next_gap(pacer) * (double)CURVE_MESSAGE);
    }
    pacer->position += step;
    pacer->due_ns = pacer->start_ns + curve_time_ns(&pacer->curve, &pacer->cursor, pacer->position);
}

void pacer_step_uneven(struct pacer *pacer)
{
    if (pacer->curve.points_count > 0) {
        step_curve(pacer);
    } else {
        step_poisson(pacer);
    }
}

static void init_curve(struct pacer *pacer, const struct pacer_config *config)
{
    if (pacer->poisson) {
        pacer->position_step = config->producers_count; /* x a gap. */
        step_curve(pacer);
        return;
    }
    pacer->position_step = config->producers_count * CURVE_MESSAGE;
    pacer->position = place_of(config) * CURVE_MESSAGE;
    pacer->due_ns = pacer->start_ns + curve_time_ns(&pacer->curve, &pacer->cursor, pacer->position);
}

void pacer_init(struct pacer *pacer, const struct pacer_config *config)
{
    ASSERT(config->producer < config->producers_count);
    memset(pacer, 0, sizeof *pacer);
    pacer->start_ns = config->start_ns;
    pacer->curve = config->curve;
    pacer->poisson = config->arrivals == ARRIVALS_POISSON;
    pacer->even = !pacer->poisson && config->curve.points_count == 0;
    if (pacer->even) {
        init_even(pacer, config);
        return;
    }
    random_seed(&pacer->random, config->seed);
    if (config->curve.points_count > 0) {
        init_curve(pacer, config);
        return;
    }
    pacer->gap_ns = (double)config->producers_count * (double)config->rate.per_ns /
                    (double)config->rate.messages;
    pacer->due_ns = config->start_ns;
    step_poisson(pacer); /* The first one waits as well. */
}

/* Messages of the whole flow that are due before at_ns, with constant gaps. */
static wide flow_count_before(const struct pacer_config *config, int64_t at_ns)
{
    int64_t since_ns = at_ns - config->start_ns;

    if (config->curve.points_count > 0) {
        return curve_count_before(&config->curve, since_ns);
    }
    /* floor(x) < t is x < t for a whole t, so the flow has ceil(t x messages / per_ns) messages
     * before it. */
    return ((wide)since_ns * config->rate.messages + config->rate.per_ns - 1) / config->rate.per_ns;
}

uint64_t pacer_count_before(const struct pacer_config *config, int64_t at_ns)
{
    wide flow_count;

    ASSERT(config->arrivals != ARRIVALS_POISSON);
    if (at_ns <= config->start_ns) {
        return 0;
    }
    flow_count = flow_count_before(config, at_ns);
    if (flow_count <= place_of(config)) {
        return 0;
    }
    return (uint64_t)((flow_count - 1 - place_of(config)) / config->producers_count) + 1;
}
