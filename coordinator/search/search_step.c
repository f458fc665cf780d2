#include "search_step.h"

#include "invariant.h"
#include "latency_figure.h"
#include "metric_value.h"
#include "search_doubt_inner.h"
#include "selfcheck.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SENT_SHARE_MIN 0.99
#define SENT_SHARE_MIN_TO_CONFIRM 0.999
#define TROUBLE_SHARE_MAX 0.001
#define GROWTH_SHARE_MAX 0.001

/* Longer trials are judged by their last seconds: what grows, grows there as well. */
#define SECONDS_MAX 600

double search_growth(const double *backlog, uint32_t n)
{
    double middle = (n - 1) / 2.0;
    double mean = 0.0;
    double xx = 0.0;
    double xy = 0.0;
    double squares = 0.0;
    double neighbours = 0.0;
    double before = 0.0;
    double slope;
    bool autocorrelated;

    ASSERT(n >= 3);
    for (uint32_t i = 0; i < n; i++) {
        mean += backlog[i] / n;
    }
    for (uint32_t i = 0; i < n; i++) {
        xx += (i - middle) * (i - middle);
        xy += (i - middle) * (backlog[i] - mean);
    }
    slope = xy / xx;
    for (uint32_t i = 0; i < n; i++) {
        double residual = backlog[i] - mean - slope * (i - middle);

        squares += residual * residual;
        neighbours += i > 0 ? residual * before : 0.0;
        before = residual;
    }
    /* Lag 1 beyond what chance makes of n independent values in one of twenty. */
    autocorrelated = squares > 0.0 && neighbours / squares > 1.645 / sqrt(n);
    return slope - (autocorrelated ? 3.0 : 2.0) * sqrt(squares / (n - 2) / xx);
}

static const struct result_phase *phase_of(const struct result_trial *trial)
{
    for (uint32_t i = 0; i < trial->phases_count; i++) {
        if (trial->phases[i].measured && trial->phases[i].flow[0] == '\0') {
            return &trial->phases[i];
        }
    }
    return NULL;
}

static bool is_within(const struct result_phase *phase, int64_t start_ns, int64_t length_ns)
{
    return start_ns >= phase->start_ns &&
           start_ns + length_ns <= phase->start_ns + phase->duration_ns;
}

static int64_t percentile(const struct result_phase *phase, enum series first, enum series second,
                          double which, bool *ret_at_least)
{
    enum series series = phase->latency[first] != NULL ? first : second;
    struct latency_figure figure;

    if (phase->latency[series] == NULL || hist_count(phase->latency[series]) == 0) {
        return 0;
    }
    figure = latency_figure(phase, series, which);
    *ret_at_least = figure.at_least;
    return (int64_t)figure.value_ns;
}

static void conclude(struct result_search_step *step, enum step_outcome outcome, const char *reason)
{
    step->outcome = outcome;
    (void)snprintf(step->reason, sizeof step->reason, "%.*s", REASON_BYTES - 1, reason);
}

/* Time in which messages were due and could not be sent, or were being handed over to a library
 * that did not return, of all load threads together. */
static double blocked_s(const struct result_trial *trial, const struct result_phase *phase)
{
    double sum_s = 0.0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        if (is_within(phase, row->index * INTERVAL_NS, (row->seconds_more + 1) * INTERVAL_NS)) {
            sum_s += ((double)row->blocked_ns + (double)result_in_calls_ns(row)) / 1e9;
        }
    }
    return sum_s;
}

static bool sent_too_little(const struct result_trial *trial, const struct result_phase *phase,
                            const struct search_terms *terms, struct result_search_step *step)
{
    double needed = terms->confirms ? SENT_SHARE_MIN_TO_CONFIRM : SENT_SHARE_MIN;
    double share = phase->due == 0 ? 0.0 : (double)phase->sent_in_time / (double)phase->due;
    double missing_s = (1.0 - share) * (double)phase->duration_ns / 1e9;
    char reason[REASON_BYTES];

    if (share >= needed) {
        return false;
    }
    /* A broker that holds back x of a second's messages blocks at least one thread for x s. */
    if (phase->due > 0 && blocked_s(trial, phase) >= missing_s / 2.0) {
        (void)snprintf(reason, sizeof reason,
                       "the broker held producers back: %.2f %% of what was asked was sent in time",
                       share * 100.0);
        conclude(step, STEP_BAD, reason);
    } else {
        (void)snprintf(reason, sizeof reason,
                       "the generator sent %.2f %% of what was asked in time, and nothing held it "
                       "back",
                       share * 100.0);
        conclude(step, STEP_VOID, reason);
    }
    return true;
}

static bool had_trouble(const struct result_trial *trial, const struct result_phase *phase,
                        struct result_search_step *step)
{
    uint64_t trouble =
        phase->delivery.refused + phase->delivery.unconfirmed + phase->delivery.errors;
    uint64_t lost = 0;
    char reason[REASON_BYTES];

    for (uint32_t i = 0; i < trial->phases_count; i++) {
        lost += trial->phases[i].flow[0] == '\0' ? trial->phases[i].delivery.lost : 0;
    }
    if ((double)trouble > TROUBLE_SHARE_MAX * (double)phase->due) {
        (void)snprintf(reason, sizeof reason,
                       "%llu of %llu messages were refused, remained unconfirmed or met an error",
                       (unsigned long long)trouble, (unsigned long long)phase->due);
        conclude(step, STEP_BAD, reason);
        return true;
    }
    if (lost > 0) {
        (void)snprintf(reason, sizeof reason,
                       "%llu messages were lost or not through by the end of the drain",
                       (unsigned long long)lost);
        conclude(step, STEP_BAD, reason);
        return true;
    }
    return false;
}

