/* summary: what the terminal shows at the end of a run; plain text, no wider than it is told. */
#include "summary.h"

#include "clients.h"
#include "headline_groups.h"
#include "latency_figure.h"
#include "phase_choice.h"
#include "resolution_inner.h"
#include "resumed.h"
#include "sentence.h"
#include "sentence_lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTAGES_LISTED_MAX 3 /* Cases. */
#define WIDTH_MIN 40
#define NAME_WIDTH_MAX 24
#define NAME_WIDTH_MIN 8
#define COLUMN_TEXT_BYTES 32

/* Figures of a line, in the order in which they are given up when the terminal is narrow: last
 * first. */
enum column {
    COLUMN_SENT,
    COLUMN_P50,
    COLUMN_P99,
    COLUMN_LOST,
    COLUMN_DUPLICATED,
    COLUMN_REORDERED,
    COLUMN_CORRUPTED,
    COLUMN_MAX,
    COLUMN_PUBLISH,
    COLUMN_COUNT
};

static const struct {
    const char *heading;
    int width;
} columns[COLUMN_COUNT] = {
    [COLUMN_SENT] = {"sent", 9},         [COLUMN_P50] = {"e2e p50", 9},
    [COLUMN_P99] = {"e2e p99", 9},       [COLUMN_LOST] = {"lost", 7},
    [COLUMN_MAX] = {"e2e max", 9},       [COLUMN_PUBLISH] = {"pub p99", 9},
    [COLUMN_DUPLICATED] = {"dupl.", 7},  [COLUMN_REORDERED] = {"reord.", 7},
    [COLUMN_CORRUPTED] = {"corrupt", 8},
};

