#include "cli_screen_inner.h"

#include "bounds.h"
#include "deadlines.h"
#include "mono.h"
#include "stop.h"
#include "text.h"
#include "view.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_EVERY_NS (10 * NS_PER_S)
#define GLANCE_NS (50 * NS_PER_MS)
#define WIDTH_DEFAULT 100

enum piece { PIECE_DRAWING, PIECE_LINES };

/* The writer's. */
struct output {
    int lines; /* Drawn and to be drawn over. */
};

int cli_screen_width(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return WIDTH_DEFAULT;
}

/* ---- The writer's side ---- */

/* Not by stdio, whose lock a write that is stuck would keep from all others. A terminal that can't
 * be written has nowhere to complain. */
static void write_whole(const char *bytes, size_t bytes_count)
{
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};

    while (bytes_count > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, bytes_count);

        if (written < 0 && errno == EAGAIN) {
            (void)poll(&room, 1, -1);
        } else if (written < 0 && errno != EINTR) {
            return;
        } else if (written > 0) {
            bytes += written;
            bytes_count -= (size_t)written;
        }
    }
}

static void write_piece(void *context, uint32_t kind, const void *bytes, size_t bytes_count)
{
    struct output *output = context;
    struct text out = {0};

    if (output->lines > 0) { /* Up to the drawing's first line, clear below. */
        text_addf(&out, "\033[%dA\033[J", output->lines);
        output->lines = 0;
    }
    text_add_bytes(&out, bytes, bytes_count);
    if (!text_failed(&out) && out.bytes != NULL) {
        write_whole(out.bytes, out.bytes_count);
    }
    text_done(&out);
    for (size_t i = 0; kind == PIECE_DRAWING && i < bytes_count; i++) {
        output->lines += ((const char *)bytes)[i] == '\n' ? 1 : 0;
    }
}

static void end_output(void *context)
{
    free(context);
}

/* ---- The run's side ---- */

int cli_screen_init(struct cli_screen *screen, bool quiet, struct errinfo *reterr)
{
    struct output *output = calloc(1, sizeof *output);
    const struct queue_config config = {.name = "screen",
                                        .bytes_max = SCREEN_WAITING_BYTES_MAX,
                                        .context = output,
                                        .write = write_piece,
                                        .end = end_output};
    int r;

    memset(screen, 0, sizeof *screen);
    if (output == NULL) {
        return errinfo_nomem(reterr);
    }
    r = queue_new(&config, &screen->queue, reterr);
    if (r < 0) {
        free(output);
        return r;
    }
    screen->quiet = quiet;
    screen->terminal = isatty(STDERR_FILENO) == 1;
    return 0;
}

static void draw(struct cli_screen *screen, const struct run_progress *progress)
{
    struct text out = {0};

    /* Where it is drawn: stdout may be a file. A line that wrapped could not be drawn over. */
    view_screen(progress, cli_screen_width(STDERR_FILENO) - 1, &out);
    if (!text_failed(&out) && out.bytes != NULL) {
        (void)queue_put_newest(screen->queue, PIECE_DRAWING, out.bytes, out.bytes_count);
    }
    text_done(&out);
}

static void put_lines(struct cli_screen *screen, const struct text *lines)
{
    if (text_failed(lines) || lines->bytes == NULL ||
        queue_put(screen->queue, PIECE_LINES, lines->bytes, lines->bytes_count) < 0) {
        screen->left_out++;
    }
}

/* Is its newest second one of the phase that it names? Those of agents come later than the time. */
static bool is_of_phase(const struct run_progress *progress)
{
    int64_t start_ns = progress->trial_ns - progress->phase_ns;

    return progress->case_name != NULL && progress->phase_name != NULL &&
           progress->live.intervals > 0 &&
           progress->live.last.start_ns + INTERVAL_NS / 2 >= start_ns;
}

/* What was last seen of a phase is told at its end, under its own name. */
static void end_phase(struct cli_screen *screen)
{
    if (screen->latest.bytes_count > 0) {
        put_lines(screen, &screen->latest);
    }
    text_done(&screen->latest);
}

static void tell_second(struct cli_screen *screen, const struct run_progress *progress,
                        int64_t now_ns)
{
    if (screen->trial != progress->trial || strcmp(screen->phase, progress->phase_name) != 0) {
        end_phase(screen);
        screen->told_ns = now_ns;
        screen->trial = progress->trial;
        (void)snprintf(screen->phase, sizeof screen->phase, "%.63s", progress->phase_name);
    }
    text_done(&screen->latest);
    view_line(progress, &screen->latest);
    if (now_ns - screen->told_ns >= LINE_EVERY_NS) {
        screen->told_ns = now_ns;
        end_phase(screen);
    }
}

static void tell(struct cli_screen *screen, const struct run_progress *progress)
{
    struct text out = {0};

    if (screen->told_stage != progress->stage) {
        end_phase(screen);
        screen->phase[0] = '\0';
        screen->told_stage = progress->stage;
        text_addf(&out, "%s%s%s\n", progress->stage, progress->detail == NULL ? "" : ": ",
                  progress->detail == NULL ? "" : progress->detail);
        put_lines(screen, &out);
        text_done(&out);
        screen->begun[0] = '\0';
        return;
    }
    if (progress->case_name != NULL && progress->phase_name != NULL &&
        strcmp(screen->begun, progress->phase_name) != 0) {
        (void)snprintf(screen->begun, sizeof screen->begun, "%.63s", progress->phase_name);
        text_addf(&out, "%s %s begins\n", progress->case_name, progress->phase_name);
        put_lines(screen, &out);
        text_done(&out);
    }
    if (is_of_phase(progress) && screen->second != progress->live.intervals) {
        screen->second = progress->live.intervals;
        tell_second(screen, progress, mono_ns());
    }
}

void cli_screen_progress(void *context, const struct run_progress *progress)
{
    struct cli_screen *screen = context;

    if (screen->quiet) {
        return;
    }
    if (screen->terminal) {
        draw(screen, progress);
    } else {
        tell(screen, progress);
    }
}

void cli_screen_notice(void *context, const char *text)
{
    struct cli_screen *screen = context;
    struct text out = {0};
    char tamed[ERRINFO_BYTES];

    (void)snprintf(tamed, sizeof tamed, "%s", text);
    text_tame(tamed, false);
    text_addf(&out, "%s\n", tamed);
    put_lines(screen, &out);
    text_done(&out);
}

int64_t cli_screen_waits_since(void *context)
{
    const struct cli_screen *screen = context;
    struct queue_state state;

    queue_look(screen->queue, &state);
    return state.since_ns;
}

bool cli_screen_close(struct cli_screen *screen, const atomic_int *interrupts)
{
    int64_t deadline_ns = INT64_MAX;
    struct text out = {0};

    end_phase(screen);
    if (screen->left_out > 0) {
        text_addf(&out, "%u more notices stand in coordinator.log\n", screen->left_out);
    }
    (void)queue_put(screen->queue, PIECE_LINES, out.bytes, out.bytes_count); /* Clears. */
    text_done(&out);
    while (!queue_flush(screen->queue, mono_ns() + GLANCE_NS) && mono_ns() < deadline_ns) {
        if (atomic_load(interrupts) > 0 && deadline_ns == INT64_MAX) {
            stop_taken();
            deadline_ns = mono_ns() + TERMINAL_CALLED_NS;
        }
    }
    return queue_close(screen->queue, mono_ns() + GLANCE_NS);
}
