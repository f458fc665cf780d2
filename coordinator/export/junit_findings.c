/* junit_findings: what judging made of the run beside its objectives. Names of test cases hold no
 * figures, so that a CI system knows them again in the next run. */
#include "facts.h"
#include "junit_inner.h"

#include <stdio.h>
#include <string.h>

/* A comparison needs a spread. */
#define PAIRS_MIN 2

static const struct result_search *search_of(const struct result *result, const char *case_name)
{
    for (uint32_t i = 0; i < result->findings.searches_count; i++) {
        if (strcmp(result->findings.searches[i].case_name, case_name) == 0) {
            return &result->findings.searches[i];
        }
    }
    return NULL;
}

bool junit_is_searched(const struct result *result, const struct result_objective *objective)
{
    return search_of(result, objective->case_name) != NULL;
}

static const struct result_objective *objective_of(const struct result *result,
                                                   const char *case_name)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (strcmp(result->objectives[i].case_name, case_name) == 0) {
            return &result->objectives[i];
        }
    }
    return NULL;
}

static void say_bounds(const struct result_search *search, struct text *out)
{
    char rate[FACTS_TEXT_BYTES];

    if (search->lower_per_s > 0.0) {
        text_addf(out, "%s held", units_format_rate(search->lower_per_s, rate));
    } else {
        text_add(out, "no rate held");
    }
    if (search->upper_per_s > 0.0) {
        text_addf(out, ", %s did not", units_format_rate(search->upper_per_s, rate));
    }
    text_addf(out, "%s%s", search->limit[0] == '\0' ? "" : ": ", search->limit);
}

/* What it found is in its output; one that has no answer fails only if it is the broker that held
 * none of the rates. */
static void add_search(const struct result *result, const struct result_search *search,
                       struct junit_totals *totals, struct text *out)
{
    const struct result_objective *judged = objective_of(result, search->case_name);
    struct text bounds = {0};

    say_bounds(search, &bounds);
    if (text_failed(&bounds)) {
        out->failed = true;
        text_done(&bounds);
        return;
    }
    junit_open(search->case_name, "search: the highest sustainable rate", totals, out);
    if (judged == NULL) {
        junit_outcome(JUNIT_SKIPPED, "unfinished", bounds.bytes, totals, out);
    } else if (judged->met == MET_NO) {
        junit_outcome(JUNIT_FAILURE, "search", bounds.bytes, totals, out);
    } else if (judged->met == MET_NOT_AVAILABLE) {
        junit_outcome(JUNIT_ERROR, "search", bounds.bytes, totals, out);
    } else {
        junit_said(bounds.bytes, out);
    }
    junit_close(out);
    text_done(&bounds);
}

/* What judging said of the row under that code: of its text it is known how it goes on after the
 * metric. NULL: nothing. */
static const char *judged_as(const struct result *result, const struct result_comparison *row,
                             const char *code, const char *goes_on, const char *place)
{
    char begins[METRIC_BYTES + NAME_BYTES + 16];

    (void)snprintf(begins, sizeof begins, "%s %s %s ", row->metric, goes_on, place);
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        const struct result_reason *reason = &result->reasons[i];

        if (strcmp(reason->code, code) == 0 && strcmp(reason->case_name, row->case_name) == 0 &&
            strncmp(reason->text, begins, strlen(begins)) == 0) {
            return reason->text;
        }
    }
    return NULL;
}

static void say_change(const struct result_comparison *row, struct text *out)
{
    char change[FACTS_TEXT_BYTES];
    char low[FACTS_TEXT_BYTES];
    char high[FACTS_TEXT_BYTES];

    if (row->pairs == 0) {
        text_add(out, row->reason[0] == '\0' ? "there are no pairs of trials" : row->reason);
        return;
    }
    text_addf(out, "%s: %s", comparison_verdict_name(row->verdict),
              facts_change(row->ratio, change));
    if (row->pairs >= PAIRS_MIN) {
        text_addf(out, " (95 %%: %s to %s)", facts_change(row->low, low),
                  facts_change(row->high, high));
    }
    text_addf(out, " over %u %s of trials; %.4g %% is the limit", row->pairs,
              row->pairs == 1 ? "pair" : "pairs", row->threshold * 100.0);
    if (row->pairs < PAIRS_MIN) {
        text_addf(out, "; at least %d pairs are needed", PAIRS_MIN);
    } else if (row->verdict == COMPARISON_INCONCLUSIVE && row->pairs_more > 0) {
        text_addf(out, "; about %u more %s needed", row->pairs_more,
                  row->pairs_more == 1 ? "is" : "are");
    }
}

/* As the verdict takes it: worse is a regression, what lacks pairs is not passed, and what pairs
 * can't tell is no reason to fail, nor to say that it was shown. */
static void add_comparison(const struct result *result, const struct result_comparison *row,
                           struct junit_totals *totals, struct text *out)
{
    const char *invalid = judged_as(result, row, "invalid", "against", row->baseline);
    const char *lacking = judged_as(result, row, "no_samples", "in", row->phase);
    struct text name = {0};
    struct text change = {0};

