/*
 * sinks: those who take the entries of a journal, in the order in which they were added. A run and
 * `millrace report` differ only in who is on the list.
 *
 * Who decides comes first: what the fold refuses must not stand in the journal, where `report`
 * would stumble over it. One thread.
 */
#ifndef MILLRACE_SINKS_H
#define MILLRACE_SINKS_H

#include "journal_entry.h"

#define SINKS_MAX 8

/* One kind of sink. All but the first two may be NULL. */
struct sink_ops {
    const char *name;

    /* Borrows the entry for the call, and waits for nothing. Below 0: it was not taken, and those
     * that come after this sink do not get it. */
    int (*take)(void *self, const struct journal_entry *entry, struct errinfo *reterr);

    /* What has gone wrong since, with what was taken before; once. */
    int (*look)(void *self, struct errinfo *reterr);

    /* What was taken is where it shall stay, on return. -EAGAIN: not by deadline_ns. */
    int (*flush)(void *self, int64_t deadline_ns, struct errinfo *reterr);

    /* Ends and frees the sink. Below 0: not all of what was taken has been kept; -EAGAIN: not by
     * deadline_ns, and the sink is left to itself. */
    int (*close)(void *self, int64_t deadline_ns, struct errinfo *reterr);
};

struct sinks {
    const struct sink_ops *ops[SINKS_MAX];
    void *selves[SINKS_MAX];
    uint32_t count;
    const struct sink_ops *refused_by; /* Whose take() failed last; NULL: nobody's. */
};

/* A sink that has close() belongs to the list from now on. At most SINKS_MAX. */
void sinks_add(struct sinks *sinks, const struct sink_ops *ops, void *self);

/* Gives the entry to all in turn, until one refuses it; returns what that one did. */
int sinks_take(struct sinks *sinks, const struct journal_entry *entry, struct errinfo *reterr);

/* All of them, whatever the others do; returns the first failure. */
int sinks_look(struct sinks *sinks, struct errinfo *reterr);
int sinks_flush(struct sinks *sinks, int64_t deadline_ns, struct errinfo *reterr);
int sinks_close(struct sinks *sinks, int64_t deadline_ns, struct errinfo *reterr); /* Empties it. */

#endif
