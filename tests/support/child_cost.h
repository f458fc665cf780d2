/* child_cost: what a piece of work costs in a process of its own: its own CPU time, which a busy
 * host does not lengthen, and its memory. */
#ifndef MILLRACE_TEST_CHILD_COST_H
#define MILLRACE_TEST_CHILD_COST_H

#include <stdbool.h>
#include <stdint.h>

struct child_cost {
    int64_t cpu_ns;   /* User and system. */
    int64_t more_kib; /* Resident at most, more than when it began: with all that the test had. */
};

/* Runs the work in a child and waits for it. Fails the test unless the child ends with 0; work that
 * returns is such an end. */
void child_cost_of(void (*work)(void *context), void *context, struct child_cost *ret);

/* Whether it is what refusing hostile bytes may cost: a second of CPU and 50 MiB. Under ASan or
 * TSan, whose shadow memory and checks count as the work's own, ten times that. */
bool child_cost_is_small(const struct child_cost *cost);

#endif
