/* The objectives that the scenario asks for: latencies and rates on the median over the trials,
 * counts on every trial and over all phases. */
#include "judge_inner.h"

#include "metric_value.h"
#include "selfcheck.h"
#include "stats.h"
#include "text.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for "self-check NAME of AGENT". */
#define CHECK_NAME_BYTES 112

static bool is_about(const struct objective *objective, const struct result_case *of)
{
    return objective->target[0] == '\0' || strcmp(objective->target, of->target) == 0;
}

static bool counts_phase(const struct judge_question *question, const struct result_phase *phase)
{
    return strcmp(phase->flow, question->objective->flow) == 0 &&
           (question->phase[0] == '\0' || strcmp(phase->name, question->phase) == 0);
}

/* A count of one trial, over all phases that the question is about. */
static void count_trial(const struct judge_question *question, const struct result_trial *trial,
                        struct judge_answer *ret)
{
    bool is_first = !ret->has_value;
    double sum = 0.0;

    for (uint32_t p = 0; p < trial->phases_count; p++) {
        struct metric_value value;

        if (!counts_phase(question, &trial->phases[p])) {
            continue;
        }
        value = metric_value(&question->objective->metric, trial, &trial->phases[p]);
        sum += value.value;
        ret->samples += value.samples;
        ret->has_value = true;
    }
    /* The worst trial decides: one that misses stays. */
    if (is_first || objective_holds(question->objective, ret->observed)) {
        bool least = question->objective->relation == RELATION_GREATER ||
                     question->objective->relation == RELATION_GREATER_OR_EQUAL;

        ret->observed = is_first                                     ? sum
                        : !objective_holds(question->objective, sum) ? sum
                        : least                                      ? fmin(ret->observed, sum)
                                                                     : fmax(ret->observed, sum);
    }
}

/* Values of the phase in each trial that has one, and the most that they can be; returns how many.
 */
static uint32_t trial_values(const struct judge_question *question, double *values, double *most,
                             struct judge_answer *ret)
{
    uint32_t n = 0;

    for (uint32_t t = 0; t < question->of->trials_count; t++) {
        const struct result_trial *trial = &question->of->trials[t];

        for (uint32_t p = 0; p < trial->phases_count; p++) {
            struct metric_value value;

            if (!counts_phase(question, &trial->phases[p])) {
                continue;
            }
            value = metric_value(&question->objective->metric, trial, &trial->phases[p]);
            ret->samples += value.samples;
            if (value.missing != NULL) {
                ret->missing = value.missing;
                ret->lacks_samples = ret->lacks_samples || value.samples > 0;
            } else {
                most[n] = value.most;
                values[n++] = value.value;
                ret->at_least = ret->at_least || value.at_least;
            }
        }
    }
    return n;
}

/* An answer that has a value, and at most `most`, against the objective's limit. */
static void hold_against_limit(const struct objective *objective, double most,
                               struct judge_answer *answer)
{
    char observed[UNITS_TEXT_BYTES];

    answer->limit = objective->limit;
    answer->holds = metric_holds(objective, answer->observed, most);
    answer->at_least = answer->at_least && most > answer->observed;
    judge_write_value(&objective->metric, answer->observed, observed);
    (void)snprintf(answer->miss, sizeof answer->miss, "it was %s%s%s",
                   answer->at_least ? "at least " : "", observed,
                   answer->at_least ? ", because messages never arrived" : "");
}

static int answer(const struct judge_question *question, struct judge_answer *ret,
                  struct errinfo *reterr)
{
    double *values;
    uint32_t n;

    if (question->objective->window_ns > 0) {
        judge_windows(question, ret);
        return 0;
    }
    memset(ret, 0, sizeof *ret);
    ret->missing = "the case has no such phase";
    if (question->objective->metric.kind == METRIC_COUNT) {
        for (uint32_t t = 0; t < question->of->trials_count; t++) {
            count_trial(question, &question->of->trials[t], ret);
        }
        if (ret->has_value && ret->samples == 0) {
            ret->has_value = false;
            ret->missing = "nothing was sent";
        }
        hold_against_limit(question->objective, ret->observed, ret);
        return 0;
    }
    values = calloc(2 * ((size_t)question->of->trials_count + 1), sizeof *values);
    if (values == NULL) {
        return errinfo_nomem(reterr);
    }
    n = trial_values(question, values, values + question->of->trials_count + 1, ret);
    if (n > 0) {
        ret->has_value = true;
        ret->observed = stats_median(values, n);
        hold_against_limit(question->objective,
                           stats_median(values + question->of->trials_count + 1, n), ret);
    }
    free(values);
    return 0;
}

