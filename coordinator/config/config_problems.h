/*
 * config_problems: what is wrong with a file, collected so that a person sees all of it at once, in
 * the order of the files.
 */
#ifndef MILLRACE_CONFIG_PROBLEMS_H
#define MILLRACE_CONFIG_PROBLEMS_H

#include "config_node.h"

struct problem {
    struct origin at;
    uint32_t number; /* Keeps the sorting stable. */
    char *text;
};

struct problems {
    struct problem *list;
    uint32_t count;
    uint32_t capacity;
    bool failed; /* Memory ran out. */
};

void problems_done(struct problems *problems);

/* "FILE:LINE:COLUMN: KEY: what is wrong (what would be right)"; without KEY if it is "". */
void problems_add(struct problems *problems, struct origin at, const char *key, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* Of a node, at its value or (_key) at its key. Marks the node as bad. */
void problems_node(struct problems *problems, struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void problems_node_key(struct problems *problems, struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes them sorted, one per line. */
void problems_write(struct problems *problems, struct text *text);

#endif
