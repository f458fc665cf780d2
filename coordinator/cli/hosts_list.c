#include "cli.h"
#include "hosts.h"
#include "hosts_commands_inner.h"
#include "options.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON_S (INT64_C(7) * 86400)
#define CELL_BYTES (HOST_LABELS_MAX * (NAME_BYTES + 1))

enum column {
    COLUMN_NAME,
    COLUMN_STATE,
    COLUMN_WEIGHT,
    COLUMN_LABELS,
    COLUMN_ADDED,
    COLUMNS_COUNT /* Addresses follow, which nothing stands behind. */
};

struct row {
    char cells[COLUMNS_COUNT][CELL_BYTES];
};

static const struct option_row *const no_rows[] = {NULL};

static const struct options_usage usage = {
    .program = "millrace hosts list",
    .arguments = "",
    .what = "Shows the hosts that may join: until when, their weight and labels, when they were "
            "added, and the addresses\n"
            "of this coordinator that their agents dial. A fleet (add --any) is one row.",
    .rows = no_rows,
    .examples = "  millrace hosts list\n",
};

static const struct row heads = {{"NAME", "STATE", "WEIGHT", "LABELS", "ADDED"}};

/* "2026-11-01". */
static const char *day(int64_t at_s, char text[JOIN_TIME_BYTES])
{
    (void)join_time(at_s, text);
    text[strcspn(text, " ")] = '\0';
    return text;
}

static void write_state(const struct host_entry *entry, int64_t now_s, char cell[CELL_BYTES])
{
    int64_t left_s = entry->valid_until_s - now_s;
    char text[JOIN_TIME_BYTES];

    if (entry->is_damaged) {
        (void)snprintf(cell, CELL_BYTES, "damaged");
    } else if (left_s < 0) {
        (void)snprintf(cell, CELL_BYTES, "ended %s", day(entry->valid_until_s, text));
    } else if (left_s >= SOON_S) {
        (void)snprintf(cell, CELL_BYTES, "valid until %s", day(entry->valid_until_s, text));
    } else if (left_s >= 2 * 86400) {
        (void)snprintf(cell, CELL_BYTES, "ends in %d d", (int)(left_s / 86400));
    } else if (left_s >= 2 * 3600) {
        (void)snprintf(cell, CELL_BYTES, "ends in %d h", (int)(left_s / 3600));
    } else if (left_s < 60) {
        (void)snprintf(cell, CELL_BYTES, "ends within 1 min");
    } else {
        (void)snprintf(cell, CELL_BYTES, "ends in %d min", (int)(left_s / 60));
    }
}

static void write_labels(const struct host_entry *entry, char cell[CELL_BYTES])
{
    size_t used = 0;

    (void)snprintf(cell, CELL_BYTES, "-");
    for (uint32_t i = 0; i < entry->labels_count && used < CELL_BYTES; i++) {
        int written = snprintf(cell + used, CELL_BYTES - used, "%s%s", i == 0 ? "" : ",",
                               entry->labels[i].text);

        used += written > 0 ? (size_t)written : 0;
    }
}

static void write_row(const struct host_entry *entry, int64_t now_s, struct row *row)
{
    char text[JOIN_TIME_BYTES];

    (void)snprintf(row->cells[COLUMN_NAME], CELL_BYTES, "%s", entry->name);
    if (entry->fleet_count > 0) {
        (void)snprintf(row->cells[COLUMN_NAME], CELL_BYTES, "%s (any %u)", entry->name,
                       entry->fleet_count);
    } else if (entry->processes_count > 0) {
        (void)snprintf(row->cells[COLUMN_NAME], CELL_BYTES, "%s (%u processes)", entry->name,
                       entry->processes_count);
    }
    write_state(entry, now_s, row->cells[COLUMN_STATE]);
    (void)snprintf(row->cells[COLUMN_WEIGHT], CELL_BYTES, "by CPUs");
    if (entry->weight > 0) {
        (void)snprintf(row->cells[COLUMN_WEIGHT], CELL_BYTES, "%u", entry->weight);
    }
    write_labels(entry, row->cells[COLUMN_LABELS]);
    (void)snprintf(row->cells[COLUMN_ADDED], CELL_BYTES, "%s",
                   entry->is_damaged ? "-" : day(entry->added_s, text));
}

static void add_row(const struct row *row, const size_t *widths, struct text *out)
{
    for (size_t c = 0; c < COLUMNS_COUNT; c++) {
        text_addf(out, "%-*s", (int)widths[c] + 2, row->cells[c]);
    }
}

/* Rows as wide as what stands in them. */
static void add_table(const struct host_list *list, const struct row *rows, struct text *out)
{
    size_t widths[COLUMNS_COUNT];

    for (size_t c = 0; c < COLUMNS_COUNT; c++) {
        widths[c] = strlen(heads.cells[c]);
        for (uint32_t i = 0; i < list->count; i++) {
            size_t width = strlen(rows[i].cells[c]);

            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    add_row(&heads, widths, out);
    text_add(out, "ADDRESSES\n");
    for (uint32_t i = 0; i < list->count; i++) {
        add_row(&rows[i], widths, out);
        for (uint32_t a = 0; a < list->entries[i].addresses_count; a++) {
            text_addf(out, "%s%s", a == 0 ? "" : ",", list->entries[i].addresses[a].text);
        }
        text_add(out, list->entries[i].addresses_count == 0 ? "-\n" : "\n");
    }
}

static int show(const struct host_list *list, int64_t now_s, struct errinfo *reterr)
{
    struct row *rows = calloc(list->count, sizeof *rows);
    struct text out = {0};
    int r = 0;

    for (uint32_t i = 0; rows != NULL && i < list->count; i++) {
        write_row(&list->entries[i], now_s, &rows[i]);
    }
    if (rows != NULL) {
        add_table(list, rows, &out);
    }
    if (rows == NULL || text_failed(&out)) {
        r = errinfo_nomem(reterr);
    } else {
        text_tame(out.bytes, true);
        (void)fputs(out.bytes, stdout);
    }
    text_done(&out);
    free(rows);
    return r;
}

int hosts_command_list(int argc, char **argv)
{
    struct option_list none = {NULL, 0};
    struct host_list list = {NULL, 0};
    struct hosts *hosts = NULL;
    struct errinfo error = {""};
    int code = 0;
    int r;

    if (!options_parse(&usage, argc, argv, NULL, &none, &code)) {
        option_list_done(&none);
        return code;
    }
    r = hosts_open(NULL, &hosts, &error);
    if (r == 0) {
        r = hosts_list(hosts, &list, &error);
    }
    if (r == 0 && list.count == 0) {
        (void)printf("no hosts yet in %s: millrace hosts add NAME --at HOST:PORT\n",
                     hosts_folder(hosts));
    } else if (r == 0) {
        r = show(&list, hosts_command_now_s(), &error);
    }
    code = r < 0 ? hosts_command_failed("list", EXIT_FAILED, &error) : 0;
    host_list_done(&list);
    hosts_free(hosts);
    option_list_done(&none);
    return code;
}
