#include "plan_calibration.h"

#include "mono.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARM_UP_NS (300 * NS_PER_MS)
#define DRAIN_NS (5 * NS_PER_S)
#define LABEL "calibration"

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

bool plan_calibrates(const struct scenario *scenario, const struct plan_case *of)
{
    bool is_memory = strcmp(scenario->targets[of->target].backend, "memory") == 0;

    return scenario->calibrate_ns > 0 && (!is_memory || scenario->calibrate_given) &&
           of->status == CASE_MEASURED &&
           plan_calibration_asked(&scenario->setups[of->setup]) > 0.0;
}

uint32_t plan_calibrations(const struct scenario *scenario, const struct plan *plan)
{
    uint32_t count = 0;
    uint32_t next_setup = 0; /* Cases stand setup by setup. */

    for (uint32_t i = 0; i < plan->cases_count; i++) {
        if (plan->cases[i].setup >= next_setup && plan_calibrates(scenario, &plan->cases[i])) {
            next_setup = plan->cases[i].setup + 1;
            count++;
        }
    }
    return count;
}

int64_t plan_calibration_ns(const struct scenario *scenario)
{
    return WARM_UP_NS + scenario->calibrate_ns + DRAIN_NS;
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

static void fill_flow(struct scenario_flow *flow, uint32_t agents_count)
{
    spread(&flow->topology, agents_count);
    flow->persistent_given = false;
    flow->delivery.ttl_ns = 0; /* None shall be dropped. */
    if (flow->delivery.publish_ack == PUBLISH_ACK_LEADER) {
        flow->delivery.publish_ack = PUBLISH_ACK_ALL;
    }
}

#define CALIBRATION_PHASES 3

static void fill_phases(const struct scenario *scenario, struct scenario_setup *setup)
{
    const struct scenario_phase phases[CALIBRATION_PHASES] = {
        {.name = "warm-up", .kind = PHASE_MAX, .duration_ns = WARM_UP_NS},
        {.name = CALIBRATION_PHASE,
         .kind = PHASE_MAX,
         .duration_ns = scenario->calibrate_ns,
         .measured = true},
        {.name = "drain",
         .kind = PHASE_NONE,
         .duration_ns = DRAIN_NS,
         .until_drained = true,
         .implied = true}};

    setup->phases_count = CALIBRATION_PHASES;
    memcpy(setup->phases, phases, sizeof phases);
}

int plan_calibration_init(const struct scenario *scenario, const struct scenario_setup *setup,
                          uint32_t agents_count, struct scenario *ret, struct errinfo *reterr)
{
    struct scenario made = *scenario;

    made.targets = calloc(1, sizeof *made.targets);
    made.targets_count = made.targets == NULL ? 0 : 1;
    made.setups = calloc(1, sizeof *made.setups);
    made.setups_count = made.setups == NULL ? 0 : 1;
    made.repeat = 1;
    made.objectives = NULL;
    made.objectives_count = 0;
    made.search.wanted = false;
    memset(&made.compare, 0, sizeof made.compare);
    if (made.targets != NULL) {
        made.targets->label = strdup(LABEL);
        made.targets->backend = strdup("memory");
    }
    if (made.setups != NULL) {
        made.setups->flows = calloc(setup->flows_count, sizeof *made.setups->flows);
        made.setups->phases = calloc(CALIBRATION_PHASES, sizeof *made.setups->phases);
    }
    if (made.targets == NULL || made.setups == NULL || made.targets->label == NULL ||
        made.targets->backend == NULL || made.setups->flows == NULL ||
        made.setups->phases == NULL) {
        plan_calibration_done(&made);
        return errinfo_nomem(reterr);
    }
    memcpy(made.setups->flows, setup->flows, setup->flows_count * sizeof *setup->flows);
    made.setups->flows_count = setup->flows_count;
    for (uint32_t i = 0; i < setup->flows_count; i++) {
        fill_flow(&made.setups->flows[i], agents_count);
    }
    fill_phases(scenario, made.setups);
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
