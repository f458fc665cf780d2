#include "export.h"

#include "file.h"
#include "formats_inner.h"
#include "hlog.h"
#include "invariant.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT_LISTED(name, file_name, always, write) {name, file_name, always, write},
static const struct export_format formats[] = {
    FORMATS(FORMAT_LISTED) /* Last the one that the journal is taken for, not the result. */
    {"hlog", HLOG_FILE_NAME, false, NULL},
    {NULL, NULL, false, NULL},
};
#undef FORMAT_LISTED

const struct export_format *export_formats(void)
{
    return formats;
}

const struct export_format *export_format_find(const char *name)
{
    for (const struct export_format *format = formats; format->name != NULL; format++) {
        if (strcmp(format->name, name) == 0) {
            return format;
        }
    }
    return NULL;
}

void export_format_names(struct text *out)
{
    const struct export_format *last = formats;
    const char *joint = "";

    while (last[1].name != NULL) {
        last++;
    }
    for (const struct export_format *format = formats; format <= last; format++) {
        if (format == export_format_find(format->name)) {
            text_addf(out, "%s%s", format == last ? " or " : joint, format->name);
            joint = ", ";
        }
    }
}

int export_write(const struct result *result, const struct export_format *format,
                 const char *folder, struct errinfo *reterr)
{
    struct text text = {0};
    char *path = file_join(folder, format->file_name);
    int r;

    ASSERT(format->write != NULL);
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

int export_write_named(const struct result *result, const char *name, const char *folder,
                       struct errinfo *reterr)
{
    int r = 0;

    for (const struct export_format *format = formats; r == 0 && format->name != NULL; format++) {
        if (strcmp(format->name, name) == 0) {
            r = export_write(result, format, folder, reterr);
        }
    }
    return r;
}

void export_remove_all(const char *folder)
{
    for (const struct export_format *format = formats; format->name != NULL; format++) {
        char *path = format->always ? file_join(folder, format->file_name) : NULL;

        if (path != NULL) {
            (void)unlink(path);
        }
        free(path);
    }
}

int export_write_all(const struct result *result, const char *folder, struct errinfo *reterr)
{
    struct errinfo error = {""};
    int first = 0;

    /* One that can't be written is no reason to leave out the others. */
    for (const struct export_format *format = formats; format->name != NULL; format++) {
        int r = format->always ? export_write(result, format, folder, &error) : 0;

        if (r < 0 && first == 0) {
            first = errinfo_set(reterr, r, "%s", error.text);
        }
    }
    return first;
}
