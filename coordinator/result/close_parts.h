/*
 * close_parts: a judged result as closing entries of a journal, each short enough for a document.
 * Hundreds of cases on dozens of agents have more rows than one may be long. Pure.
 */
#ifndef MILLRACE_CLOSE_PARTS_H
#define MILLRACE_CLOSE_PARTS_H

#include "journal_entry.h"

#define CLOSE_LISTS 8

struct close_parts {
    const struct result *result; /* Borrowed. */
    uint32_t done[CLOSE_LISTS];  /* Rows of each list that are in parts already. */
    bool ended;
};

void close_parts_init(struct close_parts *parts, const struct result *result);

/* The next part, whose lists are borrowed from the result. False: the one before was the last. */
bool close_parts_next(struct close_parts *parts, struct entry_close *ret);

#endif
