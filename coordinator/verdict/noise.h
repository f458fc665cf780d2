/*
 * noise: what the objectives of a run are worth as a gate. Over the trials of each case: how far an
 * objective's metric spreads, how many trials would have missed it by themselves, and which change
 * two runs of so many trials could tell from chance. Pure.
 */
#ifndef MILLRACE_NOISE_H
#define MILLRACE_NOISE_H

#include "judge.h"

/* Smallest relative change between two runs of n trials each that a two-sided test at 5 % finds
 * with 80 % power, when trials spread by that relative standard deviation: (t(0.975) + t(0.8)) x
 * spread x sqrt(2 / n), t with 2 n - 2 degrees of freedom (Cohen 1988, with t for the normal's
 * quantiles, as n is small). n >= 2. */
double noise_detectable(double spread, uint32_t n);

/* Replaces result->findings.noise: of each objective of the scenario in each case with two trials
 * or more, by measured phase. 0 or -ENOMEM. */
int noise_find(struct result *result, const struct judge_terms *terms, struct errinfo *reterr);

#endif
