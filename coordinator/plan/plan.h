/*
 * plan: scenario x agents -> all cases, trials and assignments of a run. Pure: same input, same
 * plan; exact arithmetic on rates. Knows nothing of connections or time.
 *
 * Today a case is one target; sweeps and variants multiply it later.
 */
#ifndef MILLRACE_PLAN_H
#define MILLRACE_PLAN_H

#include "assignment.h"
#include "catalog.h"
#include "errinfo.h"
#include "scenario.h"

#include <stdbool.h>
#include <stdint.h>

enum case_status { CASE_MEASURED, CASE_SKIPPED, CASE_NOT_AVAILABLE, CASE_FAILED };

/* "measured", "skipped", "not available", "failed" */
const char *case_status_name(enum case_status status);

struct plan_case {
    char name[NAME_BYTES];
    uint32_t target;         /* Into scenario.targets. */
    enum case_status status; /* MEASURED: to be run; NOT_AVAILABLE with the reason. */
    char reason[REASON_BYTES];
};

/* A trial: one assignment per agent (an agent without clients has an empty one). */
struct plan_trial {
    uint32_t number; /* Within the run; the `trial` of snapshots. */
    uint32_t case_index;
    uint32_t repetition; /* Within the case. */
    struct assignment *assignments;
    uint32_t assignments_count; /* = agents. */
};

/* What a plan has to know of an agent. */
struct plan_agent {
    uint32_t cpus; /* For this agent alone: cores of its host divided among the agents there, at
                      least 1. */
};

struct plan {
    struct plan_case *cases;
    uint32_t cases_count;
    struct plan_trial *trials; /* In the order in which they are run. */
    uint32_t trials_count;
};

/* Borrowed for the call. */
struct plan_request {
    const struct scenario *scenario;
    const struct plan_agent *agents;
    uint32_t agents_count;
    const char *run_id; /* Part of the topics' names. */
    uint64_t seed;
};

/* -EINVAL when bounds.h would be exceeded or `apart` has too few agents, with the sentence;
 * -ENOMEM. On success the caller owns *ret. */
int plan_make(const struct plan_request *request, struct plan **ret, struct errinfo *reterr);
void plan_free(struct plan *plan);

/* Duration of a trial's load and drain phases at most. */
int64_t plan_trial_ns(const struct plan_trial *trial);

/* Messages that the schedule asks of a flow in a phase: with a curve its integral, with Poisson
 * arrivals the expected number; UINT64_MAX with `max` and no number of messages. */
uint64_t plan_phase_messages(const struct assignment *assignment, uint32_t phase, uint32_t flow);

#endif
