/*
 * export: a result as documents for people and programs. Reads the result and nothing else. One
 * row in the table (formats_inner.h) per file.
 */
#ifndef MILLRACE_EXPORT_H
#define MILLRACE_EXPORT_H

#include "result.h"
#include "text.h"

struct export_format {
    const char *name;      /* "html", as in --format. */
    const char *file_name; /* "report.html" */
    bool always;           /* export_write_all() writes it. */
    /* Appends the document. 0, -ENOMEM or -EINVAL with a sentence. NULL: the histogram log, which
     * is made of the journal while that is written or read (hlog.h). */
    int (*write)(const struct result *result, struct text *out, struct errinfo *reterr);
};

/* NULL-terminated by a NULL name. A name may have several rows, a file each; the first is the one
 * that export_format_find() gives. */
const struct export_format *export_formats(void);
const struct export_format *export_format_find(const char *name);

/* "json, md, ... or hlog": each name once. */
void export_format_names(struct text *out);

/* Writes all formats that are `always` into the folder; -ENOSPC etc. with the path. */
int export_write_all(const struct result *result, const char *folder, struct errinfo *reterr);

/* Removes from the folder what export_write_all() wrote there, as far as that goes. */
void export_remove_all(const char *folder);

/* Writes one format, which has a writer, to folder/file_name. */
int export_write(const struct result *result, const struct export_format *format,
                 const char *folder, struct errinfo *reterr);

/* Writes all files of a format that there is. -ENOSPC etc. with the path of the first that fails.
 */
int export_write_named(const struct result *result, const char *name, const char *folder,
                       struct errinfo *reterr);

#endif
