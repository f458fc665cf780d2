/* load_rules: what a changing load did: a ramp, or a peak and the time after it. */
#include "rules_inner.h"

#include "units.h"

#include <math.h>
#include <stdlib.h>

/* A ramp ends with at least that many times what it began with, by its quarters. */
#define RAMP_RATIO_MIN 1.5
#define RAMP_SECONDS_MIN 8

/* Latency has left its level when p99 is that far above it, and stays there to the end. Single
 * seconds of an idle machine differ by as much, runs of them don't. */
#define LEVEL_RATIO 3.0
#define LEVEL_SECONDS_MIN 3
#define LEVEL_NS_MIN 1e6

/* A phase is a peak when it asks for that many times what stands before and after it. */
#define PEAK_RATIO_MIN 1.5
#define CALM_RATIO_MAX 1.2

/* Messages of a second that its p99 needs here: seconds bear each other out. */
#define SECOND_SAMPLES_MIN 100

static double p99_of(const struct result_interval *interval)
{
    if (interval->e2e.samples >= SECOND_SAMPLES_MIN) {
        return (double)interval->e2e.p99;
    }
    return interval->publish.samples >= SECOND_SAMPLES_MIN ? (double)interval->publish.p99 : 0.0;
}

/* The seconds of a phase that have a p99: it into y, their rate into x. */
static uint32_t seconds_of(struct insights *insights, const struct result_trial *trial,
                           const struct result_phase *phase)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *interval = &trial->intervals[i];

        if (insight_within(interval, phase) && p99_of(interval) > 0.0) {
            insights->x[count] = (double)interval->due;
            insights->y[count++] = p99_of(interval);
        }
    }
    return count;
}

static double mean_of(const double *values, uint32_t count)
{
    double sum = 0.0;

    for (uint32_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return count == 0 ? 0.0 : sum / count;
}

/* Least p99 of a stretch's seconds but one: a level that one lucky second does not set. */
static double level_of(const double *p99, uint32_t count)
{
    double least = INFINITY;
    double second = INFINITY;

    for (uint32_t i = 0; i < count; i++) {
        if (p99[i] < least) {
            second = least;
            least = p99[i];
        } else if (p99[i] < second) {
            second = p99[i];
        }
    }
    return count < 2 ? least : second;
}

static void add_ramp(struct insights *insights, const struct result_case *of,
                     const struct result_phase *phase, uint32_t count, uint32_t knee)
{
    double level = level_of(insights->y, count / 4);
    double last = insights->y[count - 1];
    struct result_insight *insight = insight_new(insights, of->name, last / level);
    char rate[UNITS_TEXT_BYTES];
    char from[UNITS_TEXT_BYTES];
    char to[UNITS_TEXT_BYTES];

    insight_place(insight, of, phase->name, "");
    insight_say(insight->text, "p99 was %s up to a rate of %s. At the end it was %s.",
                units_format_ns(level, from), units_format_rate(insights->x[knee], rate),
                units_format_ns(last, to));
    insight_say(insight->advice, "Run rates near that one for longer to see which of them holds.");
    insight_figure(insight, "rate", insights->x[knee], "/s");
    insight_figure(insight, "level", level, "ns");
    insight_figure(insight, "last", last, "ns");
}

static bool find_ramp(struct insights *insights, const struct result_case *of,
                      const struct result_trial *trial, uint32_t index)
{
    const struct result_phase *phase = &trial->phases[index];
    uint32_t count = seconds_of(insights, trial, phase);
    uint32_t knee = count;
    double limit;

    if (phase->is_max || count < RAMP_SECONDS_MIN ||
        mean_of(insights->x + count - count / 4, count / 4) <
            RAMP_RATIO_MIN * mean_of(insights->x, count / 4)) {
        return false;
    }
    limit = LEVEL_RATIO * level_of(insights->y, count / 4) + LEVEL_NS_MIN;
    while (knee > 0 && insights->y[knee - 1] > limit) {
        knee--;
    }
    if (knee == 0 || count - knee < LEVEL_SECONDS_MIN) {
        return false;
    }
    add_ramp(insights, of, phase, count, knee);
    return true;
}

void rule_ramp_knee(struct insights *insights, const struct result_case *of)
{
    for (uint32_t p = 0; p < of->phases_count; p++) {
        bool found = !insight_whole_row(&of->phases[p]);

        for (uint32_t t = 0; !found && t < of->trials_count; t++) {
            found = p < of->trials[t].phases_count && find_ramp(insights, of, &of->trials[t], p);
        }
    }
}

/* The next phase of all flows at or after index that asks for something; NULL if there is none. */
static const struct result_phase *next_load(const struct result_trial *trial, uint32_t *index)
{
    while (*index < trial->phases_count) {
        const struct result_phase *phase = &trial->phases[(*index)++];

        if (phase->flow[0] == '\0' && phase->asked_per_s > 0.0) {
            return phase;
        }
    }
    return NULL;
}

static void add_recovery(struct insights *insights, const struct result_case *of,
                         const struct result_phase *peak, double level, double worst,
                         double seconds)
{
    struct result_insight *insight = insight_new(insights, of->name, worst / level);
    char before[UNITS_TEXT_BYTES];
    char during[UNITS_TEXT_BYTES];

    insight_say(insight->text, "%s: %s raised p99 from %s to %s. ", of->name, peak->name,
                units_format_ns(level, before), units_format_ns(worst, during));
    if (seconds == 0.0) {
        insight_say(insight->text, "It was back in the first second after the peak.");
    } else if (seconds > 0.0) {
        insight_say(insight->text, "It was back %.0f s after the peak.", seconds);
    }
    if (seconds >= 0.0) {
        insight_figure(insight, "recovery_s", seconds, "");
    } else {
        insight_say(insight->text, "It was not back by the end of the phase after it.");
        insight_say(insight->advice,
                    "The peak left a backlog that consumers did not remove in time. Make the phase "
                    "after it longer to see how long that takes.");
    }
    insight_figure(insight, "level", level, "ns");
    insight_figure(insight, "peak", worst, "ns");
}

/* From the end of the peak to the second from which on p99 stays within the level; -1: never. */
static double seconds_until(const struct result_trial *trial, const struct result_phase *after,
                            double limit)
{
    double back = 0.0;
    bool ended_late = false;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *interval = &trial->intervals[i];
        int64_t end_ns = interval->start_ns + result_interval_ns(interval);

        if (interval->complete && end_ns > after->start_ns &&
            end_ns <= after->start_ns + after->duration_ns && p99_of(interval) > 0.0) {
            ended_late = p99_of(interval) > limit;
            back = ended_late ? (double)(end_ns - after->start_ns) / 1e9 : back;
        }
    }
    return ended_late ? -1.0 : back;
}

