/* result_json_parts: the parts of result.json that have a file of their own. Private to this
 * module. */
#ifndef MILLRACE_RESULT_JSON_PARTS_H
#define MILLRACE_RESULT_JSON_PARTS_H

#include "json.h"
#include "result.h"

/* "selfcheck", "comparisons", "searches", "noise", "insights". */
void put_findings(struct json *json, const struct findings *findings);

/* "figures" of a case: each metric over its trials. */
void put_case_figures(struct json *json, const struct result_case *of);

#endif
