#include "charts_lines_inner.h"
#include "choices_inner.h"
#include "facts.h"
#include "mono.h"
#include "sections_inner.h"

#include <stdio.h>
#include <string.h>

#define MARKS_LISTED_MAX 20

/* Charts of single cases are on request, where there are more. */
#define CASES_OPEN_MAX 3u

/* "memory, trial 1 of 5: at most 20.0k/s sent, 19.9k/s received" */
static void draw_rates(const struct result *result, const struct lines *lines, uint32_t number,
                       struct chart *chart, char *caption)
{
    const struct line *line = &lines->list[number];
    char sent[UNITS_TEXT_BYTES];
    char received[UNITS_TEXT_BYTES];
    char which[FACTS_TEXT_BYTES];
    double at_s = 0.0;
    double received_max = line_max(line, VALUE_RECEIVED, &at_s);

    line_chart_begin(chart, result, line, "rate", false, "rates");
    chart_step(chart, lines->step_s);
    line_chart_bins(chart, line);
    line_chart_series(chart, line, VALUE_ASKED, "asked", "band");
    line_chart_series(chart, line, VALUE_SENT, "sent", "step-dot");
    line_chart_series(chart, line, VALUE_ACKED, "confirmed", "step-dash");
    (void)snprintf(caption, REASON_BYTES, "%s%s: at most %s sent", line->result_case->name,
                   facts_which_trial(line->result_case, line->trial, which),
                   units_format_rate(line_max(line, VALUE_SENT, &at_s), sent));
    if (received_max > 0.0) {
        size_t used = strlen(caption);

        line_chart_series(chart, line, VALUE_RECEIVED, "received", "step");
        (void)snprintf(caption + used, REASON_BYTES - used, ", %s received",
                       units_format_rate(received_max, received));
    }
}

static void add_rate_charts(const struct choices *choices, struct document *doc)
{
    doc_subheading(doc, "Rates: asked, sent, confirmed and received each second");
    for (uint32_t i = 0; i < choices->list[0].count; i++) {
        choices_add_chart(choices, draw_rates, i, doc);
    }
}

static bool has_latency(const struct line *line, bool e2e)
{
    return e2e ? line->any_latency : line->any_publish;
}

/* ", on kafka at +12 s": where a line is highest; with which trial that was, if there are several.
 * REASON_BYTES. */
static const char *place(const struct line *line, double at_s, char *text)
{
    char which[FACTS_TEXT_BYTES];
    char when[FACTS_TEXT_BYTES];

    (void)snprintf(text, REASON_BYTES, ", on %s%s at %s", line->result_case->name,
                   facts_which_trial(line->result_case, line->trial, which),
                   facts_offset((int64_t)(at_s * NS_PER_S), when));
    return text;
}

/* Cases of one target have its colour: their dash tells them apart, or how dark they are where a
 * number that grows does. */
static const char *style_of(const struct lines *lines, uint32_t number)
{
    const struct result_case *of = lines->list[number].result_case;
    static const char *const styles[] = {"solid", "dash", "dot", "dashdot", "long", "sparse"};
    uint32_t before = 0;

    if (of->parameters_count == 1 && isfinite(of->parameters[0].number)) {
        return "ordered";
    }
    for (uint32_t i = 0; i < number; i++) {
        before += lines->list[i].colour == lines->list[number].colour ? 1 : 0;
    }
    return styles[before % (sizeof styles / sizeof styles[0])];
}

/* One latency of all targets in one picture: who is slower, and when. number: 1 is end to end. */
static void draw_p99(const struct result *result, const struct lines *lines, uint32_t number,
                     struct chart *chart, char *caption)
{
    bool e2e = number == 1;
    enum line_value value = e2e ? VALUE_E2E_P99 : VALUE_PUBLISH_P99;
    double highest = 0.0;
    double at_s = 0.0;
    const struct line *worst = lines_highest(lines, value, &highest, &at_s);
    char amount[UNITS_TEXT_BYTES];
    char where[REASON_BYTES];

