#include "verdict_text.h"

#include "facts.h"
#include "sentence.h"
#include "sentence_answer_inner.h"
#include "sentence_lists.h"
#include "verdict_words_inner.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Longer reasons come from elsewhere; then the first clauses of them are told. */
#define REASON_WORDS_MAX 18u

/* ---- What was missed ---- */

static bool is_about_loss(const struct result_objective *objective)
{
    return strncmp(objective->text, "lost ", strlen("lost ")) == 0;
}

/* What was lost before all else. */
static const struct result_objective *first_missed(const struct result *result, uint32_t *count)
{
    const struct result_objective *first = NULL;

    *count = 0;
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        if (objective->met != MET_NO) {
            continue;
        }
        (*count)++;
        if (first == NULL || (is_about_loss(objective) && !is_about_loss(first))) {
            first = objective;
        }
    }
    return first;
}

static void add_place(const struct result_objective *objective, struct text *out)
{
    if (objective->phase[0] != '\0') {
        text_addf(out, " in phase %s", objective->phase);
    }
    if (objective->flow[0] != '\0') {
        text_addf(out, " of flow %s", objective->flow);
    }
    if (objective->case_name[0] != '\0') {
        text_addf(out, " on %s", objective->case_name);
    }
}

/* "e2e.p99 was 321 ms in phase steady on rabbitmq, limit 50ms" */
static void add_objective(const struct result_objective *objective, struct text *out)
{
    const char *sign = strpbrk(objective->text, "<>=!");
    const char *limit = sign == NULL ? "" : sign + strspn(sign, "<>=! ");
    size_t metric_bytes = sign == NULL ? strlen(objective->text) : (size_t)(sign - objective->text);
    char value[FACTS_TEXT_BYTES];

    while (metric_bytes > 0 && objective->text[metric_bytes - 1] == ' ') {
        metric_bytes--;
    }
    if (!result_has_observed(objective)) {
        text_addf(out, "there is no figure for %s", objective->text);
        add_place(objective, out);
        return;
    }
    facts_observed(objective, value);
    if (objective->window_ns > 0) {
        text_addf(out, "%s: %s", objective->text, value);
    } else if (is_about_loss(objective) && strcmp(objective->unit, "messages") == 0) {
        text_addf(out, "%s %s lost", value,
                  objective->observed == 1.0 ? "message was" : "messages were");
    } else {
        text_addf(out, "%.*s was %s", (int)metric_bytes, objective->text, value);
    }
    add_place(objective, out);
    if (objective->window_ns <= 0) {
        text_addf(out, ", limit %s", limit);
    }
}

/* ---- What it changed against its baseline ---- */

static bool is_regression(const struct result_comparison *comparison)
{
    return comparison->gates && comparison->verdict == COMPARISON_WORSE;
}

/* "e2e.p99 +34.0 % on ordered" */
static void add_change(const struct result_comparison *comparison, struct text *out)
{
    char change[FACTS_TEXT_BYTES];
    const char *metric =
        strcmp(comparison->metric, "received_rate") == 0 ? "throughput" : comparison->metric;

    if (comparison->ratio >= FACTS_TIMES_FROM) {
        text_addf(out, "%s is %s times as high on %s", metric,
                  facts_times(comparison->ratio, change), comparison->case_name);
    } else {
        text_addf(out, "%s %s on %s", metric, facts_change(comparison->ratio, change),
                  comparison->case_name);
    }
}

typedef bool is_wanted(const struct result_comparison *comparison);

/* The first ones, and how many more there are. false: none. */
static bool add_changes(const struct result *result, is_wanted *wanted, uint32_t most,
                        struct verdict_clauses *clauses)
{
    const struct findings *findings = &result->findings;
    const struct result_comparison *last = NULL;
    uint32_t listed = 0;
    uint32_t left = 0;

    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        struct text one = {0};

        if (!wanted(&findings->comparisons[i])) {
            continue;
        }
        if (listed >= most) {
            left++;
            continue;
        }
        add_change(&findings->comparisons[i], &one);
        verdict_clause(clauses, ", ", &one);
        last = &findings->comparisons[i];
        listed++;
    }
    if (left > 0) {
        verdict_clausef(clauses, ", ", "and %u more", left);
    }
    if (last != NULL) {
        verdict_clausef(clauses, "; ", "baseline %s", last->baseline);
    }
    return listed > 0;
}

/* ---- What a run measured ---- */

static void add_outages(const struct result *result, struct verdict_clauses *clauses)
{
    int64_t longest_ns = 0;
    const struct result_case *of = NULL;
    char span[UNITS_TEXT_BYTES];

    for (uint32_t i = 0; i < result->cases_count; i++) {
        int64_t away_ns = sentence_away_ns(&result->cases[i]);

        if (away_ns > longest_ns) {
            longest_ns = away_ns;
            of = &result->cases[i];
        }
    }
    if (of != NULL && result->cases_count == 1) {
        verdict_clausef(clauses, "; ", "broker away for %s",
                        units_format_ns((double)longest_ns, span));
    } else if (of != NULL) {
        verdict_clausef(clauses, "; ", "%s away for %s", of->name,
                        units_format_ns((double)longest_ns, span));
    }
}

/* "rabbitmq sustains 12.5k/s, kafka at least 90.0k/s" */
static void add_searches(const struct result *result, struct verdict_clauses *clauses)
{
    for (uint32_t i = 0; i < result->findings.searches_count; i++) {
        const struct result_search *search = &result->findings.searches[i];
        const struct result_case *of = facts_case(result, search->case_name);
        const char *name = of == NULL ? search->case_name : facts_label(result, of);
        char rate[UNITS_TEXT_BYTES];

        units_format_rate(search->lower_per_s, rate);
        if (search->lower_per_s <= 0.0) {
            verdict_clausef(clauses, ", ", "no rate that was tried held on %s", name);
        } else {
            verdict_clausef(clauses, ", ", "%s sustains %s%s", name,
                            search->found ? "" : "at least ", rate);
        }
    }
}

