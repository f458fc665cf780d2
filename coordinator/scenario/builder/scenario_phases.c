#include "scenario_phases_inner.h"

#include "mono.h"
#include "scenario_curve_inner.h"
#include "scenario_drain_inner.h"
#include "scenario_search_terms_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_NS_MAX (24 * 3600 * NS_PER_S) /* Kafka's max.poll.interval.ms. */
#define COUNT_NS (3600 * NS_PER_S)          /* Of a phase that ends by count. */

/* First flow without a rate of its own; NULL if all have one. */
static const struct scenario_flow *flow_without_rate(const struct scenario_setup *setup)
{
    for (uint32_t i = 0; i < setup->flows_count; i++) {
        if (!setup->flows[i].has_rate) {
            return &setup->flows[i];
        }
    }
    return NULL;
}

static bool any_flow_has_rate(const struct scenario_setup *setup)
{
    for (uint32_t i = 0; i < setup->flows_count; i++) {
        if (setup->flows[i].has_rate) {
            return true;
        }
    }
    return false;
}

static void build_rate(struct loading *loading, struct node *rate, struct scenario_phase *phase)
{
    const struct scenario_setup *setup = loading->setup;
    bool constant = rate->kind == NODE_SCALAR;

    if (constant && rate->number == PHASE_RATE_MAX) {
        phase->kind = PHASE_MAX;
    } else if (constant && rate->number == PHASE_RATE_NONE) {
        phase->kind = PHASE_NONE;
    } else if (setup->flows_count > 1 || any_flow_has_rate(setup)) {
        problems_node(&loading->tree.problems, rate,
                      "flows have rates of their own here (load: 100%% gives percents of them)");
    } else {
        phase->kind = PHASE_RATE;
        phase->rate = rate->rate;
    }
}

static void build_load(struct loading *loading, struct node *load, struct scenario_phase *phase)
{
    const struct scenario_setup *setup = loading->setup;
    const struct scenario_flow *without = flow_without_rate(setup);

    phase->kind = PHASE_LOAD;
    phase->load_percent_millis = (uint64_t)load->number;
    if (without != NULL) {
        problems_node(&loading->tree.problems, load,
                      without->explicit_flow
                          ? "flow %s has no rate to take percents of (give it one)"
                          : "flow %s has no rate to take percents of (rate: 20k/s)",
                      without->name);
        return;
    }
    for (uint32_t i = 0; i < setup->flows_count; i++) {
        const struct scenario_flow *flow = &setup->flows[i];

        if (rate_per_s(flow->rate) * (double)load->number / 1e5 > RATE_PER_S_MAX) {
            problems_node(&loading->tree.problems, load,
                          "is out of range for flow %s (at most %.0fM/s)", flow->name,
                          RATE_PER_S_MAX / 1e6);
        }
    }
}

/* Neither rate nor load: 100 % of what the flows say themselves. */
static void build_own_rates(struct loading *loading, struct node *item,
                            struct scenario_phase *phase)
{
    const struct scenario_flow *without = flow_without_rate(loading->setup);

    phase->kind = PHASE_LOAD;
    phase->load_percent_millis = 100000;
    if (without == NULL || loading->setup->flows_count == 0) {
        return;
    }
    if (without->explicit_flow) {
        problems_node(&loading->tree.problems, item,
                      "has no rate, and flow %s has none either (rate: max or none, or give the "
                      "flow one)",
                      without->name);
    } else {
        problems_node(&loading->tree.problems, item, "has no rate (rate: 20k/s, max or none)");
    }
}

static void build_load_rule(struct loading *loading, struct node *item,
                            struct scenario_phase *phase)
{
    struct node *rate = node_child(item, "rate");
    struct node *load = node_child(item, "load");

    if (rate != NULL && load != NULL) {
        problems_node_key(&loading->tree.problems, load, "stands beside rate (one of the two)");
    } else if (rate != NULL) {
        if (!rate->bad) {
            build_rate(loading, rate, phase);
        }
    } else if (load != NULL) {
        if (!load->bad) {
            build_load(loading, load, phase);
        }
    } else {
        build_own_rates(loading, item, phase);
    }
}

