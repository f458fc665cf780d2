#include "scenario_objectives_inner.h"

#include "config_known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The phases of all setups that an objective is about. */
struct reach {
    bool any;   /* A phase of that name, or at least one that is measured. */
    bool paced; /* One of them has a schedule. */
    int64_t longest_ns;
};

static struct reach reach_of(const struct scenario *scenario, const char *phase)
{
    struct reach reach = {false, false, 0};

    for (uint32_t s = 0; s < scenario->setups_count; s++) {
        const struct scenario_setup *setup = &scenario->setups[s];

        for (uint32_t p = 0; p < setup->phases_count; p++) {
            const struct scenario_phase *one = &setup->phases[p];

            if (phase[0] != '\0' ? strcmp(one->name, phase) == 0 : one->measured) {
                reach.any = true;
                reach.longest_ns =
                    one->duration_ns > reach.longest_ns ? one->duration_ns : reach.longest_ns;
                reach.paced = reach.paced || one->kind == PHASE_RATE || one->kind == PHASE_LOAD;
            }
        }
    }
    return reach;
}

/* As usable(), of what a problem may be told of. */
static struct node *usable_entry(struct node *item, const char *key)
{
    struct node *node = node_child(item, key);

    return node == NULL || node->bad || node->row == NULL ? NULL : node;
}

/* Takes a name that must be one of those that were offered to `known`. */
static void take_name(struct loading *loading, struct node *item, const char *key,
                      const struct known *known, char *ret)
{
    struct node *node = usable_entry(item, key);
    char hint[KNOWN_HINT_BYTES];

    if (node == NULL) {
        return;
    }
    (void)snprintf(ret, NAME_BYTES, "%.63s", node->text);
    if (!known_has(known)) {
        problems_node(&loading->tree.problems, node, "there is no \"%s\" (%s)", node->text,
                      known_hint(known, hint));
    }
}

static const char *text_of(const struct node *item, const char *key)
{
    const struct node *node = usable(item, key);

    return node != NULL ? node->text : "";
}

static bool has_one_flow(const struct scenario *scenario)
{
    for (uint32_t s = 0; s < scenario->setups_count; s++) {
        if (scenario->setups[s].flows_count > 1) {
            return false;
        }
    }
    return true;
}

static void take_names(struct loading *loading, struct node *item, struct objective *objective)
{
    const struct scenario *scenario = loading->scenario;
    struct known phases;
    struct known flows;
    struct known targets;

    known_init(&phases, text_of(item, "in"));
    known_init(&flows, text_of(item, "flow"));
    known_init(&targets, text_of(item, "target"));
    for (uint32_t s = 0; s < scenario->setups_count; s++) {
        for (uint32_t p = 0; p < scenario->setups[s].phases_count; p++) {
            known_offer(&phases, scenario->setups[s].phases[p].name);
        }
        for (uint32_t f = 0; f < scenario->setups[s].flows_count; f++) {
            known_offer(&flows, scenario->setups[s].flows[f].name);
        }
    }
    for (uint32_t t = 0; t < scenario->targets_count; t++) {
        if (scenario->targets[t].label != NULL) {
            known_offer(&targets, scenario->targets[t].label);
        }
    }
    take_name(loading, item, "in", &phases, objective->phase);
    take_name(loading, item, "flow", &flows, objective->flow);
    if (has_one_flow(scenario)) {
        objective->flow[0] = '\0'; /* It is all flows together, and the result has no other row. */
    }
    take_name(loading, item, "target", &targets, objective->target);
}

static void take_after(struct loading *loading, struct node *after,
                       const struct objective *objective)
{
    struct reach reach = reach_of(loading->scenario, objective->phase);

    if (after != NULL && reach.any && objective->after_ns >= reach.longest_ns) {
        problems_node(&loading->tree.problems, after, "no phase that it is about lasts longer");
    }
}

static void take_window(struct loading *loading, struct node *item, struct objective *objective)
{
    struct node *window = usable_entry(item, "window");
    struct node *within = usable_entry(item, "within");
    struct node *after = usable_entry(item, "after");
    struct node *abort_key = usable_entry(item, "abort");
    struct errinfo error;

    if (window != NULL) {
        double share = (double)usable_number(within, "objectives.*.within") / 1e5;

        if (objective_set_window(objective, usable_number(window, "objectives.*.window"), share,
                                 usable_number(after, "objectives.*.after"), &error) < 0) {
            problems_node(&loading->tree.problems, window, "%s", error.text);
        }
        take_after(loading, after, objective);
    } else if (within != NULL || after != NULL) {
        problems_node(&loading->tree.problems, within != NULL ? within : after,
                      "counts windows, and there is none (window: 10s)");
    }
    if (usable_number(abort_key, "objectives.*.abort") != 0 &&
        objective_set_abort(objective, &error) < 0) {
        problems_node(&loading->tree.problems, abort_key, "%s", error.text);
    }
}

/* A search's trials are judged as wholes: each ends by itself, and none ends the run. */
static void refuse_in_search(struct loading *loading, struct node *item)
{
    static const char *const keys[] = {"window", "within", "after", "abort"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct node *node = usable_entry(item, keys[i]);

        if (node != NULL && loading->scenario->search.wanted) {
            problems_node_key(&loading->tree.problems, node,
                              "can't be asked of a search, which judges each trial as a whole");
        }
    }
}

static void build_objective(struct loading *loading, struct node *item)
{
    struct scenario *scenario = loading->scenario;
    struct objective *objective = &scenario->objectives[scenario->objectives_count];
    struct node *that = item->kind == NODE_MAP ? node_child(item, "that") : item;
    struct errinfo error;
    struct reach reach;

    if (that == NULL || that->bad || that->row == NULL) {
        return;
    }
    if (objective_parse(that->text, objective, &error) < 0) {
        problems_node(&loading->tree.problems, that, "%s", error.text);
        return;
    }
    if (item->kind == NODE_MAP) {
        take_names(loading, item, objective);
        take_window(loading, item, objective);
        refuse_in_search(loading, item);
    }
    reach = reach_of(scenario, objective->phase);
    if (reach.any && !reach.paced && objective->metric.needs_schedule) {
        problems_node(
            &loading->tree.problems, that,
            "%s needs a schedule, and with max there is none (the *_service latencies and "
            "rates need none)",
            objective->metric.name);
    }
    if (objective->metric.kind == METRIC_BACKLOG && objective->flow[0] != '\0') {
        problems_node(&loading->tree.problems, that, "the backlog is known for all flows together");
    }
    scenario->objectives_count++;
}

void build_objectives(struct loading *loading)
{
    const struct node *list = usable(loading->tree.root, "objectives");
    size_t count = 0;

    for (const struct node *item = list != NULL ? list->first : NULL; item != NULL;
         item = item->next) {
        count++;
    }
    loading->scenario->objectives = calloc(count + 1, sizeof loading->scenario->objectives[0]);
    if (loading->scenario->objectives == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    for (struct node *item = list != NULL ? list->first : NULL; item != NULL; item = item->next) {
        if (!item->bad && item->row != NULL) {
            build_objective(loading, item);
        }
    }
}
