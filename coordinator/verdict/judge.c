#include "judge_inner.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int judge_objectives(struct result *result, const struct judge_terms *terms,
                            struct tally *tally, struct errinfo *reterr)
{
    int r = judge_implied(result, terms, tally, reterr);

    return r < 0 ? r : judge_asked(result, terms, tally, reterr);
}

static bool any_sent(const struct result *result)
{
    for (uint32_t c = 0; c < result->cases_count; c++) {
        for (uint32_t p = 0; p < result->cases[c].phases_count; p++) {
            if (result->cases[c].phases[p].delivery.sent > 0) {
                return true;
            }
        }
    }
    return false;
}

static bool any_measured(const struct result *result)
{
    for (uint32_t c = 0; c < result->cases_count; c++) {
        if (result->cases[c].status == CASE_MEASURED && result->cases[c].trials_count > 0) {
            return true;
        }
    }
    return false;
}

static int judge_trouble(struct result *result, const struct judge_events *events, bool *ret_failed,
                         struct errinfo *reterr)
{
    int r = 0;

    if (events->interrupted) {
        r = judge_add_reason(result, "interrupted", "",
                             "interrupted by the user; the measurements so far are kept", reterr);
    }
    *ret_failed = events->failed;
    if (r == 0 && events->failed) {
        r = judge_add_reason(result, events->failed_code, "", events->failed_text, reterr);
    }
    if (r == 0 && !events->failed && !events->interrupted && !any_measured(result)) {
        *ret_failed = true;
        r = judge_add_reason(result, "no_case", "", "no case could be measured", reterr);
    }
    if (r == 0 && events->broker_lost) {
        r = judge_add_reason(result, "broker_lost", events->broker_lost_case,
                             events->broker_lost_text, reterr);
    }
    if (r == 0 && events->aborted) {
        r = judge_add_reason(result, "aborted", events->aborted_case, events->aborted_text, reterr);
    }
    return r;
}

/* What can't be of this run makes all of it invalid, and nothing else of it is a miss. */
static int judge_reports(struct result *result, struct tally *tally, struct errinfo *reterr)
{
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        const struct result_check *check = &result->findings.checks[i];
        char text[ERRINFO_BYTES];

        if (check->status != CHECK_INVALID || strcmp(check->check, "planned_due") != 0) {
            continue;
        }
        tally->invalid++;
        tally->missed = 0;
        (void)text_fitf(text, sizeof text, "%.63s: %.255s", check->agent, check->text);
        return judge_add_reason(result, "audit", check->case_name, text, reterr);
    }
    return 0;
}

/* Figures that contradict each other are a bug of ours, or damage: nothing is told by them. */
static int judge_sums(struct result *result, struct tally *tally, struct errinfo *reterr)
{
    char text[REASON_BYTES];

    if (result->violation[0] == '\0') {
        return 0;
    }
    tally->invalid++;
    (void)text_fitf(text, sizeof text,
                    "The figures contradict each other, which is a bug of Millrace: %s",
                    result->violation);
    return judge_add_reason(result, "audit", "", text, reterr);
}

int judge_result(struct result *result, const struct judge_terms *terms,
                 const struct judge_events *events, struct errinfo *reterr)
{
    struct tally tally = {0};
    bool failed = false;
    bool regressed = false;
    bool missed;
    int r;

    free(result->reasons);
    result->reasons = NULL;
    result->reasons_count = 0;
    r = judge_trouble(result, events, &failed, reterr);
    if (r == 0) {
        tally.came_to_end = !failed && !events->interrupted && !events->aborted;
        /* A search has met or missed its objectives trial by trial. */
        r = result->findings.searches_count > 0 ? judge_searches(result, &tally, reterr)
                                                : judge_objectives(result, terms, &tally, reterr);
    }
    if (r == 0 && !failed && !events->interrupted) {
        r = judge_comparisons(result, terms, &tally, &regressed, reterr);
    }
    if (r == 0) {
        r = judge_reports(result, &tally, reterr);
    }
    if (r == 0) {
        r = judge_sums(result, &tally, reterr);
    }
    missed = tally.missed > 0;
    /* A run that only sends has nothing to judge, but it has to send. */
    if (r == 0 && !missed && !failed && !events->interrupted && tally.met == 0 &&
        tally.invalid == 0 && !any_sent(result)) {
        missed = true;
        r = judge_add_reason(result, "no_samples", "",
                             "no objective could be judged: nothing was sent", reterr);
    }
    if (r < 0) {
        return errinfo_nomem(reterr);
    }
    /* What ended a trial by a figure that can't be trusted is no miss. */
    missed = missed || events->broker_lost || (events->aborted && tally.invalid == 0);
    result->verdict = events->interrupted ? VERDICT_INTERRUPTED
                      : failed            ? VERDICT_FAILED
                      : missed            ? VERDICT_FAIL
                      : tally.invalid > 0 ? VERDICT_INVALID
                      : regressed         ? VERDICT_REGRESSION
                                          : VERDICT_PASS;
    return 0;
}

int judge_failure(struct result *result, const char *code, const char *text, struct errinfo *reterr)
{
    struct result_reason last;

    if (result->verdict != VERDICT_INTERRUPTED) {
        result->verdict = VERDICT_FAILED;
    }
    if (judge_add_reason(result, code, "", text, reterr) < 0) {
        return -ENOMEM;
    }
    /* It is the reason of the verdict: the others are of what would have been. */
    last = result->reasons[result->reasons_count - 1];
    memmove(&result->reasons[1], &result->reasons[0],
            (result->reasons_count - 1) * sizeof *result->reasons);
    result->reasons[0] = last;
    return 0;
}
