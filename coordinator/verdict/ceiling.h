/*
 * ceiling: what the trial of a calibration says of the generator. Pure.
 *
 * Consumers are part of the generator: of a flow counts what was sent, or what each subscription
 * received of it if that was less.
 */
#ifndef MILLRACE_CEILING_H
#define MILLRACE_CEILING_H

#include "result.h"

/* Messages a second of all flows together in that phase, which sent as fast as it could; 0 if there
 * is no such phase, or nothing got through. */
double ceiling_of(const struct result_trial *trial, const struct scenario_setup *setup,
                  const char *phase);

#endif
