#include "report.h"

#include "file.h"
#include "formats.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct report_format formats[] = {
    /* The shortest ones first: on a disk that is nearly full these fit. */
    {"json", "result.json", true, json_write},
    {"md", "summary.md", true, markdown_write},
    {"html", "report.html", true, html_write},
    {"intervals", "intervals.jsonl", true, intervals_write},
    {"csv", "report.csv", false, csv_write},
    {"csv", "figures.csv", false, csv_figures_write},
    {"csv", "objectives.csv", false, csv_objectives_write},
    {"csv", "comparisons.csv", false, csv_comparisons_write},
    {"csv", "searches.csv", false, csv_searches_write},
    {"csv", "search_steps.csv", false, csv_search_steps_write},
    {"csv", "selfcheck.csv", false, csv_selfcheck_write},
    {"junit", "junit.xml", false, junit_write},
    {NULL, NULL, false, NULL},
};

const struct report_format *report_formats(void)
{
    return formats;
}

const struct report_format *report_format_find(const char *name)
{
    for (const struct report_format *format = formats; format->name != NULL; format++) {
        if (strcmp(format->name, name) == 0) {
            return format;
        }
    }
    return NULL;
}

int report_write(const struct result *result, const struct report_format *format,
                 const char *folder, struct errinfo *reterr)
{
    struct text text = {0};
    char *path = file_join(folder, format->file_name);
    int r;

    if (path == NULL) {
        r = errinfo_nomem(reterr);
        goto out;
    }
    r = format->write(result, &text, reterr);
    if (r < 0) {
        r = errinfo_prefix(reterr, r, "%s", path);
        goto out;
    }
    if (text_failed(&text)) {
        r = errinfo_nomem(reterr);
        goto out;
    }
    r = file_write_all(path, text.bytes == NULL ? "" : text.bytes, text.bytes_count, reterr);
out:
    text_done(&text);
    free(path);
    return r;
}

int report_write_named(const struct result *result, const char *name, const char *folder,
                       struct errinfo *reterr)
{
    int r = 0;

    for (const struct report_format *format = formats; r == 0 && format->name != NULL; format++) {
        if (strcmp(format->name, name) == 0) {
            r = report_write(result, format, folder, reterr);
        }
    }
    return r;
}

void report_remove_all(const char *folder)
{
    for (const struct report_format *format = formats; format->name != NULL; format++) {
        char *path = format->always ? file_join(folder, format->file_name) : NULL;

        if (path != NULL) {
            (void)unlink(path);
        }
        free(path);
    }
}

int report_write_all(const struct result *result, const char *folder, struct errinfo *reterr)
{
    struct errinfo error = {""};
    int first = 0;

    /* One that can't be written is no reason to leave out the others. */
    for (const struct report_format *format = formats; format->name != NULL; format++) {
        int r = format->always ? report_write(result, format, folder, &error) : 0;

        if (r < 0 && first == 0) {
            first = errinfo_set(reterr, r, "%s", error.text);
        }
    }
    return first;
}