/* Bytes that begin a character: close enough to columns for labels and figures. */
static int width_of(const char *text, size_t bytes)
{
    int width = 0;

    for (size_t i = 0; i < bytes; i++) {
        width += ((unsigned char)text[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    return width;
}

/* Bytes of the word at text, at most width columns of it: what is longer is broken. Control
 * characters end a word, as blanks do: those of foreign texts must not reach the terminal. */
static size_t word_bytes(const char *text, int width)
{
    size_t bytes = 0;
    int used = 0;

    while ((unsigned char)text[bytes] > ' ' && text[bytes] != 0x7F) {
        used += ((unsigned char)text[bytes] & 0xC0) != 0x80 ? 1 : 0;
        if (used > width) {
            break;
        }
        bytes++;
    }
    return bytes;
}

/* Words of text in lines of at most width columns, the later ones indented. */
static void add_wrapped(const char *text, int width, const char *first, const char *indent,
                        struct text *out)
{
    int indent_width = width_of(indent, strlen(indent));
    int used = width_of(first, strlen(first));
    bool line_empty = true;

    text_add(out, first);
    while (*text != '\0') {
        size_t bytes = word_bytes(text, width - indent_width);
        int word_width = width_of(text, bytes);

        if (bytes == 0) {
            text++;
            continue;
        }
        if (used + (line_empty ? 0 : 1) + word_width > width) {
            text_addf(out, "\n%s", indent);
            used = indent_width;
            line_empty = true;
        }
        text_add(out, line_empty ? "" : " ");
        text_add_bytes(out, text, bytes);
        used += word_width + (line_empty ? 0 : 1);
        line_empty = false;
        text += bytes;
    }
    text_add(out, "\n");
}

/* Returns whether it is a service time that stands in for a response time. */
static bool format_latency(const struct facts_shown *shown, char *text)
{
    char ns[LATENCY_TEXT_BYTES];

    if (!shown->any) {
        (void)snprintf(text, COLUMN_TEXT_BYTES, "-");
        return false;
    }
    (void)snprintf(text, COLUMN_TEXT_BYTES, "%.20s%s",
                   latency_text(shown->value_ns, shown->at_least, ns), shown->service ? "*" : "");
    return shown->service;
}

static void format_count(uint64_t count, bool known, char *text)
{
    char number[UNITS_TEXT_BYTES];

    (void)snprintf(text, COLUMN_TEXT_BYTES, "%.20s",
                   known ? units_format_count((double)count, number) : "-");
}

/* Returns whether a service time stands in for a response time. */
static bool format_columns(const struct result_case *result_case, const struct result_phase *phase,
                           char texts[COLUMN_COUNT][COLUMN_TEXT_BYTES])
{
    static const struct {
        enum column column;
        enum series series;
        double percentile;
    } latencies[] = {{COLUMN_P50, SERIES_E2E, 50.0},
                     {COLUMN_P99, SERIES_E2E, 99.0},
                     {COLUMN_MAX, SERIES_E2E, 100.0},
                     {COLUMN_PUBLISH, SERIES_PUBLISH, 99.0}};
    struct result_delivery delivery;
    char rate[UNITS_TEXT_BYTES];
    bool service = false;
    bool consumed;

    if (sentence_only_receives(phase)) {
        (void)snprintf(texts[COLUMN_SENT], COLUMN_TEXT_BYTES, "%.20s recv",
                       units_format_rate(phase->received_per_s, rate));
    } else {
        units_format_rate(phase->sent_per_s, texts[COLUMN_SENT]);
    }
    for (size_t i = 0; i < sizeof latencies / sizeof latencies[0]; i++) {
        struct facts_shown shown =
            facts_shown(result_case, phase, latencies[i].series, latencies[i].percentile);

        service |= format_latency(&shown, texts[latencies[i].column]);
    }
    facts_delivery(result_case, &delivery);
    consumed = delivery.expected > 0 || delivery.received > 0;
    format_count(delivery.lost, consumed, texts[COLUMN_LOST]);
    format_count(delivery.duplicated, consumed, texts[COLUMN_DUPLICATED]);
    format_count(delivery.reordered, consumed, texts[COLUMN_REORDERED]);
    format_count(delivery.corrupted, consumed, texts[COLUMN_CORRUPTED]);
    return service;
}

/* How the lines of all targets are laid out. */
struct layout {
    int width;
    int name_width;
    bool phases; /* The name is followed by the phase. */
    bool shown[COLUMN_COUNT];
};

static void name_of(const struct result_case *result_case, const struct result_phase *phase,
                    bool phases, char *name, size_t name_bytes)
{
    if (phases && phase != NULL) {
        (void)snprintf(name, name_bytes, "%s %s", result_case->name, phase->name);
    } else {
        (void)snprintf(name, name_bytes, "%s", result_case->name);
    }
}

/* Faults of messages are shown before the whole of a name. */
static int name_width_most(const struct result *result, int width)
{
    bool any = false;
    int left = width - 2;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        struct result_delivery delivery;

        facts_delivery(&result->cases[i], &delivery);
        any = any || delivery.duplicated + delivery.reordered + delivery.corrupted > 0;
    }
    for (int i = 0; any && i <= COLUMN_CORRUPTED; i++) {
        left -= 1 + columns[i].width;
    }
    left = left < NAME_WIDTH_MIN ? NAME_WIDTH_MIN : left;
    return left > NAME_WIDTH_MAX ? NAME_WIDTH_MAX : left;
}

static struct layout layout_of(const struct result *result, int width)
{
    struct layout layout = {.width = width, .name_width = 6};
    int most;
    int used;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        layout.phases |= facts_measured_count(&result->cases[i]) > 1;
    }
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_phase *phase = NULL;

        do {
            char name[2 * NAME_BYTES + 2];
            int name_width;

            phase = facts_measured_next(&result->cases[i], phase);
            name_of(&result->cases[i], phase, layout.phases, name, sizeof name);
            name_width = width_of(name, strlen(name));
            layout.name_width = name_width > layout.name_width ? name_width : layout.name_width;
        } while (phase != NULL);
    }
    most = name_width_most(result, width);
    layout.name_width = layout.name_width > most ? most : layout.name_width;
    used = 2 + layout.name_width;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        used += 1 + columns[i].width;
        layout.shown[i] = used <= width;
    }
    return layout;
}

