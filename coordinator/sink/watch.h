/*
 * watch: the objectives that are judged while a trial runs, as a sink: begin and end of trials and
 * phases come as entries, the seconds of agents one by one, since entries may hold ten of them
 * (reports.h). One thread.
 */
#ifndef MILLRACE_WATCH_H
#define MILLRACE_WATCH_H

#include "sinks.h"
#include "windows.h"

struct watch {
    const struct objective *objectives; /* Borrowed, as long as the watch is. */
    uint32_t objectives_count;
    char (*targets)[NAME_BYTES]; /* By case. */
    uint32_t cases_count;
    struct windows *windows;     /* NULL: no trial runs. */
    struct window_count *counts; /* Of the trials so far. */
    uint32_t counts_count;
};

void watch_init(struct watch *watch, const struct objective *objectives, uint32_t objectives_count);
void watch_done(struct watch *watch);

/* Of a struct watch, which stays the caller's. take(): 0 or -ENOMEM. */
extern const struct sink_ops watch_sink;

/* A second of the running trial that the fold took, each once and in its agent's order. 0 or
 * -ENOMEM. */
int watch_snapshot(struct watch *watch, const struct snapshot *snapshot, struct errinfo *reterr);

/* Every agent has reported all seconds below intervals: judges their windows. */
void watch_advance(struct watch *watch, uint32_t intervals);

/* Judges the windows of the running trial that are left, once all of it was handed in: their counts
 * stand behind those of before. Does nothing without one, and so at the trial's end. 0 or -ENOMEM.
 */
int watch_finish(struct watch *watch, struct errinfo *reterr);

/* What was counted of trials before, by who was here then: copied. 0 or -ENOMEM. */
int watch_restore(struct watch *watch, const struct window_count *counts, uint32_t counts_count,
                  struct errinfo *reterr);

/* Is an objective missed that ends the running trial? Says which in at most REASON_BYTES. */
bool watch_missed(const struct watch *watch, char *text);

#endif
