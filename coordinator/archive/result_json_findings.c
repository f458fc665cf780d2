/* result_json_findings: what judging made of the run, in result.json. */
#include "result_json_parts.h"

#include <string.h>

static void put_checks(struct json_values *values, const struct findings *findings)
{
    json_open_array(values, "selfcheck");
    for (uint32_t i = 0; i < findings->checks_count; i++) {
        const struct result_check *check = &findings->checks[i];

        json_open(values, NULL);
        json_text(values, "check", check->check);
        json_text_or_null(values, "agent", check->agent);
        json_text_or_null(values, "case", check->case_name);
        json_text(values, "status", check_status_name(check->status));
        json_double(values, "observed", check->observed);
        json_double(values, "limit", check->limit);
        json_text(values, "unit", check->unit);
        json_text(values, "text", check->text);
        json_close(values);
    }
    json_close(values);
}

static void put_comparisons(struct json_values *values, const struct findings *findings)
{
    json_open_array(values, "comparisons");
    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        const struct result_comparison *comparison = &findings->comparisons[i];

        json_open(values, NULL);
        json_text(values, "case", comparison->case_name);
        json_text(values, "baseline", comparison->baseline);
        json_text(values, "phase", comparison->phase);
        json_text_or_null(values, "flow", comparison->flow);
        json_text(values, "metric", comparison->metric);
        json_double(values, "ratio", comparison->ratio);
        json_double(values, "low", comparison->low);
        json_double(values, "high", comparison->high);
        json_double(values, "threshold", comparison->threshold);
        json_double(values, "p_value", comparison->p_value);
        json_count(values, "pairs", comparison->pairs);
        json_count(values, "pairs_more", comparison->pairs_more);
        json_bool(values, "gates", comparison->gates);
        json_text(values, "verdict", comparison_verdict_name(comparison->verdict));
        json_text_or_null(values, "reason", comparison->reason);
        json_close(values);
    }
    json_close(values);
}

/* A latency that does not exist is absent. */
static void put_latency(struct json_values *values, const char *key, int64_t value_ns)
{
    if (value_ns > 0) {
        json_i64(values, key, value_ns);
    }
}

/* Which of a step's latencies are lower bounds; left out where none is. */
static void put_at_least(struct json_values *values, const struct result_search_step *step)
{
    const struct {
        const char *key;
        bool is;
    } figures[] = {{"e2e_p50_ns", step->at_least.e2e_p50},
                   {"e2e_p99_ns", step->at_least.e2e_p99},
                   {"publish_p99_ns", step->at_least.publish_p99}};

    if (!figures[0].is && !figures[1].is && !figures[2].is) {
        return;
    }
    json_open(values, "at_least");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        if (figures[i].is) {
            json_bool(values, figures[i].key, true);
        }
    }
    json_close(values);
}

static void put_steps(struct json_values *values, const struct findings *findings,
                      const char *case_name)
{
    json_open_array(values, "steps");
    for (uint32_t i = 0; i < findings->search_steps_count; i++) {
        const struct result_search_step *step = &findings->search_steps[i];

        if (strcmp(step->case_name, case_name) != 0) {
            continue;
        }
        json_open(values, NULL);
        json_count(values, "trial", step->trial);
        json_bool(values, "confirms", step->confirms);
        json_text(values, "outcome", step_outcome_name(step->outcome));
        json_double(values, "asked_per_s", step->asked_per_s);
        json_double(values, "sent_per_s", step->sent_per_s);
        json_double(values, "received_per_s", step->received_per_s);
        put_latency(values, "e2e_p50_ns", step->e2e_p50_ns);
        put_latency(values, "e2e_p99_ns", step->e2e_p99_ns);
        put_latency(values, "publish_p99_ns", step->publish_p99_ns);
        put_at_least(values, step);
        json_text_or_null(values, "reason", step->reason);
        json_close(values);
    }
    json_close(values);
}

static void put_searches(struct json_values *values, const struct findings *findings)
{
    json_open_array(values, "searches");
    for (uint32_t i = 0; i < findings->searches_count; i++) {
        const struct result_search *search = &findings->searches[i];

        json_open(values, NULL);
        json_text(values, "case", search->case_name);
        json_bool(values, "found", search->found);
        if (search->lower_per_s > 0.0) {
            json_double(values, "lower_per_s", search->lower_per_s);
        }
        if (search->upper_per_s > 0.0) {
            json_double(values, "upper_per_s", search->upper_per_s);
        }
        json_double(values, "width", search->width);
        json_text(values, "limit", search->limit);
        put_steps(values, findings, search->case_name);
        json_close(values);
    }
    json_close(values);
}

static void put_noise(struct json_values *values, const struct findings *findings)
{
    json_open_array(values, "noise");
    for (uint32_t i = 0; i < findings->noise_count; i++) {
        const struct result_noise *noise = &findings->noise[i];

        json_open(values, NULL);
        json_text(values, "objective", noise->objective);
        json_text(values, "case", noise->case_name);
        json_text_or_null(values, "phase", noise->phase);
        json_count(values, "trials", noise->trials);
        json_count(values, "failed", noise->failed);
        json_double(values, "spread", noise->spread);
        json_double(values, "detectable", noise->detectable);
        json_close(values);
    }
    json_close(values);
}

static void put_insights(struct json_values *values, const struct findings *findings)
{
    json_open_array(values, "insights");
    for (uint32_t i = 0; i < findings->insights_count; i++) {
        const struct result_insight *insight = &findings->insights[i];

        json_open(values, NULL);
        json_text(values, "rule", insight->rule);
        json_text_or_null(values, "case", insight->case_name);
        json_text(values, "text", insight->text);
        json_text_or_null(values, "advice", insight->advice);
        json_open(values, "figures");
        for (uint32_t f = 0; f < insight->figures_count; f++) {
            json_open(values, insight->figures[f].name);
            json_double(values, "value", insight->figures[f].value);
            json_text(values, "unit", insight->figures[f].unit);
            json_close(values);
        }
        json_close(values);
        json_close(values);
    }
    json_close(values);
}

void put_findings(struct json_values *values, const struct findings *findings)
{
    put_checks(values, findings);
    put_comparisons(values, findings);
    put_searches(values, findings);
    put_noise(values, findings);
    put_insights(values, findings);
}

void put_case_figures(struct json_values *values, const struct result_case *of)
{
    json_open_array(values, "figures");
    for (uint32_t i = 0; i < of->figures_count; i++) {
        const struct result_figure *figure = &of->figures[i];

        json_open(values, NULL);
        json_text(values, "phase", figure->phase);
        json_text_or_null(values, "flow", figure->flow);
        json_text(values, "metric", figure->metric);
        json_text(values, "unit", figure->unit);
        json_count(values, "trials", figure->trials);
        json_double(values, "median", figure->median);
        json_double(values, "mean", figure->mean);
        json_double(values, "low", figure->low);
        json_double(values, "high", figure->high);
        json_double(values, "min", figure->min);
        json_double(values, "max", figure->max);
        if (figure->at_least) {
            json_bool(values, "at_least", true);
            json_bool(values, "median_at_least", figure->median_at_least);
        }
        json_close(values);
    }
    json_close(values);
}
