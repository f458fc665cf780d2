/*
 * plan_calibration: which cases are calibrated, and with what. Pure.
 *
 * A calibration is a trial of a case's flows with the same seed and agents, as fast as possible,
 * with topics of its own. A broker mostly gives out before the generator does, so on one it is a
 * burst, and what counts is not its rate but the CPU time that the generator took for it (see
 * ceiling.h). Memory takes whatever comes: there the generator's ceiling is what gets through in a
 * set time.
 *
 * Several flows go at once, each as fast as it can, as `max` has no shares: the ceiling is that of
 * their sum, and stands beside the sum of what is asked.
 *
 * What memory lacks is replaced: a confirm by the leader by one of all, messages that are
 * persistent by such that are not, clients that are apart by spread ones. As memory pins a topic to
 * an agent, flows get as many topics and consumers as it takes to give every agent a part.
 */
#ifndef MILLRACE_PLAN_CALIBRATION_H
#define MILLRACE_PLAN_CALIBRATION_H

#include "plan.h"

#define CALIBRATION_PHASE "calibrate" /* The measured one of its trial. */

/* Is this case calibrated? It asks a rate in a measured phase, and its target is not memory, unless
 * the scenario has the key. */
bool plan_calibrates(const struct scenario *scenario, const struct plan_case *of);

/* The highest rate of a measured phase, all flows together; 0: none asks one. */
double plan_calibration_asked(const struct scenario_setup *setup);

/* How many messages a case's burst is, all flows together: a second of the load, within bounds; 0:
 * it is none, as its target is memory. */
uint64_t plan_calibration_burst(const struct scenario *scenario, const struct plan_case *of);

/* What calibrating a case takes at most. */
int64_t plan_calibration_ns(const struct scenario *scenario, const struct plan_case *of);

/* A scenario with the one case of calibrating another. Its target and setup are freed by
 * plan_calibration_done(); all else is borrowed. 0 or -ENOMEM. */
int plan_calibration_init(const struct scenario *scenario, const struct plan_case *of,
                          uint32_t agents_count, struct scenario *ret, struct errinfo *reterr);
void plan_calibration_done(struct scenario *scenario);

#endif
