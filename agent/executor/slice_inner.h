/*
 * slice: has a thread run as soon as it wakes.
 *
 * A worker that wakes to send waits until whoever has its CPU has used up a slice, which takes
 * milliseconds: the agent's own ticker, packing an interval's histograms, the coordinator that
 * writes them, a broker. Linux from 6.12 on lets a thread ask for a shorter slice of its own: its
 * share of the CPU stays the same, and it need not wait for longer slices to end.
 */
#ifndef MILLRACE_SLICE_INNER_H
#define MILLRACE_SLICE_INNER_H

/* Of the calling thread; those it makes have the host's usual slices. Whoever gave it another
 * policy (chrt) knows better, and older kernels ignore it: then nothing changes. */
void slice_shorten(void);

#endif
