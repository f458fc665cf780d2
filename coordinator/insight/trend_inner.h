/*
 * trend_inner: does a series rise over time, or is it noise? Least squares, with the standard error
 * of the slope. Seconds of a run are not independent of each other, so the error is widened by the
 * residuals' first autocorrelation r as sqrt((1 + r) / (1 - r)): the effective number of points of
 * an AR(1) series (Bayley and Hammersley, 1946). Pure.
 */
#ifndef MILLRACE_TREND_INNER_H
#define MILLRACE_TREND_INNER_H

#include <stdbool.h>
#include <stdint.h>

#define TREND_POINTS_MIN 5 /* Two are spent on the line; with fewer the error says nothing. */

/* How many standard errors a slope must be away from 0: 0.3 % false alarms, as many as a report
 * with a few hundred series can bear. */
#define TREND_ERRORS 3.0

struct trend {
    double slope; /* y per x. */
    double slope_error;
    double mean;   /* Of y. */
    double length; /* Of x, first to last. */
};

/* False without TREND_POINTS_MIN points, or when all x are the same. x must not fall. */
bool trend_fit(const double *x, const double *y, uint32_t count, struct trend *ret);

/* Is the slope above 0, beyond what chance makes of such a series? */
bool trend_rises(const struct trend *trend);

#endif
