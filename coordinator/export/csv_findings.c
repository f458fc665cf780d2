/* csv_findings: what judging made of a run, and figures over trials, as tables of their own beside
 * report.csv: columns are named as in result.json. A table without rows has its head, so that a
 * script finds the file after every run. RFC 4180; what does not exist is an empty field. */
#include "escape.h"
#include "formats_inner.h"

#include <inttypes.h>
#include <math.h>

#define LINE_END "\r\n"

static void put_text(const char *value, struct text *out)
{
    escape_csv(value, out);
    text_add(out, ",");
}

static void put_number(double value, struct text *out)
{
    if (isfinite(value)) {
        text_addf(out, "%.10g", value);
    }
    text_add(out, ",");
}

/* One that is only there above zero. */
static void put_positive(double value, struct text *out)
{
    put_number(value > 0.0 ? value : NAN, out);
}

static void put_count(uint64_t value, struct text *out)
{
    text_addf(out, "%" PRIu64 ",", value);
}

static void put_bool(bool value, struct text *out)
{
    text_add(out, value ? "true," : "false,");
}

/* The last field of each record is a text. */
static void put_last(const char *value, struct text *out)
{
    escape_csv(value, out);
    text_add(out, LINE_END);
}

static int written(const struct text *out, struct errinfo *reterr)
{
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}

/* "message.size=64 phases.steady.rate=1k/s" */
static void put_parameters(const struct result_case *of, struct text *out)
{
    struct text all = {0};

    for (uint32_t i = 0; i < of->parameters_count; i++) {
        text_addf(&all, "%s%s=%s", i == 0 ? "" : " ", of->parameters[i].key,
                  of->parameters[i].value);
    }
    put_text(all.bytes == NULL ? "" : all.bytes, out);
    out->failed |= text_failed(&all);
    text_done(&all);
}

static void put_figure(const struct result_case *of, const struct result_figure *figure,
                       struct text *out)
{
    put_text(of->name, out);
    put_text(of->backend, out);
    put_text(of->client, out);
    put_text(of->target, out);
    put_text(of->variant, out);
    put_parameters(of, out);
    put_text(figure->phase, out);
    put_text(figure->flow, out);
    put_text(figure->metric, out);
    put_count(figure->trials, out);
    put_number(figure->median, out);
    put_number(figure->mean, out);
    put_number(figure->low, out);
    put_number(figure->high, out);
    put_number(figure->min, out);
    put_number(figure->max, out);
    put_last(figure->unit, out);
}

int csv_figures_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    text_add(
        out,
        "case,backend,client,target,variant,parameters,phase,flow,metric,trials,median,mean,low,"
        "high,min,max,unit" LINE_END);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].figures_count; j++) {
            put_figure(&result->cases[i], &result->cases[i].figures[j], out);
        }
    }
    return written(out, reterr);
}

int csv_objectives_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    static const char *const met[] = {
        [MET_YES] = "true,", [MET_NO] = "false,", [MET_NOT_AVAILABLE] = ","};

    text_add(
        out,
        "text,case,phase,flow,met,observed,at_least,limit,unit,window_ns,samples,reason" LINE_END);
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        put_text(objective->text, out);
        put_text(objective->case_name, out);
        put_text(objective->phase, out);
        put_text(objective->flow, out);
        text_add(out, met[objective->met]);
        put_number(result_has_observed(objective) ? objective->observed : NAN, out);
        text_add(out, objective->at_least ? "true," : "false,");
        put_number(objective->limit, out);
        put_text(objective->unit, out);
        put_count((uint64_t)objective->window_ns, out);
        put_count(objective->samples, out);
        put_last(objective->reason, out);
    }
    return written(out, reterr);
}

int csv_comparisons_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    text_add(out, "case,baseline,phase,flow,metric,ratio,low,high,threshold,p_value,pairs,"
                  "pairs_more,gates,verdict,reason" LINE_END);
    for (uint32_t i = 0; i < result->findings.comparisons_count; i++) {
        const struct result_comparison *row = &result->findings.comparisons[i];

        put_text(row->case_name, out);
        put_text(row->baseline, out);
        put_text(row->phase, out);
        put_text(row->flow, out);
        put_text(row->metric, out);
        put_number(row->ratio, out);
        put_number(row->low, out);
        put_number(row->high, out);
        put_number(row->threshold, out);
        put_number(row->p_value, out);
        put_count(row->pairs, out);
        put_count(row->pairs_more, out);
        put_bool(row->gates, out);
        put_text(comparison_verdict_name(row->verdict), out);
        put_last(row->reason, out);
    }
    return written(out, reterr);
}

int csv_searches_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    text_add(out, "case,found,lower_per_s,upper_per_s,width,limit" LINE_END);
    for (uint32_t i = 0; i < result->findings.searches_count; i++) {
        const struct result_search *search = &result->findings.searches[i];

        put_text(search->case_name, out);
        put_bool(search->found, out);
        put_positive(search->lower_per_s, out);
        put_positive(search->upper_per_s, out);
        put_number(search->width, out);
        put_last(search->limit, out);
    }
    return written(out, reterr);
}

int csv_search_steps_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    text_add(out, "case,trial,confirms,outcome,asked_per_s,sent_per_s,received_per_s,e2e_p50_ns,"
                  "e2e_p99_ns,publish_p99_ns,reason" LINE_END);
    for (uint32_t i = 0; i < result->findings.search_steps_count; i++) {
        const struct result_search_step *step = &result->findings.search_steps[i];

        put_text(step->case_name, out);
        put_count(step->trial, out);
        put_bool(step->confirms, out);
        put_text(step_outcome_name(step->outcome), out);
        put_number(step->asked_per_s, out);
        put_number(step->sent_per_s, out);
        put_number(step->received_per_s, out);
        put_positive((double)step->e2e_p50_ns, out);
        put_positive((double)step->e2e_p99_ns, out);
        put_positive((double)step->publish_p99_ns, out);
        put_last(step->reason, out);
    }
    return written(out, reterr);
}

int csv_selfcheck_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    text_add(out, "check,agent,case,status,observed,limit,unit,text" LINE_END);
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        const struct result_check *check = &result->findings.checks[i];

        put_text(check->check, out);
        put_text(check->agent, out);
        put_text(check->case_name, out);
        put_text(check_status_name(check->status), out);
        put_number(check->observed, out);
        put_number(check->limit, out);
        put_text(check->unit, out);
        put_last(check->text, out);
    }
    return written(out, reterr);
}

static void put_time(int64_t unix_ns, struct text *out)
{
    text_addf(out, "%" PRId64 ",", unix_ns);
}

int csv_resumes_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    text_add(out, "cause,trial,trials_done,began_trial,left_unix_ns,resumed_unix_ns,agents_count,"
                  "agents_new,agents_gone,part_id" LINE_END);
    for (uint32_t i = 0; i < result->resumes_count; i++) {
        const struct result_resume *resume = &result->resumes[i];

        put_text(resume_cause_name(resume->cause), out);
        put_count(resume->trial, out);
        put_count(resume->trials_done, out);
        put_bool(resume->began_trial, out);
        put_time(resume->left_unix_ns, out);
        put_time(resume->resumed_unix_ns, out);
        put_count(resume->agents_count, out);
        put_count(resume->agents_new, out);
        put_count(resume->agents_gone, out);
        put_last(resume->part_id, out);
    }
    return written(out, reterr);
}
