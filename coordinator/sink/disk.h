/*
 * disk: what a run writes while it runs, as a sink: the journal (run.bson) and the histogram log.
 * One thread.
 */
#ifndef MILLRACE_DISK_H
#define MILLRACE_DISK_H

#include "sinks.h"

struct disk;

/* Makes both files in the folder. As archive_writer_new() and hlog_new(); the caller owns *ret
 * until it is on a list. */
int disk_new(const char *folder, struct disk **ret, struct errinfo *reterr);

/* Of a struct disk, which is closed with the list. Says once that the journal can't be written;
 * from then on nothing is, so that a run can end in order on a full disk. */
extern const struct sink_ops disk_sink;

/* The journal could not be written. NULL is allowed. */
bool disk_failed(const struct disk *disk);

#endif
