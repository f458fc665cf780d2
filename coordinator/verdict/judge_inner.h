/* judge_inner: what the files of this module share. Private to it. */
#ifndef MILLRACE_JUDGE_INNER_H
#define MILLRACE_JUDGE_INNER_H

#include "judge.h"

/* What judging the objectives came to. */
struct tally {
    bool came_to_end; /* Else what lacks samples had no time to get any. */
    uint32_t met;
    uint32_t missed;
    uint32_t invalid; /* It was not measured reliably. */
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

/* Is there a row for each flow, beside that of all? */
bool judge_has_flows(const struct result_phase *phases, uint32_t phases_count);

/*
 * Of every measured phase that keeps a rate, flow by flow and trial by trial: 99 % of what was due
 * was sent in time; no more than 0.1 % of what was sent was refused, remained unconfirmed or met
 * an error. Missed only when it is more than the share and more than one message of each producer.
 * What the scenario says itself is left to it, and with an objective of its own about outages what
 * fell into one is left out.
 *
 * False: the case has no such phase, and *ret is to be thrown away. Too little sent is missed where
 * the broker held it back, and not judged where that was the generator.
 */
bool judge_sent(const struct judge_terms *terms, const struct result_case *of,
                struct result_objective *ret);
bool judge_taken(const struct judge_terms *terms, const struct result_case *of,
                 struct result_objective *ret);

/* Was all that some trial lacked in that phase held back by the broker, not the generator? */
bool judge_broker_held_back(const struct result_case *of, const char *phase, const char *flow);

/* Is it that row? What it says stands in the sentence about the run, so others only name it. */
bool judge_is_of_lost(const struct result_check *check);

/* The row of the self-check that says which agent's share is missing from a phase ("": any) and
 * flow; NULL: none is. */
const struct result_check *judge_lost(const struct result *result, const struct result_case *of,
                                      const char *phase, const char *flow);

/* Is it missed whatever a lost agent had seen? What is counted only becomes more. */
bool judge_stands(const struct objective *objective, const struct result_objective *row);

/* An implied row that is met, as far as is known, of a case that lacks an agent's share. */
void judge_doubt_lost(const struct result *result, const struct judge_terms *terms,
                      const struct result_case *of, struct result_objective *row);

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
