/* run_inner: the struct of a run and its stages, one file each. Private to this module. */
#ifndef MILLRACE_RUN_INNER_H
#define MILLRACE_RUN_INNER_H

#include "coalesce.h"
#include "disk.h"
#include "fold.h"
#include "judge.h"
#include "plan.h"
#include "plan_demand.h"
#include "run.h"
#include "search.h"
#include "session.h"
#include "stall.h"
#include "watch.h"

#define RUN_SAID_MAX 16

/* Something that the broker said in the running trial. */
struct run_said {
    char text[REASON_BYTES];
    int64_t last_ns; /* Offset from T0. */
};

/* When an agent was lost. */
struct run_loss {
    uint32_t trial; /* The running one, or the next; */
    int64_t at_ns;  /* and when, as offset from its T0; 0: before it. */
};

/* Clients that an agent was given. */
struct run_dealt {
    uint64_t sum;  /* In all trials so far. */
    uint32_t most; /* In one of them. */
};

struct run {
    const struct run_config *config;
    struct run *whole; /* Of a calibration: the run that it is for. NULL otherwise. */
    char run_id[NAME_BYTES];
    char part_id[NAME_BYTES]; /* What agents know it by; of a run that was resumed another one. */
    char *folder;
    char *agents_folder;
    struct session *session; /* Borrowed: a calibration is a run of its own in the same session. */
    bool session_open;
    struct sinks sinks; /* Who takes the entries of the journal. */
    struct disk *disk;  /* One of them; NULL: nothing is written, only folded. */
    struct watch watch; /* As is this one. */
    struct fold *fold;
    struct plan *plan;
    struct plan_request plan_request;
    struct plan_agent plan_agents[AGENTS_MAX];
    uint32_t plan_order[AGENTS_MAX]; /* Agents by name. */
    struct plan_room *rooms;         /* Of each case each agent's; NULL: no agent is full. */
    struct entry_case *cases;        /* By plan case; the journal's CASES. */
    bool *cases_begun;               /* By plan case: a trial of it was. NULL in a calibration. */
    char (*broker_versions)[NAME_BYTES]; /* By plan case, as the probes told. */
    struct judge_events events;
    uint32_t search_trials;
    uint32_t trial_next; /* Number of the trial that begins next; not of a search's. */
    bool interrupt_journaled;
    struct result_calibration *calibrations; /* By plan case; zeroes: not made. */
    struct run_progress progress;
    struct stall disk_stall;
    struct stall terminal_stall;
    bool disk_given_up;                 /* It was waited for in vain. */
    struct run_loss losses[AGENTS_MAX]; /* By agent, as are the next. */
    struct progress_agent shown_agents[AGENTS_MAX];
    struct run_dealt dealt[AGENTS_MAX]; /* and this. */
    int64_t shown_ns;
    /* The running trial. */
    struct plan_trial *trial;
    struct coalesce *coalesce; /* Reports on their way to the journal; NULL: no trial runs. */
    int64_t apart_from_ns;     /* From then on (offset from T0) each is journaled at once. */
    bool expires;              /* Messages can: when is told to the second. */
    int64_t t0_ns;             /* This process's clock; 0 before the first segment. */
    int64_t drain_ns;          /* Of the trial's last phase. */
    int64_t ending_ns;         /* When the sending was ended early; this process's clock. */
    bool aborted;              /* By an objective that was missed. */
    char aborted_text[ERRINFO_BYTES];
    bool target_lost[TARGETS_MAX]; /* Its broker did not come back in time: no more trials of it. */
    bool broker_down;              /* No client can use it. */
    bool broker_silent;            /* Though its connections are open. */
    bool broker_given_up;
    int64_t broker_given_up_ns;         /* Offset from T0, as is the next. */
    int64_t broker_down_ns;             /* Offset from T0. */
    struct run_said said[RUN_SAID_MAX]; /* What it said of itself, by text. */
    uint32_t said_count;
    uint32_t said_marks;
    int64_t start_skew_ns[AGENTS_MAX];
    uint32_t lost_before; /* Agents that were lost before it. */
    uint32_t called_off;  /* Trials so far that were prepared anew. */
};

/* Who takes the entries of this run: its fold, its watch, and its disk if it has one. */
void run_add_sinks(struct run *run);

