/* generator_rules: is what was measured the broker, or the generator itself? */
#include "rules_inner.h"

#include "units.h"

#include <math.h>
#include <string.h>

/* From there on the self-check calls a load thread suspect (selfcheck.h); a host whose processors
 * are as busy on the mean has seconds in which they are all taken. */
#define HOST_BUSY_MIN 0.7
#define HOST_SECONDS_MIN 3

/* A load thread as busy as that has no time left. */
#define LIMITED_MIN 0.01 /* The self-check's limit where there is a schedule. */
#define LOAD_THREAD_FULL 0.9
#define LIMIT_SECONDS_MIN 2

/* As the self-check has it: from there on calls are what makes an agent late. */
#define CALLS_BLOCK_MIN 0.25

/* Cores that the agents of a host used on the mean of a phase's seconds; 0 without enough of those.
 */
static double cores_used(const struct result *result, const struct result_trial *trial,
                         const struct result_phase *phase, const char *host)
{
    double seconds = 0.0;
    double cores = 0.0;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        seconds += insight_within(&trial->intervals[i], phase) ? trial->intervals[i].length_s : 0.0;
    }
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        if (row->agent < result->agents_count && insight_row_within(trial, row, phase) &&
            strcmp(result->agents[row->agent].host, host) == 0) {
            cores += row->cpu * (row->seconds_more + 1);
        }
    }
    return seconds < HOST_SECONDS_MIN ? 0.0 : cores / seconds;
}

static void add_busy(struct insights *insights, const struct result_case *of,
                     const struct result_phase *phase, const struct result_agent *agent,
                     double cores)
{
    struct result_insight *insight = insight_new(insights, of->name, cores / agent->cpus);

    insight_place(insight, of, phase->name, "");
    insight_say(insight->text, "the agents on %s used %.1f of its %u CPUs. %s", agent->host, cores,
                agent->cpus,
                phase->is_max ? "The load generator may limit this rate, not the broker."
                              : "Latencies may be too high, because the load generator was busy.");
    insight_say(insight->advice, "Spread the load over agents on more hosts%s.",
                phase->is_max ? "" : ", or lower the rate");
    insight_figure(insight, "cores", cores, "");
    insight_figure(insight, "processors", agent->cpus, "");
}

static bool is_first_of_host(const struct result *result, uint32_t agent)
{
    for (uint32_t i = 0; i < agent; i++) {
        if (strcmp(result->agents[i].host, result->agents[agent].host) == 0) {
            return false;
        }
    }
    return true;
}

/* Of all trials the busiest. */
static void look_at_host(struct insights *insights, const struct result_case *of, uint32_t phase,
                         const struct result_agent *agent)
{
    double most = 0.0;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];

        if (phase < trial->phases_count) {
            most =
                fmax(most, cores_used(insights->result, trial, &trial->phases[phase], agent->host));
        }
    }
    if (agent->cpus > 0 && most >= HOST_BUSY_MIN * agent->cpus) {
        add_busy(insights, of, &of->phases[phase], agent, most);
    }
}

/* The self-check's row about the generator's own ceiling, if it is beyond a limit. */
static const struct result_check *ceiling_of(const struct result *result,
                                             const struct result_case *of)
{
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        const struct result_check *check = &result->findings.checks[i];

        if (check->status != CHECK_OK && strcmp(check->check, "ceiling") == 0 &&
            strcmp(check->case_name, of->name) == 0) {
            return check;
        }
    }
    return NULL;
}

static void add_ceiling(struct insights *insights, const struct result_case *of,
                        const struct result_check *check)
{
    struct result_insight *insight = insight_new(insights, of->name, check->observed);
    char sent[UNITS_TEXT_BYTES];
    char ceiling[UNITS_TEXT_BYTES];

    insight_say(insight->text,
                "%s: the load (%s) is %.0f %% of what the load generator alone can do (%s). "
                "It may limit the figures, not the broker.",
                of->name, units_format_rate(check->observed * of->calibration.ceiling_per_s, sent),
                check->observed * 100.0, units_format_rate(of->calibration.ceiling_per_s, ceiling));
    insight_say(insight->advice, "Spread the load over agents on more hosts, or lower the rate.");
    insight_figure(insight, "ceiling", of->calibration.ceiling_per_s, "/s");
    insight_figure(insight, "asked_rate", result_asked_peak(of), "/s");
    insight_figure(insight, "headroom", result_headroom(of), "");
}

/* What was measured of the generator goes before what its hosts' processors suggest; with `max`
 * there are these alone. */
