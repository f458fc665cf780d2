/* session_words_inner: who is missing in a session, in words for a person. Private to this module.
 */
#ifndef MILLRACE_SESSION_WORDS_INNER_H
#define MILLRACE_SESSION_WORDS_INNER_H

#include "session.h"
#include "text.h"

/* Who has not joined yet, where, and what to type there. */
void session_missing(const struct session *session, struct text *out);

/* -ETIMEDOUT, naming who came and who did not. */
int session_too_late(const struct session *session, int64_t waited_ns, struct errinfo *reterr);

#endif
