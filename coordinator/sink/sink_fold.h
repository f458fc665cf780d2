/* sink_fold, sink_hlog: the fold and the histogram log as sinks. */
#ifndef MILLRACE_SINK_FOLD_H
#define MILLRACE_SINK_FOLD_H

#include "sinks.h"

/* Of a struct fold, which stays the caller's: its result is wanted after the list is closed. */
extern const struct sink_ops sink_fold;

/* Of a struct hlog, which is closed with the list. Writes at once: for who may wait for a disk. */
extern const struct sink_ops sink_hlog;

#endif
