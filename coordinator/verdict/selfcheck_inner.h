/*
 * selfcheck_inner: what the parts of the self-check share. Private to this module.
 */
#ifndef MILLRACE_SELFCHECK_INNER_H
#define MILLRACE_SELFCHECK_INNER_H

#include "selfcheck.h"

/* A new row of a case, valid until the next one; agent "" where it concerns all. NULL: no memory.
 */
struct result_check *selfcheck_row(struct result *result, const char *name, const char *agent,
                                   const struct result_case *of, struct errinfo *reterr);

/* Sets the row's text. */
void selfcheck_say(struct result_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A row for each agent and each signal that is judged second by second. 0 or -ENOMEM. */
int selfcheck_seconds(struct result *result, const struct result_case *of, struct errinfo *reterr);

/* Rows for the clocks of the hosts, where messages went from one to another. 0 or -ENOMEM. */
int selfcheck_clocks(struct result *result, const struct result_case *of, struct errinfo *reterr);

/* A row for each agent that was lost in the case, or before some of its trials. 0 or -ENOMEM. */
int selfcheck_lost(struct result *result, const struct result_case *of, struct errinfo *reterr);

#endif