/* Stamps an entry and gives it to all who take entries; it stays the caller's. Below 0: the fold
 * refuses it (-EBADMSG), there is no memory, or (once) the journal can't be written. */
int run_journal(struct run *run, struct journal_entry *entry, struct errinfo *reterr);
int run_journal_begin(struct run *run, struct errinfo *reterr);

/* Backend and client of the target of a case. */
void run_name_backend(const struct target *target, struct entry_case *ret);
int run_journal_agents(struct run *run, struct errinfo *reterr);

/* The agents as they are now, with their clocks; the list is the caller's. 0 or -ENOMEM. */
int run_agents_now(const struct run *run, struct result_agent **ret, uint32_t *ret_count,
                   struct errinfo *reterr);
int run_journal_cases(struct run *run, struct errinfo *reterr);
int run_journal_plan(struct run *run, struct errinfo *reterr);

/* Of the running trial, before its end, if there is something to say. */
int run_journal_outcome(struct run *run, struct errinfo *reterr);
int run_journal_trial(struct run *run, const struct plan_trial *trial, const char *broker_version,
                      struct errinfo *reterr);
int run_journal_mark_of(struct run *run, const struct result_mark *mark, struct errinfo *reterr);
int run_journal_mark(struct run *run, enum mark_kind kind, int64_t at_ns, const char *text,
                     struct errinfo *reterr);

/* If the segment's last phase was to end by count and did by time: marks it, and says so. end_ns:
 * of the segment. */
int run_journal_missed_count(struct run *run, const struct assigned_phase *phases,
                             const struct segment *segment, int64_t end_ns, struct errinfo *reterr);

/* Before the first report of the running trial is taken, and after the last. 0 or -ENOMEM. */
int run_begin_snapshots(struct run *run, struct errinfo *reterr);
void run_end_snapshots(struct run *run);

/* Reports that were held back go into the journal. Below 0: as run_journal(). */
int run_flush_snapshots(struct run *run, struct errinfo *reterr);

/* Takes in what has come: snapshots into the journal, marks, the live view. Below 0: the journal
 * can't be written. */
int run_turn(struct run *run, int timeout_ms, struct errinfo *reterr);

/* Marks when an agent's clock was not what it was taken for: what was measured between hosts then
 * is off by up to that. Before T0 nothing is measured. Below 0: the journal can't be written. */
int run_look_at_clocks(struct run *run, struct errinfo *reterr);

/* Does the run go on without agents that were lost? The scenario wants it, and some are left. */
bool run_goes_on(const struct run *run);

/* plan_trial_fill() for those of the request's agents that are there, where the run goes on without
 * the others: these get empty assignments. */
int run_deal(const struct run *run, const struct plan_request *all,
             const struct scenario_setup *setup, struct plan_trial *trial, struct errinfo *reterr);

/* The run id in the names of the topics of a trial that is dealt now. NAME_BYTES. */
void run_deal_id(const struct run *run, const char *run_id, char *ret);

/* run_remove.c: one of the agents takes away the topics that a trial of this number, case and
 * repetition had by that run id, whoever made them; no agent may have the trial any more. Blocks,
 * taking in what comes. -ECONNRESET: nobody is left. Between trials -EINTR. */
int run_remove_topics(struct run *run, const char *run_id, const struct plan_trial *of,
                      struct errinfo *reterr);

/* Says and marks when an agent is not heard of, is back, or is given up. Below 0: the journal can't
 * be written. */
int run_look_at_agents(struct run *run, struct errinfo *reterr);

/* Marks those that were lost before, for a journal that begins after it: of a calibration. */
int run_journal_lost(struct run *run, struct errinfo *reterr);

/* Says and marks what stood still: disk, terminal, this process. Below 0: the journal can't be
 * written. */
int run_look_at_stalls(struct run *run, struct errinfo *reterr);

/* run_broker.c: marks and says when the broker goes and comes back, as the agents' snapshots tell
 * it; what it says of itself; whether it has been away for longer than the scenario allows, which
 * ends the run as fail. Below 0: the journal can't be written. */
int run_look_at_broker(struct run *run, struct errinfo *reterr);
int run_mark_notices(struct run *run, const struct snapshot *snapshot, struct errinfo *reterr);
bool run_broker_is_lost(struct run *run);

/* Is the running trial ended before its time, and drained? */
bool run_is_ending(const struct run *run);

void run_stop_all(struct run *run, bool sending_only);

