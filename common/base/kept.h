/*
 * kept: bytes of a connection that wait: those that its socket did not take yet, and those that
 * were read and can't be looked at yet. Most of the time there are none, so they are in pages that
 * are real while they are used.
 *
 * A connection has its own, on its thread. Only init() and widen() allocate.
 */
#ifndef MILLRACE_KEPT_H
#define MILLRACE_KEPT_H

#include <stddef.h>

struct kept {
    char *bytes; /* Of them [begin, end) wait. */
    size_t bytes_max;
    size_t touched; /* So many may be more than zeros. */
    size_t begin;
    size_t end; /* 0: none wait. */
};

/* 0 or -ENOMEM. */
int kept_init(struct kept *kept, size_t bytes_max);
/* Room for bytes_max from now on, which is more; those that wait stay. 0 or -ENOMEM: all is as it
 * was. */
int kept_widen(struct kept *kept, size_t bytes_max);
void kept_done(struct kept *kept);

/* Keeps a copy of up to bytes_max; none wait. */
void kept_put(struct kept *kept, const char *bytes, size_t count);
/* Keeps a copy behind those that wait; bytes_max together. Those that wait may move. */
void kept_add(struct kept *kept, const char *bytes, size_t count);
/* Where so many more can be written to, for kept_grow() to tell how many were; as kept_add(). */
char *kept_room(struct kept *kept, size_t count);
void kept_grow(struct kept *kept, size_t count);
/* The first so many wait no longer. */
void kept_took(struct kept *kept, size_t count);
/* Likewise all of them. */
void kept_drop(struct kept *kept);
/* Gives the pages back if none wait. */
void kept_shrink(struct kept *kept);

#endif
