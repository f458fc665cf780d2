/*
 * cli_screen_inner: shows a run's progress: drawn over on a terminal, one line per 10 s elsewhere.
 * Writes to stderr, so that stdout has the results alone.
 *
 * What is shown is made at once and written on a thread of its own: a terminal that is not read
 * (Ctrl-S, a connection that stalls) holds up nobody. Of drawings only the newest waits for it,
 * notices all do, as far as SCREEN_WAITING_BYTES_MAX goes. Main thread only.
 */
#ifndef MILLRACE_CLI_SCREEN_INNER_H
#define MILLRACE_CLI_SCREEN_INNER_H

#include "bounds.h"
#include "queue.h"
#include "run_progress.h"
#include "text.h"

#include <stdatomic.h>
#include <stdbool.h>

struct cli_screen {
    bool quiet;
    bool terminal;
    struct queue *queue;
    uint32_t left_out; /* Notices that there was no room for. */
    int64_t told_ns;   /* Last line for a log. */
    const char *told_stage;
    char phase[NAME_BYTES]; /* Of the trial below; "": none is under way. */
    char begun[NAME_BYTES]; /* The phase whose begin was told last. */
    uint32_t trial;
    uint64_t second;    /* How many of the trial were seen. */
    struct text latest; /* The newest second of the phase, which was not told yet. */
};

/* 0, -ENOMEM, or what a thread can't be started for. */
int cli_screen_init(struct cli_screen *screen, bool quiet, struct errinfo *reterr);
void cli_screen_progress(void *screen, const struct run_progress *progress);
void cli_screen_notice(void *screen, const char *text);

/* Since when something waits to be read; 0: nothing does. */
int64_t cli_screen_waits_since(void *screen);

/* Takes the drawing away and ends. Waits until all was read; once there are interrupts no longer
 * than TERMINAL_CALLED_NS: false, it was not. */
bool cli_screen_close(struct cli_screen *screen, const atomic_int *interrupts);

/* Columns of the terminal behind fd; 100 if it is none. */
int cli_screen_width(int fd);

#endif
