/* time_rules: what changes in the course of a phase that asks for the same all the time. */
#include "rules_inner.h"

#include "trend_inner.h"
#include "units.h"

#include <math.h>
#include <string.h>

/* Seconds that a drift needs, and messages in each for its p99 (10 / (1 - q) would be
 * 1000; here 20 seconds or more bear each other out). */
#define DRIFT_SECONDS_MIN 20
#define DRIFT_SAMPLES_MIN 100

/* What `compare` calls too much for a p99. */
#define DRIFT_MIN 0.1

/* Of the second half of a phase. In the first one an agent's memory grows by itself: pages are
 * touched for the first time, allocators fill their pools. */
#define MEMORY_SECONDS_MIN 20

/* Less is within what an allocator keeps or gives back at will. */
#define MEMORY_GROWTH_MIN 0.05
#define MEMORY_BYTES_MIN (4.0 * 1024 * 1024)

/* Latencies of the seconds of a phase, as logarithms: drift is a ratio. Returns how many. */
static uint32_t latencies(struct insights *insights, const struct result_trial *trial,
                          const struct result_phase *phase, bool tail)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *interval = &trial->intervals[i];
        bool e2e = interval->e2e.samples > 0;
        uint64_t samples = e2e ? interval->e2e.samples : interval->publish.samples;
        int64_t p50 = e2e ? interval->e2e.p50 : interval->publish.p50;
        int64_t p99 = e2e ? interval->e2e.p99 : interval->publish.p99;

        if (insight_within(interval, phase) && samples >= DRIFT_SAMPLES_MIN && p50 > 0) {
            insights->x[count] = (double)interval->start_ns / 1e9;
            insights->y[count++] = log((double)(tail ? p99 : p50));
        }
    }
    return count;
}

static void add_drift(struct insights *insights, const struct result_case *of,
                      const struct result_phase *phase, const struct trend *trend, bool tail)
{
    double drift = exp(trend->slope * trend->length) - 1.0;
    double first_ns = exp(trend->mean - trend->slope * trend->length / 2.0);
    struct result_insight *insight = insight_new(insights, of->name, drift);
    char from[UNITS_TEXT_BYTES];
    char to[UNITS_TEXT_BYTES];

    insight_place(insight, of, phase->name, "");
    insight_say(insight->text,
                "%s latency rose from %s to %s, by %.0f %%, in %.0f s of unchanged load",
                tail ? "p99" : "median", units_format_ns(first_ns, from),
                units_format_ns(first_ns * (1.0 + drift), to), drift * 100.0, trend->length);
    insight_say(insight->advice,
                "Figures of a short run do not hold for a long one. Run it for longer (--set "
                "phases.%s.for=...) and see whether the latency stops rising.",
                phase->name);
    insight_figure(insight, "drift", drift * 100.0, "%");
    insight_figure(insight, "error", trend->slope_error * trend->length * 100.0, "%");
    insight_figure(insight, "first", first_ns, "ns");
    insight_figure(insight, "last", first_ns * (1.0 + drift), "ns");
    insight_figure(insight, "seconds", trend->length, "");
}

/* The median first: when that drifts, so does the rest. */
static bool find_drift(struct insights *insights, const struct result_case *of,
                       const struct result_trial *trial, const struct result_phase *phase)
{
    for (int tail = 0; tail <= 1; tail++) {
        uint32_t count = latencies(insights, trial, phase, tail == 1);
        struct trend trend;

        if (count >= DRIFT_SECONDS_MIN && trend_fit(insights->x, insights->y, count, &trend) &&
            trend_rises(&trend) && exp(trend.slope * trend.length) - 1.0 >= DRIFT_MIN) {
            add_drift(insights, of, phase, &trend, tail == 1);
            return true;
        }
    }
    return false;
}

void rule_latency_drift(struct insights *insights, const struct result_case *of)
{
    for (uint32_t p = 0; p < of->phases_count; p++) {
        bool found = !insight_whole_row(&of->phases[p]);

        for (uint32_t t = 0; !found && t < of->trials_count; t++) {
            const struct result_trial *trial = &of->trials[t];

            found = p < trial->phases_count && insight_is_steady(trial, &trial->phases[p]) &&
                    find_drift(insights, of, trial, &trial->phases[p]);
        }
    }
}

static void add_memory(struct insights *insights, const struct result_case *of,
                       const struct result_phase *phase, uint32_t agent, const struct trend *trend)
{
    const struct result_agent *who = &insights->result->agents[agent];
    double last_bytes = trend->mean + trend->slope * trend->length / 2.0;
    double hours = ((double)who->memory_bytes - last_bytes) / trend->slope / 3600.0;
    struct result_insight *insight = insight_new(insights, of->name, trend->slope);
    char per_minute[UNITS_TEXT_BYTES];
    char reached[UNITS_TEXT_BYTES];

    insight_place(insight, of, phase->name, "");
    insight_say(insight->text, "memory of %s grows by %s a minute. It reached %s.", who->name,
                units_format_bytes(trend->slope * 60.0, per_minute),
                units_format_bytes(last_bytes, reached));
    insight_figure(insight, "growth_per_s", trend->slope, "bytes");
    insight_figure(insight, "error_per_s", trend->slope_error, "bytes");
    insight_figure(insight, "reached", last_bytes, "bytes");
    insight_figure(insight, "seconds", trend->length, "");
    if (who->memory_bytes > 0 && hours > 0.0) {
        insight_say(
            insight->advice,
            "At that rate the memory of its host is full after %.1f h. Spread longer runs over "
            "more hosts.",
            hours);
        insight_figure(insight, "hours_until_full", hours, "");
    }
}

/* The second half of the phase, of one agent. */
static bool memory_trend(struct insights *insights, const struct result_trial *trial,
                         const struct result_phase *phase, uint32_t agent, struct trend *ret)
{
    int64_t from_ns = phase->start_ns + phase->duration_ns / 2;
    int64_t until_ns = phase->start_ns + phase->duration_ns;
    uint32_t count = 0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *interval = &trial->agent_intervals[i];
        int64_t at_ns = (int64_t)interval->index * INTERVAL_NS;

        if (interval->agent == agent && at_ns >= from_ns && at_ns < until_ns &&
            (count == 0 || (double)at_ns / 1e9 > insights->x[count - 1])) {
            insights->x[count] = (double)at_ns / 1e9;
            insights->y[count++] = (double)interval->rss_bytes;
        }
    }
    return count >= MEMORY_SECONDS_MIN && trend_fit(insights->x, insights->y, count, ret);
}

void rule_memory_growing(struct insights *insights, const struct result_case *of)
{
    /* The last trial: by then an agent has whatever earlier ones made it keep. */
    const struct result_trial *trial = &of->trials[of->trials_count - 1];

    for (uint32_t p = 0; p < trial->phases_count; p++) {
        for (uint32_t a = 0; a < insights->result->agents_count; a++) {
            struct trend trend;

            if (insight_whole_row(&trial->phases[p]) &&
                memory_trend(insights, trial, &trial->phases[p], a, &trend) &&
                trend_rises(&trend) && trend.slope * trend.length >= MEMORY_BYTES_MIN &&
                trend.slope * trend.length >= MEMORY_GROWTH_MIN * trend.mean) {
                add_memory(insights, of, &trial->phases[p], a, &trend);
            }
        }
    }
}
