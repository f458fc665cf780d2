/*
 * windows: objectives that are judged in windows of a phase ("window: 10s, within: 99%"), and those
 * that end a trial when they are missed ("abort: true"), while the trial runs. Pure.
 *
 * Windows are made of the whole seconds that agents report: a phase's first one begins with the
 * second in which the phase begins. A rest that is shorter than a window, and what comes after the
 * phase's end, belong to its last one. Of a phase that ends earlier than planned the unfinished
 * window is left out, unless it is the only one. A window without samples of a latency, or with too
 * few for its percentile, does not hold; one in which nothing was sent or received has rates and
 * counts of 0.
 *
 * What was due and not sent, or not confirmed, is in the window of the second in which it was given
 * up. What was sent and never arrived is known after the trial, and is in none: whoever judges the
 * count takes it from those that held (`room`).
 *
 * Histograms are kept of windows that some agent has not reported yet, and of a phase's last one:
 * at most WINDOWS_OPEN_MAX for each objective and phase, of all others only whether they held.
 */
#ifndef MILLRACE_WINDOWS_H
#define MILLRACE_WINDOWS_H

#include "journal_entry.h"
#include "objective.h"

#define WINDOWS_OPEN_MAX 32

struct windows;

/* The objectives that concern a trial on that target; both lists are borrowed, the trial's for the
 * call. 0 or -ENOMEM; the caller owns *ret. */
int windows_new(const struct objective *objectives, uint32_t objectives_count,
                const struct entry_trial *trial, const char *target, struct windows **ret,
                struct errinfo *reterr);
void windows_free(struct windows *windows);

/* When phases begin, and (end_ns of at least 0) how they ended. */
void windows_segment(struct windows *windows, const struct entry_segment *segment);

/* Takes a snapshot in that the fold took: each once, and of phases and flows that are there. 0 or
 * -ENOMEM. */
int windows_snapshot(struct windows *windows, const struct snapshot *snapshot,
                     struct errinfo *reterr);

/* Judges the windows of which every agent has reported all seconds: those below intervals. */
void windows_advance(struct windows *windows, uint32_t intervals);

/* Is an objective with `abort` missed, whatever comes now? Then says which, in a sentence of at
 * most REASON_BYTES. */
bool windows_missed(const struct windows *windows, char *text);

/* After the trial's last snapshot: judges what is left, and appends the counts to *list. 0 or
 * -ENOMEM. */
int windows_finish(struct windows *windows, struct window_count **list, uint32_t *list_count,
                   struct errinfo *reterr);

#endif
