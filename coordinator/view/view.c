#include "view.h"

#include "bounds.h"
#include "units.h"
#include "view_agents_inner.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BAR_MAX 30

static bool continues_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80; /* UTF-8 */
}

/* Cuts a line to width columns and ends it. A column is a character: paths and urls may have some
 * that take several bytes. What would move the cursor is shown as a question mark. */
static void add_line(struct text *out, int width, char *line)
{
    int columns = 0;
    size_t used = 0;

    for (; line[used] != '\0'; used++) {
        if (continues_character(line[used])) {
            continue;
        }
        if (columns >= width) {
            break;
        }
        columns++;
        if (iscntrl((unsigned char)line[used])) {
            line[used] = '?';
        }
    }
    text_add_bytes(out, line, used);
    text_add(out, "\n");
}

static void add_bar(char *line, size_t line_bytes, int64_t done_ns, int64_t length_ns, int columns)
{
    int filled = length_ns <= 0 || done_ns <= 0 ? 0 : (int)(done_ns * columns / length_ns);
    size_t used = strlen(line);

    filled = filled > columns ? columns : filled;
    for (int i = 0; i < columns && used + 2 < line_bytes; i++) {
        line[used++] = i < filled ? '#' : '.';
    }
    line[used] = '\0';
}

static const char *format_left(const struct run_progress *progress, char *text)
{
    int64_t left_ns = progress->trial_length_ns - progress->trial_ns;

    return units_format_duration(left_ns < 0 ? 0 : left_ns / 1000000000 * 1000000000, text);
}

static void add_head(const struct run_progress *progress, int width, struct text *out)
{
    char line[256];
    char text[UNITS_TEXT_BYTES];

    if (progress->case_name == NULL || progress->phase_name == NULL) {
        (void)snprintf(line, sizeof line, "%s%s%s (%u of %u agents)", progress->stage,
                       progress->detail == NULL ? "" : ": ",
                       progress->detail == NULL ? "" : progress->detail, progress->agents_joined,
                       progress->agents_wanted);
        add_line(out, width, line);
        return;
    }
    if (progress->trial >= CALIBRATION_TRIAL_FIRST) {
        (void)snprintf(line, sizeof line, "%s  phase %s  [", progress->case_name,
                       progress->phase_name);
    } else if (progress->search[0] != '\0') {
        (void)snprintf(line, sizeof line, "%s  trial %u, %s  %s  [", progress->case_name,
                       progress->trial + 1, progress->search, progress->phase_name);
    } else {
        (void)snprintf(line, sizeof line, "%s  trial %u of %u  phase %s  [", progress->case_name,
                       progress->trial + 1, progress->trials_count, progress->phase_name);
    }
    add_bar(line, sizeof line, progress->phase_ns, progress->phase_length_ns,
            width > 100 ? BAR_MAX : 16);
    (void)snprintf(line + strlen(line), sizeof line - strlen(line), "]  at most %s left",
                   format_left(progress, text));
    add_line(out, width, line);
}

static double per_s(const struct result_interval *interval, uint64_t count)
{
    return interval->length_s > 0.0 ? (double)count / interval->length_s : (double)count;
}

static void add_rates(const struct run_progress *progress, int width, struct text *out)
{
    const struct result_interval *last = &progress->live.last;
    char line[256];
    char due[UNITS_TEXT_BYTES];
    char sent[UNITS_TEXT_BYTES];
    char acked[UNITS_TEXT_BYTES];
    char received[UNITS_TEXT_BYTES];

    (void)snprintf(line, sizeof line, "  asked %-10s sent %-10s confirmed %-10s received %s",
                   units_format_rate(per_s(last, last->due), due),
                   units_format_rate(per_s(last, last->sent), sent),
                   units_format_rate(per_s(last, last->acked), acked),
                   units_format_rate(per_s(last, last->received), received));
    add_line(out, width, line);
}

static void add_latencies(const struct run_progress *progress, int width, struct text *out)
{
    const struct result_interval *last = &progress->live.last;
    char line[256] = "  ";
    char p50[UNITS_TEXT_BYTES];
    char p99[UNITS_TEXT_BYTES];

    if (last->e2e.samples > 0) {
        (void)snprintf(line, sizeof line, "  end to end p50 %-9s p99 %-9s",
                       units_format_ns((double)last->e2e.p50, p50),
                       units_format_ns((double)last->e2e.p99, p99));
    }
    if (last->publish.samples > 0) {
        (void)snprintf(line + strlen(line), sizeof line - strlen(line), "  publish p50 %-9s p99 %s",
                       units_format_ns((double)last->publish.p50, p50),
                       units_format_ns((double)last->publish.p99, p99));
    }
    add_line(out, width, line);
}

/* ", BROKER AWAY", or how many clients have lost their connection. */
static const char *connections(const struct run_progress *progress, const char *before, char *text,
                               size_t text_bytes)
{
    uint32_t down = progress->live.clients_down;

    text[0] = '\0';
    if (progress->broker_away) {
        (void)snprintf(text, text_bytes, "%sBROKER AWAY", before);
    } else if (down > 0) {
        (void)snprintf(text, text_bytes, "%s%u of %u clients down", before, down,
                       progress->live.clients);
    }
    return text;
}

