/* Objectives in windows: what `windows` counted while the trials ran, against the share asked. */
#include "judge_parts.h"

#include "units.h"

#include <stdio.h>
#include <string.h>

/* The first that is not of an earlier trial: thousands of cases have a row in each of thousands. */
static uint32_t first_of_trial(const struct judge_terms *terms, uint32_t trial)
{
    uint32_t low = 0;
    uint32_t high = terms->windows_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (terms->windows[middle].trial < trial) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The windows of each trial are a count of their own: like any count they are judged on every
 * trial, so a trial that was ended by them stays missed whatever the others were. */
static const struct window_count *worst_of(const struct judge_question *question,
                                           struct judge_answer *ret)
{
    uint32_t number = (uint32_t)(question->objective - question->terms->objectives);
    const struct judge_terms *terms = question->terms;
    const struct window_count *worst = NULL;

    for (uint32_t t = 0; t < question->of->trials_count; t++) {
        uint32_t trial = question->of->trials[t].number;

        for (uint32_t i = first_of_trial(terms, trial);
             i < terms->windows_count && terms->windows[i].trial == trial; i++) {
            const struct window_count *one = &terms->windows[i];

            if (one->objective != number || strcmp(one->phase, question->phase) != 0 ||
                one->windows == 0) {
                continue;
            }
            ret->samples += one->samples;
            if (worst == NULL ||
                (uint64_t)one->held * worst->windows < (uint64_t)worst->held * one->windows) {
                worst = one;
            }
        }
    }
    return worst;
}

void judge_windows(const struct judge_question *question, struct judge_answer *ret)
{
    const struct objective *objective = question->objective;
    const struct window_count *worst;
    char value[UNITS_TEXT_BYTES] = "";

    memset(ret, 0, sizeof *ret);
    ret->missing = "no window of the phase was measured";
    worst = worst_of(question, ret);
    if (worst == NULL) {
        return;
    }
    ret->has_value = true;
    ret->observed = 100.0 * (double)worst->held / (double)worst->windows;
    ret->limit = 100.0 * objective->within;
    ret->holds = ret->samples > 0 && ret->observed >= ret->limit - 1e-9;
    if (worst->has_worst) {
        judge_write_value(&objective->metric, worst->worst, value);
    }
    (void)snprintf(ret->miss, sizeof ret->miss, "it held in %u of %u%s%s%s", worst->held,
                   worst->windows,
                   worst->has_worst ? ", in the worst it was " : ": no other had enough samples",
                   value, question->of->trials_count > 1 ? " (of the worst trial)" : "");
}
