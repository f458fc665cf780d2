/*
 * config_known: the names that could have been meant where an unknown one stands, and what to say
 * of them.
 */
#ifndef MILLRACE_CONFIG_KNOWN_H
#define MILLRACE_CONFIG_KNOWN_H

#include "nearest.h"

#include <stdbool.h>
#include <stddef.h>

#define KNOWN_LISTED 8
#define KNOWN_NAME_BYTES 64 /* Of a name that is shown; longer ones are cut. */
#define KNOWN_HINT_BYTES ((KNOWN_LISTED + 1) * KNOWN_NAME_BYTES)

struct known {
    struct nearest nearest;
    const char *names[KNOWN_LISTED]; /* The first ones, each once. Borrowed, as offered. */
    uint32_t count;
    bool more;
};

void known_init(struct known *known, const char *word);
void known_offer(struct known *known, const char *name);

/* Is the word one of them? */
bool known_has(const struct known *known);

/* "did you mean b?", or "there is a, b, c"; "there is none". text: KNOWN_HINT_BYTES; returned. */
const char *known_hint(const struct known *known, char *text);

#endif
