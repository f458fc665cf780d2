/* small_assignment: the least that a trial can be made of, on the memory broker. */
#ifndef MILLRACE_SMALL_ASSIGNMENT_H
#define MILLRACE_SMALL_ASSIGNMENT_H

#include "assignment.h"

/* One producer, one consumer, two phases of an hour; trial 0. The caller owns what is in it. */
void small_assignment(struct assignment *ret, const char *run_id);

#endif
