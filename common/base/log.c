#include "log.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_BYTES 1024

static atomic_int log_stderr_from = LOG_LEVEL_WARNING;
static atomic_int log_fd = -1;

static void (*log_put)(void *context, const char *line, size_t line_bytes);
static void *log_put_context;

static const char *const level_names[] = {"info", "warning", "error"};

void log_stderr_level(enum log_level level)
{
    atomic_store(&log_stderr_from, (int)level);
}

int log_open(const char *path, struct errinfo *reterr)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0) {
        int code = -errno;
        return errinfo_set(reterr, code, "%s: can't be opened: %s", path, strerror(-code));
    }
    log_close();
    atomic_store(&log_fd, fd);
    return 0;
}

void log_close(void)
{
    int fd = atomic_exchange(&log_fd, -1);

    if (fd >= 0) {
        (void)close(fd);
    }
}

void log_defer(void (*put)(void *context, const char *line, size_t line_bytes), void *context)
{
    log_put = put;
    log_put_context = context;
}

void log_write(const char *line, size_t line_bytes)
{
    int fd = atomic_load(&log_fd);

    /* A log that can't be written has nowhere to complain. */
    if (fd >= 0 && write(fd, line, line_bytes) < 0) {
        errno = 0;
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    char line[LOG_LINE_BYTES];
    struct timespec now;
    struct tm tm;
    va_list args;
    size_t used;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    used = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &tm);
    used += (size_t)snprintf(line + used, sizeof line - used, ".%03ldZ %-7s ",
                             now.tv_nsec / 1000000, level_names[level]);
    va_start(args, format);
    (void)vsnprintf(line + used, sizeof line - used - 1, format, args);
    va_end(args);
    text_tame(line + used, false); /* One line each, whatever a broker or an agent said. */
    used = strlen(line);
    line[used++] = '\n';
    if (log_put != NULL) {
        log_put(log_put_context, line, used);
    } else {
        log_write(line, used);
    }
    if ((int)level >= atomic_load(&log_stderr_from) && write(STDERR_FILENO, line, used) < 0) {
        errno = 0;
    }
}
