/*
 * busy_inner: an agent that serves one coordinator tells others that wait for it, at the other
 * addresses of its join file, why it does not come. A thread of its own: it says a hello at each
 * address in turn, and then nothing for some seconds.
 */
#ifndef MILLRACE_BUSY_INNER_H
#define MILLRACE_BUSY_INNER_H

#include "control_messages.h"
#include "duty.h"

struct busy;

/* run_id: which the agent serves at config->url; the configuration is borrowed until busy_free(),
 * the hello is copied. Where there is no other address nothing begins, and *ret is NULL. 0,
 * -ENOMEM, -EAGAIN. */
int busy_new(const struct duty_config *config, const struct hello *hello, const char *run_id,
             struct busy **ret, struct errinfo *reterr);

/* Ends it, whatever it waits for. NULL is allowed. */
void busy_free(struct busy *busy);

#endif
