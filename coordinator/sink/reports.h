/*
 * reports: the way of agents' reports to those who take the entries of a journal.
 *
 * Some are held back, and several become one entry (coalesce.h). Who decides comes first: only of
 * what the fold took do windows of objectives get the single seconds. A report that it refuses
 * leaves nothing with anybody else. One thread.
 */
#ifndef MILLRACE_REPORTS_H
#define MILLRACE_REPORTS_H

#include "coalesce.h"
#include "sinks.h"
#include "watch.h"

/* All borrowed. */
struct reports {
    struct coalesce *coalesce;
    struct sinks *sinks; /* sink_fold is the first of them. */
    struct watch *watch; /* One of them. */
};

struct reported {
    struct snapshot *snapshot; /* The caller's; NULL: none was ready. */
    bool refused;              /* By the fold: the report contradicts its trial. */
    bool follows_refused;      /* By the fold, as one of its agent was refused before it. */
    struct errinfo why;        /* It was. */
};

/* Gives the next report that is ready to all who take entries. Below 0, with *ret untouched: what
 * another sink said, or -ENOMEM. */
int reports_next(const struct reports *reports, int64_t at_unix_ns, struct reported *ret,
                 struct errinfo *reterr);

#endif