/* Of the last intervals of the phase that are all as long, in their order; how many. */
static uint32_t backlog_of(const struct result_trial *trial, const struct result_phase *phase,
                           double backlog[SECONDS_MAX], int64_t *ret_length_ns)
{
    uint32_t n = 0;

    for (uint32_t i = trial->intervals_count; i-- > 0 && n < SECONDS_MAX;) {
        const struct result_interval *interval = &trial->intervals[i];
        int64_t length_ns = result_interval_ns(interval);

        if (interval->complete && is_within(phase, interval->start_ns, length_ns)) {
            if (n > 0 && length_ns != *ret_length_ns) {
                break;
            }
            *ret_length_ns = length_ns;
            backlog[n++] = (double)interval->backlog;
        }
    }
    for (uint32_t i = 0; i < n / 2; i++) { /* It was taken from the end. */
        double swap = backlog[i];

        backlog[i] = backlog[n - 1 - i];
        backlog[n - 1 - i] = swap;
    }
    return n;
}

static bool backlog_grew(const struct result_trial *trial, const struct result_phase *phase,
                         const struct search_terms *terms, struct result_search_step *step)
{
    double backlog[SECONDS_MAX];
    int64_t length_ns = INTERVAL_NS;
    uint32_t n = backlog_of(trial, phase, backlog, &length_ns);
    double growth;
    char reason[REASON_BYTES];

    if (n + 2 < SEARCH_SECONDS_MIN) {
        conclude(step, STEP_VOID, "too few seconds were reported to see whether the backlog grows");
        return true;
    }
    growth = search_growth(backlog, n) * (double)INTERVAL_NS / (double)length_ns;
    if (growth <= GROWTH_SHARE_MAX * terms->asked_per_s) {
        return false;
    }
    (void)snprintf(reason, sizeof reason,
                   "the backlog grew by at least %.0f messages a second (%.1f %% of the rate)",
                   growth, growth / terms->asked_per_s * 100.0);
    conclude(step, STEP_BAD, reason);
    return true;
}

/* NULL: all are met. */
static const struct objective *missed_objective(const struct result_trial *trial,
                                                const struct search_terms *terms,
                                                struct result_search_step *step)
{
    for (uint32_t i = 0; i < terms->objectives_count; i++) {
        const struct objective *objective = &terms->objectives[i];
        struct metric_value value;
        char observed[UNITS_TEXT_BYTES];
        char reason[REASON_BYTES];

        if (objective->target[0] != '\0' && strcmp(objective->target, terms->target) != 0) {
            continue;
        }
        value = metric_over_trial(&objective->metric, trial, objective->phase, objective->flow);
        if (value.missing == NULL && metric_holds(objective, value.value, value.most)) {
            continue;
        }
        if (value.missing != NULL) {
            (void)snprintf(reason, sizeof reason, "%s could not be judged: %s", objective->text,
                           value.missing);
        } else {
            (void)snprintf(reason, sizeof reason, "%s was missed: it was %s%s", objective->text,
                           value.at_least ? "at least " : "",
                           strcmp(objective->metric.unit, "ns") == 0
                               ? units_format_ns(value.value, observed)
                               : units_format_count(value.value, observed));
        }
        conclude(step, STEP_BAD, reason);
        return objective;
    }
    return NULL;
}

int search_step(const struct result_trial *trial, const struct search_terms *terms,
                struct result_search_step *ret, struct errinfo *reterr)
{
    const struct result_phase *phase = phase_of(trial);
    const struct objective *missed = NULL;

    memset(ret, 0, sizeof *ret);
    (void)snprintf(ret->case_name, sizeof ret->case_name, "%s", terms->case_name);
    ret->trial = trial->number;
    ret->confirms = terms->confirms;
    ret->asked_per_s = terms->asked_per_s;
    if (phase == NULL || !trial->ended) {
        conclude(ret, STEP_VOID, "the trial did not come to its end");
        return 0;
    }
    if (selfcheck_lacks_agent(trial)) {
        conclude(ret, STEP_VOID, "an agent was lost in it");
        return 0;
    }
    ret->sent_per_s = phase->sent_per_s;
    ret->received_per_s = phase->received_per_s;
    ret->e2e_p50_ns =
        percentile(phase, SERIES_E2E, SERIES_E2E_SERVICE, 50.0, &ret->at_least.e2e_p50);
    ret->e2e_p99_ns =
        percentile(phase, SERIES_E2E, SERIES_E2E_SERVICE, 99.0, &ret->at_least.e2e_p99);
    ret->publish_p99_ns =
        percentile(phase, SERIES_PUBLISH, SERIES_PUBLISH_SERVICE, 99.0, &ret->at_least.publish_p99);
    /* What broke under less than was asked breaks under all of it: void comes after it. But a late
     * generator shows in latencies, so they come last. */
    if (!had_trouble(trial, phase, ret) && !backlog_grew(trial, phase, terms, ret) &&
        !sent_too_little(trial, phase, terms, ret)) {
        missed = missed_objective(trial, terms, ret);
        if (missed == NULL) {
            conclude(ret, STEP_GOOD, "");
        }
    }
    return search_doubt(trial, terms, missed, ret, reterr);
}
