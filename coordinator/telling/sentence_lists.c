#include "sentence_lists.h"

#include "facts.h"

#include <math.h>
#include <string.h>

#define LISTED_MAX 4

const struct result_phase *sentence_phase(const struct result_case *result_case)
{
    const struct result_phase *phase = NULL;
    const struct result_phase *best = NULL;

    if (!facts_has_figures(result_case)) {
        return NULL;
    }
    while ((phase = facts_measured_next(result_case, phase)) != NULL) {
        if (best == NULL || (phase->is_max && !best->is_max) ||
            (phase->is_max == best->is_max && phase->asked_per_s > best->asked_per_s)) {
            best = phase;
        }
    }
    return best;
}

bool sentence_only_receives(const struct result_phase *phase)
{
    return !phase->is_max && phase->asked_per_s <= 0.0;
}

/* NAN: there is no such figure. */
typedef double value_of(const struct result_case *of, const struct result_phase *phase);
typedef const char *format_of(double value, char *text);

/* The lowest and the highest of a target's cases. */
struct range {
    double low;
    double high;
    uint32_t cases;
    const struct result_case *first;
};

static struct range range_of(const struct result *result, const char *target, value_of *value)
{
    struct range range = {.low = INFINITY, .high = -INFINITY};

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *of = &result->cases[i];
        const struct result_phase *phase = sentence_phase(of);
        double one;

        if (phase == NULL || strcmp(of->target, target) != 0) {
            continue;
        }
        one = value(of, phase);
        if (!isfinite(one)) {
            continue;
        }
        range.low = one < range.low ? one : range.low;
        range.high = one > range.high ? one : range.high;
        range.first = range.cases++ == 0 ? of : range.first;
    }
    return range;
}

static double rate_of(const struct result_case *of, const struct result_phase *phase)
{
    (void)of;
    return sentence_only_receives(phase) ? phase->received_per_s : phase->sent_per_s;
}

/* What was asked of a target whose cases all asked the same; 0: they did not, or it was reached. */
static double missed_rate_of(const struct result *result, const char *target)
{
    double asked = 0.0;
    bool reached = true;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_phase *phase = sentence_phase(&result->cases[i]);

        if (phase == NULL || strcmp(result->cases[i].target, target) != 0) {
            continue;
        }
        if (phase->is_max || (asked > 0.0 && fabs(phase->asked_per_s - asked) > 0.001 * asked)) {
            return 0.0;
        }
        asked = phase->asked_per_s;
        reached = reached && facts_reached(phase);
    }
    return reached ? 0.0 : asked;
}

/* "4.12 ms (rabbitmq), 7.90 ms to 12.0 ms (kafka)": a target with several cases, which stand in the
 * section of the question, by their range. asked: " of 20.0k/s" where that was missed. Returns
 * whether there was any. */
static bool add_ranges(const struct result *result, value_of *value, format_of *format, bool asked,
                       const char *what, struct text *out)
{
    uint32_t listed = 0;
    uint32_t left = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *of = &result->cases[i];
        struct range range = range_of(result, of->target, value);
        double missed = asked ? missed_rate_of(result, of->target) : 0.0;
        char low[UNITS_TEXT_BYTES];
        char high[UNITS_TEXT_BYTES];

        if (range.cases == 0 || range.first != of) {
            continue;
        }
        if (listed == LISTED_MAX) {
            left++;
            continue;
        }
        text_addf(out, "%s%s", listed++ == 0 ? what : ", ", format(range.low, low));
        if (strcmp(low, format(range.high, high)) != 0) {
            text_addf(out, " to %s", high);
        }
        if (missed > 0.0) {
            text_addf(out, " of %s", format(missed, low));
        }
        text_addf(out, " (%s)", range.cases == 1 ? of->name : of->target);
    }
    if (left > 0) {
        text_addf(out, " and %u more", left);
    }
    return listed > 0;
}

void sentence_rates(const struct result *result, struct text *out)
{
    (void)add_ranges(result, rate_of, units_format_rate, true, "", out);
}