    line_chart_begin(chart, result, worst == NULL ? &lines->list[0] : worst, "ns", true, "p99");
    chart_step(chart, lines->step_s);
    line_chart_limits(chart, result, NULL, e2e);
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->list[i];

        if (has_latency(line, e2e)) {
            line_chart_x(chart, line);
            line_chart_series(chart, line, value, line->result_case->name, style_of(lines, i));
        }
    }
    (void)snprintf(caption, REASON_BYTES, "p99 %s: %s%.200s", e2e ? "end to end" : "publish",
                   worst == NULL ? "nothing was measured" : "at most ",
                   worst == NULL ? "" : units_format_ns(highest, amount));
    if (worst != NULL) {
        size_t used = strlen(caption);

        (void)snprintf(caption + used, REASON_BYTES - used, "%s", place(worst, at_s, where));
    }
}

static void draw_latency(const struct result *result, const struct lines *lines, uint32_t number,
                         bool e2e, struct chart *chart, char *caption)
{
    const struct line *line = &lines->list[number];
    char p99[UNITS_TEXT_BYTES];
    char max[UNITS_TEXT_BYTES];
    char which[FACTS_TEXT_BYTES];
    double p99_at_s = 0.0;
    double max_at_s = 0.0;

    line_chart_begin(chart, result, line, "ns", true, e2e ? "e2e" : "publish");
    chart_step(chart, lines->step_s);
    line_chart_limits(chart, result, line->result_case, e2e);
    line_chart_x(chart, line);
    line_chart_series(chart, line, e2e ? VALUE_E2E_MAX : VALUE_PUBLISH_MAX, "max", "points");
    line_chart_series(chart, line, e2e ? VALUE_E2E_P99 : VALUE_PUBLISH_P99, "p99", "solid");
    line_chart_series(chart, line, e2e ? VALUE_E2E_P50 : VALUE_PUBLISH_P50, "p50", "dash");
    units_format_ns(line_max(line, e2e ? VALUE_E2E_P99 : VALUE_PUBLISH_P99, &p99_at_s), p99);
    units_format_ns(line_max(line, e2e ? VALUE_E2E_MAX : VALUE_PUBLISH_MAX, &max_at_s), max);
    (void)snprintf(caption, REASON_BYTES, "%s%s%s: p99 at most %s, max %s", line->result_case->name,
                   facts_which_trial(line->result_case, line->trial, which),
                   lines->count > 1 ? ""
                   : e2e            ? ", end to end"
                                    : ", publish",
                   has_latency(line, e2e) ? p99 : "–", has_latency(line, e2e) ? max : "–");
}

static void draw_e2e(const struct result *result, const struct lines *lines, uint32_t number,
                     struct chart *chart, char *caption)
{
    draw_latency(result, lines, number, true, chart, caption);
}

static void draw_publish(const struct result *result, const struct lines *lines, uint32_t number,
                         struct chart *chart, char *caption)
{
    draw_latency(result, lines, number, false, chart, caption);
}

static uint32_t count_latencies(const struct lines *lines, bool e2e)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < lines->count; i++) {
        count += has_latency(&lines->list[i], e2e) ? 1 : 0;
    }
    return count;
}

/* Several cases in one picture, where there are several. */
static void add_latencies_together(const struct choices *choices, struct document *doc)
{
    bool e2e = count_latencies(&choices->list[0], true) > 1;
    bool publish = count_latencies(&choices->list[0], false) > 1;

    if (e2e || publish) {
        doc_subheading(doc, "Latency, each second");
    }
    if (e2e) {
        choices_add_chart(choices, draw_p99, 1, doc);
    }
    if (publish) {
        choices_add_chart(choices, draw_p99, 0, doc);
    }
}

