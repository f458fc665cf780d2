/*
 * hlog: HdrHistogram's interval log, which other tools open: one line per second, agent and metric,
 * tagged CASE/AGENT/METRIC. Made of journal entries as they come, live or read back, because a
 * result keeps no histogram per second. An interval that came in several parts has a line for each.
 * One thread.
 */
#ifndef MILLRACE_HLOG_H
#define MILLRACE_HLOG_H

#include "journal_entry.h"

#define HLOG_FILE_NAME "histograms.hlog"

struct hlog;

/* Makes folder/histograms.hlog anew. Errors name the path. */
int hlog_new(const char *folder, struct hlog **ret, struct errinfo *reterr);

/* Borrows the entry for the call. -ENOSPC and other errors of the disk, -ENOMEM. */
int hlog_add(struct hlog *hlog, const struct journal_entry *entry, struct errinfo *reterr);

/* Closes the file and frees; NULL is allowed. Below 0: what was written last did not reach the
 * disk. */
int hlog_close(struct hlog *hlog, struct errinfo *reterr);

#endif