/* Service times flatter a broker that is pushed to its limit: they are no headline. */
static double p99_of(const struct result_case *of, const struct result_phase *phase,
                     enum series series)
{
    struct facts_shown shown = facts_shown(of, phase, series, 99.0);

    return !shown.any || shown.service ? (double)NAN : shown.value_ns;
}

static double e2e_p99_of(const struct result_case *of, const struct result_phase *phase)
{
    return p99_of(of, phase, SERIES_E2E);
}

static double publish_p99_of(const struct result_case *of, const struct result_phase *phase)
{
    return p99_of(of, phase, SERIES_PUBLISH);
}

/* Is one of them a lower bound? */
static bool is_at_least(const struct result *result, enum series series)
{
    bool any = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_phase *phase = sentence_phase(&result->cases[i]);

        any =
            any || (phase != NULL && facts_shown(&result->cases[i], phase, series, 99.0).at_least);
    }
    return any;
}

void sentence_p99(const struct result *result, struct text *out)
{
    if (!add_ranges(result, e2e_p99_of, units_format_ns, false,
                    is_at_least(result, SERIES_E2E) ? "; p99 end to end at least "
                                                    : "; p99 end to end ",
                    out)) {
        (void)add_ranges(result, publish_p99_of, units_format_ns, false,
                         is_at_least(result, SERIES_PUBLISH) ? "; p99 publish at least "
                                                             : "; p99 publish ",
                         out);
    }
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How much of the broker's outages fell into phases that were measured under load. */
static int64_t away_ns(const struct result_trial *trial)
{
    int64_t sum_ns = 0;

    for (uint32_t p = 0; p < trial->phases_count; p++) {
        const struct result_phase *phase = &trial->phases[p];
        int64_t end_ns = phase->start_ns + phase->duration_ns;

        if (!phase->measured || phase->flow[0] != '\0' ||
            (!phase->is_max && phase->asked_per_s <= 0.0)) {
            continue;
        }
        for (uint32_t i = 0; i < trial->outages_count; i++) {
            const struct result_outage *outage = &trial->outages[i];
            int64_t up_ns = outage->up_ns < outage->down_ns ? end_ns : outage->up_ns;

            if (outage->kind == OUTAGE_BROKER) {
                sum_ns +=
                    larger(0, smaller(up_ns, end_ns) - larger(outage->down_ns, phase->start_ns));
            }
        }
    }
    return sum_ns;
}

int64_t sentence_away_ns(const struct result_case *of)
{
    int64_t sum_ns = 0;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        sum_ns += away_ns(&of->trials[t]);
    }
    return sum_ns;
}

void sentence_outages(const struct result *result, struct text *out)
{
    uint32_t listed = 0;
    uint32_t left = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *of = &result->cases[i];
        int64_t sum_ns = sentence_away_ns(of);
        char text[UNITS_TEXT_BYTES];

        if (sum_ns == 0) {
            continue;
        }
        if (listed == LISTED_MAX) {
            left++;
            continue;
        }
        text_addf(out, "%s%s (%s)", listed++ == 0 ? "; broker away for " : ", ",
                  units_format_ns((double)sum_ns, text), of->name);
    }
    if (left > 0) {
        text_addf(out, " and %u more", left);
    }
}

/* "agent-2 (92 %, limit 90 %): The busiest load thread was overloaded in 8 of 8 seconds. To ..." */
static void add_check(const struct result *result, const struct result_check *check,
                      struct text *out)
{
    bool of_case = check->case_name[0] != '\0' && result->cases_count > 1;
    char observed[FACTS_TEXT_BYTES];
    char limit[FACTS_TEXT_BYTES];
    bool named = of_case || check->agent[0] != '\0';

    text_addf(out, "%s%s%s", of_case ? check->case_name : "",
              of_case && check->agent[0] != '\0' ? ", " : "", check->agent);
    if (!named) {
        text_add(out, check->text);
    }
    if (check->observed != 0.0 || check->limit != 0.0) {
        text_addf(out, " (%s, limit %s)", facts_check_value(check, check->observed, observed),
                  facts_check_value(check, check->limit, limit));
    }
    if (named) {
        text_addf(out, ": %s", check->text);
    }
}