/* Each case by itself: end to end where there is that; of one case both latencies side by side. */
static void add_latency_charts(const struct choices *choices, struct document *doc)
{
    const struct lines *lines = &choices->list[0];
    uint32_t with_e2e = count_latencies(lines, true);
    uint32_t with_publish = count_latencies(lines, false);

    if (with_e2e + with_publish == 0) {
        return;
    }
    doc_subheading(doc, lines->count == 1 ? "Latency, each second"
                        : with_e2e > 0    ? "End to end by case"
                                          : "Publish by case");
    for (uint32_t i = 0; i < lines->count; i++) {
        if (has_latency(&lines->list[i], true)) {
            choices_add_chart(choices, draw_e2e, i, doc);
        }
    }
    for (uint32_t i = 0; i < lines->count; i++) {
        if (has_latency(&lines->list[i], false) && (with_e2e == 0 || lines->count == 1)) {
            choices_add_chart(choices, draw_publish, i, doc);
        }
    }
}

/* One line per target. number: the value. */
static void draw_overlay(const struct result *result, const struct lines *lines, uint32_t number,
                         struct chart *chart, char *caption)
{
    enum line_value value = (enum line_value)number;
    bool backlog = value == VALUE_BACKLOG;
    double highest = 0.0;
    double at_s = 0.0;
    const struct line *worst = lines_highest(lines, value, &highest, &at_s);
    char amount[UNITS_TEXT_BYTES];
    char where[REASON_BYTES] = "";

    line_chart_begin(chart, result, worst == NULL ? &lines->list[0] : worst,
                     backlog ? "count" : "rate", false, "");
    chart_step(chart, lines->step_s);
    for (uint32_t i = 0; i < lines->count; i++) {
        line_chart_x(chart, &lines->list[i]);
        line_chart_series(chart, &lines->list[i], value, lines->list[i].result_case->name,
                          style_of(lines, i));
    }
    if (backlog) {
        units_format_count(highest, amount);
    } else {
        units_format_rate(highest, amount);
    }
    (void)snprintf(caption, REASON_BYTES, "%s: %s%.40s%s%.150s",
                   backlog ? "Confirmed and not yet received" : "Refused, unconfirmed or errors",
                   worst == NULL ? "none" : "at most ", worst == NULL ? "" : amount,
                   worst != NULL && backlog ? " messages" : "",
                   worst == NULL ? "" : place(worst, at_s, where));
}

/* Nothing of what is zero all the time. */
static void add_overlays(const struct choices *choices, struct document *doc)
{
    bool backlog = choices_any(choices, VALUE_BACKLOG);
    bool failed = choices_any(choices, VALUE_FAILED);

    if (backlog || failed) {
        doc_subheading(doc, "What piled up and what failed");
    }
    if (backlog) {
        choices_add_chart(choices, draw_overlay, VALUE_BACKLOG, doc);
    }
    if (failed) {
        choices_add_chart(choices, draw_overlay, VALUE_FAILED, doc);
    }
}

/* The case whose trial it is; "" if the journal does not say. */
static const char *case_of_trial(const struct result *result, uint32_t number)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            if (result->cases[i].trials[j].number == number) {
                return result->cases[i].name;
            }
        }
    }
    return "";
}

/* "+4.0 s on memory" */
static void write_when(const struct result *result, const struct result_mark *mark, char *text,
                       size_t text_bytes)
{
    const char *where = case_of_trial(result, mark->trial);
    char at[FACTS_TEXT_BYTES];

    if (!mark_has_time(mark->kind)) {
        (void)snprintf(text, text_bytes, "in the whole run");
    } else if (where[0] == '\0') {
        (void)snprintf(text, text_bytes, "between two trials");
    } else {
        (void)snprintf(text, text_bytes, "%s on %s", facts_offset(mark->at_ns, at), where);
    }
}

static void add_marks(const struct result *result, struct document *doc)
{
    uint32_t count =
        result->marks_count < MARKS_LISTED_MAX ? result->marks_count : MARKS_LISTED_MAX;

    for (uint32_t i = 0; i < count; i++) {
        const struct result_mark *mark = &result->marks[i];
        char when[FACTS_TEXT_BYTES + NAME_BYTES];

        write_when(result, mark, when, sizeof when);
        doc_item(doc, mark->kind == MARK_BROKER_UP ? DOC_GOOD : DOC_WARN, "%s: %s%s%s", when,
                 mark_kind_name(mark->kind), mark->text[0] == '\0' ? "" : ", ", mark->text);
    }
    if (result->marks_count > count) {
        doc_item(doc, DOC_MUTED, "%u later %s not listed.", result->marks_count - count,
                 result->marks_count - count == 1 ? "mark is" : "marks are");
    }
}

