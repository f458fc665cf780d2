/*
 * trial_inner: one assignment being carried out: its topics, workers, recorders, and the ticker
 * that turns what they recorded into snapshots. The steps are called by duty, from one thread, as
 * the coordinator says; one that comes out of its order (topics, consumers, producers, segments one
 * by one, release, remove), or after one that failed, is refused with -EINVAL.
 */
#ifndef MILLRACE_TRIAL_INNER_H
#define MILLRACE_TRIAL_INNER_H

#include "assignment.h"
#include "backend.h"
#include "control_messages.h"
#include "outbox_inner.h"

struct trial;

/* Takes the assignment over (also on failure). 0, -ENOTSUP (no such backend here), -ENOMEM. */
int trial_new(struct assignment *assignment, struct outbox *outbox, struct trial **ret,
              struct errinfo *reterr);

/* Each message goes to that file, too, which trace_create() made; before trial_topics(). 0,
 * -ENOMEM. */
int trial_trace(struct trial *trial, const char *path, struct errinfo *reterr);

uint32_t trial_number(const struct trial *trial);

/* Ends everything at once; what was measured and not sent is lost. NULL is allowed. */
void trial_free(struct trial *trial);

/* Each blocks until deadline_ns at most. broker_version (NAME_BYTES) is filled by the owner of the
 * topics. */
int trial_topics(struct trial *trial, int64_t deadline_ns, char *broker_version,
                 struct errinfo *reterr);
int trial_open(struct trial *trial, enum endpoint_role role, int64_t deadline_ns,
               struct errinfo *reterr);

/* What is still being made for the trial need not be finished: it is going to be released. From any
 * thread, before the trial is freed. */
void trial_call_back(struct trial *trial);

/* Tells how the clock of an agent that writes is read from now on; at any time before the trial is
 * freed. A line that can't be is left out. */
void trial_tell_clock(struct trial *trial, const struct clock_line *line);

/* Begins a segment and returns; its end is posted as a STATUS that answers `command`. Takes
 * segment->peers over. -EINVAL, and nothing begins: the trial isn't prepared, a segment runs
 * already, it has phases that the trial hasn't, impossible times, or lacks a writer's clock. */
int trial_start(struct trial *trial, uint64_t command, struct segment *segment,
                struct errinfo *reterr);

/* Ends the running segment, or only its sending, at the given offset from T0; 0: now. Nothing
 * happens if none began yet; consumers that are paused are released also if it has ended here.
 * -EINVAL: an impossible time. */
int trial_stop(struct trial *trial, int64_t stop_ns, bool sending_only, struct errinfo *reterr);

/* Closes all clients and posts the final snapshots. Once: later calls do nothing. */
int trial_release(struct trial *trial, int64_t deadline_ns, struct errinfo *reterr);

/* Deletes the topics if this agent made them, or anyway. */
int trial_remove(struct trial *trial, bool anyway, int64_t deadline_ns, struct errinfo *reterr);

#endif
