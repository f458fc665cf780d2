/*
 * page: a result as a document for people, as one HTML file or as Markdown: the same sections.
 * Reads the result and nothing else. Pure.
 */
#ifndef MILLRACE_PAGE_H
#define MILLRACE_PAGE_H

#include "errinfo.h"
#include "result.h"
#include "text.h"

/* Append the document. 0 or -ENOMEM. */
int html_write(const struct result *result, struct text *out, struct errinfo *reterr);
int markdown_write(const struct result *result, struct text *out, struct errinfo *reterr);

#endif
