#include "scenario_search_terms_inner.h"

#include "scenario_drain_inner.h"

#include <stdio.h>
#include <stdlib.h>

#define TRIAL_MESSAGES_MIN 10  /* A backlog's slope needs some seconds with messages. */
#define MILLIS_OF_ONE 100000.0 /* Thousandths of a percent. */

/* Without rates of their own several flows have nothing to share a rate by. */
static void check_flows(struct loading *loading, struct node *rate)
{
    const struct scenario_setup *setup = loading->setup;
    uint32_t with_rate = 0;

    for (uint32_t i = 0; i < setup->flows_count; i++) {
        with_rate += setup->flows[i].has_rate ? 1 : 0;
    }
    if (rate != NULL && !rate->bad && with_rate < setup->flows_count &&
        (setup->flows_count > 1 || with_rate > 0)) {
        problems_node(&loading->tree.problems, rate,
                      "is shared by the flows in proportion to their rates, and not all have one");
    }
}

static void add_phase(struct scenario_setup *setup, const char *name, int64_t duration_ns,
                      double rate, bool measured)
{
    struct scenario_phase *phase = &setup->phases[setup->phases_count];

    if (duration_ns <= 0) {
        return;
    }
    setup->phases_count++;
    (void)snprintf(phase->name, sizeof phase->name, "%s", name);
    phase->duration_ns = duration_ns;
    phase->measured = measured;
    scenario_search_rate(setup, rate, phase);
}

/* To settle, the trial, and the drain. */
#define SEARCH_PHASES_MAX 3

void build_search_phases(struct loading *loading)
{
    const struct scenario_search *search = &loading->scenario->search;
    struct node *node = node_child(loading->tree.root, "search");
    struct scenario_setup *setup = loading->setup;

    check_flows(loading, node_child(node, "rate"));
    setup->phases = calloc(SEARCH_PHASES_MAX, sizeof setup->phases[0]);
    if (setup->phases == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    add_phase(setup, "settle", search->settle_ns, search->from_per_s, false);
    add_phase(setup, "trial", search->trial_ns, search->from_per_s, true);
    build_drain(setup);
}

static void refuse_beside(struct loading *loading, const char *key, const char *why)
{
    struct node *node = node_child(loading->tree.root, key);

    if (node != NULL) {
        problems_node_key(&loading->tree.problems, node, "stands beside search (%s)", why);
    }
}

void build_search(struct loading *loading)
{
    struct scenario_search *search = &loading->scenario->search;
    const struct node *map = usable(loading->tree.root, "search");
    const struct node *rate = usable(map, "rate");
    const struct node *from = usable(rate, "from");
    const struct node *to = usable(rate, "to");

    if (node_child(loading->tree.root, "search") == NULL) {
        return;
    }
    search->wanted = true;
    search->settle_ns = usable_number(usable(map, "settle"), "search.settle");
    search->trial_ns = usable_number(usable(map, "trial"), "search.trial");
    search->confirm_ns = usable_number(usable(map, "confirm"), "search.confirm");
    search->width = (double)usable_number(usable(map, "width"), "search.width") / MILLIS_OF_ONE;
    search->from_per_s = from != NULL ? rate_per_s(from->rate) : 1.0;
    search->to_per_s = to != NULL ? rate_per_s(to->rate) : 2.0;
    if (from != NULL && to != NULL && search->to_per_s <= search->from_per_s) {
        problems_add(&loading->tree.problems, to->at, "search.rate.to", "is not above from");
    }
    if (search->confirm_ns < search->trial_ns) {
        const struct node *at = usable(map, "confirm");

        at = at != NULL ? at : usable(map, "trial");
        problems_add(&loading->tree.problems, at != NULL ? at->at : loading->tree.root->at,
                     "search.confirm", "is shorter than trial (it looks closer, so it is longer)");
    }
    if (from != NULL && search->from_per_s * (double)search->trial_ns / 1e9 < TRIAL_MESSAGES_MIN) {
        problems_add(&loading->tree.problems, from->at, "search.rate.from",
                     "sends less than %d messages in a trial, of which nothing can be told (a "
                     "higher rate, or a longer trial)",
                     TRIAL_MESSAGES_MIN);
    }
    refuse_beside(loading, "phases", "one of the two");
    refuse_beside(loading, "repeat", "which makes as many trials as it needs");
    refuse_beside(loading, "compare", "whose trials are at different rates");
}
