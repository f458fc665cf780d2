/*
 * resumed: that a run was gone on with after it had been left, and that one which was left can be.
 * Pure; plain text, the caller escapes.
 */
#ifndef MILLRACE_RESUMED_H
#define MILLRACE_RESUMED_H

#include "result.h"
#include "text.h"

/* More than that of a run are counted instead of told. */
#define RESUMED_LINES_MAX 5

/* "Resumed at trial 2 of 3, 14 min 00 s after its coordinator was killed. The trial that was under
 * way was made again. The agents are the same." */
void resumed_line(const struct result *result, uint32_t index, struct text *out);

/* Is a trial of before, or after, by other agents than the rest? */
bool resumed_elsewhere(const struct result *result);

/* How long the run was left, all times together. */
int64_t resumed_away_ns(const struct result *result);

/* What is left of a run that ended before its end: "2 of 3 trials are left". False, and nothing is
 * added: nothing that could be made later, or a journal of before runs could be resumed. */
bool resumed_left(const struct result *result, struct text *out);

/* The command that goes on with it. folder: NULL: not known here. */
void resumed_command(const struct result *result, const char *folder, struct text *out);

#endif
