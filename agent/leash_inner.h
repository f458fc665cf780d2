/*
 * leash_inner: stdin as what holds an agent that a launcher has started: as long as it is open,
 * whoever started it is there. It ends when that process does, however it ends, and when the
 * connection does that it comes through.
 */
#ifndef MILLRACE_LEASH_INNER_H
#define MILLRACE_LEASH_INNER_H

#include "errinfo.h"

/* At its end this process gets a SIGTERM, as by whoever asks it to leave in good order. What comes
 * before is dropped. 0, or -EAGAIN: no thread could be made. */
int leash_hold(struct errinfo *reterr);

#endif
