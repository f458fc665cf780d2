#include "plan_calibration.h"

#include "mono.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WARM_UP_NS (300 * NS_PER_MS)
#define DRAIN_NS (5 * NS_PER_S)
#define LABEL "calibration"

/* A broker that others share is not to be filled: what is counted is CPU time, for which that is
 * enough. Of large messages it is less. */
#define BURST_MESSAGES_MIN 2000.0
#define BURST_MESSAGES_MAX 50000.0
#define BURST_BYTES_MAX (64.0 * 1024.0 * 1024.0)
#define BURST_MESSAGES_FEWEST 100.0

static double asked_in(const struct scenario_setup *setup, const struct scenario_phase *phase)
{
    double sum = 0.0;

    if (phase->kind == PHASE_RATE) {
        return rate_per_s(phase->rate);
    }
    for (uint32_t i = 0; phase->kind == PHASE_LOAD && i < setup->flows_count; i++) {
        sum += rate_per_s(rate_scale(setup->flows[i].rate, phase->load_percent_millis));
    }
    return sum;
}

double plan_calibration_asked(const struct scenario_setup *setup)
{
    double most = 0.0;

    for (uint32_t i = 0; i < setup->phases_count; i++) {
        double here = setup->phases[i].measured ? asked_in(setup, &setup->phases[i]) : 0.0;

        most = here > most ? here : most;
    }
    return most;
}

static bool is_memory(const struct scenario *scenario, const struct plan_case *of)
{
    return strcmp(scenario->targets[of->target].backend, "memory") == 0;
}

bool plan_calibrates(const struct scenario *scenario, const struct plan_case *of)
{
    return scenario->calibrate_ns > 0 && (!is_memory(scenario, of) || scenario->calibrate_given) &&
           of->status == CASE_MEASURED &&
           plan_calibration_asked(&scenario->setups[of->setup]) > 0.0;
}

/* Of each flow, as `max` has no shares. */
static uint64_t burst_of_each(const struct scenario_setup *setup)
{
    double count = plan_calibration_asked(setup);
    double bytes = 0.0;

    for (uint32_t i = 0; i < setup->flows_count; i++) {
        bytes += message_bytes_mean(&setup->flows[i].message) / setup->flows_count;
    }
    count = fmax(BURST_MESSAGES_MIN, fmin(BURST_MESSAGES_MAX, count));
    count = fmax(BURST_MESSAGES_FEWEST, fmin(BURST_BYTES_MAX / fmax(bytes, 1.0), count));
    return (uint64_t)ceil(count / setup->flows_count);
}

uint64_t plan_calibration_burst(const struct scenario *scenario, const struct plan_case *of)
{
    const struct scenario_setup *setup = &scenario->setups[of->setup];

    return is_memory(scenario, of) ? 0 : burst_of_each(setup) * setup->flows_count;
}

int64_t plan_calibration_ns(const struct scenario *scenario, const struct plan_case *of)
{
    return (is_memory(scenario, of) ? WARM_UP_NS : 0) + scenario->calibrate_ns + DRAIN_NS;
}

