/* clock_probing: a thread that exchanges times with the coordinator (tests/accuracy/README.md,
 * "Clocks"): a burst of 8 each second, each 100 ms for the first 3 s. The coordinator keeps the
 * relation. */
#ifndef MILLRACE_CLOCK_PROBING_H
#define MILLRACE_CLOCK_PROBING_H

#include "coordinator_link.h"

struct clock_probing;

int clock_probing_new(struct coordinator_link *link, struct clock_probing **ret,
                      struct errinfo *reterr);
void clock_probing_free(struct clock_probing *probing); /* NULL is allowed. */

#endif