static void add_state(const struct run_progress *progress, int width, struct text *out)
{
    const struct fold_live *live = &progress->live;
    char line[256];
    char away[64];
    char backlog[UNITS_TEXT_BYTES];
    char unconfirmed[UNITS_TEXT_BYTES];

    (void)snprintf(line, sizeof line, "  backlog %-8s unconfirmed %-8s agents %u of %u%s%s%s",
                   units_format_count((double)live->backlog, backlog),
                   units_format_count((double)live->outstanding, unconfirmed),
                   progress->agents_joined, progress->agents_wanted,
                   progress->ceiling[0] != '\0' ? "  ceiling " : "", progress->ceiling,
                   connections(progress, "  ", away, sizeof away));
    add_line(out, width, line);
}

static void add_agents(const struct run_progress *progress, int width, struct text *out)
{
    char line[VIEW_AGENT_BYTES + 8];
    char text[VIEW_AGENT_BYTES];
    uint32_t shown[VIEW_AGENTS_MAX];
    uint32_t count = view_agents_choose(progress, shown);

    if (progress->agents_count > VIEW_AGENTS_MAX) {
        view_agents_sum(progress, text);
        (void)snprintf(line, sizeof line, "  %s", text);
        add_line(out, width, line);
    }
    for (uint32_t i = 0; i < count; i++) {
        view_agent_line(progress, shown[i], text);
        (void)snprintf(line, sizeof line, "  %s", text);
        add_line(out, width, line);
    }
}

void view_screen(const struct run_progress *progress, int width, struct text *out)
{
    add_head(progress, width, out);
    if (progress->case_name != NULL && progress->live.intervals > 0) {
        add_rates(progress, width, out);
        add_latencies(progress, width, out);
        add_state(progress, width, out);
    }
    if (progress->case_name != NULL && progress->agents_count > 1) {
        add_agents(progress, width, out);
    }
}

/* A value of a line for a log; with blanks or quotes in it, within quotes. */
static void add_pair(const char *key, const char *value, struct text *out)
{
    bool quoted = value[0] == '\0' || strpbrk(value, " \"=") != NULL;

    text_addf(out, "%s%s=%s", out->bytes_count > 0 ? " " : "", key, quoted ? "\"" : "");
    for (; *value != '\0'; value++) {
        text_add_bytes(out, iscntrl((unsigned char)*value) || *value == '"' ? "?" : value, 1);
    }
    text_add(out, quoted ? "\"" : "");
}

static void add_trial(const struct run_progress *progress, struct text *out)
{
    add_pair("case", progress->case_name, out);
    if (progress->trial >= CALIBRATION_TRIAL_FIRST) {
        text_add(out, " calibration=yes");
    } else if (progress->search[0] != '\0') {
        text_addf(out, " trial=%u", progress->trial + 1);
        add_pair("search", progress->search, out);
    } else {
        text_addf(out, " trial=%u/%u", progress->trial + 1, progress->trials_count);
    }
    add_pair("phase", progress->phase_name, out);
    text_addf(out, " elapsed_s=%lld", (long long)(progress->trial_ns / 1000000000));
}

static void add_trouble(const struct run_progress *progress, struct text *out)
{
    uint32_t silent = 0;
    uint32_t lost = 0;

    view_agents_count(progress, &silent, &lost);
    if (progress->broker_away) {
        text_add(out, " broker=away");
    } else if (progress->live.clients_down > 0) {
        text_addf(out, " clients_down=%u/%u", progress->live.clients_down, progress->live.clients);
    }
    if (silent > 0) {
        text_addf(out, " agents_silent=%u", silent);
    }
    if (lost > 0) {
        text_addf(out, " agents_lost=%u", lost);
    }
}

void view_line(const struct run_progress *progress, struct text *out)
{
    const struct result_interval *last = &progress->live.last;

    if (progress->case_name == NULL || progress->phase_name == NULL) {
        text_addf(out, "%s%s%s\n", progress->stage, progress->detail == NULL ? "" : ": ",
                  progress->detail == NULL ? "" : progress->detail);
        return;
    }
    add_trial(progress, out);
    text_addf(out,
              " target_per_s=%.1f sent_per_s=%.1f confirmed_per_s=%.1f "
              "received_per_s=%.1f",
              per_s(last, last->due), per_s(last, last->sent), per_s(last, last->acked),
              per_s(last, last->received));
    if (last->e2e.samples > 0) {
        text_addf(out, " e2e_p50_ms=%.3g e2e_p99_ms=%.3g", (double)last->e2e.p50 / 1e6,
                  (double)last->e2e.p99 / 1e6);
    }
    if (last->publish.samples > 0) {
        text_addf(out, " publish_p99_ms=%.3g", (double)last->publish.p99 / 1e6);
    }
    text_addf(out, " backlog=%llu", (unsigned long long)progress->live.backlog);
    add_trouble(progress, out);
    text_add(out, "\n");
}
