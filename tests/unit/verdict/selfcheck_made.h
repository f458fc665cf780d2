/* selfcheck_made: a result to hold the self-check against. */
#ifndef MILLRACE_SELFCHECK_MADE_H
#define MILLRACE_SELFCHECK_MADE_H

#include "check.h"
#include "selfcheck.h"

#define SECONDS 200

/* One agent, one case of a steady phase of 200 seconds in which nothing is wrong. The caller frees
 * it. */
struct result *made_result(void);

/* Its row of that name, which must be there. */
const struct result_check *check_of(struct result *result, const char *name);

struct result_agent_interval *second_of(struct result *result, uint32_t second);

/* What makes a figure void; NULL: nothing. */
const struct result_check *void_of(const struct result *result, const char *name);

#endif
