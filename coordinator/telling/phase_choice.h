/*
 * phase_choice: which phases of a case are shown in a table, where a case has more than a person
 * reads: those in which messages had faults, and of the others those with the highest p99. The rest
 * is counted; result.json has them all. Pure.
 */
#ifndef MILLRACE_PHASE_CHOICE_H
#define MILLRACE_PHASE_CHOICE_H

#include "result.h"

#define PHASES_FIRST_SCREEN_MAX 24u
#define PHASES_TABLE_MAX 100u

struct phase_choice {
    bool *listed;      /* By the case's phases, flows' own rows with theirs; NULL: all. */
    uint32_t count;    /* Phases that are listed. */
    uint32_t left_out; /* And that are not. */
};

/* Of all phases, or of the measured ones; at most that many. Without memory all are listed. */
struct phase_choice phase_choice_make(const struct result_case *of, bool measured_only,
                                      uint32_t most);
bool phase_choice_has(const struct phase_choice *choice, const struct result_case *of,
                      const struct result_phase *phase);
void phase_choice_done(struct phase_choice *choice);

#endif
