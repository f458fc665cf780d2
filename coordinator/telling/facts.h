/*
 * facts: what several sections and formats ask of a result: which phases count, totals, how a
 * figure is written. Pure.
 */
#ifndef MILLRACE_FACTS_H
#define MILLRACE_FACTS_H

#include "result.h"
#include "text.h"
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

/* The trial that charts show: the first one with intervals, of a search the first at the rate that
 * the case is told by; NULL if none. */
const struct result_trial *facts_trial(const struct result_case *result_case);

/* What a trial is called where several are listed: "kafka, trial 2". FACTS_TRIAL_BYTES. */
#define FACTS_TRIAL_BYTES (NAME_BYTES + 24)
const char *facts_trial_name(const struct result_case *result_case,
                             const struct result_trial *trial, char *text);

/* An observed or a limit of a self-check: shares as percent. FACTS_TEXT_BYTES. */
const char *facts_check_value(const struct result_check *check, double value, char *text);

/* ", trial 1 of 5"; "" where the case has only one. FACTS_TEXT_BYTES. */
const char *facts_which_trial(const struct result_case *result_case,
                              const struct result_trial *trial, char *text);

/* One colour per target through the whole report: the number of its label in order of appearance.
 */
uint32_t facts_colour(const struct result *result, const struct result_case *result_case);

/* Does it ask for much more at times than on average: a ramp, or the curve of a day? */
bool facts_has_peak(const struct result_phase *phase);

/* Rates of the phase are right to compare with what was asked. */
bool facts_reached(const struct result_phase *phase);

/*
 * The histogram a reader means by "end to end" or "publish": response where there is an intended
 * time, else service, and then *service is true. NULL or empty becomes NULL: there is no such
 * figure.
 */
const struct hist *facts_latency(const struct result_phase *phase, enum series response,
                                 bool *service);

/* A latency as the first screen, the terminal and the sentence show it: the statistic that is
 * judged, which is the median over the trials. Of one trial, and where no trial has samples enough,
 * it is that of all samples together. */
struct facts_shown {
    bool any; /* false: there is no such figure. */
    double value_ns;
    bool at_least; /* A lower bound: what never came could make it longer. */
    bool service;  /* From the actual send, as there is no intended time. */
    bool few;      /* Too few samples for this percentile. */
};

/* phase: the case's, of all flows; percentile 50, 99 or 100, the largest. */
struct facts_shown facts_shown(const struct result_case *result_case,
                               const struct result_phase *phase, enum series response,
                               double percentile);

/* Has any case several trials, so that what merges them has to say so? */
bool facts_has_trials(const struct result *result);

/* hist has the 10 / (1 - q) samples that percentile q (in percent) needs. */
bool facts_percentile_holds(const struct hist *hist, double percentile);

/* 12345678 as "12,345,678": counts of the audit are exact. FACTS_TEXT_BYTES. */
const char *facts_count(uint64_t count, char *text);

/* "2026-02-05 14:03:22 UTC" of a wall time; "" for 0. FACTS_TEXT_BYTES. */
const char *facts_time(int64_t unix_ns, char *text);

/* What of a case's connections and of its broker's words a first look should show: which clients
 * lost their connection while others had one, and what the broker said. Nothing, or one line. */
void facts_outages(const struct result_case *of, struct text *out);

/* "+12 s", "+1 min 05 s" after T0. FACTS_TEXT_BYTES. */
const char *facts_offset(int64_t offset_ns, char *text);

/* The case of that name; NULL if there is none. */
const struct result_case *facts_case(const struct result *result, const char *name);

/* Are there several cases of this one's target? Then the target does not name it. */
bool facts_shares_target(const struct result *result, const struct result_case *result_case);

/* What a sentence calls the case: its target where that is enough, else its name. Borrowed. */
const char *facts_label(const struct result *result, const struct result_case *result_case);

/* The figure of a case over its trials, all flows together; NULL if it has none. */
const struct result_figure *facts_figure(const struct result_case *result_case, const char *phase,
                                         const char *metric);

/* "1.20 ms (1.10 ms to 1.31 ms)", without an interval where there is none. REASON_BYTES. */
const char *facts_interval(const struct result_figure *figure, char *text);

/* A ratio as the change in percent: 1.12 is "+12.0 %", 3.4 is "3.4 times". FACTS_TEXT_BYTES. */
const char *facts_change(double ratio, char *text);

/* A change is told as a factor from here on: nobody reads 240 % as 3.4 times as much. */
#define FACTS_TIMES_FROM 2.0

/* What two pairs of trials say of a bound may be any number: beyond this it means nothing more. */
#define FACTS_TIMES_MOST 1000.0

/* "3.4", "12", "0.56", "over 1000": a ratio as a factor. FACTS_TEXT_BYTES. */
const char *facts_times(double ratio, char *text);

/* As facts_value, with the unit written out for those that carry none in the number. */
const char *facts_measure(double value, const char *unit, char *text);

/* What an objective saw: a share that is asked for in percent is told in percent.
 * FACTS_TEXT_BYTES. */
const char *facts_observed(const struct result_objective *objective, char *text);

/* A number with the unit of an objective. FACTS_TEXT_BYTES. */
const char *facts_value(double value, const char *unit, char *text);

#endif
