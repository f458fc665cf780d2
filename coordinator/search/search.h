/*
 * search: where the highest sustainable rate lies. Asks for trials and is told what became of them;
 * sends nothing itself. Pure.
 *
 * After MLRsearch (draft-ietf-bmwg-mlrsearch): from the range's lower end the rate doubles until a
 * trial is bad; then the gap between the highest good and the lowest bad rate is halved, in
 * logarithms, until it is narrow enough; then both bounds are confirmed by up to three longer
 * trials each, of which at most half may be bad for a rate to hold (exceed ratio 0.5: two that
 * agree decide). A bound that is not confirmed becomes the other bound, and the search goes on from
 * there in steps that begin small.
 */
#ifndef MILLRACE_SEARCH_H
#define MILLRACE_SEARCH_H

#include "findings.h"

/* A search that has not come to its end by then is noise: it says so. */
#define SEARCH_TRIALS_MAX 100

/* Trials that confirm a bound, at most. */
#define SEARCH_CONFIRMS 3

struct search_config {
    double from_per_s; /* Above 0. */
    double to_per_s;   /* Above from_per_s. */
    double width;      /* 0.02: the bounds lie within 2 % of each other. In (0, 1]. */
};

struct search_trial {
    double rate_per_s;
    bool confirms; /* A longer trial, by the stricter rule. */
};

/* Read it through the functions below. */
struct search {
    struct search_config config;
    double lower_per_s; /* Highest rate that held; 0: none yet. */
    double upper_per_s; /* Lowest rate that did not; 0: none yet. */
    bool lower_confirmed;
    bool upper_confirmed;
    double growth; /* Next step towards a bound that is missing. */
    uint32_t good; /* Of the trials that confirm the bound in question. */
    uint32_t bad;
    uint32_t voids; /* One after another. */
    uint32_t trials;
    struct search_trial next;
    bool ended;
    bool found;
    char upper_reason[REASON_BYTES]; /* Why the upper bound did not hold. */
    char limit[REASON_BYTES];
};

void search_init(struct search *search, const struct search_config *config);

/* The trial to be made now. False: the search has ended. */
bool search_next(const struct search *search, struct search_trial *ret);

/* What became of it; reason: why it is not good. A void trial is made again, as a host may be busy
 * for a moment; the third in a row ends the search: the generator can't say more. */
void search_tell(struct search *search, enum step_outcome outcome, const char *reason);

/* The answer so far; case_name is left empty. */
void search_answer(const struct search *search, struct result_search *ret);

/* Trials that a search of that range needs when nothing surprises it. */
uint32_t search_estimate(const struct search_config *config);

#endif
