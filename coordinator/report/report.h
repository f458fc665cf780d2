/*
 * report: a result as documents for people and programs. Reads the result and nothing else. One
 * row in the table (formats.h) per file.
 */
#ifndef MILLRACE_REPORT_H
#define MILLRACE_REPORT_H

#include "result.h"
#include "text.h"

struct report_format {
    const char *name;      /* "html", as in --format. */
    const char *file_name; /* "report.html" */
    bool always;           /* report_write_all() writes it. */
    /* Appends the document. 0, -ENOMEM or -EINVAL with a sentence. NULL: the histogram log, which
     * is made of the journal while that is written or read (hlog.h). */
    int (*write)(const struct result *result, struct text *out, struct errinfo *reterr);
};

/* NULL-terminated by a NULL name. A name may have several rows, a file each; the first is the one
 * that report_format_find() gives. */
const struct report_format *report_formats(void);
const struct report_format *report_format_find(const char *name);

/* "json, md, ... or hlog": each name once. */
void report_format_names(struct text *out);

/* Writes all formats that are `always` into the folder; -ENOSPC etc. with the path. */
int report_write_all(const struct result *result, const char *folder, struct errinfo *reterr);

/* Removes from the folder what report_write_all() wrote there, as far as that goes. */
void report_remove_all(const char *folder);

/* Writes one format, which has a writer, to folder/file_name. */
int report_write(const struct result *result, const struct report_format *format,
                 const char *folder, struct errinfo *reterr);

/* Writes all files of a format that there is. -ENOSPC etc. with the path of the first that fails.
 */
int report_write_named(const struct result *result, const char *name, const char *folder,
                       struct errinfo *reterr);

#endif
