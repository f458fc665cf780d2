/*
 * insight: sentences that follow from the figures of a result. Each comes with its figures and the
 * name of the rule that made it, and with advice where some follows. Pure.
 *
 * A rule is one row of a table in insight.c. It stays silent without the samples, seconds or trials
 * that it needs; its thresholds are constants beside it, each with its reason. It tells what was
 * measured here, never what is generally said of a broker.
 */
#ifndef MILLRACE_INSIGHT_H
#define MILLRACE_INSIGHT_H

#include "errinfo.h"
#include "result.h"

/* Replaces result->findings.insights; to be called when everything else of the result stands. 0, or
 * -ENOMEM with the insights untouched. */
int insight_find(struct result *result, struct errinfo *reterr);

#endif
