/*
 * journal_entry: what a journal holds, entry by entry; the common tongue of run (which makes
 * entries), archive (which stores them) and result (which folds them).
 *
 * A run's journal is: RUN and PLAN, then AGENTS, CASES and PLAN, then per trial: TRIAL, any number
 * of SNAPSHOT, SEGMENT and MARK, OUTCOME if there is something to say in it, TRIAL_END; around the
 * trials of a search SEARCH; before the first trial of a case CALIBRATION, if one was made for it;
 * at last CLOSE, in parts if it is long. An entry is folded the moment it is made and appended, or
 * when it is read back: the same function.
 *
 * A run that was resumed goes on with RESUMED behind its last whole trial, then again from AGENTS
 * on: what stood there instead was taken out of the journal before.
 */
#ifndef MILLRACE_JOURNAL_ENTRY_H
#define MILLRACE_JOURNAL_ENTRY_H

#include "result.h"
#include "trial_outcome.h"

enum entry_kind {
    ENTRY_RUN,
    ENTRY_AGENTS,
    ENTRY_CASES,
    ENTRY_TRIAL,
    ENTRY_SEGMENT,
    ENTRY_SNAPSHOT,
    ENTRY_MARK,
    ENTRY_TRIAL_END,
    ENTRY_SEARCH,
    ENTRY_CALIBRATION,
    ENTRY_CLOSE,
    ENTRY_PLAN,
    ENTRY_OUTCOME,
    ENTRY_RESUMED,
    ENTRY_COUNT
};

/* What `since` in the tables of kept structs counts: raised with the tables, once for each release.
 * A journal tells its own as "format". */
#define JOURNAL_SCHEMA 4

struct entry_run {
    uint32_t schema; /* That of the journal; written without asking. */
    char run_id[NAME_BYTES];
    char *name;
    char *description;
    char *command;
    char *scenario;
    char scenario_sha256[65];
    uint64_t seed;
    int64_t started_unix_ns;
    bool selfcheck_warns;
    struct result_version *versions;
    uint32_t versions_count;
};

struct entry_agents {
    struct result_agent *agents;
    uint32_t agents_count;
};

/* Every case, also those that are skipped or not available. */
struct entry_case {
    char name[NAME_BYTES];
    char backend[NAME_BYTES];
    char client[NAME_BYTES]; /* "": the backend has one client only, or had then. */
    char target[NAME_BYTES];
    char address[REASON_BYTES];
    char variant[NAME_BYTES];
    struct result_parameter parameters[SWEEP_KEYS_MAX];
    uint32_t parameters_count;
    enum case_status status;
    char reason[REASON_BYTES];
};

struct entry_cases {
    struct entry_case *cases;
    uint32_t cases_count;
};

/* Follows the run, when nobody knows yet, and its cases, whenever they are planned. */
struct entry_plan {
    uint32_t trials_count; /* Of all cases; 0: not known, or a search: as many as it needs. */
};

/* A trial's tables, without target (secrets) and per-agent client lists: what the fold needs to
 * name and judge. */
struct entry_trial {
    uint32_t number;
    uint32_t case_index;
    uint32_t repetition;
    uint32_t agents_count;
    int64_t started_unix_ns;
    char broker_version[NAME_BYTES];
    struct assigned_flow *flows;
    uint32_t flows_count;
    struct assigned_topic *topics;
    uint32_t topics_count;
    struct assigned_phase *phases;
    uint32_t phases_count;
    struct assigned_producer *producers; /* Of all agents. */
    uint32_t producers_count;
    struct assigned_consumer *consumers;
    uint32_t consumers_count;
    uint32_t *producer_agents; /* Agent of each producer; consumer likewise. */
    uint32_t *consumer_agents;
};

/* When the phases of a segment really were. */
struct entry_segment {
    uint32_t trial;
    uint32_t phase_first;
    uint32_t phase_last;
    int64_t start_ns; /* Offset from T0. */
    int64_t end_ns;   /* -1 in the entry written at its start; a second one with the end follows. */
};

/* Where a search stands: before its first trial, and after each that was judged. */
struct entry_search {
    struct result_search answer; /* So far; the last one of a case counts. */
    bool has_step;
    struct result_search_step step;
};

/* What the generator alone can do with the workload of a case. */
struct entry_calibration {
    uint32_t case_index;
    struct result_calibration made;
};

/* Rows of all lists together in one CLOSE entry. */
#define CLOSE_ROWS_MAX 2048

/* Keys and types take their bytes, too: as much again is more than any row needs. */
static_assert(CLOSE_ROWS_MAX * 2 * sizeof(struct result_insight) < DOCUMENT_BYTES_MAX,
              "a part of the closing entry fits into a document");
static_assert(sizeof(struct result_insight) >= sizeof(struct result_check) &&
                  sizeof(struct result_insight) >= sizeof(struct result_objective) &&
                  sizeof(struct result_insight) >= sizeof(struct result_reason) &&
                  sizeof(struct result_insight) >= sizeof(struct result_search_step),
              "an insight is the longest row");

struct entry_close {
    enum verdict verdict;
    bool more; /* The lists go on in the next entry. */
    int64_t ended_unix_ns;
    struct result_reason *reasons;
    uint32_t reasons_count;
    struct result_objective *objectives;
    uint32_t objectives_count;
    struct findings findings;
};

struct journal_entry {
    enum entry_kind kind;
    int64_t at_unix_ns; /* When it was written. */
    union {
        struct entry_run run;
        struct entry_agents
            agents; /* Written again at the end, with clocks and losses: the last one counts. */
        struct entry_cases cases; /* Likewise. */
        struct entry_trial trial;
        struct entry_segment segment;
        struct snapshot *snapshot;
        struct result_mark mark;
        struct entry_trial_end trial_end;
        struct entry_search search;
        struct entry_calibration calibration;
        struct entry_close close;
        struct entry_plan plan;
        struct entry_outcome outcome;
        struct result_resume resumed;
    } as;
};

/* Tables (journal_records.c): of what each entry begins with, and of what `as` holds. */
extern const struct record entry_head_record;
const struct record *entry_record(enum entry_kind kind);

/* What the table is of: `as`, or the snapshot that it owns. */
void *entry_held(struct journal_entry *entry);

void entry_trial_done(struct entry_trial *trial);
int entry_trial_copy(const struct entry_trial *from, struct entry_trial *to,
                     struct errinfo *reterr);

/* Frees what an entry owns (all of its lists, strings and the snapshot). */
void journal_entry_done(struct journal_entry *entry);

#endif
