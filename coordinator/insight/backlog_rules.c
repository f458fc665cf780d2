/* backlog_rules: messages that were confirmed and not yet received. */
#include "rules_inner.h"

#include "trend_inner.h"
#include "units.h"

#include <math.h>

/* The search's own rule (search_step.h): a backlog that grows by more than that part of the rate
 * is one. */
#define GROWTH_OF_RATE 0.001

/* Below it an empty queue's ordinary coming and going looks like a slope. */
#define GROWTH_MESSAGES_MIN 100.0

/* What is worth the words "it had to be emptied": more than what is under way at any time, and than
 * a second brings, the interval in which a backlog is known. */
#define EMPTIED_MESSAGES_MIN 1000
#define EMPTIED_SECONDS_MIN 1.0
#define SENT_SHARE_MAX 0.01

/* Half of a backlog comes up in the second half of the time in which consumers fall behind. One
 * that does not grow there is the time that each message takes, or a queue that is full: nothing
 * that an outage of the consumers would leave. */
#define BUILT_LATE_MIN 0.4

static void add_growing(struct insights *insights, const struct result_case *of,
                        const struct result_phase *phase, const struct trend *trend)
{
    double rate = phase->received_per_s + trend->slope;
    struct result_insight *insight = insight_new(insights, of->name, trend->slope / rate);
    char growth[UNITS_TEXT_BYTES];
    char received[UNITS_TEXT_BYTES];
    char hour[UNITS_TEXT_BYTES];

    insight_place(insight, of, phase->name, "");
    insight_say(
        insight->text,
        "the backlog grows by %s. Consumers receive %s, which is %.1f %% of the target. "
        "After an hour %s more messages would wait.",
        units_format_rate(trend->slope, growth), units_format_rate(phase->received_per_s, received),
        phase->received_per_s / rate * 100.0, units_format_count(trend->slope * 3600.0, hour));
    insight_say(insight->advice,
                "This rate cannot be sustained, so its latency depends on the length of the run. "
                "Lower the rate or add consumers. A scenario with `search` finds the highest rate "
                "that holds.");
    insight_figure(insight, "growth", trend->slope, "/s");
    insight_figure(insight, "error", trend->slope_error, "/s");
    insight_figure(insight, "received_rate", phase->received_per_s, "/s");
    insight_figure(insight, "seconds", trend->length, "");
}

static bool find_growth(struct insights *insights, const struct result_trial *trial, uint32_t index,
                        struct trend *ret)
{
    const struct result_phase *phase = &trial->phases[index];
    uint32_t count = 0;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        if (insight_within(&trial->intervals[i], phase)) {
            insights->x[count] = (double)trial->intervals[i].start_ns / 1e9;
            insights->y[count++] = (double)trial->intervals[i].backlog;
        }
    }
    /* Where nothing is consumed a backlog is what was asked for. */
    return trend_fit(insights->x, insights->y, count, ret) && trend_rises(ret) &&
           phase->received_per_s > 0.0 && ret->slope > GROWTH_OF_RATE * phase->received_per_s &&
           ret->slope * ret->length >= GROWTH_MESSAGES_MIN;
}

void rule_backlog_growing(struct insights *insights, const struct result_case *of)
{
    for (uint32_t p = 0; p < of->phases_count; p++) {
        bool found = !insight_whole_row(&of->phases[p]);

        for (uint32_t t = 0; !found && t < of->trials_count; t++) {
            struct trend trend;

            found =
                p < of->trials[t].phases_count && find_growth(insights, &of->trials[t], p, &trend);
            if (found) {
                add_growing(insights, of, &of->trials[t].phases[p], &trend);
            }
        }
    }
}

/* The backlog with which a phase ends: that of the last interval that begins within it. */
static bool backlog_after(const struct result_trial *trial, const struct result_phase *phase,
                          uint64_t *ret)
{
    bool known = false;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *interval = &trial->intervals[i];

        if (interval->complete && interval->start_ns <= phase->start_ns + phase->duration_ns) {
            *ret = interval->backlog;
            known = true;
        }
    }
    return known;
}

/* The backlog at a time: what intervals end with, and straight lines between. */
static double backlog_at(const struct result_trial *trial, int64_t at_ns)
{
    int64_t before_ns = 0;
    double before = 0.0;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *interval = &trial->intervals[i];
        int64_t end_ns = interval->start_ns + result_interval_ns(interval);

        if (!interval->complete) {
            continue;
        }
        if (end_ns >= at_ns) {
            return before + ((double)interval->backlog - before) * (double)(at_ns - before_ns) /
                                (double)(end_ns - before_ns);
        }
        before_ns = end_ns;
        before = (double)interval->backlog;
    }
    return before;
}

/* By how much the backlog grew in the second half of a phase, as far as whole intervals tell: the
 * one in which it ends may have emptied it again. */
static double grown_late(const struct result_trial *trial, const struct result_phase *phase)
{
    int64_t until_ns = (phase->start_ns + phase->duration_ns) / INTERVAL_NS * INTERVAL_NS;
    int64_t middle_ns = phase->start_ns + (until_ns - phase->start_ns) / 2;

    if (phase->flow[0] != '\0' || until_ns <= phase->start_ns) {
        return 0.0;
    }
    return (backlog_at(trial, until_ns) - backlog_at(trial, middle_ns)) *
           (double)phase->duration_ns / (double)(until_ns - phase->start_ns);
}

