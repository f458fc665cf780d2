/* formats: the writers; each appends its document. 0, -ENOMEM, or another errno with
 * a sentence. */
#ifndef MILLRACE_FORMATS_H
#define MILLRACE_FORMATS_H

#include "errinfo.h"
#include "result.h"
#include "text.h"

int html_write(const struct result *result, struct text *out, struct errinfo *reterr);
int markdown_write(const struct result *result, struct text *out, struct errinfo *reterr);
int json_write(const struct result *result, struct text *out, struct errinfo *reterr);
int intervals_write(const struct result *result, struct text *out, struct errinfo *reterr);
int csv_write(const struct result *result, struct text *out, struct errinfo *reterr);
int csv_figures_write(const struct result *result, struct text *out, struct errinfo *reterr);
int csv_objectives_write(const struct result *result, struct text *out, struct errinfo *reterr);
int csv_comparisons_write(const struct result *result, struct text *out, struct errinfo *reterr);
int csv_searches_write(const struct result *result, struct text *out, struct errinfo *reterr);
int csv_search_steps_write(const struct result *result, struct text *out, struct errinfo *reterr);
int csv_selfcheck_write(const struct result *result, struct text *out, struct errinfo *reterr);
int junit_write(const struct result *result, struct text *out, struct errinfo *reterr);

#endif