static void look_at_peak(struct insights *insights, const struct result_case *of,
                         const struct result_trial *trial, const struct result_phase *const *three)
{
    uint32_t count = seconds_of(insights, trial, three[0]);
    double level;
    double worst = 0.0;

    if (count < LEVEL_SECONDS_MIN ||
        three[1]->asked_per_s < PEAK_RATIO_MIN * three[0]->asked_per_s ||
        three[2]->asked_per_s > CALM_RATIO_MAX * three[0]->asked_per_s) {
        return;
    }
    level = level_of(insights->y, count);
    count = seconds_of(insights, trial, three[1]);
    for (uint32_t i = 0; i < count; i++) {
        worst = fmax(worst, insights->y[i]);
    }
    if (worst > LEVEL_RATIO * level + LEVEL_NS_MIN) {
        add_recovery(insights, of, three[1], level, worst,
                     seconds_until(trial, three[2], LEVEL_RATIO * level + LEVEL_NS_MIN));
    }
}

/* The first trial stands for all: what it says is of seconds, not of a mean. */
void rule_peak_recovery(struct insights *insights, const struct result_case *of)
{
    const struct result_phase *three[3] = {NULL, NULL, NULL};
    uint32_t index = 0;

    while ((three[2] = next_load(&of->trials[0], &index)) != NULL) {
        if (three[0] != NULL && three[0]->measured && three[1]->measured) {
            look_at_peak(insights, of, &of->trials[0], three);
        }
        three[0] = three[1];
        three[1] = three[2];
    }
}

/* What was never sent has no latency: who reads percentiles has to know how much is missing. */
void rule_late_skipped(struct insights *insights, const struct result_case *of)
{
    for (uint32_t p = 0; p < of->phases_count; p++) {
        const struct result_phase *phase = &of->phases[p];
        struct result_insight *insight;
        double share;

        if (!insight_whole_row(phase) || phase->skipped == 0 || phase->due == 0) {
            continue;
        }
        share = (double)phase->skipped / (double)phase->due;
        insight = insight_new(insights, of->name, share);
        insight_place(insight, of, phase->name, "");
        insight_say(insight->text,
                    "%.3g %% of the messages were skipped (%llu of %llu). They were later than "
                    "catch_up allows when they could be sent. Latencies are those of the others.",
                    share * 100.0, (unsigned long long)phase->skipped,
                    (unsigned long long)phase->due);
        insight_say(insight->advice, "With catch_up: burst every message is sent, and its "
                                     "delay is part of the latency.");
        insight_figure(insight, "skipped", (double)phase->skipped, "messages");
        insight_figure(insight, "due", (double)phase->due, "messages");
    }
}
