/*
 * view: a run's progress as text for a terminal. Pure: the caller has the figures, the width and
 * the screen.
 */
#ifndef MILLRACE_VIEW_H
#define MILLRACE_VIEW_H

#include "run_progress.h"
#include "text.h"

/* A few lines, each at most width columns, with their newlines; for a screen that is drawn over. */
void view_screen(const struct run_progress *progress, int width, struct text *out);

/* One line, for a log: of a trial as key=value, with what its last second had; numbers as they are,
 * in the unit that the key ends in. Before a trial the stage, as it is called. */
void view_line(const struct run_progress *progress, struct text *out);

#endif