void rule_generator_near_ceiling(struct insights *insights, const struct result_case *of)
{
    const struct result_check *ceiling = ceiling_of(insights->result, of);

    if (ceiling != NULL) {
        add_ceiling(insights, of, ceiling);
        return;
    }
    for (uint32_t p = 0; p < of->phases_count; p++) {
        for (uint32_t a = 0;
             insight_whole_row(&of->phases[p]) && a < insights->result->agents_count; a++) {
            if (is_first_of_host(insights->result, a)) {
                look_at_host(insights, of, p, &insights->result->agents[a]);
            }
        }
    }
}

/* A worker whose calls block can neither send nor receive meanwhile. */
void rule_calls_block(struct insights *insights, const struct result_case *of)
{
    double held_s = 0.0;
    double span_s = 0.0;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];

        for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
            const struct result_agent_interval *row = &trial->agent_intervals[i];

            if (row->due > 0) {
                held_s += (double)result_in_calls_ns(row) / 1e9;
                span_s += (double)row->span_ns / 1e9;
            }
        }
    }
    if (span_s > 0.0 && held_s / span_s > CALLS_BLOCK_MIN) {
        struct result_insight *insight = insight_new(insights, of->name, held_s / span_s);

        insight_say(insight->text,
                    "%s: load threads waited %.2g s in each second of load for calls into the "
                    "client library. The library or the broker blocks, not the load generator.",
                    of->name, held_s / span_s);
        insight_figure(insight, "held", held_s, "s");
        insight_figure(insight, "load", span_s, "s");
    }
}

static int64_t computed_ns(const struct strain *strain)
{
    return strain_busiest_ns(strain);
}

static int64_t limited_ns(const struct strain *strain)
{
    return strain->throttled_ns == STRAIN_UNKNOWN ? 0 : strain->throttled_ns;
}

/* What can limit an agent that sends as fast as it can, told of the agent where it is most. */
static const struct agent_limit {
    int64_t (*taken_ns)(const struct strain *strain);
    double told_above; /* That share of a phase's time. */
    const char *figure;
    const char *subject; /* "SUBJECT agent-1 VERB 97 % of the time: MEANING" */
    const char *verb;
    const char *meaning;
    const char *advice;
} agent_limits[] = {
    {computed_ns, LOAD_THREAD_FULL, "busy", "the busiest load thread of", "computed",
     "At this rate the load generator is the limit, not the broker.",
     "Use more agents or more clients. They get more threads where the host has free CPUs."},
    {limited_ns, LIMITED_MIN, "throttled", "the CPU limit of", "slowed it down for",
     "At this rate the CPU limit counts, not the broker.",
     "Raise the CPU limit of the agent's control group, or use more agents."},
};
#define AGENT_LIMITS_COUNT (sizeof agent_limits / sizeof agent_limits[0])

/* The agent's share on the mean of a phase's seconds; 0 without enough of those. */
static double limit_share(const struct agent_limit *limit, const struct result_trial *trial,
                          const struct result_phase *phase, uint32_t agent)
{
    uint32_t seconds = 0;
    double share = 0.0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        if (row->agent == agent && row->span_ns > 0 && insight_row_within(trial, row, phase)) {
            seconds += row->seconds_more + 1;
            share += (double)limit->taken_ns(&row->strain) / (double)row->span_ns *
                     (row->seconds_more + 1);
        }
    }
    return seconds < LIMIT_SECONDS_MIN ? 0.0 : share / seconds;
}

static void look_at_limit(struct insights *insights, const struct result_case *of, uint32_t phase,
                          const struct agent_limit *limit)
{
    const struct result *result = insights->result;
    const struct result_trial *trial = &of->trials[of->trials_count - 1];
    uint32_t agent = 0;
    double most = 0.0;

    for (uint32_t a = 0; phase < trial->phases_count && a < result->agents_count; a++) {
        double share = limit_share(limit, trial, &trial->phases[phase], a);

        agent = share > most ? a : agent;
        most = fmax(most, share);
    }
    if (most > limit->told_above) {
        struct result_insight *insight = insight_new(insights, of->name, most);

        insight_place(insight, of, of->phases[phase].name, "");
        insight_say(insight->text, "%s %s %s %.0f %% of the time. %s", limit->subject,
                    result->agents[agent].name, limit->verb, fmin(most, 1.0) * 100.0,
                    limit->meaning);
        insight_say(insight->advice, "%s", limit->advice);
        insight_figure(insight, limit->figure, most, "");
    }
}

/* As fast as possible something has to be the limit: no row of the self-check is invalid for it. */
void rule_generator_is_limit(struct insights *insights, const struct result_case *of)
{
    for (uint32_t p = 0; p < of->phases_count; p++) {
        if (of->phases[p].is_max && insight_whole_row(&of->phases[p])) {
            for (size_t i = 0; i < AGENT_LIMITS_COUNT; i++) {
                look_at_limit(insights, of, p, &agent_limits[i]);
            }
        }
    }
}