static void add_measured(const struct result *result, struct verdict_clauses *clauses)
{
    struct text load = {0};
    struct text p99 = {0};

    if (result->findings.searches_count > 0) {
        add_searches(result, clauses);
        return;
    }
    if (result->findings.comparisons_count > 0) {
        if (!add_changes(result, sentence_tells_difference, 2, clauses)) {
            verdict_clausef(clauses, "; ",
                            "no significant difference in throughput or p99 against %s",
                            result->findings.comparisons[0].baseline);
        }
        add_outages(result, clauses);
        return;
    }
    sentence_load(result, &load);
    verdict_leading(clauses, &load, VERDICT_WORDS_MAX);
    add_outages(result, clauses);
    sentence_p99(result, &p99);
    if (p99.bytes != NULL) {
        verdict_clausef(clauses, "", "%s", p99.bytes);
    }
    text_done(&p99);
}

static void add_reason(const struct result *result, const char *code, uint32_t words_max,
                       struct verdict_clauses *clauses)
{
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        const struct result_reason *reason = &result->reasons[i];
        struct text text = {0};

        if (code == NULL || strcmp(reason->code, code) == 0) {
            text_add(&text, reason->text);
            verdict_leading(clauses, &text, words_max);
            return;
        }
    }
}

/* ---- By what it came to ---- */

static void tell_missed(const struct result *result, struct verdict_clauses *clauses)
{
    uint32_t count = 0;
    const struct result_objective *missed = first_missed(result, &count);
    struct text text = {0};

    if (missed != NULL) {
        add_objective(missed, &text);
        verdict_clause(clauses, "; ", &text);
    } else if (!add_changes(result, is_regression, 2, clauses)) {
        add_reason(result, NULL, VERDICT_WORDS_MAX, clauses);
    }
    add_outages(result, clauses);
    if (count > 1) {
        verdict_clausef(clauses, "; ", "%u more %s missed", count - 1,
                        count == 2 ? "objective was" : "objectives were");
    }
}

/* "Worst first" is the order in which the self-check has its rows. */
static void tell_not_judged(const struct result *result, struct verdict_clauses *clauses)
{
    const struct result_check *check = NULL;
    char observed[FACTS_TEXT_BYTES];
    char limit[FACTS_TEXT_BYTES];

    if (sentence_lacks_agent(result)) {
        verdict_clausef(clauses, "; ", "an agent was lost, and its share of the load is missing");
        return;
    }
    verdict_clausef(clauses, "; ",
                    result->findings.searches_count > 0 ? "the search has no reliable answer"
                                                        : "the measurement is not reliable");
    for (uint32_t i = 0; i < result->findings.checks_count && check == NULL; i++) {
        if (result->findings.checks[i].status == CHECK_INVALID) {
            check = &result->findings.checks[i];
        }
    }
    if (check == NULL) {
        add_reason(result, NULL, REASON_WORDS_MAX, clauses);
    } else if (isfinite(check->observed) && (check->observed != 0.0 || check->limit != 0.0)) {
        verdict_clausef(clauses, ": ", "%s is %s, limit %s", check->check,
                        facts_check_value(check, check->observed, observed),
                        facts_check_value(check, check->limit, limit));
        if (check->agent[0] != '\0') {
            verdict_clausef(clauses, " ", "(%s)", check->agent);
        }
    }
}

static void tell_not_finished(const struct result *result, struct verdict_clauses *clauses)
{
    char time[FACTS_TEXT_BYTES];

    if (result->cut_off) {
        verdict_clausef(clauses, "; ",
                        "the coordinator ended before the run did; figures are of "
                        "the time until %s",
                        facts_time(result->cut_off_ns, time));
        if (result->findings.searches_count > 0) {
            add_searches(result, clauses);
        }
    } else if (verdict_was_sent(result)) {
        verdict_clausef(clauses, "; ", "the run ended early");
        add_reason(result, NULL, REASON_WORDS_MAX, clauses);
    } else if (result->reasons_count > 0) {
        add_reason(result, NULL, VERDICT_WORDS_MAX, clauses);
        if (clauses->count == 0) {
            verdict_clausef(clauses, "; ", "no message was sent");
        }
    } else {
        verdict_clausef(clauses, "; ", "no message was sent, and no reason was recorded");
    }
}

void verdict_sentence(const struct result *result, struct text *out)
{
    struct verdict_clauses clauses = {.out = out};

    if (result->verdict == VERDICT_INTERRUPTED) {
        verdict_clausef(&clauses, "; ",
                        result->cut_off ? "stopped at once by the user, without draining"
                                        : "stopped by the user");
        add_measured(result, &clauses);
    } else if (result->cut_off || result->verdict == VERDICT_FAILED) {
        tell_not_finished(result, &clauses);
    } else if (result->verdict == VERDICT_INVALID) {
        tell_not_judged(result, &clauses);
    } else if (result->verdict == VERDICT_PASS) {
        add_measured(result, &clauses);
    } else {
        tell_missed(result, &clauses);
    }
    verdict_clauses_end(&clauses);
}

int verdict_text(const struct result *result, struct text *out)
{
    text_addf(out, "%s - ", verdict_badge(result));
    verdict_sentence(result, out);
    return text_failed(out) ? -ENOMEM : 0;
}
