/*
 * stop: signals that ask this process to end, waited for by a thread of their own. All other
 * threads have them blocked, so that none is disturbed in a call.
 *
 * Who was asked once and takes no notice for STOP_TAKEN_NS, because it hangs in a library or in the
 * kernel, is ended: a person must not need SIGKILL.
 */
#ifndef MILLRACE_STOP_H
#define MILLRACE_STOP_H

#include "errinfo.h"
#include "mono.h"

#include <signal.h>

#define STOP_TAKEN_NS (5 * NS_PER_S)

struct stop_config {
    sigset_t signals;
    void (*on_signal)(void); /* At each, on the thread that waits; must not block. */
    int exit_code;           /* Of a process whose first signal nobody took. */
};

/* Once in a process, before it starts other threads; those inherit the blocked signals. So do
 * programs that it starts without a mask of their own. -EAGAIN or -ENOMEM: the thread can't be
 * started. */
int stop_watch(const struct stop_config *config, struct errinfo *reterr);

/* Somebody knows of the signal, or is leaving anyway, and will see to the rest. Any thread. */
void stop_taken(void);

/* What was left is over, and the process goes on: from now on a signal has to be taken again. */
void stop_renew(void);

#endif
