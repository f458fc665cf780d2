#include "facts.h"
#include "latency_figure.h"
#include "mono.h"
#include "phase_choice.h"
#include "sections_inner.h"

#include <stddef.h>
#include <string.h>

static void add_rate(double per_s, bool there, struct document *doc)
{
    char text[UNITS_TEXT_BYTES];

    if (there) {
        doc_cell(doc, DOC_PLAIN, "%s", units_format_rate(per_s, text));
    } else {
        doc_cell(doc, DOC_MUTED, "–");
    }
}

static void add_phase_name(const struct result_phase *phase, bool flows, struct document *doc)
{
    char span[UNITS_TEXT_BYTES];
    int64_t rounding_ns = phase->duration_ns >= 10 * NS_PER_S ? NS_PER_S / 2 : 0;

    doc_cell(doc, DOC_PLAIN, "%s%s", phase->name, phase->measured ? "" : " (not measured)");
    if (flows) {
        doc_cell(doc, phase->flow[0] == '\0' ? DOC_MUTED : DOC_PLAIN, "%s",
                 phase->flow[0] == '\0' ? "all" : phase->flow);
    }
    doc_cell(doc, DOC_PLAIN, "%s", units_format_duration(phase->duration_ns + rounding_ns, span));
}

/* Which counts are shown: those that say something in at least one phase. */
struct fault_column {
    struct doc_column column;
    size_t offset; /* Into struct result_delivery. */
    bool always;
};

#define FAULT(name) offsetof(struct result_delivery, name)

static const struct fault_column fault_columns[] = {
    {{"refused", "Said no to by the broker", DOC_RIGHT}, FAULT(refused), false},
    {{"unconfirmed", "Neither confirmed nor refused", DOC_RIGHT}, FAULT(unconfirmed), false},
    {{"lost", "Confirmed, and a subscription never got it", DOC_RIGHT}, FAULT(lost), true},
    {{"dupl.", "Copies beyond the first", DOC_RIGHT}, FAULT(duplicated), true},
    {{"reord.", "First seen after a later one of its stream", DOC_RIGHT}, FAULT(reordered), true},
    {{"corrupt.", "The checksum was wrong", DOC_RIGHT}, FAULT(corrupted), true},
    {{"expired", "Missing and older than its ttl", DOC_RIGHT}, FAULT(expired), false},
    {{"unexp.", "Arrived though refused or unconfirmed", DOC_RIGHT}, FAULT(unexpected), false},
    {{"unacc.", "Of an agent that was lost before it could report", DOC_RIGHT},
     FAULT(unaccounted),
     false},
    {{"errors", "Of the broker or client, not of one message", DOC_RIGHT}, FAULT(errors), false},
};
#define FAULTS_COUNT (sizeof fault_columns / sizeof fault_columns[0])

static uint64_t fault_of(const struct result_delivery *delivery, size_t fault)
{
    uint64_t count;

    memcpy(&count, (const char *)delivery + fault_columns[fault].offset, sizeof count);
    return count;
}

static bool has_skipped(const struct result_case *result_case)
{
    for (uint32_t i = 0; i < result_case->phases_count; i++) {
        if (result_case->phases[i].skipped > 0) {
            return true;
        }
    }
    return false;
}

static void find_faults(const struct result_case *result_case, bool shown[FAULTS_COUNT])
{
    for (size_t fault = 0; fault < FAULTS_COUNT; fault++) {
        shown[fault] = fault_columns[fault].always;
        for (uint32_t i = 0; i < result_case->phases_count; i++) {
            shown[fault] |= fault_of(&result_case->phases[i].delivery, fault) > 0;
        }
    }
}

/* Flows of a phase in which nothing was due and nothing sent repeat its row. */
static bool is_silent(const struct result_phase *phase)
{
    return phase->flow[0] != '\0' && phase->due == 0 && phase->delivery.sent == 0 &&
           phase->delivery.received == 0;
}

static void add_delivery_row(const struct result_phase *phase, bool flows,
                             const bool shown[FAULTS_COUNT], struct document *doc)
{
    const struct result_delivery *delivery = &phase->delivery;
    const uint64_t counts[] = {delivery->sent, delivery->acked, delivery->expected,
                               delivery->received};
    bool there = result_phase_has_rates(phase);
    char text[FACTS_TEXT_BYTES];

    add_phase_name(phase, flows, doc);
    add_rate(phase->asked_per_s, there && !phase->is_max && phase->asked_per_s > 0.0, doc);
    add_rate(phase->sent_per_s, there && phase->delivery.sent > 0, doc);
    add_rate(phase->acked_per_s, there && phase->acked_per_s > 0.0, doc);
    add_rate(phase->received_per_s, there && phase->received_per_s > 0.0, doc);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        doc_cell(doc, counts[i] == 0 ? DOC_MUTED : DOC_PLAIN, "%s", facts_count(counts[i], text));
    }
    for (size_t i = 0; i < FAULTS_COUNT; i++) {
        uint64_t count = fault_of(delivery, i);

        if (shown[i]) {
            doc_cell(doc, count == 0 ? DOC_MUTED : DOC_BAD, "%s", facts_count(count, text));
        }
    }
}

