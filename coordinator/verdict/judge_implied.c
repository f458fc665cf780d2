/* The objectives that every scenario has, unless it has one of its own about the same. */
#include "judge_inner.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A count over all phases that must be zero. */
struct implied {
    const char *text;
    const char *code;
    enum metric_which which;
    const char *lacking; /* Why there are no samples of it. */
    uint64_t (*observed)(const struct result_delivery *delivery);
    uint64_t (*samples)(const struct result_delivery *delivery);
};

static uint64_t observed_lost(const struct result_delivery *delivery)
{
    return delivery->lost;
}

static uint64_t observed_corrupted(const struct result_delivery *delivery)
{
    return delivery->corrupted;
}

static uint64_t expected(const struct result_delivery *delivery)
{
    return delivery->expected;
}

static uint64_t received(const struct result_delivery *delivery)
{
    return delivery->received;
}

/* Loss is judged without confirms as well: what was written was to arrive, and who allows some of
 * it to be lost says how much. */
static const struct implied implied_counts[] = {
    {"lost == 0", "lost", WHICH_LOST, "nothing was confirmed", observed_lost, expected},
    {"corrupted == 0", "corrupted", WHICH_CORRUPTED, "nothing was received", observed_corrupted,
     received},
};
#define COUNTS_COUNT (sizeof implied_counts / sizeof implied_counts[0])

/* Beside the counts: what was due was sent, and the broker took it. */
#define IMPLIED_MAX (COUNTS_COUNT + 2)

static_assert(IMPLIED_MAX == OBJECTIVES_IMPLIED_MAX, "a run has room for the rows of each case");

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

/* Counts are judged over all trials, phases and flows. */
static struct result_delivery sum_of(const struct result_case *of)
{
    struct result_delivery sum = {.sent = 0};

    for (uint32_t i = 0; i < of->phases_count; i++) {
        const struct result_phase *phase = &of->phases[i];

        if (phase->flow[0] == '\0') {
            sum.sent += phase->delivery.sent;
            sum.expected += phase->delivery.expected;
            sum.received += phase->delivery.received;
            sum.lost += phase->delivery.lost;
            sum.corrupted += phase->delivery.corrupted;
        }
    }
    return sum;
}

/* What lacks samples is not met, unless the run did not come to its end. */
static void judge_count(const struct result_case *of, const struct implied *implied,
                        bool came_to_end, struct result_objective *ret)
{
    struct result_delivery sum = sum_of(of);

    (void)snprintf(ret->text, sizeof ret->text, "%s", implied->text);
    memcpy(ret->case_name, of->name, sizeof ret->case_name);
    (void)snprintf(ret->unit, sizeof ret->unit, "messages");
    ret->met = MET_NOT_AVAILABLE;
    if (of->status != CASE_MEASURED || of->trials_count == 0) {
        (void)text_fitf(ret->reason, sizeof ret->reason, "the case is %s",
                        case_status_name(of->status));
        return;
    }
    if (!has_consumers(of)) {
        (void)text_fitf(ret->reason, sizeof ret->reason, "the scenario has no consumers");
        return;
    }
    ret->observed = (double)implied->observed(&sum);
    ret->samples = implied->samples(&sum);
    if (ret->samples == 0 && ret->observed == 0.0) {
        ret->met = came_to_end ? MET_NO : MET_NOT_AVAILABLE;
        (void)text_fitf(ret->reason, sizeof ret->reason, "%s", implied->lacking);
        return;
    }
    ret->has_observed = true;
    ret->met = ret->observed == 0.0 ? MET_YES : MET_NO;
    if (ret->met == MET_NO) {
        (void)text_fitf(ret->reason, sizeof ret->reason, "%.0f of %llu messages", ret->observed,
                        (unsigned long long)ret->samples);
    }
}

static bool has_reason(const struct result *result, const char *code, const char *case_name)
{
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        if (strcmp(result->reasons[i].code, code) == 0 &&
            strcmp(result->reasons[i].case_name, case_name) == 0) {
            return true;
        }
    }
    return false;
}