/* Was a signal of this name told already, of another agent or case? */
static bool is_told(const struct result_check *const *told, uint32_t told_count,
                    const struct result_check *check)
{
    for (uint32_t i = 0; i < told_count; i++) {
        if (strcmp(told[i]->check, check->check) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_of_lost(const struct result_check *check)
{
    return strcmp(check->check, "agent_lost") == 0;
}

static bool ends_sentence(const struct text *text)
{
    return text->bytes_count > 0 && text->bytes[text->bytes_count - 1] == '.';
}

/* What the sentence has of the signals. */
struct told_checks {
    const struct result_check *list[LISTED_MAX - 2];
    uint32_t listed;
    uint32_t left;
};

/* Those of lost agents, or all others. */
static void add_checks(const struct result *result, bool of_lost, struct told_checks *told,
                       struct text *out)
{
    const struct findings *findings = &result->findings;

    for (uint32_t i = 0; i < findings->checks_count; i++) {
        const struct result_check *check = &findings->checks[i];

        if (check->status != CHECK_INVALID || is_of_lost(check) != of_lost) {
            continue;
        }
        if (told->listed == LISTED_MAX - 2 || is_told(told->list, told->listed, check)) {
            told->left++;
            continue;
        }
        text_add(out, told->listed == 0 ? "" : ends_sentence(out) ? " " : "; ");
        told->list[told->listed++] = check;
        add_check(result, check, out);
    }
}

/* Lost agents first: what else is wrong may come of that. */
bool sentence_checks(const struct result *result, struct text *out)
{
    struct told_checks told = {.listed = 0};

    add_checks(result, true, &told, out);
    add_checks(result, false, &told, out);
    if (told.left > 0) {
        text_addf(out, "%s %u similar %s", ends_sentence(out) ? " And" : "; and", told.left,
                  told.left == 1 ? "warning" : "warnings");
    }
    return told.listed > 0;
}

static bool is_of_clocks(const struct result_check *check)
{
    return strncmp(check->check, "clock_", strlen("clock_")) == 0;
}

const char *sentence_effect(const struct result *result)
{
    bool any = false;
    bool only_clocks = true;

    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        const struct result_check *check = &result->findings.checks[i];

        any = any || check->status == CHECK_INVALID;
        only_clocks = only_clocks && (check->status != CHECK_INVALID || is_of_clocks(check));
    }
    return any && only_clocks
               ? "Latencies end to end may be wrong, because the clocks of the hosts disagree. "
               : "Latencies may be too high, because the load generator was overloaded. ";
}

bool sentence_lacks_agent(const struct result *result)
{
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        const struct result_check *check = &result->findings.checks[i];

        if (check->status == CHECK_INVALID && is_of_lost(check)) {
            return true;
        }
    }
    return false;
}

/* A met objective has a reason only where something speaks against it. */
static bool has_met_in_spite(const struct result *result)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (result->objectives[i].met == MET_YES && result->objectives[i].reason[0] != '\0') {
            return true;
        }
    }
    return false;
}

bool sentence_doubt(const struct result *result, struct text *out)
{
    struct text why = {0};
    bool any = false;

    /* The trials of a search say themselves what came of them. */
    if (result->verdict != VERDICT_INVALID && result->findings.searches_count == 0) {
        any = sentence_checks(result, &why);
    }
    if (any) {
        if (sentence_lacks_agent(result)) {
            text_add(out, SENTENCE_LACKS_AGENT);
        } else {
            text_add(out, sentence_effect(result));
            text_addf(out, "Counts (lost, duplicated, ...)%s are not affected. ",
                      has_met_in_spite(result) ? " and objectives met despite a busy host" : "");
        }
        text_add(out, text_failed(&why) ? "" : why.bytes);
    }
    text_done(&why);
    return any;
}
