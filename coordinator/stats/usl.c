#include "usl.h"

#include <math.h>
#include <string.h>

#define TERMS 3

/* What the coefficients 1 / lambda, sigma / lambda and kappa / lambda are multiplied with, in units
 * of N / C, so that every point's share of the error is a relative one. */
static void terms_of(double clients, double rate, double *ret)
{
    double scale = rate / clients;

    ret[0] = scale;
    ret[1] = (clients - 1.0) * scale;
    ret[2] = clients * (clients - 1.0) * scale;
}

/* Solves the normal equations for the terms in use (a bit each); the others are 0. False when they
 * do not determine them. Gaussian elimination with the largest pivot. */
static bool solve(const double matrix[TERMS][TERMS], const double *right, unsigned used,
                  double *ret)
{
    double rows[TERMS][TERMS + 1];
    uint32_t index[TERMS];
    uint32_t n = 0;

    memset(ret, 0, TERMS * sizeof *ret);
    for (uint32_t i = 0; i < TERMS; i++) {
        index[n] = i;
        n += (used >> i & 1U) != 0 ? 1 : 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            rows[i][j] = matrix[index[i]][index[j]];
        }
        rows[i][n] = right[index[i]];
    }
    for (uint32_t column = 0; column < n; column++) {
        uint32_t pivot = column;

        for (uint32_t i = column + 1; i < n; i++) {
            pivot = fabs(rows[i][column]) > fabs(rows[pivot][column]) ? i : pivot;
        }
        if (fabs(rows[pivot][column]) < 1e-12) {
            return false;
        }
        for (uint32_t j = 0; j <= n; j++) {
            double held = rows[column][j];

            rows[column][j] = rows[pivot][j];
            rows[pivot][j] = held;
        }
        for (uint32_t i = 0; i < n; i++) {
            double factor = i == column ? 0.0 : rows[i][column] / rows[column][column];

            for (uint32_t j = column; j <= n; j++) {
                rows[i][j] -= factor * rows[column][j];
            }
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        ret[index[i]] = rows[i][n] / rows[i][i];
    }
    return true;
}

static double error_of(const double *clients, const double *rates, uint32_t count,
                       const double *coefficients)
{
    double squares = 0.0;

    for (uint32_t i = 0; i < count; i++) {
        double terms[TERMS];
        double off = -1.0;

        terms_of(clients[i], rates[i], terms);
        for (uint32_t t = 0; t < TERMS; t++) {
            off += coefficients[t] * terms[t];
        }
        squares += off * off;
    }
    return sqrt(squares / count);
}

static uint32_t count_different(const double *values, uint32_t count)
{
    uint32_t different = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t before = 0;

        while (before < i && values[before] != values[i]) {
            before++;
        }
        different += before == i ? 1 : 0;
    }
    return different;
}

static void find_peak(struct usl *usl)
{
    usl->peak_clients = INFINITY;
    usl->peak_rate = usl->sigma > 0.0 ? usl->lambda / usl->sigma : INFINITY;
    if (usl->kappa > 0.0) {
        /* dC/dN = 0. With so much contention that it is below 1, one client is the best. */
        usl->peak_clients = usl->sigma < 1.0 ? sqrt((1.0 - usl->sigma) / usl->kappa) : 1.0;
        usl->peak_clients = fmax(usl->peak_clients, 1.0);
        usl->peak_rate = usl_rate(usl, usl->peak_clients);
    }
}

bool usl_fit(const double *clients, const double *rates, uint32_t count, struct usl *ret)
{
    double matrix[TERMS][TERMS] = {{0.0}};
    double right[TERMS] = {0.0};
    double best[TERMS] = {0.0};
    double best_error = INFINITY;

    if (count_different(clients, count) < USL_POINTS_MIN) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        double terms[TERMS];

        terms_of(clients[i], rates[i] / rates[0], terms);
        for (uint32_t a = 0; a < TERMS; a++) {
            right[a] += terms[a];
            for (uint32_t b = 0; b < TERMS; b++) {
                matrix[a][b] += terms[a] * terms[b];
            }
        }
    }
    /* 1 / lambda is always in use. */
    for (unsigned used = 1; used < 1U << TERMS; used += 2) {
        double coefficients[TERMS];
        double error;

        if (!solve(matrix, right, used, coefficients)) {
            continue;
        }
        for (uint32_t t = 0; t < TERMS; t++) {
            coefficients[t] /= rates[0];
        }
        error = error_of(clients, rates, count, coefficients);
        if (coefficients[0] > 0.0 && coefficients[1] >= 0.0 && coefficients[2] >= 0.0 &&
            error < best_error) {
            best_error = error;
            memcpy(best, coefficients, sizeof best);
        }
    }
    if (!isfinite(best_error)) {
        return false;
    }
    *ret = (struct usl){.lambda = 1.0 / best[0],
                        .sigma = best[1] / best[0],
                        .kappa = best[2] / best[0],
                        .fit_error = best_error};
    find_peak(ret);
    return true;
}

double usl_rate(const struct usl *usl, double clients)
{
    return usl->lambda * clients /
           (1.0 + usl->sigma * (clients - 1.0) + usl->kappa * clients * (clients - 1.0));
}
