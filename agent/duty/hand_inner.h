/*
 * hand_inner: carries out commands one after the other on a thread of its own, so that the agent
 * goes on polling while one takes long: a coordinator that hears nothing knows that nobody is
 * there.
 */
#ifndef MILLRACE_HAND_INNER_H
#define MILLRACE_HAND_INNER_H

#include "control_messages.h"
#include "errinfo.h"

#define HAND_COMMANDS_MAX 32 /* That wait; a coordinator sends few before it waits for answers. */

struct hand;

/* carry_out is called on the hand's thread, one command at a time; the command is freed after it.
 */
int hand_new(void (*carry_out)(void *context, struct command *command), void *context,
             struct hand **ret, struct errinfo *reterr);

/* Takes the command over and returns at once. -ENOBUFS: too many wait (the caller keeps it). */
int hand_give(struct hand *hand, struct command *command, struct errinfo *reterr);

/* Blocks until everything that was given is carried out. */
void hand_finish(struct hand *hand);

/* Ends the thread after the command under way, which may block as long as that may; what waits is
 * dropped. NULL is allowed. */
void hand_free(struct hand *hand);

#endif
