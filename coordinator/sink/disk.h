/*
 * disk: what a run writes while it runs, as a sink: the journal (run.bson), the histogram log and
 * the coordinator's own log.
 *
 * An entry is made a document at once, and queued; a thread of its own writes documents, makes the
 * histogram log of them and has all of it on the disk once a second. So a disk that stalls holds up
 * nobody: what waits for it is counted (disk_look()), and only a bound of memory ends that. Calls
 * are for one thread; none waits but where a deadline is given.
 */
#ifndef MILLRACE_DISK_H
#define MILLRACE_DISK_H

#include "archive.h"
#include "hlog.h"
#include "queue.h"
#include "sinks.h"

struct disk;

/* Makes journal and histogram log in the folder. As archive_writer_new() and hlog_new(); the caller
 * owns *ret until it is on a list. bytes_max: of what may wait. */
int disk_new(const char *folder, size_t bytes_max, struct disk **ret, struct errinfo *reterr);

/* The same of a journal that was taken over, and of a histogram log that was made anew: both are
 * the disk's from now on, also on failure. -ENOMEM or what pthread_create() gives. */
int disk_go_on(struct archive_writer *archive, struct hlog *hlog, size_t bytes_max,
               struct disk **ret, struct errinfo *reterr);

/* Takes over the lines of an open log (log_defer()). One that there is no room for is left out. */
void disk_take_log(struct disk *disk);

/*
 * Of a struct disk, which is closed with the list. That the journal can't be written is said once,
 * by take() or look(), whichever comes first; from then on nothing is, so that a run can end in
 * order on a full disk. That the histogram log can't is said by look(), and the journal goes on.
 * -ENOBUFS: more waits than memory may hold. flush(): -EAGAIN: not done in time.
 */
extern const struct sink_ops disk_sink;

/* The journal could not be written. NULL is allowed. */
bool disk_failed(const struct disk *disk);

/* How far behind the disk is. NULL is allowed: not at all. */
void disk_look(const struct disk *disk, struct queue_state *ret);

#endif
