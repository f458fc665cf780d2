/* The objectives that every scenario has, unless it has one of its own about the same. */
#include "judge_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One implied objective: a count over all phases that must be zero. */
struct implied {
    const char *text;
    const char *code;
    enum metric_which which;
    bool needs_confirms; /* Without them nobody promised that the message would arrive. */
    uint64_t (*observed)(const struct result_delivery *delivery);
};

static uint64_t observed_lost(const struct result_delivery *delivery)
{
    return delivery->lost;
}

static uint64_t observed_corrupted(const struct result_delivery *delivery)
{
    return delivery->corrupted;
}

static const struct implied implied_objectives[] = {
    {"lost == 0", "lost", WHICH_LOST, true, observed_lost},
    {"corrupted == 0", "corrupted", WHICH_CORRUPTED, false, observed_corrupted},
};
#define IMPLIED_COUNT (sizeof implied_objectives / sizeof implied_objectives[0])

static bool has_flow_rows(const struct result_case *of)
{
    for (uint32_t i = 0; i < of->phases_count; i++) {
        if (of->phases[i].flow[0] != '\0') {
            return true;
        }
    }
    return false;
}

static bool has_consumers(const struct result_case *of)
{
    for (uint32_t t = 0; t < of->trials_count; t++) {
        for (uint32_t p = 0; p < of->trials[t].parties_count; p++) {
            if (of->trials[t].parties[p].kind == PARTY_CONSUMER) {
                return true;
            }
        }
    }
    return false;
}

/* Counts are judged on every trial and over all phases; flow by flow where there are several,
 * because `lost == 0` is implied only for those with confirms. Returns whether any row counted. */
static bool sum_case(const struct result_case *of, bool with_confirms, struct result_delivery *sum)
{
    bool by_flow = has_flow_rows(of);
    bool any = false;

    memset(sum, 0, sizeof *sum);
    for (uint32_t i = 0; i < of->phases_count; i++) {
        const struct result_phase *phase = &of->phases[i];

        if ((phase->flow[0] != '\0') != by_flow ||
            (with_confirms && phase->delivery.acked > 0 &&
             phase->latency[SERIES_PUBLISH_SERVICE] == NULL)) {
            continue;
        }
        any = any || phase->delivery.sent > 0;
        sum->expected += phase->delivery.expected;
        sum->received += phase->delivery.received;
        sum->lost += phase->delivery.lost;
        sum->corrupted += phase->delivery.corrupted;
    }
    return any;
}

/* What lacks samples is not met, unless the run did not come to its end. */
static void judge_one(const struct result_case *of, const struct implied *implied, bool came_to_end,
                      struct result_objective *ret)
{
    struct result_delivery sum;
    bool any;

    (void)snprintf(ret->text, sizeof ret->text, "%s", implied->text);
    memcpy(ret->case_name, of->name, sizeof ret->case_name);
    (void)snprintf(ret->unit, sizeof ret->unit, "messages");
    ret->met = MET_NOT_AVAILABLE;
    if (of->status != CASE_MEASURED || of->trials_count == 0) {
        (void)snprintf(ret->reason, sizeof ret->reason, "the case is %s",
                       case_status_name(of->status));
        return;
    }
    if (!has_consumers(of)) {
        (void)snprintf(ret->reason, sizeof ret->reason, "the scenario has no consumers");
        return;
    }
    any = sum_case(of, implied->needs_confirms, &sum);
    if (!any && implied->needs_confirms) {
        (void)snprintf(ret->reason, sizeof ret->reason, "nothing was sent with confirms");
        return;
    }
    ret->observed = (double)implied->observed(&sum);
    ret->samples = implied->needs_confirms ? sum.expected : sum.received;
    if (ret->samples == 0 && ret->observed == 0.0) {
        ret->met = came_to_end ? MET_NO : MET_NOT_AVAILABLE;
        (void)snprintf(ret->reason, sizeof ret->reason,
                       implied->needs_confirms ? "nothing was confirmed" : "nothing was received");
        return;
    }
    ret->met = ret->observed == 0.0 ? MET_YES : MET_NO;
    if (ret->met == MET_NO) {
        (void)snprintf(ret->reason, sizeof ret->reason, "%.0f of %llu messages", ret->observed,
                       (unsigned long long)ret->samples);
    }
}

/* One sentence is enough for a case of which there was nothing to judge. */
static int add_missed(struct result *result, const struct implied *implied,
                      const struct result_objective *objective, struct errinfo *reterr)
{
    bool lacks_samples = objective->samples == 0 && objective->observed == 0.0;
    const char *code = lacks_samples ? "no_samples" : implied->code;
    char text[ERRINFO_BYTES];

    for (uint32_t i = 0; lacks_samples && i < result->reasons_count; i++) {
        if (strcmp(result->reasons[i].code, code) == 0 &&
            strcmp(result->reasons[i].case_name, objective->case_name) == 0) {
            return 0;
        }
    }
    (void)snprintf(text, sizeof text, "%s was missed: %s", objective->text, objective->reason);
    return judge_add_reason(result, code, objective->case_name, text, reterr);
}

/* The scenario has something to say of the same count in all of the case: what it says of one phase
 * or flow, or of windows, leaves the rest to the implied one. */
static bool is_replaced(const struct implied *implied, const struct judge_terms *terms,
                        const struct result_case *of)
{
    for (uint32_t i = 0; i < terms->objectives_count; i++) {
        const struct objective *own = &terms->objectives[i];

        if (own->metric.kind == METRIC_COUNT && own->metric.which == implied->which &&
            own->phase[0] == '\0' && own->flow[0] == '\0' && own->window_ns == 0 &&
            (own->target[0] == '\0' || strcmp(own->target, of->target) == 0)) {
            return true;
        }
    }
    return false;
}

int judge_implied(struct result *result, const struct judge_terms *terms, struct tally *tally,
                  struct errinfo *reterr)
{
    free(result->objectives);
    result->objectives_count = 0;
    result->objectives =
        calloc((size_t)result->cases_count * IMPLIED_COUNT + 1, sizeof *result->objectives);
    if (result->objectives == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < result->cases_count * IMPLIED_COUNT; i++) {
        const struct implied *implied = &implied_objectives[i % IMPLIED_COUNT];
        struct result_objective *objective = &result->objectives[result->objectives_count];

        if (is_replaced(implied, terms, &result->cases[i / IMPLIED_COUNT])) {
            continue;
        }
        result->objectives_count++;
        judge_one(&result->cases[i / IMPLIED_COUNT], implied, tally->came_to_end, objective);
        tally->met += objective->met == MET_YES ? 1 : 0;
        if (objective->met != MET_NO) {
            continue;
        }
        tally->missed++;
        if (add_missed(result, implied, objective, reterr) < 0) {
            return -ENOMEM;
        }
    }
    return 0;
}