static void add_skipped(const struct result_phase *phase, struct document *doc)
{
    char text[FACTS_TEXT_BYTES];

    doc_cell(doc, phase->skipped == 0 ? DOC_MUTED : DOC_WARN, "%s",
             facts_count(phase->skipped, text));
}

/* Phase, maybe flow, then the rest; returns how many columns. */
static uint32_t phase_columns(struct doc_column *columns, bool flows, const struct doc_column *rest,
                              uint32_t rest_count)
{
    uint32_t count = 0;

    columns[count++] = (struct doc_column){"phase", NULL, DOC_LEFT};
    if (flows) {
        columns[count++] = (struct doc_column){"flow", NULL, DOC_LEFT};
    }
    memcpy(columns + count, rest, rest_count * sizeof *rest);
    return count + rest_count;
}

static void add_delivery_table(const struct result_case *result_case,
                               const struct phase_choice *choice, struct document *doc)
{
    static const struct doc_column fixed[] = {
        {"lasted", NULL, DOC_RIGHT},
        {"asked", "Rate of the schedule", DOC_RIGHT},
        {"sent", "Rate", DOC_RIGHT},
        {"confirmed", "Rate", DOC_RIGHT},
        {"received", "Rate, all subscriptions", DOC_RIGHT},
        {"sent", "Messages", DOC_RIGHT},
        {"confirmed", "Messages", DOC_RIGHT},
        {"expected", "Confirmed messages times subscriptions", DOC_RIGHT},
        {"received", "Distinct messages, summed over subscriptions", DOC_RIGHT},
    };
    bool flows = facts_has_flows(result_case);
    bool shown[FAULTS_COUNT];
    bool skipped = has_skipped(result_case);
    struct doc_column columns[2 + sizeof fixed / sizeof fixed[0] + FAULTS_COUNT + 1];
    uint32_t count = phase_columns(columns, flows, fixed, sizeof fixed / sizeof fixed[0]);

    find_faults(result_case, shown);
    for (size_t i = 0; i < FAULTS_COUNT; i++) {
        if (shown[i]) {
            columns[count++] = fault_columns[i].column;
        }
    }
    if (skipped) {
        columns[count++] = (struct doc_column){
            "skipped", "Due, but later than catch_up allows when they could be sent", DOC_RIGHT};
    }
    doc_table(doc, "Rates, then messages; a message belongs to the phase in which it was due",
              columns, count);
    for (uint32_t i = 0; i < result_case->phases_count; i++) {
        if (!is_silent(&result_case->phases[i]) &&
            phase_choice_has(choice, result_case, &result_case->phases[i])) {
            add_delivery_row(&result_case->phases[i], flows, shown, doc);
            if (skipped) {
                add_skipped(&result_case->phases[i], doc);
            }
        }
    }
}

static void add_percentile(const struct result_phase *phase, enum series series, double percentile,
                           struct document *doc)
{
    struct latency_figure figure = latency_figure(phase, series, percentile);
    char text[LATENCY_TEXT_BYTES];
    bool holds = facts_percentile_holds(phase->latency[series], percentile);

    doc_cell(doc, holds ? DOC_PLAIN : DOC_MUTED, "%s%s", holds ? "" : "~",
             latency_figure_text(&figure, text));
}

static void add_mean(const struct result_phase *phase, enum series series, struct document *doc)
{
    struct latency_figure figure = latency_figure_mean(phase, series);
    char text[LATENCY_TEXT_BYTES];

    doc_cell(doc, DOC_PLAIN, "%s", latency_figure_text(&figure, text));
}

static void add_noted(uint64_t count, struct document *doc)
{
    char text[FACTS_TEXT_BYTES];

    doc_cell(doc, count == 0 ? DOC_MUTED : DOC_WARN, "%s", facts_count(count, text));
}

/* What never came, was beyond the range or below the clocks' resolution is shown where there is
 * any. */
struct latency_extras {
    bool flows;
    bool censored;
    bool below;
    bool clocks;
    bool resolution;
    bool beyond;
};

