/*
 * needs_resident: the memory that an agent takes for its part of a trial. An expectation, within a
 * factor of two of what is seen on the four backends (tests/system/test_explain.py). Pure.
 */
#ifndef MILLRACE_NEEDS_RESIDENT_H
#define MILLRACE_NEEDS_RESIDENT_H

#include "assignment.h"

/* Resident memory of an agent at the end of the trial. */
double needs_resident_bytes(const struct assignment *assignment);

/* Of it, without messages that are under way: how many those are is the broker's to say, which may
 * take few at a time, so that a run may fit although its windows would not. */
double needs_resident_kept_bytes(const struct assignment *assignment);

#endif
