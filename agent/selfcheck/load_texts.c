#include "load_texts_inner.h"

#include <stdlib.h>
#include <string.h>

/* Steps over the number at *at; false if there is none. */
static bool next_number(const char **at, uint64_t *ret)
{
    const char *begin = *at + strspn(*at, " \t");
    size_t digits = strspn(begin, "0123456789");

    if (digits == 0) {
        return false;
    }
    *ret = strtoull(begin, NULL, 10);
    *at = begin + digits;
    return true;
}

bool load_text_wait(const char *text, int64_t *ret_ns)
{
    uint64_t number;

    if (!next_number(&text, &number) || !next_number(&text, &number)) {
        return false;
    }
    *ret_ns = (int64_t)number;
    return true;
}

bool load_text_steal(const char *text, uint64_t *ret_ticks)
{
    uint64_t number = 0;

    if (strncmp(text, "cpu ", 4) != 0) {
        return false;
    }
    text += 4;
    for (int i = 0; i < 8; i++) {
        if (!next_number(&text, &number)) {
            return false;
        }
    }
    *ret_ticks = number;
    return true;
}

/* The number behind a key that begins a line. */
static bool find_number(const char *text, const char *key, uint64_t *ret)
{
    size_t key_bytes = strlen(key);

    while (text != NULL) {
        if (strncmp(text, key, key_bytes) == 0 && text[key_bytes] == ' ') {
            text += key_bytes;
            return next_number(&text, ret);
        }
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return false;
}

bool load_text_throttled(const char *text, int64_t *ret_ns)
{
    uint64_t number;

    if (find_number(text, "throttled_usec", &number)) {
        *ret_ns = (int64_t)number * 1000;
        return true;
    }
    if (find_number(text, "throttled_time", &number)) {
        *ret_ns = (int64_t)number;
        return true;
    }
    return false;
}
