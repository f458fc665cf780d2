#include "config_known.h"

#include <stdio.h>
#include <string.h>

void known_init(struct known *known, const char *word)
{
    memset(known, 0, sizeof *known);
    nearest_init(&known->nearest, word);
}

void known_offer(struct known *known, const char *name)
{
    nearest_offer(&known->nearest, name);
    for (uint32_t i = 0; i < known->count; i++) {
        if (strcmp(known->names[i], name) == 0) {
            return;
        }
    }
    if (known->count < KNOWN_LISTED) {
        known->names[known->count++] = name;
    } else {
        known->more = true;
    }
}

bool known_has(const struct known *known)
{
    return known->nearest.best != NULL && strcmp(known->nearest.best, known->nearest.word) == 0;
}

const char *known_hint(const struct known *known, char *text)
{
    size_t used;

    if (known->nearest.best != NULL) {
        (void)snprintf(text, KNOWN_HINT_BYTES, "did you mean %.63s?", known->nearest.best);
        return text;
    }
    used = (size_t)snprintf(text, KNOWN_HINT_BYTES, "there is %s", known->count == 0 ? "none" : "");
    for (uint32_t i = 0; i < known->count; i++) {
        used += (size_t)snprintf(text + used, KNOWN_HINT_BYTES - used, "%s%.60s", i > 0 ? ", " : "",
                                 known->names[i]);
    }
    (void)snprintf(text + used, KNOWN_HINT_BYTES - used, "%s", known->more ? ", ..." : "");
    return text;
}
