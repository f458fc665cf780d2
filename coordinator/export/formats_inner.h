/*
 * formats_inner: the table of what a result is written as, a row per file; declarations, the table
 * that export.h hands out, `--format` and its help come from it. A new format is a row here and a
 * file.
 *
 * A writer appends its document: 0, -ENOMEM, or another errno with a sentence.
 */
#ifndef MILLRACE_FORMATS_INNER_H
#define MILLRACE_FORMATS_INNER_H

#include "errinfo.h"
#include "page.h" /* Two rows are its; the compiler holds the declarations to each other. */
#include "result.h"
#include "text.h"

/* Its name in --format, its file, whether each run writes it, and its writer. The shortest first:
 * on a disk that is nearly full these fit. */
#define FORMATS(ROW)                                                                               \
    ROW("json", "result.json", true, json_write)                                                   \
    ROW("md", "summary.md", true, markdown_write)                                                  \
    ROW("html", "report.html", true, html_write)                                                   \
    ROW("intervals", "intervals.jsonl", true, intervals_write)                                     \
    ROW("csv", "report.csv", false, csv_write)                                                     \
    ROW("csv", "figures.csv", false, csv_figures_write)                                            \
    ROW("csv", "objectives.csv", false, csv_objectives_write)                                      \
    ROW("csv", "comparisons.csv", false, csv_comparisons_write)                                    \
    ROW("csv", "resumes.csv", false, csv_resumes_write)                                            \
    ROW("csv", "searches.csv", false, csv_searches_write)                                          \
    ROW("csv", "search_steps.csv", false, csv_search_steps_write)                                  \
    ROW("csv", "selfcheck.csv", false, csv_selfcheck_write)                                        \
    ROW("junit", "junit.xml", false, junit_write)

#define FORMAT_DECLARED(name, file_name, always, write)                                            \
    int write(const struct result *result, struct text *out, struct errinfo *reterr);
FORMATS(FORMAT_DECLARED)
#undef FORMAT_DECLARED

#endif
