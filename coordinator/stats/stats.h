/*
 * stats: statistics of small samples. The sample is one of trials, never of messages: a handful of
 * values, each from a run of its own. Pure; knows nothing of Millrace.
 *
 * Sources: Student (1908) for t; the distribution through the regularized incomplete beta function
 * (NIST DLMF 8.17, its continued fraction 8.17.22 evaluated by Lentz's method); Holm (1979) for
 * several tests at once.
 */
#ifndef MILLRACE_STATS_H
#define MILLRACE_STATS_H

#include <stdint.h>

#define STATS_CONFIDENCE 0.95

/* Of n > 0 values; stats_median() sorts them in place. */
double stats_median(double *values, uint32_t n);
double stats_mean(const double *values, uint32_t n);
double stats_sd(const double *values, uint32_t n); /* With n - 1; 0 for one value. */

/* t with P(T <= t) = p; p in (0, 1). */
double stats_t_quantile(double p, double degrees);

/* Two-sided p value of t with degrees > 0. */
double stats_t_p_value(double t, double degrees);

struct stats_interval {
    double low;
    double high;
};

/* The mean's interval of STATS_CONFIDENCE by t. n >= 2; with one value both bounds are NAN. */
struct stats_interval stats_t_interval(const double *values, uint32_t n);

/* Of the geometric mean of values above 0, by t on their logarithms: for what is multiplied rather
 * than added to, as latencies are. Its bounds are above 0. n >= 2; with one value both are NAN. */
struct stats_interval stats_log_interval(const double *values, uint32_t n);

/* Corrects the p values of n tests made at once into ret[n]: each may then be judged as if it were
 * the only one. */
void stats_holm(const double *p_values, uint32_t n, double *ret);

#endif
