/*
 * text: a growing string, for reports and documents. Allocation failures are remembered: append
 * freely, ask text_failed() once at the end. One thread.
 */
#ifndef MILLRACE_TEXT_H
#define MILLRACE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *bytes; /* NUL-terminated once anything was added; NULL before. */
    size_t bytes_count;
    size_t capacity;
    bool failed;
    bool secret; /* Set while empty: no copy of it is left in memory that was freed. */
};

/* A struct of zeros is an empty text. */
void text_done(struct text *text);
void text_add(struct text *text, const char *bytes);
void text_add_bytes(struct text *text, const void *bytes, size_t bytes_count);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool text_failed(const struct text *text);

/* Hands the string over (never NULL unless memory ran out); the text is empty afterwards. */
char *text_take(struct text *text);

/* Characters of it: close enough to columns for labels and figures. */
int text_columns(const char *text);

/* Adds it in so many columns: on their right, as printf's %9s; on their left, if that is negative.
 */
void text_add_padded(struct text *text, int columns, const char *bytes);

/* Writes what was formatted where it has to fit, in bytes at most (TEXT_FIT_BYTES_MIN or more):
 * what is longer ends after its last whole word, with " …". Returns to. For words of people only.
 */
#define TEXT_FIT_BYTES_MIN 8
char *text_fitf(char *to, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
char *text_fit_args(char *to, size_t bytes, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Makes words of strangers (agents' names, brokers' texts) harmless in place, for a terminal or a
 * line of a log: what would move the cursor, begin a command or turn the order of a line round, and
 * what is no UTF-8, becomes question marks, in as many bytes. lines: line feeds and tabs stay;
 * otherwise these are blanks. */
void text_tame(char *text, bool lines);

#endif