/* One sentence is enough for a case of which there was nothing to judge. */
static int add_missed(struct result *result, const char *code,
                      const struct result_objective *objective, struct errinfo *reterr)
{
    bool lacks_samples = !objective->has_observed;
    char text[ERRINFO_BYTES];

    if (lacks_samples && has_reason(result, "no_samples", objective->case_name)) {
        return 0;
    }
    (void)text_fitf(text, sizeof text, "%s was missed: %s", objective->text, objective->reason);
    return judge_add_reason(result, lacks_samples ? "no_samples" : code, objective->case_name, text,
                            reterr);
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

/* Counts the row that was just filled, and says why it is not met. */
static int settle(struct result *result, const char *code, struct tally *tally,
                  struct errinfo *reterr)
{
    const struct result_objective *row = &result->objectives[result->objectives_count++];
    char text[ERRINFO_BYTES];

    tally->met += row->met == MET_YES ? 1 : 0;
    if (row->met == MET_NO) {
        tally->missed++;
        return add_missed(result, code, row, reterr);
    }
    if (row->met == MET_YES || !row->has_observed) {
        return 0;
    }
    tally->invalid++;
    (void)text_fitf(text, sizeof text, "%s was not judged: %s", row->text, row->reason);
    return judge_add_reason(result, "invalid", row->case_name, text, reterr);
}

/* Does anything in the case promise that a message arrived, and did it promise that of one? */
static bool lacks_confirms(const struct result_case *of)
{
    bool by_flow = judge_has_flows(of->phases, of->phases_count);
    uint64_t sent = 0;

    for (uint32_t p = 0; p < of->phases_count; p++) {
        const struct result_phase *phase = &of->phases[p];

        if (phase->confirms && (phase->flow[0] != '\0') == by_flow) {
            if (phase->delivery.acked > 0) {
                return false;
            }
            sent += phase->delivery.sent;
        }
    }
    return sent > 0;
}

/* Nothing passes over nothing: whatever else is allowed, a broker that confirmed not one message
 * did not do its work. */
static int judge_confirms(struct result *result, const struct result_case *of, struct tally *tally,
                          struct errinfo *reterr)
{
    if (!tally->came_to_end || of->status != CASE_MEASURED || !lacks_confirms(of)) {
        return 0;
    }
    tally->missed++;
    return has_reason(result, "no_samples", of->name)
               ? 0
               : judge_add_reason(result, "no_samples", of->name,
                                  "none of the sent messages was confirmed", reterr);
}

static int judge_case(struct result *result, const struct judge_terms *terms,
                      const struct result_case *of, struct tally *tally, struct errinfo *reterr)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < COUNTS_COUNT; i++) {
        if (!is_replaced(&implied_counts[i], terms, of)) {
            judge_count(of, &implied_counts[i], tally->came_to_end,
                        &result->objectives[result->objectives_count]);
            judge_doubt_lost(result, terms, of, &result->objectives[result->objectives_count]);
            r = settle(result, implied_counts[i].code, tally, reterr);
        }
    }
    if (of->status == CASE_MEASURED) {
        if (r == 0 && judge_sent(terms, of, &result->objectives[result->objectives_count])) {
            judge_doubt_lost(result, terms, of, &result->objectives[result->objectives_count]);
            r = settle(result, "attained", tally, reterr);
        }
        if (r == 0 && judge_taken(terms, of, &result->objectives[result->objectives_count])) {
            judge_doubt_lost(result, terms, of, &result->objectives[result->objectives_count]);
            r = settle(result, "not_taken", tally, reterr);
        }
    }
    return r < 0 ? r : judge_confirms(result, of, tally, reterr);
}

int judge_implied(struct result *result, const struct judge_terms *terms, struct tally *tally,
                  struct errinfo *reterr)
{
    int r = 0;

    free(result->objectives);
    result->objectives_count = 0;
    result->objectives =
        calloc((size_t)result->cases_count * IMPLIED_MAX + 1, sizeof *result->objectives);
    if (result->objectives == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; r == 0 && i < result->cases_count; i++) {
        r = judge_case(result, terms, &result->cases[i], tally, reterr);
    }
    return r;
}
