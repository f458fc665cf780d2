/* search_rules: how far a search's answer would repeat. */
#include "rules_inner.h"

#include "units.h"

#include <math.h>
#include <string.h>

/* The rates at which a search's trials disagree. */
struct overlap {
    double failed_per_s; /* Lowest rate that did not hold; INFINITY: all held. */
    double held_per_s;   /* Highest rate that held; 0: none did. */
    uint32_t held;       /* Trials between the two, both included. */
    uint32_t failed;
};

static bool is_step_of(const struct result_search_step *step, const struct result_search *search,
                       enum step_outcome outcome)
{
    return step->outcome == outcome && strcmp(step->case_name, search->case_name) == 0;
}

static struct overlap overlap_of(const struct findings *findings,
                                 const struct result_search *search)
{
    struct overlap overlap = {.failed_per_s = INFINITY};

    for (uint32_t i = 0; i < findings->search_steps_count; i++) {
        const struct result_search_step *step = &findings->search_steps[i];

        if (is_step_of(step, search, STEP_GOOD)) {
            overlap.held_per_s = fmax(overlap.held_per_s, step->asked_per_s);
        }
        if (is_step_of(step, search, STEP_BAD)) {
            overlap.failed_per_s = fmin(overlap.failed_per_s, step->asked_per_s);
        }
    }
    for (uint32_t i = 0; i < findings->search_steps_count; i++) {
        const struct result_search_step *step = &findings->search_steps[i];

        if (step->asked_per_s >= overlap.failed_per_s && step->asked_per_s <= overlap.held_per_s) {
            overlap.held += is_step_of(step, search, STEP_GOOD) ? 1 : 0;
            overlap.failed += is_step_of(step, search, STEP_BAD) ? 1 : 0;
        }
    }
    return overlap;
}

static void say_overlap(struct insights *insights, const struct result_search *search,
                        const struct overlap *overlap)
{
    double ratio = overlap->held_per_s / overlap->failed_per_s;
    struct result_insight *insight = insight_new(insights, search->case_name, ratio);
    char failed[UNITS_TEXT_BYTES];
    char held[UNITS_TEXT_BYTES];

    insight_say(insight->text,
                "%s: from %s to %s %u of %u trials held and the others did not. The limit "
                "changed during the search. A repeat may find any of these rates.",
                search->case_name, units_format_rate(overlap->failed_per_s, failed),
                units_format_rate(overlap->held_per_s, held), overlap->held,
                overlap->held + overlap->failed);
    insight_say(insight->advice,
                "Use longer trials, which average over such changes: --set search.trial=30s --set "
                "search.confirm=60s");
    insight_figure(insight, "failed_lowest", overlap->failed_per_s, "/s");
    insight_figure(insight, "held_highest", overlap->held_per_s, "/s");
    insight_figure(insight, "held", overlap->held, "trials");
    insight_figure(insight, "failed", overlap->failed, "trials");
}

/* Trials at the bound disagree by chance, so an overlap within the wanted width says nothing. */
void rule_search_unsteady(struct insights *insights)
{
    const struct findings *findings = &insights->result->findings;

    for (uint32_t i = 0; i < findings->searches_count; i++) {
        const struct result_search *search = &findings->searches[i];
        struct overlap overlap = overlap_of(findings, search);

        if (overlap.held_per_s > overlap.failed_per_s * (1.0 + search->width)) {
            say_overlap(insights, search, &overlap);
        }
    }
}
