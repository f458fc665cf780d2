#include "stats.h"

#include "invariant.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return a < b ? -1 : a > b ? 1 : 0;
}

double stats_median(double *values, uint32_t n)
{
    ASSERT(n > 0);
    qsort(values, n, sizeof values[0], compare);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2.0;
}

double stats_mean(const double *values, uint32_t n)
{
    double sum = 0.0;

    ASSERT(n > 0);
    for (uint32_t i = 0; i < n; i++) {
        sum += values[i];
    }
    return sum / n;
}

double stats_sd(const double *values, uint32_t n)
{
    double mean = stats_mean(values, n);
    double sum = 0.0;

    for (uint32_t i = 0; i < n; i++) {
        sum += (values[i] - mean) * (values[i] - mean);
    }
    return n < 2 ? 0.0 : sqrt(sum / (n - 1));
}

/* The continued fraction of the incomplete beta function. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1.0;
    double d = 1.0 - (a + b) * x / (a + 1.0);
    double fraction;

    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    fraction = d;
    for (int m = 1; m <= 500; m++) {
        double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        double step;

        d = 1.0 + even * d;
        c = 1.0 + even / c;
        d = 1.0 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        fraction *= d * c;
        d = 1.0 + odd * d;
        c = 1.0 + odd / c;
        d = 1.0 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        step = d * c;
        fraction *= step;
        if (fabs(step - 1.0) < 1e-15) {
            break;
        }
    }
    return fraction;
}

static double incomplete_beta(double a, double b, double x)
{
    double front;

    if (x <= 0.0 || x >= 1.0) {
        return x <= 0.0 ? 0.0 : 1.0;
    }
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    /* The fraction converges fast on one side only; the other is its mirror image. */
    return x < (a + 1.0) / (a + b + 2.0) ? front * beta_fraction(a, b, x) / a
                                         : 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

double stats_t_p_value(double t, double degrees)
{
    ASSERT(degrees > 0.0);
    return incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + t * t));
}

double stats_t_quantile(double p, double degrees)
{
    double tail = p < 0.5 ? p : 1.0 - p;
    double low = 0.0;
    double high = 1.0;

    ASSERT(p > 0.0 && p < 1.0);
    while (stats_t_p_value(high, degrees) / 2.0 > tail && high < 1e100) {
        high *= 2.0;
    }
    /* Bisection: 200 halvings end at neighbouring doubles, wherever it began. */
    for (int i = 0; i < 200 && high - low > 0.0; i++) {
        double middle = low + (high - low) / 2.0;

        if (middle <= low || middle >= high) {
            break;
        }
        if (stats_t_p_value(middle, degrees) / 2.0 > tail) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return p < 0.5 ? -high : high;
}

struct stats_interval stats_t_interval(const double *values, uint32_t n)
{
    double mean = stats_mean(values, n);
    double half;

    if (n < 2) {
        return (struct stats_interval){(double)NAN, (double)NAN};
    }
    half = stats_t_quantile(0.5 + STATS_CONFIDENCE / 2.0, n - 1.0) * stats_sd(values, n) / sqrt(n);
    return (struct stats_interval){mean - half, mean + half};
}

struct stats_interval stats_log_interval(const double *values, uint32_t n)
{
    double mean = 0.0;
    double squares = 0.0;
    double half;

    if (n < 2) {
        return (struct stats_interval){(double)NAN, (double)NAN};
    }
    for (uint32_t i = 0; i < n; i++) {
        mean += log(values[i]) / n;
    }
    for (uint32_t i = 0; i < n; i++) {
        squares += (log(values[i]) - mean) * (log(values[i]) - mean);
    }
    half = stats_t_quantile(0.5 + STATS_CONFIDENCE / 2.0, n - 1.0) * sqrt(squares / (n - 1.0) / n);
    return (struct stats_interval){exp(mean - half), exp(mean + half)};
}

/* Does a come before b in rising order? Equal values keep their places. */
static bool precedes(const double *values, uint32_t a, uint32_t b)
{
    return values[a] < values[b] || (values[a] == values[b] && a < b);
}

static uint32_t rank_of(const double *values, uint32_t n, uint32_t index)
{
    uint32_t rank = 0;

    for (uint32_t i = 0; i < n; i++) {
        rank += precedes(values, i, index) ? 1 : 0;
    }
    return rank;
}

void stats_holm(const double *p_values, uint32_t n, double *ret)
{
    uint32_t last = n;

    for (uint32_t i = 0; i < n; i++) {
        ret[i] = fmin(p_values[i] * (n - rank_of(p_values, n, i)), 1.0);
    }
    /* None may end below one with a smaller p. From the largest down: what is still to be read has
     * not been written. */
    for (uint32_t turn = 0; turn < n; turn++) {
        uint32_t next = n;

        for (uint32_t i = 0; i < n; i++) {
            bool open = last == n || precedes(p_values, i, last);

            next = open && (next == n || precedes(p_values, next, i)) ? i : next;
        }
        for (uint32_t i = 0; i < n; i++) {
            if (precedes(p_values, i, next)) {
                ret[next] = fmax(ret[next], ret[i]);
            }
        }
        last = next;
    }
}
