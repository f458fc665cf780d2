/* plan_fixture: scenarios as structs, for tests of the plan that need no file. */
#ifndef MILLRACE_TEST_PLAN_FIXTURE_H
#define MILLRACE_TEST_PLAN_FIXTURE_H

#include "plan.h"

#define FIXTURE_AGENTS_MAX 16

/* A scenario of one target and up to FLOWS_MAX flows; strings are constants. */
struct plan_fixture {
    struct target target;
    struct scenario_flow flows[FLOWS_MAX];
    struct scenario_phase phases[2];
    struct scenario_setup setup;
    struct scenario scenario;
    struct plan_agent agents[FIXTURE_AGENTS_MAX];
    struct plan_room rooms[FIXTURE_AGENTS_MAX];
    const uint32_t *order; /* Of agents; NULL: as they are numbered. */
};

/* One flow of one topic with one producer and one consumer, at 1000/s for 10 s, then draining;
 * agents with one core each. */
void plan_fixture_init(struct plan_fixture *fixture, const char *backend);

int plan_fixture_try(struct plan_fixture *fixture, uint32_t agents_count, const char *run_id,
                     struct plan **ret, struct errinfo *reterr);

/* Fails the test if there is no plan. The trials have their assignments. */
struct plan *plan_fixture_make(struct plan_fixture *fixture, uint32_t agents_count);

#endif
