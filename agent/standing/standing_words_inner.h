/*
 * standing_words_inner: which sentences a standing agent has said already. One that waits for weeks
 * meets the same few states again and again, and a log of their changes would hide all else.
 *
 * Pure; one thread.
 */
#ifndef MILLRACE_STANDING_WORDS_INNER_H
#define MILLRACE_STANDING_WORDS_INNER_H

#include "mono.h"

#include <stdbool.h>
#include <stdint.h>

#define STANDING_WORDS_MAX 16 /* Different ones that are known; then the oldest is forgotten. */
#define STANDING_AGAIN_NS (600 * NS_PER_S)

struct standing_words {
    struct {
        uint64_t digest; /* 0: none. */
        int64_t said_ns;
    } said[STANDING_WORDS_MAX];
    uint64_t last; /* Digest of what was met last. */
};

/* Is it to be said, at now_ns? Yes if it was not said before; or if something else was met since,
 * and STANDING_AGAIN_NS have passed. */
bool standing_words_are_news(struct standing_words *words, const char *text, int64_t now_ns);

/* All of it is news again: a run was served. */
void standing_words_forget(struct standing_words *words);

#endif
