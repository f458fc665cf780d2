/*
 * log: lines for the operator, with wall time and level. Only run, duty and main.c write here, once
 * per matter; modules return an errinfo instead. Thread-safe: a line is one write.
 */
#ifndef MILLRACE_LOG_H
#define MILLRACE_LOG_H

#include "errinfo.h"

#include <stddef.h>

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Lines of at least this level go to stderr (default: warning). */
void log_stderr_level(enum log_level level);

/* Every line also goes to this file, made or appended to. 0 or a negative errno. */
int log_open(const char *path, struct errinfo *reterr);

void log_close(void);

/* From now on lines for the file are given to put() instead, on the thread that says them, so that
 * none waits for a disk; whoever has them then calls log_write(), on a thread that may. Levels for
 * stderr go there as before. NULL ends it. Before other threads log, or after. */
void log_defer(void (*put)(void *context, const char *line, size_t line_bytes), void *context);
void log_write(const char *line, size_t line_bytes);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
