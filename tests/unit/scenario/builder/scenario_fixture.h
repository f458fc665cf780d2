/* scenario_fixture: scenarios written into a temporary folder and loaded from it, one at a time. */
#ifndef MILLRACE_TEST_SCENARIO_FIXTURE_H
#define MILLRACE_TEST_SCENARIO_FIXTURE_H

#include "scenario_load.h"

/* What the last fixture_load() came to; freed by the next one and by the teardown. */
struct fixture {
    char folder[64];
    char path[96]; /* Of the scenario. */
    char with[96]; /* Of the overlay. */
    struct scenario *scenario;
    struct text problems;
    struct text warnings;
    int code;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Sources that may follow the scenario's text; NULL ends a list. */
struct fixture_extra {
    const char *with; /* Text of an overlay. */
    const char *set[8];
    const char *targets[8];
};

void fixture_load(struct fixture *fixture, const char *text, const struct fixture_extra *extra);

/* Fails the test if the scenario did not load, and shows why. */
const struct scenario *fixture_good(struct fixture *fixture, const char *text,
                                    const struct fixture_extra *extra);

/* Fails the test unless loading it is -EINVAL and the problems contain the part. */
void fixture_bad(struct fixture *fixture, const char *text, const struct fixture_extra *extra,
                 const char *part);

#define FIXTURE_TARGETS "millrace: 1\ntargets: [ { backend: memory } ]\n"
#define FIXTURE_PHASES "phases: [ { name: steady, rate: 1k/s, for: 10s } ]\n"

#endif
