#include "charts_inner.h"

#include "mono.h"

#include <string.h>

/* What a drawing can show; shorter numbers are what keeps the page small. */
#define DIGITS 5
#define STEP_DIGITS 6
#define WHOLE_MAX 1e6

/* A chart may have been moved since it was begun. */
static struct json *writer_of(struct chart *chart)
{
    chart->writer.out = &chart->json;
    return &chart->writer;
}

static void add_number(struct json *json, const char *key, double value)
{
    if (value == floor(value) && fabs(value) < WHOLE_MAX) {
        json_i64(json, key, (int64_t)value);
    } else {
        json_rounded(json, key, value, DIGITS);
    }
}

void chart_begin(struct chart *chart, const char *kind, const char *unit, bool log,
                 const char *group)
{
    struct json *json = &chart->writer;

    memset(chart, 0, sizeof *chart);
    json_begin_in_script(json, &chart->json);
    json_text(json, "kind", kind);
    json_text(json, "unit", unit);
    json_bool(json, "log", log);
    json_text(json, "group", group);
}

void chart_step(struct chart *chart, double step_s)
{
    json_rounded(writer_of(chart), "step_s", step_s, STEP_DIGITS);
}

void chart_phases(struct chart *chart, const struct result_trial *trial)
{
    struct json *json = writer_of(chart);

    json_open_array(json, "phases");
    for (uint32_t i = 0; i < trial->phases_count; i++) {
        const struct result_phase *phase = &trial->phases[i];

        if (phase->flow[0] != '\0' || phase->duration_ns <= 0) {
            continue;
        }
        json_open(json, NULL);
        json_text(json, "name", phase->name);
        add_number(json, "from", (double)phase->start_ns / NS_PER_S);
        add_number(json, "to", (double)(phase->start_ns + phase->duration_ns) / NS_PER_S);
        json_bool(json, "measured", phase->measured);
        json_close(json);
    }
    json_close(json);
}

static void add_mark(struct json *json, double at, const char *kind, const char *text)
{
    json_open(json, NULL);
    add_number(json, "at", at);
    json_text(json, "kind", kind);
    json_text(json, "text", text);
    json_close(json);
}

void chart_marks(struct chart *chart, const struct result *result, const struct result_trial *trial)
{
    struct json *json = writer_of(chart);

    json_open_array(json, "marks");
    for (uint32_t i = 0; i < result->marks_count; i++) {
        const struct result_mark *mark = &result->marks[i];

        if (mark->trial == trial->number && mark_has_time(mark->kind)) {
            add_mark(json, (double)mark->at_ns / NS_PER_S, mark_kind_name(mark->kind), mark->text);
        }
    }
    json_close(json);
}

void chart_fill(struct chart *chart, uint32_t upper, uint32_t lower, const char *label)
{
    struct json *json = writer_of(chart);

    json_open_array(json, "fill");
    json_open(json, NULL);
    json_count(json, "upper", upper);
    json_count(json, "lower", lower);
    json_text(json, "label", label);
    json_close(json);
    json_close(json);
}

void chart_x(struct chart *chart, const char *name, const char *unit, bool log,
             const char *const *names, uint32_t names_count)
{
    struct json *json = writer_of(chart);

    json_open(json, "x");
    json_text(json, "name", name);
    json_text(json, "unit", unit);
    json_bool(json, "log", log);
    if (names_count > 0) {
        json_open_array(json, "names");
        for (uint32_t i = 0; i < names_count; i++) {
            json_text(json, NULL, names[i]);
        }
        json_close(json);
    }
    json_close(json);
}

void chart_mark(struct chart *chart, double at, const char *kind)
{
    struct json *json = writer_of(chart);

    json_open_array(json, "marks");
    add_mark(json, at, kind, "");
    json_close(json);
}

void chart_bounds(struct chart *chart, double lower_per_s, double upper_per_s)
{
    struct json *json = writer_of(chart);

    json_open_array(json, "marks");
    if (lower_per_s > 0.0) {
        add_mark(json, lower_per_s, "held", "");
    }
    if (upper_per_s > 0.0) {
        add_mark(json, upper_per_s, "did not hold", "");
    }
    json_close(json);
}

