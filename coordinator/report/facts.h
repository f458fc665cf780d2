/*
 * facts: what several sections and formats ask of a result: which phases count, totals, how a
 * figure is written. Pure.
 */
#ifndef MILLRACE_FACTS_H
#define MILLRACE_FACTS_H

#include "document.h"
#include "result.h"
#include "units.h"

#define FACTS_TEXT_BYTES 48

/* Phases of all flows together, in order: pass NULL for the first; NULL at the end. */
const struct result_phase *facts_phase_next(const struct result_case *result_case,
                                            const struct result_phase *after);

/* The same, only phases that are measured. */
const struct result_phase *facts_measured_next(const struct result_case *result_case,
                                               const struct result_phase *after);
uint32_t facts_measured_count(const struct result_case *result_case);

/* Does anything stand in this case: status measured and at least one phase that lasted? */
bool facts_has_figures(const struct result_case *result_case);

/* Is there anything but the one flow? */
bool facts_has_flows(const struct result_case *result_case);

/* Outcome of all phases and flows. */
void facts_delivery(const struct result_case *result_case, struct result_delivery *ret);
void facts_delivery_add(struct result_delivery *delivery, const struct result_delivery *from);

/* The trial that charts and per-trial tables show: the first one with intervals; NULL if none. */
const struct result_trial *facts_trial(const struct result_case *result_case);

/* One colour per target through the whole report: the number of its label in order of appearance.
 */
uint32_t facts_colour(const struct result *result, const struct result_case *result_case);

/* Rates of the phase are right to compare with what was asked. */
bool facts_reached(const struct result_phase *phase);

/*
 * The histogram a reader means by "end to end" or "publish": response where there is an intended
 * time, else service, and then *service is true. NULL or empty becomes NULL: there is no such
 * figure.
 */
const struct hist *facts_latency(const struct result_phase *phase, enum series response,
                                 bool *service);

/* hist has the 10 / (1 - q) samples that percentile q (in percent) needs. */
bool facts_percentile_holds(const struct hist *hist, double percentile);

/* 12345678 as "12 345 678" with narrow spaces: counts of the audit are exact. FACTS_TEXT_BYTES. */
const char *facts_count(uint64_t count, char *text);

/* "2026-02-05 14:03:22 UTC" of a wall time; "" for 0. FACTS_TEXT_BYTES. */
const char *facts_time(int64_t unix_ns, char *text);

/* "+12 s", "+1 min 05 s" after T0. FACTS_TEXT_BYTES. */
const char *facts_offset(int64_t offset_ns, char *text);

/* A number with the unit of an objective. FACTS_TEXT_BYTES. */
const char *facts_value(double value, const char *unit, char *text);

#endif
