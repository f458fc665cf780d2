/* Of a run of one case what was reached, as four tiles: the statistic that is judged, with its
 * range over the trials and its limit. */
#include "first_inner.h"
#include "latency_figure.h"
#include "sentence_lists.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The objective that asks for the metric in the phase, of all flows; NULL: none does. */
static const struct result_objective *
objective_of(const struct result *result, const struct result_phase *phase, const char *metric)
{
    size_t bytes = strlen(metric);

    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        if (strncmp(objective->text, metric, bytes) == 0 && objective->text[bytes] == ' ' &&
            objective->flow[0] == '\0' && objective->window_ns == 0 &&
            (objective->phase[0] == '\0' || strcmp(objective->phase, phase->name) == 0)) {
            return objective;
        }
    }
    return NULL;
}

static void add_rate(const struct result_phase *phase, struct document *doc)
{
    char rate[UNITS_TEXT_BYTES];
    char asked[UNITS_TEXT_BYTES];

    if (sentence_only_receives(phase)) {
        doc_tile(doc, DOC_PLAIN, "received", units_format_rate(phase->received_per_s, rate),
                 "in phase %s", phase->name);
        return;
    }
    units_format_rate(phase->sent_per_s, rate);
    if (phase->is_max) {
        doc_tile(doc, DOC_PLAIN, "rate", rate, "as fast as possible");
    } else if (facts_has_peak(phase)) {
        doc_tile(doc, facts_reached(phase) ? DOC_PLAIN : DOC_BAD, "rate", rate,
                 "of %s asked, at most %s", units_format_rate(phase->asked_per_s, asked),
                 units_format_rate(phase->asked_peak_per_s, (char[UNITS_TEXT_BYTES]){0}));
    } else {
        doc_tile(doc, facts_reached(phase) ? DOC_PLAIN : DOC_BAD, "rate", rate, "of %s asked",
                 units_format_rate(phase->asked_per_s, asked));
    }
}

/* "1.20 ms to 1.31 ms in 3 trials"; nothing of one. */
static void add_range(const struct result_figure *figure, struct text *note)
{
    char low[FACTS_TEXT_BYTES];
    char high[FACTS_TEXT_BYTES];

    if (figure != NULL && figure->trials > 1 && isfinite(figure->min) && isfinite(figure->max)) {
        text_addf(note, "%s to %s in %u trials", facts_measure(figure->min, figure->unit, low),
                  facts_measure(figure->max, figure->unit, high), figure->trials);
    }
}

/* false: there is no such figure. */
static bool add_latency(const struct result *result, const struct result_phase *phase,
                        enum series series, double percentile, struct document *doc)
{
    const struct result_case *of = &result->cases[0];
    struct facts_shown shown = facts_shown(of, phase, series, percentile);
    const char *family = series == SERIES_E2E ? "e2e" : "publish";
    const struct result_objective *objective;
    char label[NAME_BYTES];
    char metric[METRIC_BYTES];
    char value[LATENCY_TEXT_BYTES];
    char text[2 * LATENCY_TEXT_BYTES];
    struct text note = {0};

    if (!shown.any) {
        return false;
    }
    (void)snprintf(metric, sizeof metric, "%s%s.p%.0f", family, shown.service ? "_service" : "",
                   percentile);
    (void)snprintf(label, sizeof label, "%s p%.0f", family, percentile);
    (void)snprintf(text, sizeof text, "%s%s", shown.few ? "~" : "",
                   latency_text(shown.value_ns, shown.at_least, value));
    objective = objective_of(result, phase, metric);
    if (objective != NULL) {
        text_addf(&note, "limit %s", objective->text + strlen(metric) + 1);
    }
    if (shown.few) {
        text_addf(&note, "%stoo few samples", note.bytes_count > 0 ? "; " : "");
    }
    if (facts_figure(of, phase->name, metric) != NULL && of->trials_count > 1) {
        text_add(&note, note.bytes_count > 0 ? "; " : "");
        add_range(facts_figure(of, phase->name, metric), &note);
    }
    if (shown.service) {
        text_addf(&note, "%sfrom the actual send", note.bytes_count > 0 ? "; " : "");
    }
    doc->failed = doc->failed || text_failed(&note);
    doc_tile(doc,
             objective == NULL           ? DOC_PLAIN
             : objective->met == MET_NO  ? DOC_BAD
             : objective->met == MET_YES ? DOC_GOOD
                                         : DOC_PLAIN,
             label, text, "%s", note.bytes == NULL ? "" : note.bytes);
    text_done(&note);
    return true;
}

static void add_fault(uint64_t count, const char *what, struct text *out)
{
    char text[FACTS_TEXT_BYTES];

    if (count > 0) {
        text_addf(out, ", %s %s", facts_count(count, text), what);
    }
}

static void add_delivered(const struct result *result, struct document *doc)
{
    struct result_delivery delivery;
    struct text note = {0};
    char got[FACTS_TEXT_BYTES];
    char wanted[FACTS_TEXT_BYTES];
    char value[2 * FACTS_TEXT_BYTES + 8];
    bool consumed;

    facts_delivery(&result->cases[0], &delivery);
    consumed = delivery.expected > 0;
    facts_count(consumed ? delivery.received - delivery.unexpected : delivery.acked, got);
    facts_count(consumed ? delivery.expected : delivery.sent, wanted);
    (void)snprintf(value, sizeof value, "%s of %s", got, wanted);
    if (consumed) {
        text_addf(&note, "%s lost", facts_count(delivery.lost, got));
    } else {
        text_addf(&note, "%s unconfirmed", facts_count(delivery.unconfirmed, got));
    }
    add_fault(delivery.duplicated, "duplicated", &note);
    add_fault(delivery.reordered, "reordered", &note);
    add_fault(delivery.corrupted, "corrupted", &note);
    add_fault(delivery.expired, "expired", &note);
    add_fault(delivery.refused, "refused", &note);
    add_fault(delivery.unaccounted, "not accounted for", &note);
    doc->failed = doc->failed || text_failed(&note);
    doc_tile(doc, delivery.lost + delivery.corrupted > 0 ? DOC_BAD : DOC_PLAIN,
             consumed ? "delivered" : "confirmed", value, "%s",
             note.bytes == NULL ? "" : note.bytes);
    text_done(&note);
}

bool first_tiles(const struct result *result, struct document *doc)
{
    const struct result_phase *phase =
        result->cases_count == 1 ? sentence_phase(&result->cases[0]) : NULL;
    enum series series;

    if (phase == NULL) {
        return false;
    }
    add_rate(phase, doc);
    series =
        facts_shown(&result->cases[0], phase, SERIES_E2E, 50.0).any ? SERIES_E2E : SERIES_PUBLISH;
    (void)add_latency(result, phase, series, 50.0, doc);
    (void)add_latency(result, phase, series, 99.0, doc);
    add_delivered(result, doc);
    return true;
}
