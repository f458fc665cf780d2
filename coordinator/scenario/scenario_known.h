/*
 * scenario_known: the names that could have been meant where an unknown one stands, and what to say
 * of them. Internal to the module.
 */
#ifndef MILLRACE_SCENARIO_KNOWN_H
#define MILLRACE_SCENARIO_KNOWN_H

#include "bounds.h"
#include "nearest.h"

#include <stdbool.h>
#include <stddef.h>

#define KNOWN_LISTED 8
#define KNOWN_HINT_BYTES ((KNOWN_LISTED + 1) * NAME_BYTES)

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
