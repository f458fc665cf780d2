/* All comparisons of a run in one picture: a row for each metric, grouped by phase, with the ratio
 * on a logarithmic axis, its interval, and the band of changes that do not matter. */
#include "escape.h"
#include "facts.h"
#include "first_inner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS_MAX 28u /* A screen has room for; the table has them all. */
#define ROW_PX 22.0
#define TOP_PX 34.0
#define VALUES_X 470.0
#define PLOT_X 500.0
#define PLOT_PX 330.0
#define WORD_X 845.0
#define WIDTH_PX 1000.0
#define FACTOR_MAX 10.0 /* Beyond it an arrow says that it goes on. */

bool forest_is_shown(const struct result_comparison *comparison)
{
    static const char *const asked[] = {"e2e.p50",         "e2e.p99",     "e2e_service.p50",
                                        "e2e_service.p99", "publish.p99", "publish_service.p99",
                                        "received_rate"};

    if (comparison->gates || comparison->verdict == COMPARISON_WORSE ||
        comparison->verdict == COMPARISON_BETTER) {
        return true;
    }
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        if (comparison->flow[0] == '\0' && strcmp(comparison->metric, asked[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_drawn(const struct result_comparison *comparison)
{
    return forest_is_shown(comparison) && isfinite(comparison->ratio) && comparison->ratio > 0.0;
}

struct forest {
    const struct result *result;
    struct text *out;
    double span; /* Natural logarithm of the factor at either end. */
    double y;
    uint32_t rows;
    uint32_t left;
};

static double wider(double span, double ratio)
{
    return isfinite(ratio) && ratio > 0.0 && fabs(log(ratio)) > span ? fabs(log(ratio)) : span;
}

/* From the widest interval, but no further than where a factor is only large. */
static double find_span(const struct findings *findings)
{
    double span = log(1.1);

    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        const struct result_comparison *row = &findings->comparisons[i];

        if (is_drawn(row)) {
            span = wider(span, row->ratio);
            span = wider(span, row->low);
            span = wider(span, row->high);
            span = wider(span, 1.0 + row->threshold);
        }
    }
    span *= 1.08;
    return span > log(FACTOR_MAX) ? log(FACTOR_MAX) : span;
}

static double x_of(const struct forest *forest, double ratio)
{
    double share = ratio <= 0.0 ? -1.0 : log(ratio) / forest->span;

    share = share < -1.0 ? -1.0 : share > 1.0 ? 1.0 : share;
    return PLOT_X + PLOT_PX * (share + 1.0) / 2.0;
}

static void add_text(const struct forest *forest, double x, const char *class_name,
                     const char *text)
{
    text_addf(forest->out, "<text x=\"%.0f\" y=\"%.0f\" class=\"%s\">", x, forest->y + 15.0,
              class_name);
    escape_markup(text, forest->out);
    text_add(forest->out, "</text>");
}

static void add_axis(struct forest *forest, double height)
{
    static const double ticks[] = {0.1,  0.2, 0.5,  0.8, 0.9, 0.95, 1.0,
                                   1.05, 1.1, 1.25, 2.0, 5.0, 10.0};
    double free_x = 0.0;

    for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++) {
        double x = x_of(forest, ticks[i]);
        char text[FACTS_TEXT_BYTES];
        bool one = ticks[i] == 1.0;

        if (fabs(log(ticks[i])) > forest->span * 1.001 ||
            (!one && (x < free_x || fabs(x - x_of(forest, 1.0)) < 44.0))) {
            continue;
        }
        free_x = x + 44.0;
        if (one) {
            (void)snprintf(text, sizeof text, "same");
        } else if (ticks[i] >= 2.0) {
            (void)snprintf(text, sizeof text, "× %.0f", ticks[i]);
        } else {
            (void)snprintf(text, sizeof text, "%+.0f %%", (ticks[i] - 1.0) * 100.0);
        }
        text_addf(forest->out,
                  "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"20\" y2=\"%.0f\" class=\"%s\"/>"
                  "<text x=\"%.1f\" y=\"14\" class=\"mid\">%s</text>",
                  x, x, height, one ? "one" : "grid", x, text);
    }
}

/* "3.10 ms → 4.12 ms"; nothing of a baseline that is no case of this run. */
static void add_values(const struct forest *forest, const struct result_comparison *row)
{
    const struct result_case *of = facts_case(forest->result, row->case_name);
    const struct result_case *base = facts_case(forest->result, row->baseline);
    const struct result_figure *now = of == NULL ? NULL : facts_figure(of, row->phase, row->metric);
    const struct result_figure *before =
        base == NULL ? NULL : facts_figure(base, row->phase, row->metric);
    char text[2 * FACTS_TEXT_BYTES + 8];
    char first[FACTS_TEXT_BYTES];
    char second[FACTS_TEXT_BYTES];

    if (row->flow[0] == '\0' && now != NULL && before != NULL && isfinite(now->median) &&
        isfinite(before->median)) {
        (void)snprintf(text, sizeof text, "%s → %s",
                       facts_measure(before->median, before->unit, first),
                       facts_measure(now->median, now->unit, second));
        add_text(forest, VALUES_X, "end", text);
    }
}

static void add_bound(const struct forest *forest, double ratio, bool right)
{
    double x = x_of(forest, ratio);
    double middle = forest->y + ROW_PX / 2.0;
    double out = right ? 6.0 : -6.0;

    if (fabs(log(ratio <= 0.0 ? 1e-9 : ratio)) <= forest->span) {
        text_addf(forest->out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", x, x,
                  middle - 4.0, middle + 4.0);
    } else {
        text_addf(forest->out, "<path d=\"M%.1f %.1fl%.1f 4l%.1f 4z\"/>", x, middle - 4.0, out,
                  -out);
    }
}

static void add_interval(const struct forest *forest, const struct result_comparison *row)
{
    static const char *const classes[] = {
        [COMPARISON_SAME] = "same",          [COMPARISON_BETTER] = "good",
        [COMPARISON_WORSE] = "bad",          [COMPARISON_INCONCLUSIVE] = "open",
        [COMPARISON_NOT_AVAILABLE] = "open",
    };
    double middle = forest->y + ROW_PX / 2.0;
    double low = x_of(forest, 1.0 / (1.0 + row->threshold));
    char change[FACTS_TEXT_BYTES];

    text_addf(forest->out,
              "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\" class=\"band\"/>", low,
              forest->y, x_of(forest, 1.0 + row->threshold) - low, ROW_PX);
    text_addf(forest->out, "<g class=\"%s\"><title>%s: %s</title>", classes[row->verdict],
              comparison_verdict_name(row->verdict), facts_change(row->ratio, change));
    if (isfinite(row->low) && isfinite(row->high)) {
        text_addf(forest->out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                  x_of(forest, row->low), x_of(forest, row->high), middle, middle);
        add_bound(forest, row->low, false);
        add_bound(forest, row->high, true);
    }
    text_addf(forest->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/></g>",
              x_of(forest, row->ratio), middle);
}

static void add_row(struct forest *forest, const struct result_comparison *row)
{
    static const char *const words[] = {
        [COMPARISON_SAME] = "≈ same",     [COMPARISON_BETTER] = "✓ better",
        [COMPARISON_WORSE] = "✗ worse",   [COMPARISON_INCONCLUSIVE] = "? inconclusive",
        [COMPARISON_NOT_AVAILABLE] = "–",
    };
    static const char *const classes[] = {
        [COMPARISON_SAME] = "",
        [COMPARISON_BETTER] = "good",
        [COMPARISON_WORSE] = "bad",
        [COMPARISON_INCONCLUSIVE] = "muted",
        [COMPARISON_NOT_AVAILABLE] = "muted",
    };
    char label[2 * NAME_BYTES + METRIC_BYTES + 8];
    char word[FACTS_TEXT_BYTES + 32];
    char change[FACTS_TEXT_BYTES];

    (void)snprintf(label, sizeof label, "%s %s%s%s", row->case_name,
                   strcmp(row->metric, "received_rate") == 0 ? "throughput" : row->metric,
                   row->flow[0] == '\0' ? "" : ", flow ", row->flow);
    (void)snprintf(word, sizeof word, "%s %s", words[row->verdict],
                   facts_change(row->ratio, change));
    add_text(forest, 0.0, "", label);
    add_values(forest, row);
    add_interval(forest, row);
    add_text(forest, WORD_X, classes[row->verdict], word);
    forest->y += ROW_PX;
    forest->rows++;
}

static bool begins_phase(const struct findings *findings, uint32_t number)
{
    for (uint32_t i = 0; i < number; i++) {
        if (is_drawn(&findings->comparisons[i]) &&
            strcmp(findings->comparisons[i].phase, findings->comparisons[number].phase) == 0) {
            return false;
        }
    }
    return is_drawn(&findings->comparisons[number]);
}

static void add_phase(struct forest *forest, const char *phase)
{
    const struct findings *findings = &forest->result->findings;

    if (forest->rows < ROWS_MAX) {
        add_text(forest, 0.0, "phase", phase);
        forest->y += ROW_PX;
    }
    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        const struct result_comparison *row = &findings->comparisons[i];

        if (!is_drawn(row) || strcmp(row->phase, phase) != 0) {
            continue;
        }
        if (forest->rows < ROWS_MAX) {
            add_row(forest, row);
        } else {
            forest->left++;
        }
    }
}

static double height_of(const struct findings *findings)
{
    uint32_t rows = 0;
    uint32_t phases = 0;

    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        phases += rows < ROWS_MAX && begins_phase(findings, i) ? 1 : 0;
        rows += is_drawn(&findings->comparisons[i]) ? 1 : 0;
    }
    return TOP_PX + ROW_PX * (phases + (rows < ROWS_MAX ? rows : ROWS_MAX)) + 8.0;
}

void first_forest(const struct result *result, struct document *doc)
{
    const struct findings *findings = &result->findings;
    struct text svg = {0};
    struct forest forest = {
        .result = result, .out = &svg, .span = find_span(findings), .y = TOP_PX - 8.0};
    double height = height_of(findings);

    text_addf(
        &svg,
        "<svg class=\"answer forest\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
        "aria-label=\"Change of each metric against the baseline; the table has the values\">",
        WIDTH_PX, height);
    add_axis(&forest, height);
    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        if (begins_phase(findings, i)) {
            add_phase(&forest, findings->comparisons[i].phase);
        }
    }
    text_add(&svg, "</svg>");
    if (forest.rows == 0) {
        text_done(&svg);
        return;
    }
    doc_picture(
        doc, "Change against the baseline, 95 % interval. In the shaded band it does not matter.",
        &svg);
    if (forest.left > 0) {
        doc_paragraph(doc, DOC_MUTED, "%u more %s in the table of comparisons.", forest.left,
                      forest.left == 1 ? "is" : "are");
    }
}