/* Ends the sending if the user wants it, or an objective that ends the trial is missed. Sets
 * *deadline_ns, until which consumers have time: drain_ns from then. Below 0: the journal can't be
 * written. */
int run_look_for_end(struct run *run, int64_t drain_ns, int64_t *deadline_ns,
                     struct errinfo *reterr);

/* Shall the running segment end before its time? phase_start_ns: of a drain phase that runs; else
 * INT64_MAX. */
bool run_should_stop(struct run *run, int64_t phase_start_ns, int64_t drain_deadline_ns);

/* Shows progress, at most five times a second; and what is told once, as it comes. */
void run_show(struct run *run, int64_t now_ns);
void run_notice(const struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void run_stage(struct run *run, const char *stage, const char *detail);
bool run_interrupted(const struct run *run);

/* The user has ended the run, in whatever stage: from now on it is interrupted. Says so in the
 * journal, on disk at once, as the next Ctrl-C ends the process. */
void run_take_interrupt(struct run *run);

/* Judges what the run came to, closes the journal and writes the reports. Below 0: not all of it
 * could be written, or (with *ret untouched) there is no result. Reports are written, and say so,
 * also if the journal could not be closed. The caller owns *ret. */
int run_close(struct run *run, struct result **ret, struct errinfo *reterr);

/* The reason's code in the result for an errno that ended a run: "disk_full", "no_target", ... */
const char *run_failure_code(int code);

/* Holds the clients of every case against what their agents' hosts have, and asks the agents. What
 * one has no room for is planned for others, once. -EMFILE or -EUSERS with who lacks what, before a
 * broker is touched: the load would break down in the middle of opening. */
int run_preflight(struct run *run, struct errinfo *reterr);

/* plan_trial_fill(), without what agents have no room for. */
int run_fill_trial(const struct run *run, const struct scenario_setup *setup,
                   struct plan_trial *trial, struct errinfo *reterr);

/* Does the case ask more of its broker than that told the agents it takes? 0, or -EUSERS or
 * -EMSGSIZE with why in ret[PLAN_DEMAND_BYTES]. answers: of the probes. */
int run_check_limits(const struct run *run, uint32_t index, const struct status *const *answers,
                     char *ret);

/* Probes every target from every agent and gives the cases their status. -EHOSTUNREACH: a target
 * that must be there is not. -EUSERS, -EMSGSIZE: one takes less than its cases ask for. */
int run_detect(struct run *run, struct errinfo *reterr);

/* run_resume.c: a run that another process left. begin(): takes over its folder and journal;
 * plan(): once there is a plan, what it knew beside its figures. -EBADMSG for what does not fit. */
int run_resume_begin(struct run *run, struct errinfo *reterr);
int run_resume_plan(struct run *run, struct errinfo *reterr);

/* Before the first trial: takes away what the trial that was under way has left on its broker, as
 * far as that goes. Below 0 ends the run. */
int run_resume_clean(struct run *run, struct errinfo *reterr);

/* Brings a search to where its case's had come. -EBADMSG: it does not follow from its steps. */
int run_resume_search(const struct run *run, const char *case_name, struct search *search,
                      struct errinfo *reterr);

/* Before it is judged: counts of windows in the order of their trials. */
void run_resume_judge(struct run *run);

/* Writes down how the running trial ended, with code, and says what that is to the run: as
 * run_trial(). begun: its load; complete: all that its agents had is there. */
int run_settle(struct run *run, int code, bool begun, bool complete, struct errinfo *reterr);

/* One trial from preparing to the topics' removal. 0 also when the case failed; below 0 ends the
 * run. -EAGAIN: an agent was lost before the load began, nothing was sent, and the run goes on: it
 * is to be dealt and made anew. */
int run_trial(struct run *run, struct plan_trial *trial, struct errinfo *reterr);

/* Before a trial: measures what the generator can do with its case's workload, if that is wanted
 * and has not been done. The outcome goes to the journal, also that it could not be measured, which
 * is no failure. 0 also when it was interrupted; below 0 ends the run. */
int run_calibrate(struct run *run, const struct plan_trial *trial, struct errinfo *reterr);

/* A search in the case of a trial, from its first trial to its answer, which goes to the journal.
 * 0 also when it was interrupted; below 0 ends the run. */
int run_search(struct run *run, const struct plan_trial *first, struct errinfo *reterr);

#endif