/* The name, padded to its column, or without its beginning: the end tells cases apart. */
static void add_name(const struct layout *layout, const char *name, struct text *out)
{
    bool cut = width_of(name, strlen(name)) > layout->name_width;

    while (cut && (width_of(name, strlen(name)) > layout->name_width - 1 ||
                   ((unsigned char)*name & 0xC0) == 0x80)) {
        name++;
    }
    text_add(out, cut ? "  …" : "  ");
    for (size_t i = 0; name[i] != '\0'; i++) {
        text_add_bytes(out, (unsigned char)name[i] < 0x20 || name[i] == 0x7F ? "?" : &name[i], 1);
    }
    text_addf(out, "%*s", layout->name_width - (cut ? 1 : 0) - width_of(name, strlen(name)), "");
}

static void add_header(const struct layout *layout, struct text *out)
{
    add_name(layout, "target", out);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (layout->shown[i]) {
            text_add(out, " ");
            text_add_padded(out, columns[i].width, columns[i].heading);
        }
    }
    text_add(out, "\n");
}

static bool add_case(const struct layout *layout, const struct result_case *result_case,
                     struct text *out)
{
    struct phase_choice choice = phase_choice_make(result_case, true, PHASES_FIRST_SCREEN_MAX);
    const struct result_phase *phase = NULL;
    bool service = false;

    while (facts_has_figures(result_case) &&
           (phase = facts_measured_next(result_case, phase)) != NULL) {
        char texts[COLUMN_COUNT][COLUMN_TEXT_BYTES];
        char name[2 * NAME_BYTES + 2];

        if (!phase_choice_has(&choice, result_case, phase)) {
            continue;
        }
        service |= format_columns(result_case, phase, texts);
        name_of(result_case, phase, layout->phases, name, sizeof name);
        add_name(layout, name, out);
        for (int i = 0; i < COLUMN_COUNT; i++) {
            if (layout->shown[i]) {
                text_add(out, " ");
                text_add_padded(out, columns[i].width, texts[i]);
            }
        }
        text_add(out, "\n");
    }
    if (choice.left_out > 0) {
        text_addf(out, "  and %u more phases; shown are those with faults or the highest p99\n",
                  choice.left_out);
    }
    phase_choice_done(&choice);
    return service;
}

static void add_left_out(const struct layout *layout, const struct result_case *result_case,
                         struct text *out)
{
    struct text line = {0};
    struct text name = {0};
    char indent[NAME_WIDTH_MAX + 8];

    if (result_case->status == CASE_MEASURED && facts_measured_count(result_case) > 0) {
        return;
    }
    text_addf(&line, "%s%s%s",
              result_case->status == CASE_MEASURED ? "no measured phase"
                                                   : case_status_name(result_case->status),
              result_case->reason[0] == '\0' ? "" : ": ", result_case->reason);
    add_name(layout, result_case->name, &name);
    text_add(&name, "  ");
    (void)snprintf(indent, sizeof indent, "%*s", layout->name_width + 4, "");
    if (text_failed(&line) || text_failed(&name)) {
        out->failed = true;
    } else {
        add_wrapped(line.bytes, layout->width, name.bytes, indent, out);
    }
    text_done(&line);
    text_done(&name);
}

/* The cases of a target one after the other, though they were run in a mixed order. */
static bool add_group(const struct layout *layout, const struct result *result,
                      const struct result_case *first, struct text *out)
{
    bool service = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (headline_same_group(&result->cases[i], first)) {
            service |= add_case(layout, &result->cases[i], out);
            add_left_out(layout, &result->cases[i], out);
        }
    }
    return service;
}

static void add_reason(const struct result_reason *reason, int width, struct text *out)
{
    struct text line = {0};

    if (reason->case_name[0] != '\0' && strstr(reason->text, reason->case_name) == NULL) {
        text_addf(&line, "%s: ", reason->case_name);
    }
    text_add(&line, reason->text);
    if (text_failed(&line)) {
        out->failed = true;
    } else {
        add_wrapped(line.bytes, width, "  - ", "    ", out);
    }
    text_done(&line);
}

static void add_reasons(const struct result *result, const char *sentence, int width,
                        struct text *out)
{
    const char *before = "\n";
    bool *told = NULL;

    if (sentence_told(sentence, result, &told) < 0) {
        out->failed = true;
        return;
    }
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        if (!told[i]) {
            text_add(out, before);
            add_reason(&result->reasons[i], width, out);
            before = "";
        }
    }
    free(told);
}