/* How far off the hosts' clocks let a latency be, and how many prove that they are further off. */
static void add_clocks(const struct result_phase *phase, bool is_one_way, struct document *doc)
{
    char bound[UNITS_TEXT_BYTES];
    char count[FACTS_TEXT_BYTES];

    if (!is_one_way) {
        doc_cell(doc, DOC_MUTED, "-");
    } else if (phase->clock_violations == 0) {
        doc_cell(doc, DOC_PLAIN, "%s", units_format_ns((double)phase->clock_bound_ns, bound));
    } else {
        doc_cell(doc, DOC_WARN, "%s, beyond it: %s",
                 units_format_ns((double)phase->clock_bound_ns, bound),
                 facts_count(phase->clock_violations, count));
    }
}

/* How much longer a latency may be for having been looked at with the next send. */
static void add_resolution(const struct result_phase *phase, enum series series,
                           struct document *doc)
{
    char text[UNITS_TEXT_BYTES];

    if (series == SERIES_PUBLISH || series == SERIES_PUBLISH_SERVICE || series == SERIES_E2E ||
        series == SERIES_E2E_SERVICE) {
        doc_cell(doc, DOC_PLAIN, "%s", units_format_ns((double)phase->resolution_ns, text));
    } else {
        doc_cell(doc, DOC_MUTED, "-");
    }
}

static void add_latency_row(const struct result_phase *phase, enum series series,
                            const struct latency_extras *extras, struct document *doc)
{
    static const char *const titles[SERIES_COUNT] = {
        [SERIES_PUBLISH] = "publish",
        [SERIES_PUBLISH_SERVICE] = "publish, service",
        [SERIES_E2E] = "end to end",
        [SERIES_E2E_SERVICE] = "end to end, service",
        [SERIES_SEND_LAG] = "send lag",
        [SERIES_CALL] = "call",
        [SERIES_CONSUME_ACK] = "consume ack",
        [SERIES_CONNECT] = "connect",
        [SERIES_CONNECT_TCP] = "connect, TCP",
        [SERIES_CONNECT_TLS] = "connect, TLS",
        [SERIES_CONNECT_LOGIN] = "connect, login",
    };
    static const double percentiles[] = {50.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0};
    const struct hist *hist = phase->latency[series];
    char text[FACTS_TEXT_BYTES];

    if (hist == NULL || hist_count(hist) == 0) {
        return;
    }
    doc_cell(doc, DOC_PLAIN, "%s", phase->name);
    if (extras->flows) {
        doc_cell(doc, phase->flow[0] == '\0' ? DOC_MUTED : DOC_PLAIN, "%s",
                 phase->flow[0] == '\0' ? "all" : phase->flow);
    }
    doc_cell(doc, DOC_PLAIN, "%s", titles[series]);
    doc_cell(doc, DOC_PLAIN, "%s", facts_count(hist_count(hist), text));
    doc_cell(doc, DOC_PLAIN, "%s", units_format_ns((double)hist_min(hist), text));
    add_mean(phase, series, doc);
    for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
        add_percentile(phase, series, percentiles[i], doc);
    }
    if (extras->censored) {
        add_noted(hist_censored(hist), doc);
    }
    if (extras->below) {
        add_noted(phase->below_resolution[series], doc);
    }
    if (extras->clocks) {
        add_clocks(phase, series == SERIES_E2E || series == SERIES_E2E_SERVICE, doc);
    }
    if (extras->resolution) {
        add_resolution(phase, series, doc);
    }
    if (extras->beyond) {
        add_noted(hist_over_range(hist), doc);
    }
}

/* Is there anything to show, and which extra columns? */
static bool find_extras(const struct result_case *result_case, struct latency_extras *extras)
{
    bool any = false;

    *extras = (struct latency_extras){.flows = facts_has_flows(result_case)};
    for (uint32_t i = 0; i < result_case->phases_count; i++) {
        const struct result_phase *phase = &result_case->phases[i];

        for (int series = 0; series < SERIES_COUNT && phase->measured; series++) {
            const struct hist *hist = phase->latency[series];

            if (hist != NULL && hist_count(hist) > 0) {
                any = true;
                extras->censored |= hist_censored(hist) > 0;
                extras->below |= phase->below_resolution[series] > 0;
                extras->clocks |= phase->clock_bound_ns > 0 || phase->clock_violations > 0;
                extras->resolution |= phase->resolution_ns > 0;
                extras->beyond |= hist_over_range(hist) > 0;
            }
        }
    }
    return any;
}