static void build_end(struct loading *loading, struct node *item, struct scenario_phase *phase)
{
    struct node *duration = node_child(item, "for");
    struct node *until = node_child(item, "until");
    struct node *rate = node_child(item, "rate");

    struct node *messages = node_child(item, "messages");

    phase->until_drained = until != NULL && !until->bad;
    phase->duration_ns = duration != NULL && !duration->bad ? duration->number
                         : messages != NULL                 ? COUNT_NS
                                                            : DRAIN_NS;
    if (duration == NULL && until == NULL && messages == NULL) {
        problems_node(&loading->tree.problems, item, "has no end (for: 30s)");
    }
    if (phase->until_drained && !(rate != NULL && rate->bad) && phase->kind != PHASE_NONE) {
        problems_node(&loading->tree.problems, until,
                      "drained needs a phase that sends nothing "
                      "(rate: none)");
    }
}

/* How the messages are spread, and with a ramp or a curve how the rate changes. */
static void build_course(struct loading *loading, struct node *item, struct scenario_phase *phase)
{
    struct node *rate = node_child(item, "rate");
    struct node *arrivals = node_child(item, "arrivals");
    bool paced = phase->kind == PHASE_RATE || phase->kind == PHASE_LOAD;

    if (rate != NULL && !rate->bad && rate->kind == NODE_MAP && phase->kind == PHASE_RATE) {
        build_curve(loading, rate, phase);
    }
    if (arrivals != NULL && !arrivals->bad) {
        phase->pacing.arrivals = (enum arrivals)arrivals->number;
        if (!paced) {
            problems_node_key(&loading->tree.problems, arrivals,
                              "needs a rate (with max and none there is no schedule)");
        }
    }
    phase->pacing.skip_ns = usable_number(usable(item, "catch_up"), "phases.*.catch_up");
    if (phase->pacing.skip_ns > 0 && !paced) {
        problems_node_key(&loading->tree.problems, node_child(item, "catch_up"),
                          "needs a rate (with max and none nothing is late)");
    }
}

/* A number of messages that the phase's end by time would cut short is a mistake. */
static void build_count(struct loading *loading, struct node *item, struct scenario_phase *phase)
{
    const struct scenario_setup *setup = loading->setup;
    struct node *messages = node_child(item, "messages");
    double seconds = (double)phase->duration_ns / NS_PER_S;

    if (messages == NULL || messages->bad) {
        return;
    }
    phase->messages = (uint64_t)messages->number;
    if (phase->kind == PHASE_NONE) {
        problems_node_key(&loading->tree.problems, messages,
                          "stands in a phase that sends nothing (rate: max)");
    }
    for (uint32_t i = 0; i < setup->flows_count; i++) {
        double most =
            phase->kind == PHASE_LOAD ? rate_per_s(setup->flows[i].rate) * seconds *
                                            (double)phase->load_percent_millis / 1e5
            : phase->curve_count > 0
                ? (double)curve_position_at(
                      &(struct load_curve){setup->points + phase->curve_first, phase->curve_count},
                      phase->duration_ns) /
                      (double)CURVE_MESSAGE
                : rate_per_s(phase->rate) * seconds;

        if (phase->kind != PHASE_MAX && phase->kind != PHASE_NONE && !messages->bad &&
            (double)phase->messages > most + 1.0) {
            problems_node(&loading->tree.problems, messages,
                          "are more than its rate sends in its time (at most %.0f; for: 2h)", most);
        }
    }
}