void chart_heat(struct chart *chart, const struct heat *heat)
{
    struct json *json = writer_of(chart);

    json_open(json, "heat");
    add_number(json, "step_s", heat->column_seconds);
    add_number(json, "low_ns", HEAT_LOWEST_NS);
    add_number(json, "per_decade", HEAT_ROWS_PER_DECADE);
    json_open_array(json, "columns");
    for (uint32_t i = 0; i < heat->columns_count; i++) {
        uint32_t first = 0;
        uint32_t end = HEAT_ROWS;

        while (end > 0 && heat->cells[i][end - 1] == 0) {
            end--;
        }
        while (first < end && heat->cells[i][first] == 0) {
            first++;
        }
        json_open_array(json, NULL);
        for (uint32_t row = first; row < end; row++) {
            if (row == first) {
                json_count(json, NULL, row);
            }
            json_count(json, NULL, heat->cells[i][row]);
        }
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

void chart_limits(struct chart *chart)
{
    json_open_array(writer_of(chart), "limits");
    chart->in_limits = true;
}

void chart_limit(struct chart *chart, double value, const char *text)
{
    struct json *json = writer_of(chart);

    json_open(json, NULL);
    add_number(json, "value", value);
    json_text(json, "text", text);
    json_close(json);
}

static void close_limits(struct chart *chart)
{
    if (chart->in_limits) {
        json_close(writer_of(chart));
    }
    chart->in_limits = false;
}

/* Of its x values, or of the series after them. */
static void close_table(struct chart *chart)
{
    struct json *json = writer_of(chart);

    if (chart->in_series) {
        json_close(json); /* Its values, */
        json_close(json); /* and itself. */
    }
    json_close(json);
    json_close(json);
    chart->in_series = false;
}

void chart_table(struct chart *chart)
{
    struct json *json = writer_of(chart);

    close_limits(chart);
    if (chart->in_tables) {
        close_table(chart);
    } else {
        json_open_array(json, "tables");
    }
    json_open(json, NULL);
    json_open_array(json, "x");
    chart->in_tables = true;
}

static void next_of_x(struct chart *chart, const char *key)
{
    struct json *json = writer_of(chart);

    json_close(json);
    json_open_array(json, key);
}

void chart_lengths(struct chart *chart)
{
    next_of_x(chart, "lengths");
}

void chart_incomplete(struct chart *chart)
{
    next_of_x(chart, "incomplete");
}

void chart_series(struct chart *chart, const char *label, uint32_t target, const char *style)
{
    struct json *json = writer_of(chart);

    json_close(json); /* The x values, or the values of the series before, */
    if (chart->in_series) {
        json_close(json); /* and itself. */
    } else {
        json_open_array(json, "series");
    }
    json_open(json, NULL);
    json_text(json, "label", label);
    if (target != CHART_NO_TARGET) {
        json_count(json, "target", target);
    }
    json_text(json, "style", style);
    json_open_array(json, "values");
    chart->in_series = true;
}

void chart_value(struct chart *chart, double value)
{
    add_number(writer_of(chart), NULL, value);
}

static void close_tables(struct chart *chart)
{
    if (chart->in_tables) {
        close_table(chart);
        json_close(writer_of(chart));
    }
    chart->in_tables = false;
}

void chart_other(struct chart *chart, const char *caption, struct chart *other)
{
    struct json *json = writer_of(chart);

    close_tables(chart);
    chart_end(other);
    if (!chart->in_others) {
        json_open_array(json, "others");
    }
    json_open(json, NULL);
    json_text(json, "caption", caption);
    json_add_members(json, &other->json);
    json_close(json);
    text_done(&other->json);
    chart->in_others = true;
}

void chart_end(struct chart *chart)
{
    struct json *json = writer_of(chart);

    close_tables(chart);
    if (chart->in_others) {
        json_close(json);
    }
    json_close(json);
}
