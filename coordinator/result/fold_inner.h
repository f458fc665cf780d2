/* fold_inner: what a fold keeps of a run. Private to this module. */
#ifndef MILLRACE_FOLD_INNER_H
#define MILLRACE_FOLD_INNER_H

#include "fold.h"
#include "fold_trial_inner.h"

/* A run that was resumed has one part more for each time. */
struct fold_part {
    uint32_t *agents; /* Its agents in the order in which it told them: rows of all agents. */
    uint32_t agents_count;
    uint32_t rows_before;   /* Agents of the parts before. */
    uint32_t trials_before; /* Likewise. */
    bool gone[AGENTS_MAX];  /* Those that were lost so far, in whatever trial of it. */
};

struct fold {
    bool has_run;
    struct entry_run run;
    struct result_agent *agents; /* Of all parts. */
    uint32_t agents_count;
    struct fold_part part;   /* The last one. */
    struct fold_part before; /* The last one before it that had agents. */
    struct result_resume *resumes;
    uint32_t resumes_count;
    bool has_plan;
    uint32_t trials_planned;
    struct entry_case *cases;
    uint32_t cases_count;
    struct fold_trial *trials;
    uint32_t trials_count;
    struct result_mark *marks;
    uint32_t marks_count;
    struct entry_calibration *calibrations; /* In the order in which they were made. */
    uint32_t calibrations_count;
    struct findings searched; /* Answers and steps of searches, as they came. */
    bool has_close;           /* And the last piece of it. */
    bool part_closes;         /* A piece of it. */
    struct entry_close close;
    int64_t last_unix_ns;
    char refused[ERRINFO_BYTES]; /* The first entry of a run of ours that could not be folded. */
};

/* Newly allocated; "" for NULL. NULL if memory ran out. */
char *fold_copy_text(const char *text);

/* Puts a copy of from in place of the list whose address is given. */
int fold_replace_list(void *list, const void *from, uint32_t count, size_t element_bytes,
                      struct errinfo *reterr);

/* What an entry tells of the part's agents; -EBADMSG for fewer than its trials have. */
int fold_add_agents(struct fold *fold, const struct entry_agents *entry, struct errinfo *reterr);

/* Begins a part. -EBADMSG where none can begin. */
int fold_add_resumed(struct fold *fold, const struct result_resume *entry, struct errinfo *reterr);

/* The agents of a trial in its own order; the list is the caller's. 0 or -ENOMEM. */
int fold_name_agents(const struct fold *fold, const struct fold_trial *trial,
                     struct result_agent **ret, struct errinfo *reterr);

/* Where a search stands, and the lists of a closing entry: -EBADMSG for more than the run can have
 * had. */
int fold_add_search(struct fold *fold, const struct entry_search *entry, struct errinfo *reterr);
int fold_add_close(struct fold *fold, const struct entry_close *close, struct errinfo *reterr);

/* Each case once; -EBADMSG for one that the run does not have. */
int fold_add_calibration(struct fold *fold, const struct entry_calibration *entry,
                         struct errinfo *reterr);

/* That of a case; NULL: none was made. */
const struct result_calibration *fold_calibration(const struct fold *fold, uint32_t case_index);

#endif