static uint32_t less(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Groups of topics that no client ties together: the most agents that memory can use. With fewer
 * topics than producers each has one; a consumer of several ties them. */
static uint32_t groups_of(const struct scenario_topology *t)
{
    if (t->consumers == 0 || t->consumers >= t->topics) {
        return less(t->producers, t->topics);
    }
    if (t->producers >= t->topics) {
        return t->consumers;
    }
    /* Each takes every n-th topic. */
    return t->consumers % t->producers == 0   ? t->producers
           : t->producers % t->consumers == 0 ? t->consumers
                                              : 1;
}

static void spread(struct scenario_topology *t, uint32_t agents_count)
{
    uint32_t wanted = less(agents_count, t->producers);

    t->placement = PLACEMENT_SPREAD;
    t->producers_label[0] = '\0';
    t->consumers_label[0] = '\0';
    t->topics = t->topics < wanted ? wanted : t->topics;
    if (t->consumers > 0 && t->producers > 0 && groups_of(t) < wanted) {
        t->consumers = t->producers >= t->topics ? wanted : t->producers;
    }
}

static void fill_flow_for_memory(struct scenario_flow *flow, uint32_t agents_count)
{
    spread(&flow->topology, agents_count);
    flow->persistent_given = false;
    if (flow->delivery.publish_ack == PUBLISH_ACK_LEADER) {
        flow->delivery.publish_ack = PUBLISH_ACK_ALL;
    }
}

#define CALIBRATION_PHASES_MAX 3

static void add_phase(struct scenario_setup *setup, const struct scenario_phase *phase)
{
    setup->phases[setup->phases_count++] = *phase;
}

static void fill_phases(int64_t calibrate_ns, uint64_t burst, struct scenario_setup *setup)
{
    const struct scenario_phase warm_up = {
        .name = "warm-up", .kind = PHASE_MAX, .duration_ns = WARM_UP_NS};
    const struct scenario_phase load = {.name = CALIBRATION_PHASE,
                                        .kind = PHASE_MAX,
                                        .duration_ns = calibrate_ns,
                                        .messages = burst,
                                        .measured = true};
    const struct scenario_phase drain = {.name = "drain",
                                         .kind = PHASE_NONE,
                                         .duration_ns = DRAIN_NS,
                                         .until_drained = true,
                                         .implied = true};

    if (burst == 0) {
        add_phase(setup, &warm_up);
    }
    add_phase(setup, &load);
    add_phase(setup, &drain);
}

static int fill_target(const struct target *from, bool is_of_memory, struct target *ret)
{
    int r = 0;

    if (is_of_memory) { /* Its options make it slower than it is. */
        ret->backend = strdup("memory");
    } else {
        r = target_copy(from, ret);
    }
    free(ret->label);
    ret->label = strdup(LABEL);
    return r < 0 || ret->label == NULL || ret->backend == NULL ? -ENOMEM : 0;
}

static int make_lists(struct scenario *made, const struct scenario_setup *setup)
{
    made->targets = calloc(1, sizeof *made->targets);
    made->targets_count = made->targets == NULL ? 0 : 1;
    made->setups = calloc(1, sizeof *made->setups);
    made->setups_count = made->setups == NULL ? 0 : 1;
    if (made->setups != NULL) {
        made->setups->flows = calloc(setup->flows_count, sizeof *made->setups->flows);
        made->setups->phases = calloc(CALIBRATION_PHASES_MAX, sizeof *made->setups->phases);
    }
    return made->targets == NULL || made->setups == NULL || made->setups->flows == NULL ||
                   made->setups->phases == NULL
               ? -ENOMEM
               : 0;
}

int plan_calibration_init(const struct scenario *scenario, const struct plan_case *of,
                          uint32_t agents_count, struct scenario *ret, struct errinfo *reterr)
{
    const struct scenario_setup *setup = &scenario->setups[of->setup];
    bool is_of_memory = is_memory(scenario, of);
    struct scenario made = *scenario;

    made.repeat = 1;
    made.objectives = NULL;
    made.objectives_count = 0;
    made.search.wanted = false;
    memset(&made.compare, 0, sizeof made.compare);
    if (make_lists(&made, setup) < 0 ||
        fill_target(&scenario->targets[of->target], is_of_memory, made.targets) < 0) {
        plan_calibration_done(&made);
        return errinfo_nomem(reterr);
    }
    memcpy(made.setups->flows, setup->flows, setup->flows_count * sizeof *setup->flows);
    made.setups->flows_count = setup->flows_count;
    for (uint32_t i = 0; i < setup->flows_count; i++) {
        made.setups->flows[i].delivery.ttl_ns = 0; /* None shall be dropped. */
        if (is_of_memory) {
            fill_flow_for_memory(&made.setups->flows[i], agents_count);
        }
    }
    fill_phases(scenario->calibrate_ns, is_of_memory ? 0 : burst_of_each(setup), made.setups);
    *ret = made;
    return 0;
}

void plan_calibration_done(struct scenario *scenario)
{
    if (scenario->targets != NULL) {
        target_done(scenario->targets);
    }
    if (scenario->setups != NULL) {
        free(scenario->setups->flows);
        free(scenario->setups->phases);
    }
    free(scenario->targets);
    free(scenario->setups);
    memset(scenario, 0, sizeof *scenario);
}