static struct result_objective *new_row(struct result *result, struct errinfo *reterr)
{
    struct result_objective *grown = realloc(
        result->objectives, ((size_t)result->objectives_count + 1) * sizeof *result->objectives);

    if (grown == NULL) {
        (void)errinfo_nomem(reterr);
        return NULL;
    }
    result->objectives = grown;
    memset(&grown[result->objectives_count], 0, sizeof *grown);
    return &grown[result->objectives_count++];
}

static void fill_row(const struct judge_question *question, const struct judge_answer *answer,
                     bool came_to_end, struct result_objective *row)
{
    const struct objective *objective = question->objective;

    memcpy(row->text, objective->text, sizeof row->text);
    memcpy(row->case_name, question->of->name, sizeof row->case_name);
    (void)snprintf(row->phase, sizeof row->phase, "%.63s", question->phase);
    memcpy(row->flow, objective->flow, sizeof row->flow);
    (void)snprintf(row->unit, sizeof row->unit, "%s",
                   objective->window_ns > 0 ? "%" : objective->metric.unit);
    row->window_ns = objective->window_ns;
    row->limit = objective->window_ns > 0 ? objective->within * 100.0 : objective->limit;
    row->samples = answer->samples;
    row->met = MET_NOT_AVAILABLE;
    if (question->of->status != CASE_MEASURED || question->of->trials_count == 0) {
        (void)text_fitf(row->reason, sizeof row->reason, "the case is %s",
                        case_status_name(question->of->status));
    } else if (!answer->has_value) {
        row->met = answer->lacks_samples && came_to_end ? MET_NO : MET_NOT_AVAILABLE;
        (void)text_fitf(row->reason, sizeof row->reason, "%s", answer->missing);
    } else {
        row->observed = answer->observed;
        row->at_least = answer->at_least;
        row->has_observed = true;
        row->met = answer->holds ? MET_YES : MET_NO;
        if (row->met == MET_NO) {
            memcpy(row->reason, answer->miss, sizeof row->reason);
        }
    }
}

static void say_check(const struct result_check *check, char *text, size_t text_bytes)
{
    (void)snprintf(text, text_bytes, "self-check %.40s%s%.40s", check->check,
                   check->agent[0] != '\0' ? " of " : "", check->agent);
}

/* Neither met nor missed: the figure can't be trusted. It is shown all the same. */
static int void_row(struct result *result, struct result_objective *row,
                    const struct result_check *check, struct tally *tally, struct errinfo *reterr)
{
    char which[CHECK_NAME_BYTES];
    char observed[REASON_BYTES] = "";
    char text[ERRINFO_BYTES];

    say_check(check, which, sizeof which);
    if (row->met == MET_NO) { /* How it was missed begins with what was seen. */
        (void)text_fitf(observed, sizeof observed, "%s; ", row->reason);
    }
    row->met = MET_NOT_AVAILABLE;
    /* What the signal means stands in its own row and in the sentence: once is enough. */
    (void)snprintf(row->reason, sizeof row->reason, "%s", which);
    tally->invalid++;
    (void)text_fitf(text, sizeof text, "%s was not judged: %s%s", row->text, observed, row->reason);
    return judge_add_reason(result, "invalid", row->case_name, text, reterr);
}

/* A bound on the side to which a busy generator moves the figure. */
static bool is_bounded_well(const struct objective *objective)
{
    enum objective_relation relation = objective->relation;

    return objective->metric.higher_is_better
               ? relation == RELATION_GREATER || relation == RELATION_GREATER_OR_EQUAL
               : relation == RELATION_LESS || relation == RELATION_LESS_OR_EQUAL;
}

/* NULL, for doubt(): the user wants it so. */
static const struct result_check *judged_anyway(const struct result_check *check,
                                                struct result_objective *row)
{
    size_t used = strlen(row->reason);
    char which[CHECK_NAME_BYTES];

    say_check(check, which, sizeof which);
    (void)snprintf(row->reason + used, sizeof row->reason - used,
                   "%sjudged all the same, despite %s", used > 0 ? "; " : "", which);
    return NULL;
}

/* The check that leaves the row unjudged; NULL: it stands, and if it is met in spite of one, its
 * reason says so. */
static const struct result_check *doubt(const struct result *result,
                                        const struct judge_question *question,
                                        struct result_objective *row)
{
    const struct metric *metric = &question->objective->metric;
    const struct result_check *check = selfcheck_void(result, question->of, metric);
    const struct result_check *lost =
        judge_lost(result, question->of, question->phase, question->objective->flow);
    char which[CHECK_NAME_BYTES];