/* Of the case that comes nearest to what the generator alone can do. */
static void add_headroom(const struct result *result, int width, struct text *out)
{
    const struct result_case *least = NULL;
    char headroom[REASON_BYTES];
    char line[REASON_BYTES + NAME_BYTES];

    for (uint32_t i = 0; i < result->cases_count; i++) {
        double here = result_headroom(&result->cases[i]);

        if (here > 0.0 && (least == NULL || here < result_headroom(least))) {
            least = &result->cases[i];
        }
    }
    if (least == NULL) {
        return;
    }
    (void)snprintf(line, sizeof line, "%s (%.63s)", result_describe_headroom(least, headroom),
                   least->name);
    add_wrapped(line, width, "  ", "    ", out);
}

/* What is said in one sentence, if there is anything to say. */
static void add_line(bool (*write)(const struct result *result, struct text *out),
                     const struct result *result, int width, struct text *out)
{
    struct text line = {0};

    if (write(result, &line)) {
        if (text_failed(&line)) {
            out->failed = true;
        } else {
            add_wrapped(line.bytes, width, "  ", "    ", out);
        }
    }
    text_done(&line);
}

static void add_doubt(const struct result *result, int width, struct text *out)
{
    struct text doubt = {0};

    if (sentence_doubt(result, &doubt)) {
        if (text_failed(&doubt)) {
            out->failed = true;
        } else {
            add_wrapped(doubt.bytes, width, "  ! ", "    ", out);
        }
    }
    text_done(&doubt);
}

static void add_outages(const struct result *result, int width, struct text *out)
{
    uint32_t listed = 0;

    for (uint32_t i = 0; i < result->cases_count && listed < OUTAGES_LISTED_MAX; i++) {
        struct text line = {0};

        facts_outages(&result->cases[i], &line);
        out->failed = out->failed || text_failed(&line);
        if (line.bytes_count > 0 && !text_failed(&line)) {
            add_wrapped(line.bytes, width, "  ! ", "    ", out);
            listed++;
        }
        text_done(&line);
    }
}

static void add_resumes(const struct result *result, int width, struct text *out)
{
    for (uint32_t i = 0; i < result->resumes_count && i < RESUMED_LINES_MAX; i++) {
        struct text line = {0};

        resumed_line(result, i, &line);
        out->failed = out->failed || text_failed(&line);
        if (!text_failed(&line)) {
            add_wrapped(line.bytes, width, "  ", "    ", out);
        }
        text_done(&line);
    }
    if (result->resumes_count > RESUMED_LINES_MAX) {
        text_addf(out, "  and %u times more\n", result->resumes_count - RESUMED_LINES_MAX);
    }
}

int summary_write(const struct result *result, int width, struct text *out)
{
    struct text sentence = {0};
    struct layout layout = layout_of(result, width < WIDTH_MIN ? WIDTH_MIN : width);
    bool service = false;

    if (sentence_write(result, &sentence) < 0) {
        text_done(&sentence);
        return -ENOMEM;
    }
    add_wrapped(sentence.bytes, layout.width, "", "  ", out);
    if (result->cases_count > 0) {
        text_add(out, "\n");
        add_header(&layout, out);
        for (uint32_t i = 0; i < result->cases_count; i++) {
            if (headline_begins_group(result, &result->cases[i])) {
                service |= add_group(&layout, result, &result->cases[i], out);
            }
        }
    }
    if (service) {
        add_wrapped("* measured from the send, because a load as fast as possible has no schedule",
                    layout.width, "  ", "    ", out);
    }
    if (facts_has_trials(result)) {
        add_wrapped("latencies are medians of the trials, as judged", layout.width, "  ", "    ",
                    out);
    }
    add_line(clients_line, result, layout.width, out);
    add_line(resolution_line, result, layout.width, out);
    add_headroom(result, layout.width, out);
    add_doubt(result, layout.width, out);
    add_outages(result, layout.width, out);
    add_resumes(result, layout.width, out);
    add_reasons(result, sentence.bytes, layout.width, out);
    text_done(&sentence);
    return text_failed(out) ? -ENOMEM : 0;
}
