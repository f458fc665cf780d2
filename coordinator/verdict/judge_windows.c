/* Objectives in windows: what `windows` counted while the trials ran, against the share asked. */
#include "judge_inner.h"

#include "text.h"
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

/* Messages of the phase that were sent and never came: of their latency nothing is in any window.
 */
static uint64_t never_came(const struct judge_question *question, const struct result_trial *trial,
                           const struct window_count *one)
{
    const struct objective *objective = question->objective;

    for (uint32_t i = 0; objective->metric.kind == METRIC_LATENCY && i < trial->phases_count; i++) {
        const struct result_phase *phase = &trial->phases[i];
        const struct hist *hist = phase->latency[objective->metric.series];

        if (strcmp(phase->name, one->phase) == 0 && strcmp(phase->flow, objective->flow) == 0) {
            uint64_t censored = hist == NULL ? 0 : hist_censored(hist);

            return censored > one->censored ? censored - one->censored : 0;
        }
    }
    return 0;
}

/* So many windows those can be of that would not hold with them. */
static uint32_t spoilt(const struct window_count *one, uint64_t messages)
{
    uint64_t windows = one->room == UINT64_MAX ? 0 : messages / (one->room + 1);

    return windows < one->held ? (uint32_t)windows : one->held;
}

struct worst_windows {
    const struct window_count *count; /* NULL: there are none. */
    uint32_t held;                    /* Whatever came late. */
    uint64_t never_came;
};

/* The windows of each trial are a count of their own: like any count they are judged on every
 * trial, so a trial that was ended by them stays missed whatever the others were. */
static struct worst_windows worst_of(const struct judge_question *question,
                                     struct judge_answer *ret)
{
    uint32_t number = (uint32_t)(question->objective - question->terms->objectives);
    const struct judge_terms *terms = question->terms;
    struct worst_windows worst = {0};

    for (uint32_t t = 0; t < question->of->trials_count; t++) {
        const struct result_trial *trial = &question->of->trials[t];

        for (uint32_t i = first_of_trial(terms, trial->number);
             i < terms->windows_count && terms->windows[i].trial == trial->number; i++) {
            const struct window_count *one = &terms->windows[i];
            uint64_t messages;
            uint32_t held;

            if (one->objective != number || strcmp(one->phase, question->phase) != 0 ||
                one->windows == 0) {
                continue;
            }
            ret->samples += one->samples;
            messages = never_came(question, trial, one);
            held = one->held - spoilt(one, messages);
            if (worst.count == NULL ||
                (uint64_t)held * worst.count->windows < (uint64_t)worst.held * one->windows) {
                worst = (struct worst_windows){one, held, messages};
            }
        }
    }
    return worst;
}

void judge_windows(const struct judge_question *question, struct judge_answer *ret)
{
    const struct objective *objective = question->objective;
    const struct window_count *count;
    struct worst_windows worst;
    char value[UNITS_TEXT_BYTES] = "";
    char never[128] = "";

    memset(ret, 0, sizeof *ret);
    ret->missing = "no window of the phase was measured";
    worst = worst_of(question, ret);
    count = worst.count;
    if (count == NULL) {
        return;
    }
    ret->has_value = true;
    ret->observed = 100.0 * (double)worst.held / (double)count->windows;
    ret->limit = 100.0 * objective->within;
    ret->holds = ret->samples > 0 && ret->observed >= ret->limit - 1e-9;
    if (count->has_worst) {
        judge_write_value(&objective->metric, count->worst, value);
    }
    if (worst.held < count->held) {
        (void)text_fitf(
            never, sizeof never,
            "; %llu messages that never arrived can belong to %u more windows that missed it",
            (unsigned long long)worst.never_came, count->held - worst.held);
    }
    (void)text_fitf(ret->miss, sizeof ret->miss, "it held in %u of %u windows%s%s%s%s", count->held,
                    count->windows,
                    count->has_worst ? ", the worst value was " : ": no other had enough samples",
                    value, never, question->of->trials_count > 1 ? " (of the worst trial)" : "");
}