    if (lost != NULL && !judge_stands(question->objective, row)) {
        return question->terms->selfcheck_warns ? judged_anyway(lost, row) : lost;
    }
    if (check == NULL ||
        (metric->kind == METRIC_ATTAINED && row->met == MET_NO &&
         judge_broker_held_back(question->of, question->phase, question->objective->flow))) {
        return NULL; /* However busy the generator was, it waited for the broker. */
    }
    say_check(check, which, sizeof which);
    if (row->met == MET_YES && is_bounded_well(question->objective)) {
        const struct result_check *better =
            selfcheck_void_better(result, question->of, metric, question->phase);

        if (better == NULL) {
            (void)text_fitf(row->reason, sizeof row->reason, "met despite a busy host: %s", which);
            return NULL;
        }
        check = better;
    }
    return question->terms->selfcheck_warns ? judged_anyway(check, row) : check;
}

static int judge_one_question(struct result *result, const struct judge_question *question,
                              struct tally *tally, struct errinfo *reterr)
{
    struct result_objective *row;
    struct judge_answer found;
    char text[ERRINFO_BYTES];
    int r = answer(question, &found, reterr);

    if (r < 0) {
        return r;
    }
    row = new_row(result, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    fill_row(question, &found, tally->came_to_end, row);
    if (found.has_value || row->met == MET_NO) {
        const struct result_check *check = doubt(result, question, row);

        if (check != NULL) {
            return void_row(result, row, check, tally, reterr);
        }
    }
    tally->met += row->met == MET_YES ? 1 : 0;
    if (row->met != MET_NO) {
        return 0;
    }
    tally->missed++;
    (void)text_fitf(text, sizeof text, "%s was missed%s%s%s%s: %s", row->text,
                    row->phase[0] != '\0' ? " in " : "", row->phase,
                    row->flow[0] != '\0' ? " by flow " : "", row->flow, row->reason);
    return judge_add_reason(result, found.has_value ? "objective_missed" : "no_samples",
                            row->case_name, text, reterr);
}

/* Of one objective in one case: a count once, anything else for each phase that is judged. */
static int judge_case(struct result *result, const struct judge_terms *terms, uint32_t number,
                      const struct result_case *of, struct tally *tally, struct errinfo *reterr)
{
    const struct objective *objective = &terms->objectives[number];
    struct judge_question question = {
        .terms = terms, .objective = objective, .of = of, .phase = objective->phase};
    bool by_phase = (objective->metric.kind != METRIC_COUNT || objective->window_ns > 0) &&
                    objective->phase[0] == '\0';
    int r = 0;

    if (!by_phase || of->phases_count == 0) {
        return judge_one_question(result, &question, tally, reterr);
    }
    for (uint32_t p = 0; r == 0 && p < of->phases_count; p++) {
        const struct result_phase *phase = &of->phases[p];

        question.phase = phase->name;
        if (phase->measured && phase->flow[0] == '\0') {
            r = judge_one_question(result, &question, tally, reterr);
        }
    }
    return r;
}

/* What could be judged nowhere is not met: nothing passes over no samples. */
static int judge_nowhere(struct result *result, const struct objective *objective, uint32_t first,
                         struct tally *tally, struct errinfo *reterr)
{
    char text[ERRINFO_BYTES];

    for (uint32_t i = first; i < result->objectives_count; i++) {
        if (result->objectives[i].met != MET_NOT_AVAILABLE) {
            return 0;
        }
    }
    tally->missed++;
    (void)text_fitf(text, sizeof text, "%s was judged in no case%s%s", objective->text,
                    first < result->objectives_count ? ": " : "",
                    first < result->objectives_count ? result->objectives[first].reason : "");
    return judge_add_reason(result, "no_samples", "", text, reterr);
}

int judge_asked(struct result *result, const struct judge_terms *terms, struct tally *tally,
                struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < terms->objectives_count; i++) {
        const struct objective *objective = &terms->objectives[i];
        uint32_t first = result->objectives_count;
        uint32_t invalid = tally->invalid;

        for (uint32_t c = 0; r == 0 && c < result->cases_count; c++) {
            if (is_about(objective, &result->cases[c])) {
                r = judge_case(result, terms, i, &result->cases[c], tally, reterr);
            }
        }
        if (r == 0 && tally->came_to_end && tally->invalid == invalid) {
            r = judge_nowhere(result, objective, first, tally, reterr);
        }
    }
    return r;
}
