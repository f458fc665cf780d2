/* made_up: results that no run made, for the rules to look at. */
#ifndef MILLRACE_TEST_MADE_UP_H
#define MILLRACE_TEST_MADE_UP_H

#include "check.h"

#include "insight.h"

/* One case, "case-0" on target "target-0", with one trial of one measured phase "steady", that
 * lasted that many seconds and has that many complete intervals, empty so far; one agent "agent-0".
 */
struct result *made_up(uint32_t seconds);

/* Another case like it, "case-N" on the same target; the result's cases move. */
struct result_case *made_up_case(struct result *result, uint32_t seconds);

/* The phase of the case with its trials merged, and that of a trial. */
struct result_phase *made_up_merged(struct result *result);
struct result_trial *made_up_trial(struct result *result);

/* count samples of value_ns into a series of the merged phase. */
void made_up_samples(struct result_phase *phase, enum series series, int64_t value_ns,
                     uint64_t count);

/* Parties of a kind, "party 0" and so on, each with as many messages and that mean latency. */
void made_up_parties(struct result_trial *trial, enum party_kind kind, uint32_t count,
                     uint64_t messages, double mean_ns);

/* Every second of the trial was held back by that much. */
void made_up_blocked(struct result_trial *trial, double seconds);

/* A second phase "drain" of that many seconds after the first, not measured; intervals grow, too.
 */
void made_up_drain(struct result *result, uint32_t seconds);

/* What a sweep gave key in a case. */
void made_up_parameter(struct result_case *of, const char *key, const char *value, double number);

/* A metric of "steady" over three trials, its interval that many percent wide on both sides. */
void made_up_figure(struct result_case *of, const char *metric, double median, double percent);

/* Noise in [-1, 1) that is the same each time. */
double made_up_noise(uint32_t i);

/* Looks for insights; that of the rule, or NULL. */
const struct result_insight *insight_of(struct result *result, const char *rule);
double figure_of(const struct result_insight *insight, const char *name);

#define assert_near(value, wanted, relative)                                                       \
    assert_true((value) >= (wanted) - (relative) * ((wanted) < 0 ? -(wanted) : (wanted)) &&        \
                (value) <= (wanted) + (relative) * ((wanted) < 0 ? -(wanted) : (wanted)))

#endif
