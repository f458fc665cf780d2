#include "clean_text.h"

#include <bson/bson.h>
#include <string.h>

#define CHARACTER_BYTES_MAX 4

char *clean_text(const char *text, size_t bytes_count)
{
    char *clean = strndup(text, bytes_count);
    size_t i = 0;

    if (clean == NULL || bson_utf8_validate(clean, bytes_count, false)) {
        return clean;
    }
    while (i < bytes_count) {
        size_t left = bytes_count - i;
        size_t length = 1;

        while (length < CHARACTER_BYTES_MAX && length < left &&
               !bson_utf8_validate(clean + i, length, false)) {
            length++;
        }
        if (!bson_utf8_validate(clean + i, length, false)) {
            clean[i] = '?';
            length = 1;
        }
        i += length;
    }
    return clean;
}
