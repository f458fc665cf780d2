/*
 * coalesce: after the first hour of a trial ten seconds of an agent become one report, before it is
 * journaled and folded: what a day takes is then a tenth.
 *
 * Nothing is rounded: counters and histograms are sums, sets are unions, of what an agent says of
 * itself the highest is kept where that is what counts. A second is left by itself where a
 * connection was lost or the broker had something to say; so is the last report of a trial, and, of
 * each agent an hour in all, a second in which the broker did not answer or the agent had trouble
 * to keep its schedule. So is a report with figures that can't be, for whoever refuses it; and none
 * is added to one that it does not follow. Reports that are held back are lost in a crash:
 * COALESCED_SECONDS at most.
 *
 * Pure; one thread. Reports of one agent come in their order.
 */
#ifndef MILLRACE_COALESCE_H
#define MILLRACE_COALESCE_H

#include "errinfo.h"
#include "snapshot.h"

/* Where a second of an agent begins to be doubted; the self-check has the same limits. */
#define STRAIN_ATTAINED_SUSPECT 0.999
#define STRAIN_LAG_NS_SUSPECT 1e6
#define STRAIN_LOAD_CPU_SUSPECT 0.70
#define STRAIN_LOAD_WAIT_SUSPECT 0.01
#define STRAIN_TICKER_NS_SUSPECT 20e6
#define STRAIN_STEAL_SUSPECT 0.01
#define STRAIN_THROTTLED_SUSPECT 0.0
#define STRAIN_RECORDER_FULL_SUSPECT 0.0

struct coalesce;

/* 0 or -ENOMEM; the caller owns *ret. */
int coalesce_new(uint32_t agents_count, struct coalesce **ret, struct errinfo *reterr);
void coalesce_free(struct coalesce *coalesce); /* With all that is still held. */

/* Takes a report, also when it fails. hold: it may wait for others; else it and those before it of
 * its agent are ready at once. 0 or -ENOMEM. */
int coalesce_put(struct coalesce *coalesce, struct snapshot *snapshot, bool hold,
                 struct errinfo *reterr);

/* What is held becomes ready. As coalesce_put(). */
int coalesce_flush(struct coalesce *coalesce, struct errinfo *reterr);

/* The next report that is ready, in the order of its agent; the caller owns it. NULL: none. */
struct snapshot *coalesce_next(struct coalesce *coalesce);

/* The reports of which the one that coalesce_next() gave last is the sum, in their order, until it
 * is called again. Returns how many; 0: it is as it came. */
uint32_t coalesce_parts(const struct coalesce *coalesce, struct snapshot *const **ret);

/* coalesce_sum.c: one report of several that follow each other, of the same agent: whole seconds.
 * They stay the caller's, and have neither notices nor losses. 0, -ENOMEM, -EOVERFLOW for samples
 * that can't be added up; the caller owns *ret. */
int coalesce_sum(struct snapshot *const *parts, uint32_t parts_count, struct snapshot **ret,
                 struct errinfo *reterr);

/* Likewise, of how hard it was: times are added up, as are the spans that they are held against; of
 * delays the longest counts. */
void coalesce_add_strain(struct strain *sum, const struct strain *from);

#endif
