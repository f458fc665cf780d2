/*
 * resume: the folder of a run that is left, looked through so that the run can be gone on with:
 * which trials are whole, where the journal is sound up to, how it was left. Changes nothing: what
 * there is beyond goes when the run begins again (run_resume.c).
 *
 * A trial is whole when all its agents handed in all they had, nobody interrupted it, and it was
 * judged if its run searches; or when the run itself went on after it. One thread; blocks on the
 * disk.
 */
#ifndef MILLRACE_RESUME_H
#define MILLRACE_RESUME_H

#include "archive.h"

struct resume_outcome {
    uint32_t trial;
    uint32_t case_index;
    char aborted[ERRINFO_BYTES];
    char broker_lost[ERRINFO_BYTES];
};

/* A trial that is not whole, and may have left topics. */
struct resume_left {
    bool there;
    uint32_t trial;
    uint32_t case_index;
    uint32_t repetition;
    uint32_t agents_count; /* 0: of a calibration: into memory. */
};

struct resume {
    char *folder;
    struct archive_writer *writer; /* Locks the journal; NULL once it was taken over. */
    struct entry_run run;          /* Owned. */
    char version[NAME_BYTES];      /* Of Millrace. */
    char part_id[NAME_BYTES];      /* Of the last part. */
    uint32_t agents_count;         /* Of the first part; 0: there were none. */
    uint32_t trials_planned;       /* 0: not known, or a search. */
    uint32_t resumes_count;
    bool searched;
    uint64_t sound_bytes; /* Of the journal: to the end of what stays. */
    int64_t left_unix_ns;
    enum resume_cause cause;
    bool closed; /* With this verdict. */
    enum verdict verdict;
    struct resume_left left;
    /* Of the trials that are whole, in the order in which they were made. */
    uint32_t *trials;
    uint32_t *case_indices; /* Of each of them. */
    uint32_t trials_count;
    struct resume_outcome *outcomes;
    uint32_t outcomes_count;
    struct window_count *windows;
    uint32_t windows_count;
    struct result_search_step *steps;
    uint32_t steps_count;
    struct entry_calibration *calibrations;
    uint32_t calibrations_count;
};

/*
 * Locks and looks through. The caller owns *ret. With a sentence that names the folder: -ENOENT,
 * -ENOTDIR: it holds no run; -ENODATA: a run that had not begun; -EBUSY: the run still goes on;
 * -EBADMSG: the journal is damaged; -ENOTSUP: another version wrote it; -EACCES and others of the
 * disk; -ENOMEM.
 */
int resume_open(const char *folder, struct resume **ret, struct errinfo *reterr);
void resume_free(struct resume *resume);

/* Was it judged to its end? Then its verdict stands. */
bool resume_is_over(const struct resume *resume);

/* Are there trials to be made, or may be? */
bool resume_has_left(const struct resume *resume);

bool resume_has_trial(const struct resume *resume, uint32_t number);

/* Number of the trial that comes after all that are whole. */
uint32_t resume_next_trial(const struct resume *resume);

#endif
