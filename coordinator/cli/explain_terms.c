#include "explain_terms_inner.h"

#include "mono.h"
#include "plan_calibration.h"
#include "search.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Has the scenario an objective of its own about that in every case, as a whole? */
static bool has_own(const struct scenario *scenario, enum metric_kind kind, enum metric_which which)
{
    for (uint32_t i = 0; i < scenario->objectives_count; i++) {
        const struct objective *own = &scenario->objectives[i];

        if (own->metric.kind == kind && own->metric.which == which && own->phase[0] == '\0' &&
            own->flow[0] == '\0' && own->target[0] == '\0' && own->window_ns == 0) {
            return true;
        }
    }
    return false;
}

static void explain_implied(const struct scenario *scenario)
{
    static const struct {
        enum metric_which which;
        const char *name;
    } taken[] = {
        {WHICH_REFUSED, "refused"}, {WHICH_UNCONFIRMED, "unconfirmed"}, {WHICH_ERRORS, "errors"}};
    bool any = false;

    if (!has_own(scenario, METRIC_COUNT, WHICH_LOST)) {
        (void)printf("  lost == 0 (implied)\n");
    }
    if (!has_own(scenario, METRIC_COUNT, WHICH_CORRUPTED)) {
        (void)printf("  corrupted == 0 (implied)\n");
    }
    if (!has_own(scenario, METRIC_ATTAINED, WHICH_NONE)) {
        (void)printf("  attained >= 99%% (implied, of each flow in each measured phase with a "
                     "rate)\n");
    }
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (!has_own(scenario, METRIC_COUNT, taken[i].which)) {
            (void)printf("%s%s", any ? " + " : "  ", taken[i].name);
            any = true;
        }
    }
    if (any) {
        (void)printf(" <= 0.1%% of what was sent (implied, as above%s)\n",
                     has_own(scenario, METRIC_OUTAGE, WHICH_NONE) ? ", but for outages" : "");
    }
}

void explain_objectives(const struct scenario *scenario)
{
    bool searched = scenario->search.wanted;

    (void)printf("objectives%s%s:\n", searched ? ", of each trial" : "",
                 scenario->selfcheck_warns ? ", judged as observed whatever the self-check says"
                                           : "");
    for (uint32_t i = 0; i < scenario->objectives_count; i++) {
        const struct objective *one = &scenario->objectives[i];

        (void)printf("  %s%s%s%s%s%s%s%s\n", one->text, one->phase[0] != '\0' ? " in " : "",
                     one->phase, one->flow[0] != '\0' ? " of flow " : "", one->flow,
                     one->target[0] != '\0' ? " on " : "", one->target,
                     one->abort ? " (ends the trial when missed)" : "");
    }
    if (searched) {
        (void)printf(
            "  what was asked is sent, nothing is lost, the backlog does not grow, at most "
            "0.1 %% is refused, remains unconfirmed or meets an error (of every search)\n");
        return;
    }
    explain_implied(scenario);
}

/* How long a phase sends. -1: as long as it takes to count its messages out. */
static int64_t sending_ns(const struct scenario_phase *phase)
{
    double counted_ns;

    if (phase->kind == PHASE_NONE) {
        return 0;
    }
    if (phase->messages == 0) {
        return phase->duration_ns;
    }
    if (phase->kind != PHASE_RATE || phase->curve_count > 0) {
        return -1;
    }
    counted_ns = (double)phase->messages / rate_per_s(phase->rate) * NS_PER_S;
    return counted_ns < (double)phase->duration_ns ? (int64_t)counted_ns : phase->duration_ns;
}

/* Load of one trial as far as it is known: the limit by time of a phase that ends by count is no
 * expectation. Adds to *counts whether there is such. */
static int64_t load_ns(const struct scenario_setup *setup, bool *counts)
{
    int64_t sum_ns = 0;

    for (uint32_t p = 0; p < setup->phases_count; p++) {
        int64_t phase_ns = sending_ns(&setup->phases[p]);

        *counts |= phase_ns < 0;
        sum_ns += phase_ns < 0 ? 0 : phase_ns;
    }
    return sum_ns;
}

/* What is calibrated. */
struct calibrations {
    uint32_t memory; /* Cases. */
    uint32_t bursts;
    uint64_t burst_messages; /* Of the largest. */
    int64_t most_ns;
};

static struct calibrations find_calibrations(const struct scenario *scenario,
                                             const struct plan *plan)
{
    struct calibrations found = {0};

    for (uint32_t i = 0; i < plan->cases_count; i++) {
        uint64_t burst;

        if (!plan_calibrates(scenario, &plan->cases[i])) {
            continue;
        }
        burst = plan_calibration_burst(scenario, &plan->cases[i]);
        found.memory += burst == 0 ? 1 : 0;
        found.bursts += burst > 0 ? 1 : 0;
        found.burst_messages = burst > found.burst_messages ? burst : found.burst_messages;
        found.most_ns += plan_calibration_ns(scenario, &plan->cases[i]);
    }
    return found;
}

