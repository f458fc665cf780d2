/*
 * result_fixture: a made-up result as a run would leave it, for tests of whatever reads results.
 * Four targets: one without a fault, one with an outage and losses, one that misses an objective,
 * one that was skipped. Two flows, two agents. Seeded: the same every time.
 */
#ifndef MILLRACE_TEST_RESULT_FIXTURE_H
#define MILLRACE_TEST_RESULT_FIXTURE_H

#include "result.h"

struct fixture_options {
    uint32_t seconds;  /* Of the measured phase. */
    bool all_measured; /* The fourth target too. */
    bool faults;       /* Outage, losses, a missed objective; the verdict is fail. */
    uint64_t seed;
};

/* Aborts when memory runs out; result_free() it. */
struct result *result_fixture(const struct fixture_options *options);

/* A result without cases, agents or objectives. */
struct result *result_fixture_empty(enum verdict verdict);

/* Three objectives of each case, judged by its figures; faults: the second case lost messages. */
void result_fixture_objectives(struct result *result, bool faults);

/* Keeps only one of the cases, with its objectives. */
void result_fixture_keep(struct result *result, uint32_t kept);

/* Replaces an owned string of a result. */
void result_fixture_set(char **place, const char *text);

/* Adds a reason of the run. */
void result_fixture_reason(struct result *result, const char *code, const char *case_name,
                           const char *text);

/* What judging finds: self-check, comparisons of the second case with the first, insights, noise.
 */
void result_fixture_findings(struct result *result);

/* Trials for all cases that have one: count each, of the second case one fewer. The further ones
 * have intervals only; in trial n the rates are n times the first one's, with no errors. */
void result_fixture_repeat(struct result *result, uint32_t count);

/* A search on the first case, and the rates it tried. */
void result_fixture_search(struct result *result);

/* Makes the first three cases those of a sweep over three sizes, three trials each. */
void result_fixture_sweep(struct result *result);

/* A sweep over 1, 2, 4 and 16 producers, as fast as possible, whose rates follow the Universal
 * Scalability Law. Of a result with all cases measured. */
void result_fixture_scaling(struct result *result);

#endif
