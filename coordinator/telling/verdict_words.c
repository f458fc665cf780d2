#include "verdict_words_inner.h"

#include "verdict_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t words_of(const char *text, size_t bytes)
{
    uint32_t count = 0;

    for (size_t i = 0; i < bytes; i++) {
        bool begins = i == 0 || text[i - 1] == ' ';

        count += begins && text[i] != ' ' ? 1 : 0;
    }
    return count;
}

static void add(struct verdict_clauses *clauses, const char *separator, const char *text,
                size_t bytes)
{
    text_add(clauses->out, clauses->count == 0 ? "" : separator);
    text_add_bytes(clauses->out, text, bytes);
    clauses->words += words_of(text, bytes);
    clauses->count++;
}

void verdict_clause(struct verdict_clauses *clauses, const char *separator, struct text *clause)
{
    if (text_failed(clause) || clause->bytes == NULL) {
        clauses->out->failed = clauses->out->failed || text_failed(clause);
    } else if (clauses->words + words_of(clause->bytes, clause->bytes_count) <= VERDICT_WORDS_MAX) {
        add(clauses, separator, clause->bytes, clause->bytes_count);
    }
    text_done(clause);
}

void verdict_clausef(struct verdict_clauses *clauses, const char *separator, const char *format,
                     ...)
{
    struct text clause = {0};
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        clause.failed = true;
        text = NULL;
    }
    va_end(args);
    if (text != NULL) {
        text_add(&clause, text);
    }
    free(text);
    verdict_clause(clauses, separator, &clause);
}

/* Does a clause end here, which can stand without what comes behind it? */
static bool ends_clause(const char *at)
{
    return *at == '\0' || strncmp(at, "; ", 2) == 0 || strncmp(at, ". ", 2) == 0 ||
           strncmp(at, ": ", 2) == 0;
}

void verdict_leading(struct verdict_clauses *clauses, struct text *text, uint32_t words_max)
{
    uint32_t room = VERDICT_WORDS_MAX - clauses->words;
    size_t bytes = 0;

    room = room < words_max ? room : words_max;
    if (text_failed(text) || text->bytes == NULL) {
        clauses->out->failed = clauses->out->failed || text_failed(text);
        text_done(text);
        return;
    }
    for (size_t i = 1; i <= text->bytes_count; i++) {
        if (ends_clause(text->bytes + i) && words_of(text->bytes, i) <= room) {
            bytes = i;
        }
    }
    if (bytes > 0) {
        add(clauses, ": ", text->bytes, bytes);
    }
    text_done(text);
}

void verdict_clauses_end(struct verdict_clauses *clauses)
{
    struct text *out = clauses->out;

    if (text_failed(out) || clauses->count == 0) {
        return;
    }
    if (out->bytes[out->bytes_count - 1] != '.') {
        text_add(out, ".");
    }
}