struct emptied {
    const struct result_phase *phase;
    uint64_t before;
    uint64_t after;
    double seconds;
    double drained_per_s;
    double built_per_s; /* What came in in the phase that built most of it. */
};

/* Did earlier phases build that backlog? Sets what came in in the one that built most. */
static bool find_built(const struct result_trial *trial, uint32_t index, struct emptied *emptied)
{
    double most = 0.0;
    double sum = 0.0;

    for (uint32_t i = 0; i < index; i++) {
        double grown = grown_late(trial, &trial->phases[i]);

        sum += fmax(grown, 0.0);
        if (grown > most) {
            most = grown;
            emptied->built_per_s = trial->phases[i].acked_per_s;
        }
    }
    return sum >= BUILT_LATE_MIN * (double)emptied->before;
}

/* A phase that only empties what an earlier one left. */
static bool find_emptied(const struct result_trial *trial, uint32_t index, struct emptied *ret)
{
    const struct result_phase *phase = &trial->phases[index];
    double received;

    *ret = (struct emptied){.phase = phase, .seconds = (double)phase->duration_ns / 1e9};
    if (phase->flow[0] != '\0' || phase->due > 0 || phase->duration_ns <= 0 ||
        !backlog_after(trial, phase, &ret->after)) {
        return false;
    }
    if (phase->sent_per_s > SENT_SHARE_MAX * phase->received_per_s) {
        return false; /* What was owed from before was still being sent. */
    }
    /* Nothing was sent, so what was received is what was waiting. */
    received = phase->received_per_s * ret->seconds;
    ret->before = ret->after + (uint64_t)llround(received);
    ret->drained_per_s = phase->received_per_s;
    return received > 0.0 && ret->before >= EMPTIED_MESSAGES_MIN && find_built(trial, index, ret) &&
           (double)ret->before >= EMPTIED_SECONDS_MIN * ret->built_per_s;
}

static const char *span(double seconds, char *text)
{
    double most = 1e6 * 3600.0; /* Rates that are all but the same would take forever. */

    return seconds < 120.0 ? units_format_ns(seconds * 1e9, text)
                           : units_format_duration((int64_t)(fmin(seconds, most) * 1e9), text);
}

/* How long the same backlog would take to empty while messages go on coming in. */
static void say_catching_up(struct result_insight *insight, const struct emptied *emptied)
{
    double spare_per_s = emptied->drained_per_s - emptied->built_per_s;
    char built[UNITS_TEXT_BYTES];
    char takes[UNITS_TEXT_BYTES];

    if (emptied->built_per_s <= 0.0) {
        return;
    }
    (void)units_format_rate(emptied->built_per_s, built);
    insight_figure(insight, "built", emptied->built_per_s, "/s");
    if (spare_per_s <= 0.0) {
        insight_say(
            insight->advice,
            "With %s still arriving the backlog would never become empty. To recover from an "
            "outage at that rate, add consumers.",
            built);
        return;
    }
    insight_say(insight->advice,
                "With %s still arriving, each minute without consumers takes %s to catch up.",
                built, span(60.0 * emptied->built_per_s / spare_per_s, takes));
    insight_figure(insight, "catch_up_ratio", emptied->built_per_s / spare_per_s, "");
}

static void add_emptied(struct insights *insights, const struct result_case *of,
                        const struct emptied *emptied)
{
    struct result_insight *insight = insight_new(insights, of->name, emptied->seconds);
    char before[UNITS_TEXT_BYTES];
    char after[UNITS_TEXT_BYTES];
    char rate[UNITS_TEXT_BYTES];
    char took[UNITS_TEXT_BYTES];

    (void)units_format_count((double)emptied->before, before);
    (void)units_format_rate(emptied->drained_per_s, rate);
    (void)span(emptied->seconds, took);
    insight_place(insight, of, emptied->phase->name, "");
    if (emptied->after == 0) {
        insight_say(insight->text, "a backlog of %s messages was empty after %s, at %s", before,
                    took, rate);
    } else {
        insight_say(insight->text,
                    "a backlog of %s messages was not empty after %s. %s messages were left, at %s",
                    before, took, units_format_count((double)emptied->after, after), rate);
    }
    insight_figure(insight, "backlog", (double)emptied->before, "messages");
    insight_figure(insight, "left", (double)emptied->after, "messages");
    insight_figure(insight, "seconds", emptied->seconds, "");
    insight_figure(insight, "drained", emptied->drained_per_s, "/s");
    say_catching_up(insight, emptied);
}

void rule_backlog_emptied(struct insights *insights, const struct result_case *of)
{
    for (uint32_t p = 0; p < of->phases_count; p++) {
        struct emptied slowest = {0};

        for (uint32_t t = 0; t < of->trials_count; t++) {
            struct emptied emptied;

            if (p < of->trials[t].phases_count && find_emptied(&of->trials[t], p, &emptied) &&
                emptied.seconds > slowest.seconds) {
                slowest = emptied;
            }
        }
        if (slowest.phase != NULL) {
            add_emptied(insights, of, &slowest);
        }
    }
}
