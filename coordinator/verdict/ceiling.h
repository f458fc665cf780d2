/*
 * ceiling: what the trial of a calibration says of the generator. Pure.
 *
 * A broker gives out before the generator does, and on a busy host so does the host. So the ceiling
 * is what the agents could do if their busiest threads, load threads and the client library's own,
 * had nothing to wait for: all messages, by the CPU time of the thread that took most for its
 * agent's part; or what was reached, where that is more. The agent that gives out first counts for
 * all, as each goes on with its share of the load. What the trial took from its T0 until its end is
 * counted, with all its messages: preparing is no part of it, and at rest a thread takes nothing.
 *
 * A thread that waits for the broker between two messages takes more CPU for each than one that is
 * never idle. So where a broker is slow the ceiling is rather too low, by what its wakes take.
 *
 * Consumers are part of the generator: of a flow counts what was sent, or what each subscription
 * received of it if that was less.
 */
#ifndef MILLRACE_CEILING_H
#define MILLRACE_CEILING_H

#include "result.h"

/* Fills ceiling, CPU time, burst and duration from the phase that is measured: a burst if it was
 * one of a number of messages. The ceiling is 0 if there is no such phase, or nothing got through;
 * the reason is not touched. */
void ceiling_find(const struct result_trial *trial, const struct scenario_setup *setup,
                  const char *phase, struct result_calibration *ret);

#endif
