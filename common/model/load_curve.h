/*
 * load_curve: a rate that changes over a phase, piecewise linear: how many messages it asks for
 * until a time, and when each of them is due. A linear ramp is a curve of two points.
 *
 * The number of messages until x is the integral of the rate. Positions are kept in 10^-15 of a
 * message and rates in messages per 10^6 seconds, so that the integral of a straight piece is an
 * integer expression: no rounding adds up over a day, and coordinator and agents agree on the last
 * message. The inverse starts from the closed form (the quadratic's root, in floating point) and is
 * then corrected on the integers.
 *
 * Pure. The rate after the last point is that of the last point.
 */
#ifndef MILLRACE_LOAD_CURVE_H
#define MILLRACE_LOAD_CURVE_H

#include "units.h"

#include <stdint.h>

struct curve_point {
    int64_t at_ns;               /* Since the phase's start; the first is at 0. */
    uint64_t messages_per_1e6_s; /* At most RATE_PER_S_MAX x 10^6. */
};

/* Borrowed; points_count > 0, times rise strictly. */
struct load_curve {
    const struct curve_point *points;
    uint32_t points_count;
};

typedef unsigned __int128 curve_position; /* In 10^-15 of a message. */
#define CURVE_MESSAGE ((curve_position)1000000000000000)

/* Where in the curve the last answer was: walking on from there costs nothing. Zero at first. */
struct curve_cursor {
    uint32_t piece;
    curve_position before; /* Position at the piece's first point. */
};

#define CURVE_NEVER_NS (INT64_MAX / 4)

/* In messages per 10^6 s, rounded to the nearest. */
uint64_t curve_rate(struct rate rate);

/* Integral from the start to x_ns (0 if it is negative). */
curve_position curve_position_at(const struct load_curve *curve, int64_t x_ns);

/* First whole nanosecond at which the integral is at least the position; CURVE_NEVER_NS if it never
 * is. Positions must not fall from call to call with the same cursor. */
int64_t curve_time_ns(const struct load_curve *curve, struct curve_cursor *cursor,
                      curve_position position);

/* Messages 0, 1, 2 ... (at whole positions) that are due before x_ns. */
uint64_t curve_count_before(const struct load_curve *curve, int64_t x_ns);

/* Messages per second at x_ns. */
double curve_per_s(const struct load_curve *curve, int64_t x_ns);

#endif
