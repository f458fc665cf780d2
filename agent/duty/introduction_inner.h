/*
 * introduction_inner: who an agent is, told to a coordinator. With the secret of a join file both
 * sides prove that they have it: the agent before it is told of any target, the coordinator before
 * it is obeyed.
 */
#ifndef MILLRACE_INTRODUCTION_INNER_H
#define MILLRACE_INTRODUCTION_INNER_H

#include "control_messages.h"
#include "coordinator_link_inner.h"
#include "duty.h"

/*
 * Says hello, twice where a proof is asked for; host NULL: without one. What
 * coordinator_link_hello() returns, with a welcome that may have a refusal; -EPERM: the coordinator
 * asks for a join file, or has not its secret itself. Its nonce is bound to the connection:
 * -ECONNRESET where that was lost in between. but_to: a run that is not told any more than that
 * somebody came, -EALREADY; NULL: none. Blocks for two tries at most.
 */
int introduction_make(struct coordinator_link *link, const struct hello *hello,
                      const struct duty_host *host, const char *but_to, struct welcome *ret,
                      struct errinfo *reterr);

#endif
