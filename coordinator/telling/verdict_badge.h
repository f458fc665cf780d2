/* verdict_badge: what a run came to, in a word or two. Pure. */
#ifndef MILLRACE_VERDICT_BADGE_H
#define MILLRACE_VERDICT_BADGE_H

#include "result.h"

/* "PASS", "PASS (host busy)", "FAIL", "REGRESSION", "NOT JUDGED", "NOT RUN" where nothing was sent,
 * "INCOMPLETE" where the run ended after load began, "STOPPED". Borrowed. */
const char *verdict_badge(const struct result *result);

/* Was any message sent or received? */
bool verdict_was_sent(const struct result *result);

#endif