    text_addf(&name, "%s%s%s%s%s not worse than %s", row->metric,
              row->phase[0] == '\0' ? "" : " in ", row->phase,
              row->flow[0] == '\0' ? "" : " by flow ", row->flow, row->baseline);
    say_change(row, &change);
    if (text_failed(&name) || text_failed(&change)) {
        out->failed = true;
    } else {
        junit_open(row->case_name, name.bytes, totals, out);
        if (row->verdict == COMPARISON_NOT_AVAILABLE) {
            junit_outcome(JUNIT_SKIPPED, "n/a", change.bytes, totals, out);
        } else if (invalid != NULL) {
            junit_outcome(JUNIT_ERROR, "invalid", invalid, totals, out);
        } else if (row->verdict == COMPARISON_WORSE) {
            junit_outcome(JUNIT_FAILURE, "regression", change.bytes, totals, out);
        } else if (row->pairs < PAIRS_MIN) {
            /* Of a run that was ended early it is not held against it. */
            junit_outcome(lacking != NULL ? JUNIT_FAILURE : JUNIT_SKIPPED, "no_samples",
                          change.bytes, totals, out);
        } else if (row->verdict == COMPARISON_INCONCLUSIVE) {
            junit_outcome(JUNIT_SKIPPED, "inconclusive", change.bytes, totals, out);
        } else {
            junit_said(change.bytes, out);
        }
        junit_close(out);
    }
    text_done(&name);
    text_done(&change);
}

/* Worse is more. */
static int rank(enum check_status status)
{
    static const int ranks[] = {
        [CHECK_OK] = 0, [CHECK_NOT_MEASURED] = 1, [CHECK_SUSPECT] = 2, [CHECK_INVALID] = 3};

    return ranks[status];
}

/* Of the rows of one signal the first of those that are worst, and how many others are as bad. */
static const struct result_check *worst_of(const struct findings *findings, const char *signal,
                                           uint32_t *ret_more)
{
    const struct result_check *worst = NULL;

    *ret_more = 0;
    for (uint32_t i = 0; i < findings->checks_count; i++) {
        const struct result_check *check = &findings->checks[i];

        if (strcmp(check->check, signal) != 0) {
            continue;
        }
        if (worst == NULL || rank(check->status) > rank(worst->status)) {
            worst = check;
            *ret_more = 0;
        } else {
            *ret_more += check->status == worst->status ? 1 : 0;
        }
    }
    return worst;
}

static void say_check(const struct result_check *check, uint32_t more, struct text *out)
{
    char value[FACTS_TEXT_BYTES];

    text_addf(out, "%s: ", check_status_name(check->status));
    if (check->agent[0] != '\0' || check->case_name[0] != '\0') {
        text_addf(out, "%s%s%s: ", check->agent,
                  check->agent[0] != '\0' && check->case_name[0] != '\0' ? ", " : "",
                  check->case_name);
    }
    if (check->status != CHECK_NOT_MEASURED) {
        text_addf(out, "%s", facts_check_value(check, check->observed, value));
        text_addf(out, " (limit %s): ", facts_check_value(check, check->limit, value));
    }
    text_add(out, check->text);
    if (more > 0) {
        text_addf(out, " (and %u more)", more);
    }
}

/* A signal that is invalid makes the run so only if an objective needs it: else it is told, and
 * turns no pipeline red whose run passed. */
static void add_signal(const struct result *result, const char *signal, struct junit_totals *totals,
                       struct text *out)
{
    uint32_t more = 0;
    const struct result_check *worst = worst_of(&result->findings, signal, &more);
    struct text said = {0};

    junit_open("self-check", signal, totals, out);
    if (worst->status != CHECK_OK) {
        say_check(worst, more, &said);
        if (text_failed(&said)) {
            out->failed = true;
        } else if (worst->status == CHECK_SUSPECT) {
            junit_said(said.bytes, out);
        } else if (worst->status == CHECK_NOT_MEASURED) {
            junit_outcome(JUNIT_SKIPPED, "not measured", said.bytes, totals, out);
        } else {
            junit_outcome(result->verdict == VERDICT_INVALID ? JUNIT_ERROR : JUNIT_SKIPPED,
                          "invalid", said.bytes, totals, out);
        }
    }
    junit_close(out);
    text_done(&said);
}

/* One test case a signal, not one for each agent and case: of those there may be thousands. */
static void add_signals(const struct result *result, struct junit_totals *totals, struct text *out)
{
    const struct findings *findings = &result->findings;

    for (uint32_t i = 0; i < findings->checks_count; i++) {
        bool first = true;

        for (uint32_t j = 0; j < i && first; j++) {
            first = strcmp(findings->checks[j].check, findings->checks[i].check) != 0;
        }
        if (first) {
            add_signal(result, findings->checks[i].check, totals, out);
        }
    }
}

void junit_findings(const struct result *result, struct junit_totals *totals, struct text *out)
{
    const struct findings *findings = &result->findings;

    for (uint32_t i = 0; i < findings->searches_count; i++) {
        add_search(result, &findings->searches[i], totals, out);
    }
    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        if (findings->comparisons[i].gates) {
            add_comparison(result, &findings->comparisons[i], totals, out);
        }
    }
    add_signals(result, totals, out);
}