/* Seconds whose figures lack an agent's part look better or worse than they were. */
static void add_incomplete(const struct lines *lines, struct document *doc)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct result_trial *trial = lines->list[i].trial;
        uint32_t incomplete = 0;

        for (uint32_t j = 0; j < trial->intervals_count; j++) {
            incomplete += trial->intervals[j].complete ? 0 : 1;
        }
        if (incomplete > 0) {
            doc_item(doc, DOC_WARN, "%s: %u of %u intervals were not reported by every agent.",
                     lines->list[i].result_case->name, incomplete, trial->intervals_count);
        }
    }
}

/* What is told to the second is so in the first hour only. */
static void add_coalesced(const struct lines *lines, struct document *doc)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        if (thin_seconds(lines->list[i].trial) > COALESCED_FROM) {
            doc_paragraph(doc, DOC_MUTED,
                          "Figures are of single seconds in the first hour of a trial, of %d "
                          "seconds each after it.",
                          COALESCED_SECONDS);
            return;
        }
    }
}

/* Which of the trials and cases are seen below. Muted: where there are no charts, it says nothing.
 */
static void add_which(const struct choices *choices, struct document *doc)
{
    const struct lines *lines = &choices->list[0];
    const struct result *result = choices->result;
    char step[UNITS_TEXT_BYTES];
    uint32_t drawable = 0;
    uint32_t brief = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_trial *trial = facts_trial(&result->cases[i]);

        drawable += trial != NULL ? 1 : 0;
        brief += trial != NULL && lines_drawn(result, i) && !lines_last(trial) ? 1 : 0;
    }
    if (choices->count > 1) {
        doc_paragraph(doc, DOC_MUTED,
                      "One trial of each case is drawn at a time; all of them are in "
                      "intervals.jsonl.");
    }
    if (choices->count > 1 && choices->list[1].step_s > lines->step_s) {
        doc_paragraph(doc, DOC_MUTED, "Of trials that are chosen a point stands for %s.",
                      units_format_duration((int64_t)(choices->list[1].step_s * NS_PER_S), step));
    }
    if (choices->left > 0) {
        doc_paragraph(doc, DOC_MUTED, "The last %u trials can not be chosen.", choices->left);
    }
    if (brief > 0) {
        doc_paragraph(doc, DOC_MUTED, "%u %s not drawn: too short to be seen second by second.",
                      brief, brief == 1 ? "case is" : "cases are");
    }
    if (drawable > lines->count + brief) {
        doc_paragraph(doc, DOC_MUTED,
                      "%u of %u cases are drawn, spread over all of them; the others are in "
                      "intervals.jsonl.",
                      lines->count, drawable);
    }
}

void section_timeline(const struct result *result, struct document *doc)
{
    struct choices choices;

    choices_find(result, &choices);
    if (choices.failed) {
        doc->failed = true;
    } else if (choices.list[0].count == 0) {
        if (result->marks_count > 0) {
            doc_section(doc, "timeline", "Timeline");
            add_marks(result, doc);
        }
    } else {
        doc_section(doc, "timeline", "Timeline");
        doc_paragraph(
            doc, DOC_MUTED,
            "Seconds after each trial's start. Move over a chart, or focus it and use the "
            "arrow keys, to read values; drag to zoom, double-click to go back; the "
            "cursors move together.");
        add_which(&choices, doc);
        add_marks(result, doc);
        add_incomplete(&choices.list[0], doc);
        add_coalesced(&choices.list[0], doc);
        choices_add_control(&choices, doc);
        add_latencies_together(&choices, doc);
        add_overlays(&choices, doc);
        if (choices.list[0].count > CASES_OPEN_MAX) {
            doc_fold_rest(doc, "rates and latencies of each case");
        }
        add_rate_charts(&choices, doc);
        add_latency_charts(&choices, doc);
    }
    choices_done(&choices);
}
