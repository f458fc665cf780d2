#include "utf8.h"

#include <string.h>

size_t utf8_length(const char *bytes, size_t bytes_count)
{
    const unsigned char *s = (const unsigned char *)bytes;
    size_t length = s[0] < 0x80    ? 1
                    : s[0] < 0xC2  ? 0
                    : s[0] < 0xE0  ? 2
                    : s[0] < 0xF0  ? 3
                    : s[0] <= 0xF4 ? 4
                                   : 0;

    if (length > bytes_count) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates and what lies beyond U+10FFFF. */
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) {
        return 0;
    }
    return length;
}

char *utf8_clean(const char *text, size_t bytes_count)
{
    char *clean = strndup(text, bytes_count);
    size_t at = 0;

    while (clean != NULL && at < bytes_count) {
        size_t length = utf8_length(clean + at, bytes_count - at);

        clean[at] = length == 0 ? '?' : clean[at];
        at += length == 0 ? 1 : length;
    }
    return clean;
}
