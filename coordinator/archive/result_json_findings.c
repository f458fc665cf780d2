/* result_json_findings: what judging made of the run, in result.json. */
#include "result_json_parts.h"

#include <string.h>

static void put_checks(struct json *json, const struct findings *findings)
{
    json_open_array(json, "selfcheck");
    for (uint32_t i = 0; i < findings->checks_count; i++) {
        const struct result_check *check = &findings->checks[i];

        json_open(json, NULL);
        json_text(json, "check", check->check);
        json_text_or_null(json, "agent", check->agent);
        json_text_or_null(json, "case", check->case_name);
        json_text(json, "status", check_status_name(check->status));
        json_double(json, "observed", check->observed);
        json_double(json, "limit", check->limit);
        json_text(json, "unit", check->unit);
        json_text(json, "text", check->text);
        json_close(json);
    }
    json_close(json);
}

static void put_comparisons(struct json *json, const struct findings *findings)
{
    json_open_array(json, "comparisons");
    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        const struct result_comparison *comparison = &findings->comparisons[i];

        json_open(json, NULL);
        json_text(json, "case", comparison->case_name);
        json_text(json, "baseline", comparison->baseline);
        json_text(json, "phase", comparison->phase);
        json_text_or_null(json, "flow", comparison->flow);
        json_text(json, "metric", comparison->metric);
        json_double(json, "ratio", comparison->ratio);
        json_double(json, "low", comparison->low);
        json_double(json, "high", comparison->high);
        json_double(json, "threshold", comparison->threshold);
        json_double(json, "p_value", comparison->p_value);
        json_count(json, "pairs", comparison->pairs);
        json_count(json, "pairs_more", comparison->pairs_more);
        json_bool(json, "gates", comparison->gates);
        json_text(json, "verdict", comparison_verdict_name(comparison->verdict));
        json_text_or_null(json, "reason", comparison->reason);
        json_close(json);
    }
    json_close(json);
}

/* A latency that does not exist is absent. */
static void put_latency(struct json *json, const char *key, int64_t value_ns)
{
    if (value_ns > 0) {
        json_i64(json, key, value_ns);
    }
}

/* Which of a step's latencies are lower bounds; left out where none is. */
static void put_at_least(struct json *json, const struct result_search_step *step)
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
    json_open(json, "at_least");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        if (figures[i].is) {
            json_bool(json, figures[i].key, true);
        }
    }
    json_close(json);
}

static void put_steps(struct json *json, const struct findings *findings, const char *case_name)
{
    json_open_array(json, "steps");
    for (uint32_t i = 0; i < findings->search_steps_count; i++) {
        const struct result_search_step *step = &findings->search_steps[i];

        if (strcmp(step->case_name, case_name) != 0) {
            continue;
        }
        json_open(json, NULL);
        json_count(json, "trial", step->trial);
        json_bool(json, "confirms", step->confirms);
        json_text(json, "outcome", step_outcome_name(step->outcome));
        json_double(json, "asked_per_s", step->asked_per_s);
        json_double(json, "sent_per_s", step->sent_per_s);
        json_double(json, "received_per_s", step->received_per_s);
        put_latency(json, "e2e_p50_ns", step->e2e_p50_ns);
        put_latency(json, "e2e_p99_ns", step->e2e_p99_ns);
        put_latency(json, "publish_p99_ns", step->publish_p99_ns);
        put_at_least(json, step);
        json_text_or_null(json, "reason", step->reason);
        json_close(json);
    }
    json_close(json);
}

static void put_searches(struct json *json, const struct findings *findings)
{
    json_open_array(json, "searches");
    for (uint32_t i = 0; i < findings->searches_count; i++) {
        const struct result_search *search = &findings->searches[i];

        json_open(json, NULL);
        json_text(json, "case", search->case_name);
        json_bool(json, "found", search->found);
        if (search->lower_per_s > 0.0) {
            json_double(json, "lower_per_s", search->lower_per_s);
        }
        if (search->upper_per_s > 0.0) {
            json_double(json, "upper_per_s", search->upper_per_s);
        }
        json_double(json, "width", search->width);
        json_text(json, "limit", search->limit);
        put_steps(json, findings, search->case_name);
        json_close(json);
    }
    json_close(json);
}

static void put_noise(struct json *json, const struct findings *findings)
{
    json_open_array(json, "noise");
    for (uint32_t i = 0; i < findings->noise_count; i++) {
        const struct result_noise *noise = &findings->noise[i];

        json_open(json, NULL);
        json_text(json, "objective", noise->objective);
        json_text(json, "case", noise->case_name);
        json_text_or_null(json, "phase", noise->phase);
        json_count(json, "trials", noise->trials);
        json_count(json, "failed", noise->failed);
        json_double(json, "spread", noise->spread);
        json_double(json, "detectable", noise->detectable);
        json_close(json);
    }
    json_close(json);
}

static void put_insights(struct json *json, const struct findings *findings)
{
    json_open_array(json, "insights");
    for (uint32_t i = 0; i < findings->insights_count; i++) {
        const struct result_insight *insight = &findings->insights[i];

        json_open(json, NULL);
        json_text(json, "rule", insight->rule);
        json_text_or_null(json, "case", insight->case_name);
        json_text(json, "text", insight->text);
        json_text_or_null(json, "advice", insight->advice);
        json_open(json, "figures");
        for (uint32_t f = 0; f < insight->figures_count; f++) {
            json_open(json, insight->figures[f].name);
            json_double(json, "value", insight->figures[f].value);
            json_text(json, "unit", insight->figures[f].unit);
            json_close(json);
        }
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

void put_findings(struct json *json, const struct findings *findings)
{
    put_checks(json, findings);
    put_comparisons(json, findings);
    put_searches(json, findings);
    put_noise(json, findings);
    put_insights(json, findings);
}

void put_case_figures(struct json *json, const struct result_case *of)
{
    json_open_array(json, "figures");
    for (uint32_t i = 0; i < of->figures_count; i++) {
        const struct result_figure *figure = &of->figures[i];

        json_open(json, NULL);
        json_text(json, "phase", figure->phase);
        json_text_or_null(json, "flow", figure->flow);
        json_text(json, "metric", figure->metric);
        json_text(json, "unit", figure->unit);
        json_count(json, "trials", figure->trials);
        json_double(json, "median", figure->median);
        json_double(json, "mean", figure->mean);
        json_double(json, "low", figure->low);
        json_double(json, "high", figure->high);
        json_double(json, "min", figure->min);
        json_double(json, "max", figure->max);
        if (figure->at_least) {
            json_bool(json, "at_least", true);
            json_bool(json, "median_at_least", figure->median_at_least);
        }
        json_close(json);
    }
    json_close(json);
}
