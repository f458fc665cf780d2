/*
 * charts_scaling_inner: throughput against the number of clients, with the Universal Scalability
 * Law that was fitted to it, and the law's figures. Nothing is added where there is no such curve.
 * Pure.
 */
#ifndef MILLRACE_CHARTS_SCALING_INNER_H
#define MILLRACE_CHARTS_SCALING_INNER_H

#include "document_inner.h"
#include "result.h"

void charts_scaling(const struct result *result, struct document *doc);

#endif
