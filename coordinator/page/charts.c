#include "charts_inner.h"

#include "escape.h"
#include "mono.h"

#include <string.h>

/* Digits that a drawing can show; shorter numbers are what keeps the page small. */
static void add_number(double value, struct text *out)
{
    if (!isfinite(value)) {
        text_add(out, "null");
    } else if (value == floor(value) && fabs(value) < 1e6) {
        text_addf(out, "%.0f", value);
    } else {
        text_addf(out, "%.5g", value);
    }
}

void chart_begin(struct chart *chart, const char *kind, const char *unit, bool log,
                 const char *group)
{
    memset(chart, 0, sizeof *chart);
    text_addf(&chart->json, "{\"kind\":\"%s\",\"unit\":\"%s\",\"log\":%s,\"group\":", kind, unit,
              log ? "true" : "false");
    escape_json(group, &chart->json);
}

void chart_step(struct chart *chart, double step_s)
{
    text_addf(&chart->json, ",\"step_s\":%g", step_s);
}

void chart_phases(struct chart *chart, const struct result_trial *trial)
{
    struct text *out = &chart->json;
    const char *between = "";

    text_add(out, ",\"phases\":[");
    for (uint32_t i = 0; i < trial->phases_count; i++) {
        const struct result_phase *phase = &trial->phases[i];

        if (phase->flow[0] != '\0' || phase->duration_ns <= 0) {
            continue;
        }
        text_addf(out, "%s{\"name\":", between);
        escape_json(phase->name, out);
        text_add(out, ",\"from\":");
        add_number((double)phase->start_ns / NS_PER_S, out);
        text_add(out, ",\"to\":");
        add_number((double)(phase->start_ns + phase->duration_ns) / NS_PER_S, out);
        text_addf(out, ",\"measured\":%s}", phase->measured ? "true" : "false");
        between = ",";
    }
    text_add(out, "]");
}

void chart_marks(struct chart *chart, const struct result *result, const struct result_trial *trial)
{
    struct text *out = &chart->json;
    const char *between = "";

    text_add(out, ",\"marks\":[");
    for (uint32_t i = 0; i < result->marks_count; i++) {
        const struct result_mark *mark = &result->marks[i];

        if (mark->trial != trial->number) {
            continue;
        }
        text_addf(out, "%s{\"at\":", between);
        add_number((double)mark->at_ns / NS_PER_S, out);
        text_addf(out, ",\"kind\":\"%s\",\"text\":", mark_kind_name(mark->kind));
        escape_json(mark->text, out);
        text_add(out, "}");
        between = ",";
    }
    text_add(out, "]");
}

void chart_fill(struct chart *chart, uint32_t upper, uint32_t lower, const char *label)
{
    text_addf(&chart->json, ",\"fill\":[{\"upper\":%u,\"lower\":%u,\"label\":", upper, lower);
    escape_json(label, &chart->json);
    text_add(&chart->json, "}]");
}

void chart_x(struct chart *chart, const char *name, const char *unit, bool log,
             const char *const *names, uint32_t names_count)
{
    struct text *out = &chart->json;

    text_add(out, ",\"x\":{\"name\":");
    escape_json(name, out);
    text_addf(out, ",\"unit\":\"%s\",\"log\":%s", unit, log ? "true" : "false");
    for (uint32_t i = 0; i < names_count; i++) {
        text_add(out, i == 0 ? ",\"names\":[" : ",");
        escape_json(names[i], out);
    }
    text_add(out, names_count > 0 ? "]}" : "}");
}

void chart_mark(struct chart *chart, double at, const char *kind)
{
    text_add(&chart->json, ",\"marks\":[{\"at\":");
    add_number(at, &chart->json);
    text_addf(&chart->json, ",\"kind\":\"%s\",\"text\":\"\"}]", kind);
}

void chart_bounds(struct chart *chart, double lower_per_s, double upper_per_s)
{
    struct text *out = &chart->json;
    const char *between = "";

    text_add(out, ",\"marks\":[");
    if (lower_per_s > 0.0) {
        text_add(out, "{\"at\":");
        add_number(lower_per_s, out);
        text_add(out, ",\"kind\":\"held\",\"text\":\"\"}");
        between = ",";
    }
    if (upper_per_s > 0.0) {
        text_addf(out, "%s{\"at\":", between);
        add_number(upper_per_s, out);
        text_add(out, ",\"kind\":\"did not hold\",\"text\":\"\"}");
    }
    text_add(out, "]");
}

static void close_series(struct chart *chart)
{
    if (chart->in_series) {
        text_add(&chart->json, "]}");
    }
    chart->in_series = false;
}

void chart_table(struct chart *chart)
{
    if (chart->in_tables) {
        close_series(chart);
        text_add(&chart->json, "]},{\"x\":[");
    } else {
        text_add(&chart->json, ",\"tables\":[{\"x\":[");
    }
    chart->in_tables = true;
    chart->in_series = false;
    chart->in_values = false;
}

void chart_series(struct chart *chart, const char *label, uint32_t target, const char *style)
{
    struct text *out = &chart->json;

    if (chart->in_series) {
        text_add(out, "]},");
    } else {
        text_add(out, "],\"series\":[");
    }
    text_add(out, "{\"label\":");
    escape_json(label, out);
    if (target != CHART_NO_TARGET) {
        text_addf(out, ",\"target\":%u", target);
    }
    text_addf(out, ",\"style\":\"%s\",\"values\":[", style);
    chart->in_series = true;
    chart->in_values = false;
}

void chart_value(struct chart *chart, double value)
{
    if (chart->in_values) {
        text_add(&chart->json, ",");
    }
    add_number(value, &chart->json);
    chart->in_values = true;
}

static void close_tables(struct chart *chart)
{
    if (chart->in_tables) {
        close_series(chart);
        text_add(&chart->json, "]}]");
    }
    chart->in_tables = false;
}

void chart_other(struct chart *chart, const char *caption, struct chart *other)
{
    struct text *out = &chart->json;

    close_tables(chart);
    chart_end(other);
    text_add(out, chart->in_others ? ",{\"caption\":" : ",\"others\":[{\"caption\":");
    escape_json(caption, out);
    if (text_failed(&other->json)) {
        out->failed = true;
    } else {
        text_add(out, ",");
        text_add(out, other->json.bytes + 1); /* Without its brace. */
    }
    text_done(&other->json);
    chart->in_others = true;
}

void chart_end(struct chart *chart)
{
    close_tables(chart);
    text_add(&chart->json, chart->in_others ? "]}" : "}");
}