void explain_time(const struct scenario *scenario, const struct plan *plan)
{
    struct calibrations calibrations = find_calibrations(scenario, plan);
    int64_t most_ns = calibrations.most_ns;
    int64_t sum_ns = calibrations.memory * scenario->calibrate_ns;
    bool counts = false;
    char load[UNITS_TEXT_BYTES];
    char most[UNITS_TEXT_BYTES];

    for (uint32_t i = 0; i < plan->trials_count; i++) {
        const struct plan_case *of = &plan->cases[plan->trials[i].case_index];

        most_ns += of->trial_ns;
        sum_ns += load_ns(&scenario->setups[of->setup], &counts);
    }
    if (sum_ns > 0) {
        (void)printf("%s of load%s", units_format_duration(sum_ns, load),
                     counts ? " and what its counts take" : "");
    } else {
        (void)printf("%s", counts ? "load until its counts are sent" : "no load");
    }
    (void)printf(", at most %s with draining\n", units_format_duration(most_ns, most));
}

void explain_calibration(const struct scenario *scenario, const struct plan *plan)
{
    struct calibrations found = find_calibrations(scenario, plan);
    char each[UNITS_TEXT_BYTES];
    char all[UNITS_TEXT_BYTES];

    units_format_duration(scenario->calibrate_ns, each);
    if (found.memory > 0) {
        (void)printf("calibration: %" PRIu32 " case%s into memory as fast as possible, each %s\n",
                     found.memory, found.memory == 1 ? "" : "s", each);
    }
    if (found.bursts > 0) {
        (void)printf("calibration: %" PRIu32 " case%s, each a burst of %s%" PRIu64
                     " messages to its own target as fast as possible, for %s at most\n",
                     found.bursts, found.bursts == 1 ? "" : "s", found.bursts == 1 ? "" : "up to ",
                     found.burst_messages, each);
    }
    if (found.most_ns > 0) {
        (void)printf("calibration takes at most %s in all\n",
                     units_format_duration(found.most_ns, all));
    }
}

static uint32_t cases_measured(const struct plan *plan)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < plan->cases_count; i++) {
        count += plan->cases[i].status == CASE_MEASURED ? 1 : 0;
    }
    return count;
}

/* The longest drain of any case. */
static int64_t drain_ns(const struct scenario *scenario)
{
    int64_t longest_ns = 0;

    for (uint32_t s = 0; s < scenario->setups_count; s++) {
        const struct scenario_setup *setup = &scenario->setups[s];

        for (uint32_t p = 0; p < setup->phases_count; p++) {
            if (setup->phases[p].kind == PHASE_NONE && setup->phases[p].duration_ns > longest_ns) {
                longest_ns = setup->phases[p].duration_ns;
            }
        }
    }
    return longest_ns;
}

static const char *whole_seconds(double seconds, char *text)
{
    /* Even a hundred trials of the longest phases in thousands of cases are no more than that. */
    double most = 200.0 * 365.0 * 86400.0;

    return units_format_duration((int64_t)(seconds > most ? most : seconds) * NS_PER_S, text);
}

/* So many trials, with what they come to at most: the bounds decide how many of them are long. */
static void write_trials(const struct scenario *scenario, const char *which, uint32_t trials,
                         uint32_t confirming, uint32_t cases)
{
    const struct scenario_search *search = &scenario->search;
    double load_s = ((double)trials * (double)search->settle_ns +
                     (double)(trials - confirming) * (double)search->trial_ns +
                     (double)confirming * (double)search->confirm_ns) /
                    1e9;
    double all_s = load_s + (double)trials * (double)drain_ns(scenario) / 1e9;
    char load[UNITS_TEXT_BYTES];
    char all[UNITS_TEXT_BYTES];
    char messages[UNITS_TEXT_BYTES];

    (void)printf("  %s: %" PRIu32 " trials%s, %s of load, at most %s with draining, at most %s "
                 "messages\n",
                 which, trials, cases > 1 ? " of each case" : "",
                 whole_seconds(load_s * cases, load), whole_seconds(all_s * cases, all),
                 units_format_count(load_s * cases * search->to_per_s, messages));
}

void explain_search(const struct scenario *scenario, const struct plan *plan)
{
    const struct scenario_search *search = &scenario->search;
    const struct search_config config = {search->from_per_s, search->to_per_s, search->width};
    uint32_t cases = cases_measured(plan);
    char from[UNITS_TEXT_BYTES];
    char to[UNITS_TEXT_BYTES];
    char settle[UNITS_TEXT_BYTES];
    char trial[UNITS_TEXT_BYTES];
    char confirm[UNITS_TEXT_BYTES];
    char drain[UNITS_TEXT_BYTES];

    (void)units_format_duration(search->settle_ns, settle);
    (void)units_format_duration(drain_ns(scenario), drain);
    (void)printf("search: the highest rate from %s to %s that each case holds, to within %.3g %%\n",
                 units_format_rate(search->from_per_s, from),
                 units_format_rate(search->to_per_s, to), search->width * 100.0);
    (void)printf(
        "  looking: from %s the rate doubles until a trial is bad, then the gap is halved; "
        "a trial has %s to settle, %s that count, at most %s to drain\n",
        from, settle, units_format_duration(search->trial_ns, trial), drain);
    (void)printf("  confirming: each of the two bounds by at most %d trials with %s that count\n",
                 SEARCH_CONFIRMS, units_format_duration(search->confirm_ns, confirm));
    write_trials(scenario, "expected", search_estimate(&config), 2 * SEARCH_CONFIRMS, cases);
    write_trials(scenario, "at worst", SEARCH_TRIALS_MAX, SEARCH_TRIALS_MAX, cases);
}
