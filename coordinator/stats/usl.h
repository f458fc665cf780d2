/*
 * usl: the Universal Scalability Law, fitted to the throughput of more and more clients.
 *
 *     C(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))
 *
 * lambda is what one client brings; sigma the share of the work for which clients queue
 * (contention); kappa what each pair of them costs (coherency), because of which more clients can
 * bring less. After Gunther, Guerrilla Capacity Planning (2007), chapter 5. Pure.
 *
 * N / C is linear in 1 / lambda, sigma / lambda and kappa / lambda, so the fit is a linear one, of
 * relative errors, and with no coefficient below 0: each set of coefficients that are 0 is tried,
 * which with three of them is the whole of it.
 */
#ifndef MILLRACE_USL_H
#define MILLRACE_USL_H

#include <stdbool.h>
#include <stdint.h>

#define USL_POINTS_MIN 4 /* One more than there are coefficients. */

struct usl {
    double lambda;
    double sigma;
    double kappa;
    double fit_error;    /* Relative distance of the points from the law, root mean square. */
    double peak_clients; /* Where throughput is highest; INFINITY: it never falls. */
    double peak_rate;    /* There, or the limit that it comes ever closer to; INFINITY: none. */
};

/* Clients above 0 and throughputs above 0, in any order. False with fewer than USL_POINTS_MIN
 * different numbers of clients, or when no law fits. */
bool usl_fit(const double *clients, const double *rates, uint32_t count, struct usl *ret);

/* C(N). */
double usl_rate(const struct usl *usl, double clients);

#endif
