#include "cli_screen.h"

#include "errinfo.h"
#include "mono.h"
#include "text.h"
#include "view.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_EVERY_NS (10 * NS_PER_S)
#define WIDTH_DEFAULT 100

int cli_screen_width(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return WIDTH_DEFAULT;
}

void cli_screen_init(struct cli_screen *screen, bool quiet)
{
    memset(screen, 0, sizeof *screen);
    screen->quiet = quiet;
    screen->terminal = isatty(STDERR_FILENO) == 1;
}

void cli_screen_clear(struct cli_screen *screen)
{
    if (screen->lines > 0) {
        (void)fprintf(stderr, "\033[%dA\033[J",
                      screen->lines); /* Up to the drawing's first line, clear below. */
        screen->lines = 0;
    }
}

static void draw(struct cli_screen *screen, const struct run_progress *progress)
{
    struct text out = {0};

    /* Where it is drawn: stdout may be a file. A line that wrapped could not be drawn over. */
    view_screen(progress, cli_screen_width(STDERR_FILENO) - 1, &out);
    cli_screen_clear(screen);
    if (out.bytes != NULL) {
        (void)fputs(out.bytes, stderr);
        for (const char *c = out.bytes; *c != '\0'; c++) {
            screen->lines += *c == '\n' ? 1 : 0;
        }
    }
    text_done(&out);
}

static void tell(struct cli_screen *screen, const struct run_progress *progress)
{
    int64_t now_ns = mono_ns();
    struct text out = {0};

    if (screen->told_stage == progress->stage && now_ns - screen->told_ns < LINE_EVERY_NS) {
        return;
    }
    screen->told_ns = now_ns;
    screen->told_stage = progress->stage;
    view_line(progress, &out);
    if (out.bytes != NULL) {
        (void)fputs(out.bytes, stderr);
    }
    text_done(&out);
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

    char tamed[ERRINFO_BYTES];

    cli_screen_clear(screen);
    (void)snprintf(tamed, sizeof tamed, "%s", text);
    text_tame(tamed, false);
    (void)fprintf(stderr, "%s\n", tamed);
}