static void add_latency_table(const struct result_case *result_case,
                              const struct phase_choice *choice, struct document *doc)
{
    static const struct doc_column rest[] = {
        {"latency", "Response from the intended send, service from the actual one", DOC_LEFT},
        {"samples", NULL, DOC_RIGHT},
        {"min", NULL, DOC_RIGHT},
        {"mean", NULL, DOC_RIGHT},
        {"p50", NULL, DOC_RIGHT},
        {"p90", NULL, DOC_RIGHT},
        {"p95", NULL, DOC_RIGHT},
        {"p99", NULL, DOC_RIGHT},
        {"p99.9", NULL, DOC_RIGHT},
        {"p99.99", NULL, DOC_RIGHT},
        {"max", NULL, DOC_RIGHT},
    };
    static const struct doc_column censored = {
        "never came",
        "Of the samples: never sent, confirmed or received. They count with how long they had been "
        "waited for, so that a figure among them is a lower bound",
        DOC_RIGHT};
    static const struct doc_column below = {
        "below", "Below what the clocks can resolve, counted as 0", DOC_RIGHT};
    static const struct doc_column clocks = {
        "clocks", "How far off the latency can be, as hosts' clocks were related no better",
        DOC_RIGHT};
    static const struct doc_column resolution = {
        "resolution",
        "By so much the latency can be too long, as what arrives near a send is read with it",
        DOC_RIGHT};
    static const struct doc_column beyond = {"beyond", "Longer than 1 h, counted as 1 h",
                                             DOC_RIGHT};
    struct doc_column columns[7 + sizeof rest / sizeof rest[0]];
    struct latency_extras extras;
    uint32_t count;

    if (!find_extras(result_case, &extras)) {
        return;
    }
    count = phase_columns(columns, extras.flows, rest, sizeof rest / sizeof rest[0]);
    if (extras.censored) {
        columns[count++] = censored;
    }
    if (extras.below) {
        columns[count++] = below;
    }
    if (extras.clocks) {
        columns[count++] = clocks;
    }
    if (extras.resolution) {
        columns[count++] = resolution;
    }
    if (extras.beyond) {
        columns[count++] = beyond;
    }
    doc_table(doc, "Latencies", columns, count);
    for (uint32_t i = 0; i < result_case->phases_count; i++) {
        const struct result_phase *phase = &result_case->phases[i];
        bool shown = phase->measured && phase_choice_has(choice, result_case, phase);

        for (int series = 0; series < SERIES_COUNT && shown; series++) {
            add_latency_row(phase, (enum series)series, &extras, doc);
        }
    }
}

/* 0: no phase was sent in ticks. */
static int64_t ticks_ns(const struct result_case *result_case)
{
    int64_t tick_ns = 0;

    for (uint32_t i = 0; i < result_case->phases_count; i++) {
        tick_ns = result_case->phases[i].coalesce_ns > tick_ns ? result_case->phases[i].coalesce_ns
                                                               : tick_ns;
    }
    return tick_ns;
}

/* Where a case has more phases than anybody reads: those that say the most. */
static void add_tables(const struct result_case *result_case, struct document *doc)
{
    struct phase_choice choice = phase_choice_make(result_case, false, PHASES_TABLE_MAX);

    if (choice.left_out > 0) {
        doc_paragraph(doc, DOC_MUTED,
                      "%u phases with faults or with the highest p99 end to end; %u more are in "
                      "result.json.",
                      choice.count, choice.left_out);
    }
    if (ticks_ns(result_case) > 0) {
        char tick[UNITS_TEXT_BYTES];

        doc_paragraph(doc, DOC_PLAIN,
                      "Messages were sent in ticks of %s, not each at its own time (pacing: "
                      "coalesce). Send lag and resolution show how much that adds.",
                      units_format_ns((double)ticks_ns(result_case), tick));
    }
    add_delivery_table(result_case, &choice, doc);
    add_latency_table(result_case, &choice, doc);
    phase_choice_done(&choice);
}

void section_phases(const struct result *result, struct document *doc)
{
    bool any = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *result_case = &result->cases[i];

        if (!facts_has_figures(result_case)) {
            continue;
        }
        if (!any) {
            doc_section(doc, "phases", "All numbers by phase");
            doc_fold_rest(doc, "rates, counts and latencies of every phase and flow");
            any = true;
        }
        doc_subheading(doc, "%s%s%s", result_case->name,
                       result_case->trials_count > 1 ? ", all trials merged" : "",
                       result_case->status == CASE_FAILED ? ", failed" : "");
        add_tables(result_case, doc);
    }
}
