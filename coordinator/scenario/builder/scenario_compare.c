#include "scenario_compare_inner.h"

#include "config_known.h"

#include <stdio.h>
#include <string.h>

/* As they are written: of a scenario with problems elsewhere there are no setups. */
static bool has_variant(struct loading *loading, const char *name, struct known *known)
{
    const struct node *variants = usable(loading->tree.root, "variants");
    bool found = false;

    for (const struct node *node = variants != NULL ? variants->first : NULL; node != NULL;
         node = node->next) {
        known_offer(known, node->key);
        found = found || strcmp(node->key, name) == 0;
    }
    return found;
}

static bool has_target(const struct scenario *scenario, const char *name, struct known *known)
{
    bool found = false;

    for (uint32_t i = 0; i < scenario->targets_count; i++) {
        if (scenario->targets[i].label != NULL) {
            known_offer(known, scenario->targets[i].label);
            found = found || strcmp(scenario->targets[i].label, name) == 0;
        }
    }
    return found;
}

/* The name of the first one, if there are others to compare with it; else NULL. */
static const char *first_of_variants(struct loading *loading)
{
    const struct node *variants = usable(loading->tree.root, "variants");

    return variants != NULL && variants->first != NULL && variants->first->next != NULL
               ? variants->first->key
               : NULL;
}

static void build_baseline(struct loading *loading, struct node *node)
{
    const struct scenario *scenario = loading->scenario;
    struct compare_terms *terms = &loading->scenario->compare;
    struct known known;
    char hint[KNOWN_HINT_BYTES];
    bool variant;
    bool target;

    if (node == NULL || node->bad || node->row == NULL) {
        return;
    }
    known_init(&known, node->text);
    variant = has_variant(loading, node->text, &known);
    target = has_target(scenario, node->text, &known);
    (void)snprintf(terms->baseline, sizeof terms->baseline, "%.63s", node->text);
    terms->by_target = target;
    if (variant && target) {
        problems_node(&loading->tree.problems, node,
                      "is a variant and a target (rename one of them)");
    } else if (!variant && !target) {
        problems_node(&loading->tree.problems, node,
                      "there is no variant and no target \"%s\" (%s)", node->text,
                      known_hint(&known, hint));
    } else if (target ? scenario->targets_count < 2 : first_of_variants(loading) == NULL) {
        problems_node(&loading->tree.problems, node,
                      "there is nothing to compare with it (a second target or variant)");
    }
}

static void build_gate(struct loading *loading, struct node *node)
{
    struct compare_terms *terms = &loading->scenario->compare;
    struct compare_gate *gate = &terms->worse[terms->worse_count];
    struct errinfo error;

    if (metric_parse(node->key, &gate->metric, &error) < 0) {
        problems_node_key(&loading->tree.problems, node, "%s", error.text);
        return;
    }
    if (gate->metric.kind != METRIC_LATENCY && gate->metric.kind != METRIC_RATE) {
        problems_node_key(&loading->tree.problems, node,
                          "has no ratio (latencies and rates have; counts are for objectives)");
        return;
    }
    gate->threshold = (double)node->number / 100000.0;
    terms->worse_count++;
}

void build_compare(struct loading *loading)
{
    const struct node *compare = usable(loading->tree.root, "compare");
    const struct node *worse = usable(compare, "worse");
    const struct node *repeat = node_child(loading->tree.root, "repeat");
    struct scenario *scenario = loading->scenario;

    if (scenario->search.wanted) {
        return; /* Trials at different rates are no pairs. */
    }
    if (compare == NULL) {
        if (first_of_variants(loading) != NULL) {
            (void)snprintf(scenario->compare.baseline, sizeof scenario->compare.baseline, "%.63s",
                           first_of_variants(loading));
        }
        return;
    }
    build_baseline(loading, node_child(compare, "baseline"));
    for (struct node *node = worse != NULL ? worse->first : NULL;
         node != NULL && scenario->compare.worse_count < COMPARE_WORSE_MAX; node = node->next) {
        if (!node->bad && node->row != NULL) {
            build_gate(loading, node);
        }
    }
    if (repeat != NULL && repeat->bad) {
        return; /* It has its own error. */
    }
    if (scenario->repeat < 2 && worse != NULL && scenario->compare.worse_count > 0) {
        problems_add(&loading->tree.problems, worse->at, "compare.worse",
                     "with one trial per case no change is statistically significant (repeat: 5, "
                     "at least 2)");
    } else if (scenario->repeat < 2) {
        problems_add(
            &loading->tree.warnings, compare->at, "compare",
            "with one trial per case no difference is statistically significant (repeat: 5)");
    }
}
