/*
 * sync: what threads wait with. Conditions that wait on the monotonic clock (the default one jumps
 * with the wall's), and descriptors that another thread makes readable.
 *
 * A failure of these calls is a bug of ours or a host without memory for a lock: they ASSERT.
 */
#ifndef MILLRACE_SYNC_H
#define MILLRACE_SYNC_H

#include "errinfo.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

void sync_condition_init(pthread_cond_t *condition);

/* Waits once, with the lock held; may wake for no reason. False: deadline_ns (mono_ns()) had passed
 * before the call, and it did not wait. */
bool sync_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ns);

void sync_lock(pthread_mutex_t *lock);
void sync_unlock(pthread_mutex_t *lock);

/* A descriptor that is readable from sync_event_set() to sync_event_clear(), any thread. Returns it
 * or a negative errno. */
int sync_event_new(struct errinfo *reterr);
void sync_event_set(int event_fd);
void sync_event_clear(int event_fd);

/* Waits until it is readable, at most timeout_ms (0: looks only); true if it is. One below 0 never
 * is. */
bool sync_event_wait(int event_fd, int timeout_ms);

#endif
