/* Metrics that gate a comparison: what got worse, and what could not be told. */
#include "judge_inner.h"

#include "selfcheck.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define PAIRS_MIN 2 /* One difference has no spread: it can't be told from chance. */

static const struct result_case *case_of(const struct result *result, const char *name)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (strcmp(result->cases[i].name, name) == 0) {
            return &result->cases[i];
        }
    }
    return NULL;
}

/* The check by which one side of a comparison may look better than it was, or (worse) in any way
 * other than it was; NULL: there is none. */
static const struct result_check *void_of(const struct result *result, const char *case_name,
                                          const struct result_comparison *row, bool worse)
{
    const struct result_case *of = case_of(result, case_name);
    struct metric metric;

    if (of == NULL || metric_parse(row->metric, &metric, NULL) < 0) {
        return NULL;
    }
    return worse ? selfcheck_void(result, of, &metric)
                 : selfcheck_void_better(result, of, &metric, row->phase);
}

/*
 * What the difference can't be trusted for. A busy generator only makes figures worse: a case that
 * got worse in spite of a baseline that was measured so did get worse, and one that did not get
 * worse although its own figures suffered did not.
 */
static const struct result_check *doubt_of(const struct result *result,
                                           const struct result_comparison *row)
{
    bool is_worse = row->verdict == COMPARISON_WORSE;
    const struct result_check *check = void_of(result, row->case_name, row, is_worse);

    return check != NULL ? check : void_of(result, row->baseline, row, !is_worse);
}

/* More than that is told as a factor: nobody reads +240 % as 3.4 times as much. */
#define TIMES_FROM 2.0

static int judge_doubtful(struct result *result, const struct result_comparison *row,
                          const struct result_check *check, struct tally *tally,
                          struct errinfo *reterr)
{
    char text[ERRINFO_BYTES];

    tally->invalid++;
    (void)text_fitf(text, sizeof text, "%s against %s is not reliable: self-check %s%s%s",
                    row->metric, row->baseline, check->check, check->agent[0] != '\0' ? " of " : "",
                    check->agent);
    return judge_add_reason(result, "invalid", row->case_name, text, reterr);
}

static int judge_worse(struct result *result, const struct result_comparison *row,
                       bool *ret_regressed, struct errinfo *reterr)
{
    char text[ERRINFO_BYTES];

    *ret_regressed = true;
    if (row->ratio >= TIMES_FROM) {
        (void)text_fitf(
            text, sizeof text,
            "%s in %s is %.1f times that of %s (95 %%: %.1f to %.1f times); %.4g %% more "
            "was the limit",
            row->metric, row->phase, row->ratio, row->baseline, row->low, row->high,
            row->threshold * 100.0);
    } else {
        (void)text_fitf(text, sizeof text,
                        "%s in %s is %+.1f %% (95 %%: %+.1f to %+.1f %%) against %s; %.4g %% was "
                        "the limit",
                        row->metric, row->phase, (row->ratio - 1.0) * 100.0,
                        (row->low - 1.0) * 100.0, (row->high - 1.0) * 100.0, row->baseline,
                        row->threshold * 100.0);
    }
    return judge_add_reason(result, "regression", row->case_name, text, reterr);
}

/* Lacking samples it is not met, as an objective would not be. */
static int judge_lacking(struct result *result, const struct result_comparison *row,
                         struct tally *tally, struct errinfo *reterr)
{
    char text[ERRINFO_BYTES];

    tally->missed++;
    if (row->pairs > 0) {
        (void)text_fitf(text, sizeof text,
                        "%s in %s cannot be compared with %s. There is one pair of trials, but "
                        "%d are needed (repeat: 5)",
                        row->metric, row->phase, row->baseline, PAIRS_MIN);
    } else {
        (void)text_fitf(text, sizeof text, "%s in %s cannot be compared with %s: %s", row->metric,
                        row->phase, row->baseline, row->reason);
    }
    return judge_add_reason(result, "no_samples", row->case_name, text, reterr);
}

/* What could be compared nowhere is not met: no gate is passed without having been there. */
static int judge_nowhere(struct result *result, const struct compare_gate *gate, const char *why,
                         struct tally *tally, struct errinfo *reterr)
{
    char text[ERRINFO_BYTES];

    tally->missed++;
    (void)text_fitf(text, sizeof text, "%s was compared in no case: %s", gate->metric.name, why);
    return judge_add_reason(result, "not_compared", "", text, reterr);
}

static int judge_gate(struct result *result, const struct compare_gate *gate, bool warns,
                      struct tally *tally, bool *ret_regressed, struct errinfo *reterr)
{
    const struct result_check *check;
    const char *why = "no case was measured beside its baseline";
    bool somewhere = false;
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < result->findings.comparisons_count; i++) {
        const struct result_comparison *row = &result->findings.comparisons[i];

        if (!row->gates || strcmp(row->metric, gate->metric.name) != 0) {
            continue;
        }
        if (row->verdict == COMPARISON_NOT_AVAILABLE) {
            why = row->reason;
            continue;
        }
        somewhere = true;
        check = warns || row->verdict == COMPARISON_INCONCLUSIVE ? NULL : doubt_of(result, row);
        if (row->pairs < PAIRS_MIN) {
            r = tally->came_to_end ? judge_lacking(result, row, tally, reterr) : 0;
        } else if (check != NULL) {
            r = judge_doubtful(result, row, check, tally, reterr);
        } else if (row->verdict == COMPARISON_WORSE) {
            r = judge_worse(result, row, ret_regressed, reterr);
        }
    }
    if (r == 0 && !somewhere && tally->came_to_end) {
        r = judge_nowhere(result, gate, why, tally, reterr);
    }
    return r;
}

int judge_comparisons(struct result *result, const struct judge_terms *terms, struct tally *tally,
                      bool *ret_regressed, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && terms->compare != NULL && i < terms->compare->worse_count; i++) {
        r = judge_gate(result, &terms->compare->worse[i], terms->selfcheck_warns, tally,
                       ret_regressed, reterr);
    }
    return r;
}
