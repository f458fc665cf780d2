#include "search.h"

#include "invariant.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GROWTH_MAX 2.0
#define VOIDS_MAX 3

/* Four significant digits: rates that a person can read, and finer than any width. */
static double round_rate(double rate_per_s)
{
    double unit = pow(10.0, floor(log10(rate_per_s)) - 3.0);

    return round(rate_per_s / unit) * unit;
}

/* Where rates may lie. */
static double within_range(const struct search *search, double rate_per_s)
{
    return fmin(fmax(rate_per_s, search->config.from_per_s), search->config.to_per_s);
}

static double small_growth(const struct search *search)
{
    return (1.0 + search->config.width) * (1.0 + search->config.width);
}

static void end(struct search *search, bool found, const char *limit)
{
    search->ended = true;
    search->found = found;
    (void)snprintf(search->limit, sizeof search->limit, "%s", limit);
}

static bool is_narrow(const struct search *search)
{
    double middle = round_rate(sqrt(search->lower_per_s * search->upper_per_s));

    /* Bounds that are neighbours by their digits can't come nearer. */
    return search->upper_per_s <= search->lower_per_s * (1.0 + search->config.width) ||
           middle <= search->lower_per_s || middle >= search->upper_per_s;
}

/* The range's highest rate holds, as far as is known. */
static bool is_at_top(const struct search *search)
{
    return search->upper_per_s <= 0.0 && search->lower_per_s >= search->config.to_per_s;
}

/* Its lowest one does not. */
static bool is_at_bottom(const struct search *search)
{
    return search->lower_per_s <= 0.0 && search->upper_per_s > 0.0 &&
           search->upper_per_s <= search->config.from_per_s;
}

static void ask(struct search *search, double rate_per_s, bool confirms)
{
    search->next = (struct search_trial){within_range(search, rate_per_s), confirms};
}

/* Steps grow as long as the bound stays missing. */
static double take_growth(struct search *search)
{
    double growth = search->growth;

    search->growth = fmin(growth * growth, GROWTH_MAX);
    return growth;
}

static void end_with_answer(struct search *search)
{
    char rate[UNITS_TEXT_BYTES];
    char limit[REASON_BYTES];

    if (is_at_top(search)) {
        (void)snprintf(limit, sizeof limit,
                       "the range ends: %s, its highest rate, held (search: a higher `to`)",
                       units_format_rate(search->lower_per_s, rate));
        end(search, false, limit);
    } else if (is_at_bottom(search)) {
        (void)snprintf(limit, sizeof limit,
                       "%s, the lowest rate of the range, did not hold: %.150s",
                       units_format_rate(search->upper_per_s, rate), search->upper_reason);
        end(search, false, limit);
    } else {
        end(search, true, search->upper_reason);
    }
}

/* Which trial comes next, or that none does. */
static void decide(struct search *search)
{
    bool top = is_at_top(search);
    bool bottom = is_at_bottom(search);

    if (search->trials >= SEARCH_TRIALS_MAX) {
        end(search, false, "the trials contradict each other: no bounds hold");
    } else if (search->lower_per_s <= 0.0 && search->upper_per_s <= 0.0) {
        ask(search, search->config.from_per_s, false);
    } else if (search->upper_per_s <= 0.0 && !top) {
        ask(search, round_rate(search->lower_per_s * take_growth(search)), false);
    } else if (search->lower_per_s <= 0.0 && !bottom) {
        ask(search, round_rate(search->upper_per_s / take_growth(search)), false);
    } else if (!top && !bottom && !is_narrow(search)) {
        ask(search, round_rate(sqrt(search->lower_per_s * search->upper_per_s)), false);
    } else if (!bottom && !search->lower_confirmed) {
        ask(search, search->lower_per_s, true);
    } else if (!top && !search->upper_confirmed) {
        ask(search, search->upper_per_s, true);
    } else {
        end_with_answer(search);
    }
}

void search_init(struct search *search, const struct search_config *config)
{
    ASSERT(config->from_per_s > 0.0 && config->to_per_s > config->from_per_s);
    ASSERT(config->width > 0.0 && config->width <= 1.0);
    memset(search, 0, sizeof *search);
    search->config = *config;
    search->growth = GROWTH_MAX;
    decide(search);
}

bool search_next(const struct search *search, struct search_trial *ret)
{
    if (search->ended) {
        return false;
    }
    *ret = search->next;
    return true;
}

static void take_lower(struct search *search, double rate_per_s, bool confirmed)
{
    search->lower_per_s = rate_per_s;
    search->lower_confirmed = confirmed;
}

static void take_upper(struct search *search, double rate_per_s, bool confirmed, const char *reason)
{
    search->upper_per_s = rate_per_s;
    search->upper_confirmed = confirmed;
    (void)snprintf(search->upper_reason, sizeof search->upper_reason, "%.*s", REASON_BYTES - 1,
                   reason);
}

/* A confirming trial. Two that agree decide, as a third could not change it. */
static void tell_confirming(struct search *search, bool good, const char *reason)
{
    double rate_per_s = search->next.rate_per_s;
    bool is_lower = rate_per_s == search->lower_per_s;
    bool holds;

    search->good += good ? 1 : 0;
    search->bad += good ? 0 : 1;
    if (2 * search->good <= SEARCH_CONFIRMS && 2 * search->bad <= SEARCH_CONFIRMS) {
        return;
    }
    holds = search->good > search->bad;
    search->good = 0;
    search->bad = 0;
    if (holds) {
        take_lower(search, rate_per_s, true);
    } else {
        take_upper(search, rate_per_s, true, reason);
    }
    if (is_lower && !holds) {
        search->lower_per_s = 0.0;
        search->growth = small_growth(search);
    } else if (!is_lower && holds) {
        search->upper_per_s = 0.0;
        search->upper_confirmed = false;
        search->growth = small_growth(search);
    }
}

void search_tell(struct search *search, enum step_outcome outcome, const char *reason)
{
    double rate_per_s = search->next.rate_per_s;

    ASSERT(!search->ended);
    search->trials++;
    if (outcome == STEP_VOID) {
        char limit[REASON_BYTES];
        char rate[UNITS_TEXT_BYTES];

        search->voids++;
        if (search->voids >= VOIDS_MAX) {
            (void)snprintf(limit, sizeof limit, "generator-limited at %s: %.200s",
                           units_format_rate(rate_per_s, rate), reason);
            end(search, false, limit);
        }
        return;
    }
    search->voids = 0;
    if (search->next.confirms) {
        tell_confirming(search, outcome == STEP_GOOD, reason);
    } else if (outcome == STEP_GOOD) {
        take_lower(search, rate_per_s, false);
    } else {
        take_upper(search, rate_per_s, false, reason);
    }
    decide(search);
}

void search_answer(const struct search *search, struct result_search *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->found = search->found;
    ret->lower_per_s = search->lower_per_s;
    ret->upper_per_s = search->upper_per_s;
    ret->width = search->config.width;
    (void)snprintf(ret->limit, sizeof ret->limit, "%s",
                   search->ended ? search->limit : "the search was ended before it had an answer");
}

uint32_t search_estimate(const struct search_config *config)
{
    double doublings = ceil(log2(config->to_per_s / config->from_per_s));
    double halvings = ceil(log2(log(GROWTH_MAX) / log1p(config->width)));

    return 1 + (uint32_t)doublings + (uint32_t)fmax(halvings, 0.0) + 2 * SEARCH_CONFIRMS;
}
