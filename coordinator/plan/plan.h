/*
 * plan: scenario x agents -> all cases, trials and assignments of a run. Pure: same input, same
 * plan; exact arithmetic on rates. Knows nothing of connections or time.
 *
 * A case is a target with a setup of the scenario (a variant and swept values); its trials are
 * interleaved with those of the other cases, so that what drifts meanwhile hits all alike.
 */
#ifndef MILLRACE_PLAN_H
#define MILLRACE_PLAN_H

#include "assignment.h"
#include "catalog.h"
#include "errinfo.h"
#include "host_label.h"
#include "scenario.h"

#include <stdbool.h>
#include <stdint.h>

enum case_status { CASE_MEASURED, CASE_SKIPPED, CASE_NOT_AVAILABLE, CASE_FAILED };
#define CASE_STATUSES_COUNT (CASE_FAILED + 1)

/* "measured", "skipped", "not available", "failed" */
const char *case_status_name(enum case_status status);
extern const char *const case_status_names[CASE_STATUSES_COUNT];

struct plan_case {
    char name[NAME_BYTES];   /* "rabbit/ordered/size=4KiB": unique within the run. */
    uint32_t target;         /* Into scenario.targets. */
    uint32_t setup;          /* Into scenario.setups. */
    int64_t trial_ns;        /* Load and draining of one trial, at most. */
    enum case_status status; /* MEASURED: to be run; NOT_AVAILABLE with the reason. */
    char reason[REASON_BYTES];
};

/* A trial: one assignment per agent (an agent without clients has an empty one). They are made when
 * the trial's turn comes: hundreds of trials need not be held at once. */
struct plan_trial {
    uint32_t number; /* Within the run; the `trial` of snapshots. */
    uint32_t case_index;
    uint32_t repetition;            /* Within the case. */
    struct assignment *assignments; /* NULL before plan_trial_fill(). */
    uint32_t assignments_count;     /* = agents. */
};

/* What a plan has to know of an agent. */
struct plan_agent {
    uint32_t cpus;         /* For this agent alone, at least 1: no more workers than that. */
    uint32_t cpus_milli;   /* Likewise in thousandths, as it can use them (plan_usable.h). */
    uint32_t weight_milli; /* Instead of cpus_milli where clients are dealt; 0: none was given. */
    const struct host_label *labels; /* Of its host; borrowed. */
    uint32_t labels_count;
};

/* An agent that was asked for more clients than it has room for. */
struct plan_room {
    bool is_full;
    uint32_t clients_max; /* If it is: of these there is room for. */
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
    const uint32_t *order; /* Agents as clients are dealt to them: what does not depend on chance,
                              as names do. NULL: as they are numbered. */
    const struct plan_room *rooms; /* Of each agent; NULL: none is full. */
    const char *run_id;            /* Part of the topics' names. */
    uint64_t seed;
};

/* -EINVAL when bounds.h would be exceeded, `apart` has too few agents or no host has a label that
 * placement names, -EUSERS when the agents have no room for the clients; with the sentence.
 * -ENOMEM. On success the caller owns *ret, whose trials have no assignments yet. */
int plan_make(const struct plan_request *request, struct plan **ret, struct errinfo *reterr);
void plan_free(struct plan *plan);

/*
 * Makes the assignments of a trial (its number, case and repetition are set) from the setup of its
 * case, or from another one: a search has phases of its own. request and plan are those of
 * plan_make(). 0, -EINVAL, -EUSERS, -ENOMEM.
 */
int plan_trial_fill(const struct plan_request *request, const struct plan *plan,
                    const struct scenario_setup *setup, struct plan_trial *trial,
                    struct errinfo *reterr);
void plan_trial_clear(struct plan_trial *trial); /* Frees the assignments. */

/*
 * Gives the assignments of a trial that was planned for some of the agents to these: agents[i] is
 * the one that was agent i in the request, and all of them are agents_count. The others have empty
 * ones, without tables. 0 or -ENOMEM, with the trial as it was.
 */
int plan_trial_spread(struct plan_trial *trial, const uint32_t *agents, uint32_t agents_count,
                      struct errinfo *reterr);

/* One that has the tables, which are the same in all that do. */
const struct assignment *plan_trial_tables(const struct plan_trial *trial);

/* Duration of a trial's load and drain phases at most. */
int64_t plan_trial_ns(const struct plan_trial *trial);

#endif
