/* Objectives in windows: what `windows` counted while the trials ran, against the share asked. */
#include "judge_parts.h"

#include "units.h"

#include <stdio.h>
#include <string.h>

/* The windows of each trial are a count of their own: like any count they are judged on every
 * trial, so a trial that was ended by them stays missed whatever the others were. */
static const struct window_count *worst_of(const struct judge_question *question,
                                           struct judge_answer *ret)
{
    uint32_t number = (uint32_t)(question->objective - question->terms->objectives);
    const struct window_count *worst = NULL;

    for (uint32_t t = 0; t < question->of->trials_count; t++) {
        for (uint32_t i = 0; i < question->terms->windows_count; i++) {
            const struct window_count *one = &question->terms->windows[i];

            if (one->objective != number || one->trial != question->of->trials[t].number ||
                strcmp(one->phase, question->phase) != 0 || one->windows == 0) {
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
