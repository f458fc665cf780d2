/*
 * charts_cases_inner: the charts of a scenario's question: a sweep's parameter against latency and
 * rate, the change against a baseline, a search's latency against rate. Nothing is added where
 * there is nothing to draw. Pure.
 */
#ifndef MILLRACE_CHARTS_CASES_INNER_H
#define MILLRACE_CHARTS_CASES_INNER_H

#include "document_inner.h"
#include "result.h"

void charts_sweep(const struct result *result, struct document *doc);
void charts_search(const struct result *result, const struct result_search *search,
                   struct document *doc);

#endif
