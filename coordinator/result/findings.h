/*
 * findings: what judging made of a run beside its verdict: the self-check, comparisons, searches,
 * insights, gate noise. Computed once, live, and kept in the journal's CLOSE entry; reports and
 * result.json show them as they stand here. Flat structs, so a list is copied as it is.
 *
 * Cases, phases and flows are named, not numbered: a finding is readable by itself.
 */
#ifndef MILLRACE_FINDINGS_H
#define MILLRACE_FINDINGS_H

#include "bounds.h"
#include "errinfo.h"
#include "record.h"

#include <stdbool.h>
#include <stdint.h>

#define UNIT_BYTES 16 /* "ns", "/s", "messages", "bytes", "%" or "". */

enum check_status { CHECK_OK, CHECK_SUSPECT, CHECK_INVALID, CHECK_NOT_MEASURED };

/* "ok", "suspect", "invalid", "not measured" */
const char *check_status_name(enum check_status status);

/* One row of the self-check, of one agent in one case; both "" where it concerns all. */
struct result_check {
    char check[NAME_BYTES]; /* "send_lag", "load_thread_cpu", ... */
    char agent[NAME_BYTES];
    char case_name[NAME_BYTES];
    enum check_status status;
    double observed; /* NAN: not measured. */
    double limit;    /* Of the class that was reached, or of the first one when ok. */
    char unit[UNIT_BYTES];
    char text[REASON_BYTES]; /* What it means and what to change, in plain words. */
};

enum comparison_verdict {
    COMPARISON_SAME,
    COMPARISON_BETTER,
    COMPARISON_WORSE,
    COMPARISON_INCONCLUSIVE,
    COMPARISON_NOT_AVAILABLE
};

/* "same", "better", "worse", "inconclusive", "not available" */
const char *comparison_verdict_name(enum comparison_verdict verdict);

/* One metric of a case against its baseline, over paired trials. */
struct result_comparison {
    char case_name[NAME_BYTES];
    char baseline[NAME_BYTES]; /* A case, too. */
    char phase[NAME_BYTES];
    char flow[NAME_BYTES]; /* "": all flows. */
    char metric[METRIC_BYTES];
    double ratio; /* Case / baseline: geometric mean over the pairs. NAN without any. */
    double low;   /* 95 % paired t interval of the ratio. NAN with less than two. */
    double high;
    double threshold; /* 0.1: 10 % are too much. */
    double p_value;   /* Of ratio == 1, after Holm's correction. */
    uint32_t pairs;
    uint32_t pairs_more; /* Needed to tell, when inconclusive; 0: can't be said. */
    bool gates;          /* Listed under `worse`: a WORSE one is a regression. */
    enum comparison_verdict verdict;
    char reason[REASON_BYTES]; /* Why there are no pairs; "": there are. */
};

enum step_outcome { STEP_GOOD, STEP_BAD, STEP_VOID };

/* "good", "bad", "void" */
const char *step_outcome_name(enum step_outcome outcome);

/* One trial of a search. */
struct result_search_step {
    char case_name[NAME_BYTES];
    uint32_t trial; /* Number within the run. */
    bool confirms;  /* It confirms a bound, by the stricter rule. */
    enum step_outcome outcome;
    double asked_per_s;
    double sent_per_s;
    double received_per_s;
    int64_t e2e_p50_ns; /* 0: no such figure. */
    int64_t e2e_p99_ns;
    int64_t publish_p99_ns;
    struct {
        bool e2e_p50, e2e_p99, publish_p99;
    } at_least;                /* Those that are lower bounds: messages never came. */
    char reason[REASON_BYTES]; /* Why it is not good. */
};

/* Where the highest sustainable rate of a case lies. */
struct result_search {
    char case_name[NAME_BYTES];
    bool found;               /* Both bounds hold. */
    double lower_per_s;       /* Highest rate that held; 0: none did. */
    double upper_per_s;       /* Lowest rate that did not; 0: none failed. */
    double width;             /* Wanted: 0.02 is 2 % of the lower bound. */
    char limit[REASON_BYTES]; /* What limited it, or why the search ended without an answer. */
};

#define INSIGHT_FIGURES_MAX 8

struct insight_figure {
    char name[METRIC_BYTES];
    double value;
    char unit[UNIT_BYTES];
};

/* A sentence that follows from figures, with them and the rule that made it. It stands by itself:
 * it says of which case or target it speaks. */
struct result_insight {
    char rule[NAME_BYTES]; /* "size_knee", "tail_far_from_median", ... */
    char case_name[NAME_BYTES];
    char text[ERRINFO_BYTES];
    char advice[ERRINFO_BYTES]; /* "": none follows. */
    struct insight_figure figures[INSIGHT_FIGURES_MAX];
    uint32_t figures_count;
};

/* What an objective as a gate can tell with this many trials. */
struct result_noise {
    char objective[NAME_BYTES * 2]; /* Its text. */
    char case_name[NAME_BYTES];
    char phase[NAME_BYTES];
    uint32_t trials;
    uint32_t failed;   /* Trials that would have missed it, each taken by itself. */
    double spread;     /* Relative standard deviation over the trials. */
    double detectable; /* Smallest relative change that this many trials tell (80 % power, 5 %). */
};

struct findings {
    struct result_check *checks;
    uint32_t checks_count;
    struct result_comparison *comparisons;
    uint32_t comparisons_count;
    struct result_search *searches;
    uint32_t searches_count;
    struct result_search_step *search_steps; /* In the order in which they were run. */
    uint32_t search_steps_count;
    struct result_insight *insights;
    uint32_t insights_count;
    struct result_noise *noise;
    uint32_t noise_count;
};

#define FINDINGS_MAX 65536 /* Of one kind. */

/* Their tables (findings_records.c). */
extern const struct record result_check_record;
extern const struct record result_comparison_record;
extern const struct record result_search_record;
extern const struct record result_search_step_record;
extern const struct record result_insight_record;
extern const struct record result_noise_record;
extern const struct record findings_record;

/* Adds copies of all rows to those of *to. 0, or -ENOMEM with some of the lists longer. */
int findings_append(struct findings *to, const struct findings *from, struct errinfo *reterr);

/* A deep copy into *to, whose lists are freed first. 0, or -ENOMEM with *to empty. */
int findings_copy(const struct findings *from, struct findings *to, struct errinfo *reterr);
void findings_done(struct findings *findings);

#endif
