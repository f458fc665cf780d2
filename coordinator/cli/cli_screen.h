/*
 * cli_screen: shows a run's progress: drawn over on a terminal, one line per 10 s elsewhere. Writes
 * to stderr, so that stdout has the results alone. Main thread only.
 */
#ifndef MILLRACE_CLI_SCREEN_H
#define MILLRACE_CLI_SCREEN_H

#include "run_progress.h"

#include <stdbool.h>

struct cli_screen {
    bool quiet;
    bool terminal;
    int lines;       /* Drawn and to be drawn over. */
    int64_t told_ns; /* Last line for a log. */
    const char *told_stage;
};

void cli_screen_init(struct cli_screen *screen, bool quiet);
void cli_screen_progress(void *screen, const struct run_progress *progress);
void cli_screen_notice(void *screen, const char *text);

/* Takes the drawing away. */
void cli_screen_clear(struct cli_screen *screen);

/* Columns of the terminal behind fd; 100 if it is none. */
int cli_screen_width(int fd);

#endif
