/*
 * fold: journal entries -> result. Pure: no I/O, no clock. Used live by run and by `report` alike.
 */
#ifndef MILLRACE_FOLD_H
#define MILLRACE_FOLD_H

#include "journal_entry.h"

struct fold;

int fold_new(struct fold **ret, struct errinfo *reterr);
void fold_free(struct fold *fold);

/* Takes one entry in; borrows it for the call. -EBADMSG when it can't follow what came before, or
 * names what does not exist (a journal may have been damaged), with the sentence; -ENOMEM.
 * -EALREADY: a snapshot of an agent of which one was refused in this trial. Never an ASSERT:
 * journals come from disk. */
int fold_add(struct fold *fold, const struct journal_entry *entry, struct errinfo *reterr);

/* Gets the memory of all rows that the last trial's phases have for certain, now: what a trial
 * needs it has when it begins, rather than to fail for it after hours. A phase that ends by a
 * number of messages, or by a drain, may be over at once. Not for a journal that is read: its plan
 * is a stranger's word. There must be a trial. 0 or -ENOMEM. */
int fold_hold_rows(struct fold *fold, struct errinfo *reterr);

/* Says in the result that an entry of this run was refused, and why: what is missing makes every
 * figure doubtful. The first one stays. */
void fold_tell_refused(struct fold *fold, const char *why);

/* The result so far, complete: percentiles, audit, rates. May be called at any time; the caller
 * owns *ret. Without a CLOSE entry the result says that it was cut off, and where. */
int fold_result(const struct fold *fold, struct result **ret, struct errinfo *reterr);

/* The last trial alone, as a result, with agents as the trial numbers them; it is the caller's
 * (result_trial_done()). There must be one. 0 or -ENOMEM. */
int fold_last_trial(const struct fold *fold, struct result_trial *ret, struct errinfo *reterr);

/* Trials of a search are at different rates: what a case came to is that of the trials that were
 * good at its lower bound (where none held, of those at its upper one). fold_result() does that for
 * searches that a journal tells of; who adds some to a result calls it. 0 or -ENOMEM. */
int fold_focus_searches(struct result *result, struct errinfo *reterr);

/* Cheap figures of the running trial for the live view and for decisions while it runs. */
struct fold_live {
    uint32_t trial;
    uint32_t intervals; /* That every agent has reported. */
    int64_t told_ns; /* Every agent has told of the time before, or has settled since; from T0. */
    struct result_interval last;                  /* Figures of the last row that is whole. */
    uint64_t due, sent, skipped, acked, received; /* Totals of the trial. */
    uint64_t outstanding;                         /* Unconfirmed now. */
    uint64_t backlog; /* Confirmed and not yet received, over all subscriptions. */
    bool drained;     /* Nothing outstanding, and every subscription has every confirmed message. */
    uint32_t clients;
    uint32_t clients_down;
    int64_t down_since_ns;
};

/* Whether the broker of the running trial is there: for any client, as one is enough. */
enum presence {
    PRESENCE_THERE,
    PRESENCE_NO_CLIENT, /* Not one client is connected. */
    PRESENCE_SILENT     /* They are, and nothing was confirmed or delivered for too long, while
                         * messages waited for it. */
};

/* silence_ns: what is too long. With anything but THERE *ret_since_ns is when it began. */
enum presence fold_presence(const struct fold *fold, int64_t silence_ns, int64_t *ret_since_ns);

/* When the broker was there again after since_ns: the first answer or connection that was told of.
 * 0: none. */
int64_t fold_back_since(const struct fold *fold, int64_t since_ns);

/* Why the last connection was lost that was lost after since_ns, and what the broker said last
 * after it; "": nothing is known. Until the next fold_add(). */
const char *fold_last_loss(const struct fold *fold, int64_t since_ns);
const char *fold_last_notice(const struct fold *fold, int64_t since_ns);

/* What an agent reported last of the running trial; zeroes: nothing yet, or there is no trial. */
struct fold_live_agent {
    uint64_t messages; /* Sent and received. */
    int64_t send_lag_p99_ns;
};

/* Of the first agents_count agents of the trial. */
void fold_live_agents(const struct fold *fold, uint32_t agents_count, struct fold_live_agent *ret);

void fold_live(const struct fold *fold, struct fold_live *ret);

#endif
