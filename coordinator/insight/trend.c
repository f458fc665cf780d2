#include "trend_inner.h"

#include <math.h>

/* Beyond it the correction has no meaning: such a series has next to no independent points. */
#define AUTOCORRELATION_MAX 0.95

/* Of the residuals with those one later; 0 when it is not positive, for a negative one would make
 * the error smaller than chance does. */
static double autocorrelation(const double *x, const double *y, uint32_t count,
                              const struct trend *trend, double x_mean)
{
    double products = 0.0;
    double squares = 0.0;
    double before = 0.0;

    for (uint32_t i = 0; i < count; i++) {
        double residual = y[i] - trend->mean - trend->slope * (x[i] - x_mean);

        products += i == 0 ? 0.0 : residual * before;
        squares += residual * residual;
        before = residual;
    }
    return squares <= 0.0 ? 0.0 : fmin(fmax(products / squares, 0.0), AUTOCORRELATION_MAX);
}

bool trend_fit(const double *x, const double *y, uint32_t count, struct trend *ret)
{
    struct trend trend = {0};
    double x_mean = 0.0;
    double xx = 0.0;
    double xy = 0.0;
    double squares = 0.0;
    double r;

    if (count < TREND_POINTS_MIN) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        x_mean += x[i] / count;
        trend.mean += y[i] / count;
    }
    for (uint32_t i = 0; i < count; i++) {
        xx += (x[i] - x_mean) * (x[i] - x_mean);
        xy += (x[i] - x_mean) * (y[i] - trend.mean);
    }
    trend.length = x[count - 1] - x[0];
    if (xx <= 0.0) {
        return false;
    }
    trend.slope = xy / xx;
    for (uint32_t i = 0; i < count; i++) {
        double residual = y[i] - trend.mean - trend.slope * (x[i] - x_mean);

        squares += residual * residual;
    }
    r = autocorrelation(x, y, count, &trend, x_mean);
    trend.slope_error = sqrt(squares / (count - 2) / xx) * sqrt((1.0 + r) / (1.0 - r));
    *ret = trend;
    return true;
}

bool trend_rises(const struct trend *trend)
{
    return trend->slope > TREND_ERRORS * trend->slope_error;
}