static void build_consume(struct loading *loading, struct node *item, struct scenario_phase *phase)
{
    struct node *consume = node_child(item, "consume");
    const struct node *paused = usable(consume, "paused");
    const struct node *rate = usable(consume, "rate");
    const struct node *think = usable(consume, "think");

    if (consume == NULL || consume->bad) {
        return;
    }
    if (paused != NULL && paused->number != 0) {
        phase->consume.pace = CONSUME_PAUSED;
    } else if (rate != NULL) {
        phase->consume = (struct phase_consume){.pace = CONSUME_RATE, .rate = rate->rate};
    } else if (think != NULL) {
        phase->consume = (struct phase_consume){.pace = CONSUME_THINK, .think_ns = think->number};
    }
    if (phase->consume.pace == CONSUME_PAUSED && phase->until_drained) {
        problems_node_key(&loading->tree.problems, consume,
                          "is paused in a phase that waits until all is consumed");
    } else if (phase->consume.pace == CONSUME_PAUSED && phase->duration_ns > PAUSE_NS_MAX) {
        problems_node_key(&loading->tree.problems, consume,
                          "is paused for more than brokers wait for a "
                          "consumer (at most 24h)");
    }
}

static void build_phase(struct loading *loading, struct node *item)
{
    struct scenario_setup *setup = loading->setup;
    struct scenario_phase *phase = &setup->phases[setup->phases_count++];
    const struct node *name = usable(item, "name");
    const struct node *measure = usable(item, "measure");

    (void)snprintf(phase->name, sizeof phase->name, "%.63s", name != NULL ? name->text : "");
    build_load_rule(loading, item, phase);
    build_end(loading, item, phase);
    build_course(loading, item, phase);
    build_count(loading, item, phase);
    build_consume(loading, item, phase);
    /* Where nothing is sent there is nothing to judge. */
    phase->measured = measure != NULL ? measure->number != 0 : phase->kind != PHASE_NONE;
}

static void check_load(struct loading *loading, const struct node *phases)
{
    const struct scenario_setup *setup = loading->setup;
    bool sends = false;
    bool measures = false;

    for (uint32_t i = 0; i < setup->phases_count; i++) {
        bool here = setup->phases[i].kind != PHASE_NONE;

        sends = sends || here;
        measures = measures || (here && setup->phases[i].measured);
    }
    if (!sends) {
        problems_add(&loading->tree.problems, phases->at, "phases",
                     "none of them sends anything (rate: 20k/s)");
    } else if (!measures) {
        problems_add(&loading->tree.warnings, phases->at, "phases",
                     "none of those that send is measured");
    }
}

static void build_written_phases(struct loading *loading)
{
    const struct node *phases = usable(loading->tree.root, "phases");
    struct scenario_setup *setup = loading->setup;
    size_t count = 1; /* The drain that is implied. */
    bool all_right = true;

    if (node_child(loading->tree.root, "phases") == NULL) {
        problems_add(&loading->tree.problems, loading->tree.root->at, "phases", "is missing (%s)",
                     scenario_key_find("phases")->example);
    }
    if (phases == NULL) {
        return;
    }
    for (const struct node *item = phases->first; item != NULL; item = item->next) {
        count++;
    }
    setup->phases = calloc(count, sizeof setup->phases[0]);
    if (setup->phases == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    for (struct node *item = phases->first; item != NULL; item = item->next) {
        all_right = all_right && !item->bad;
        if (!item->bad) {
            build_phase(loading, item);
        }
    }
    if (all_right) {
        check_load(loading, phases);
    }
    if (setup->phases_count > 0 && !setup->phases[setup->phases_count - 1].until_drained) {
        build_drain(setup);
    }
}

/* One for all phases: how exact latencies are should not change within a run. */
static void build_pacing(struct loading *loading)
{
    struct node *pacing = node_child(loading->tree.root, "pacing");
    const struct node *coalesce =
        pacing != NULL && pacing->kind == NODE_MAP ? usable(pacing, "coalesce") : NULL;

    for (uint32_t i = 0; coalesce != NULL && i < loading->setup->phases_count; i++) {
        loading->setup->phases[i].pacing.coalesce_ns = coalesce->number;
    }
}

void build_phases(struct loading *loading)
{
    if (loading->scenario->search.wanted) {
        build_search_phases(loading);
    } else {
        build_written_phases(loading);
    }
    build_pacing(loading);
}
