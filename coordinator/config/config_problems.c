#include "config_problems.h"

#include "errinfo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than a person reads; a hostile file could make thousands. */
#define PROBLEMS_MAX 200

void problems_done(struct problems *problems)
{
    for (uint32_t i = 0; i < problems->count; i++) {
        free(problems->list[i].text);
    }
    free(problems->list);
    memset(problems, 0, sizeof *problems);
}

/* Values come from anywhere: what a terminal would take as a command is shown as "?". */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

/* "--set KEY" has said the key already. */
static bool names_key(const char *file, const char *key)
{
    size_t file_bytes = strlen(file);
    size_t key_bytes = strlen(key);

    return file_bytes > key_bytes && file[file_bytes - key_bytes - 1] == ' ' &&
           strcmp(file + file_bytes - key_bytes, key) == 0;
}

/* Cases share what they do not override: a problem of several of them is one problem. */
static bool is_known(const struct problems *problems, const char *text)
{
    for (uint32_t i = 0; i < problems->count; i++) {
        if (strcmp(problems->list[i].text, text) == 0) {
            return true;
        }
    }
    return false;
}

static void add(struct problems *problems, struct origin at, const char *key, const char *what)
{
    struct text text = {0};
    struct problem *grown;
    char *line;

    if (problems->count == PROBLEMS_MAX) {
        return;
    }
    text_add(&text, at.file);
    if (at.line > 0) {
        text_addf(&text, ":%u:%u", at.line, at.column);
    }
    if (key[0] != '\0' && !(at.line == 0 && names_key(at.file, key))) {
        text_addf(&text, ": %s", key);
    }
    text_addf(&text, ": %s", what);
    if (problems->count == problems->capacity) {
        uint32_t capacity = problems->capacity == 0 ? 16 : problems->capacity * 2;

        grown = realloc(problems->list, capacity * sizeof *grown);
        if (grown == NULL) {
            text_done(&text);
            problems->failed = true;
            return;
        }
        problems->list = grown;
        problems->capacity = capacity;
    }
    line = text_take(&text);
    if (line == NULL) {
        problems->failed = true;
        return;
    }
    make_printable(line);
    if (is_known(problems, line)) {
        free(line);
        return;
    }
    problems->list[problems->count] =
        (struct problem){.at = at, .number = problems->count, .text = line};
    problems->count++;
}

void problems_add(struct problems *problems, struct origin at, const char *key, const char *format,
                  ...)
{
    char what[ERRINFO_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    add(problems, at, key, what);
}

static void add_node(struct problems *problems, struct node *node, struct origin at,
                     const char *what)
{
    struct text path = {0};

    node->bad = true;
    node_path(node, &path);
    add(problems, at, path.bytes != NULL ? path.bytes : "", what);
    problems->failed = problems->failed || text_failed(&path);
    text_done(&path);
}

void problems_node(struct problems *problems, struct node *node, const char *format, ...)
{
    char what[ERRINFO_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    add_node(problems, node, node->at, what);
}

void problems_node_key(struct problems *problems, struct node *node, const char *format, ...)
{
    char what[ERRINFO_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    add_node(problems, node, node->key_at, what);
}

static int compare(const void *left, const void *right)
{
    const struct problem *a = left;
    const struct problem *b = right;

    if (a->at.order != b->at.order) {
        return a->at.order < b->at.order ? -1 : 1;
    }
    if (a->at.line != b->at.line) {
        return a->at.line < b->at.line ? -1 : 1;
    }
    if (a->at.column != b->at.column) {
        return a->at.column < b->at.column ? -1 : 1;
    }
    return a->number < b->number ? -1 : 1;
}

void problems_write(struct problems *problems, struct text *text)
{
    if (problems->count > 1) {
        qsort(problems->list, problems->count, sizeof problems->list[0], compare);
    }
    for (uint32_t i = 0; i < problems->count; i++) {
        text_addf(text, "%s\n", problems->list[i].text);
    }
    if (problems->count == PROBLEMS_MAX) {
        text_add(text, "... and more\n");
    }
}
