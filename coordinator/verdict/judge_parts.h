/* judge_parts: what the files of this module share. Private to it. */
#ifndef MILLRACE_JUDGE_PARTS_H
#define MILLRACE_JUDGE_PARTS_H

#include "judge.h"

/* What judging the objectives came to. */
struct tally {
    bool came_to_end; /* Else what lacks samples had no time to get any. */
    uint32_t met;
    uint32_t missed;
    uint32_t invalid; /* The instrument can't vouch for it. */
};

/* One question: an objective about a case, in one phase or over all of them. */
struct judge_question {
    const struct judge_terms *terms;
    const struct objective *objective; /* One of the terms'. */
    const struct result_case *of;
    const char *phase; /* "": all phases. */
};

struct judge_answer {
    double observed;
    bool at_least; /* It may be more. */
    double limit;  /* What it is held against. */
    bool holds;
    uint64_t samples;
    bool has_value;
    bool lacks_samples; /* It was measured, but too little. */
    const char *missing;
    char miss[REASON_BYTES]; /* If it does not hold: how. */
};

int judge_add_reason(struct result *result, const char *code, const char *case_name,
                     const char *text, struct errinfo *reterr);

/* UNITS_TEXT_BYTES. */
void judge_write_value(const struct metric *metric, double value, char *text);

/* The answer to a question about windows: on every trial, the worst one decides. */
void judge_windows(const struct judge_question *question, struct judge_answer *ret);

/* Instead of all objectives: rows for what is implied of every case. 0 or -ENOMEM. */
int judge_implied(struct result *result, const struct judge_terms *terms, struct tally *tally,
                  struct errinfo *reterr);

/* Appends rows for what the scenario asks of every case. 0 or -ENOMEM. */
int judge_asked(struct result *result, const struct judge_terms *terms, struct tally *tally,
                struct errinfo *reterr);

/* What got worse beyond the threshold of a metric that gates, and what of these could not be told.
 * 0 or -ENOMEM. */
int judge_comparisons(struct result *result, const struct judge_terms *terms, struct tally *tally,
                      bool *ret_regressed, struct errinfo *reterr);

/* Instead of all objectives: a row for each case that was searched. 0 or -ENOMEM. */
int judge_searches(struct result *result, struct tally *tally, struct errinfo *reterr);

#endif
