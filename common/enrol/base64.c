#include "base64_inner.h"

#include <errno.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64_write(const uint8_t *bytes, size_t bytes_count, struct text *out)
{
    for (size_t i = 0; i < bytes_count; i += 3) {
        size_t taken = bytes_count - i < 3 ? bytes_count - i : 3;
        uint32_t bits = 0;
        char characters[4];

        for (size_t b = 0; b < 3; b++) {
            bits = bits << 8 | (b < taken ? bytes[i + b] : 0U);
        }
        for (size_t c = 0; c < 4; c++) {
            characters[c] = digits[bits >> (18 - 6 * c) & 63];
        }
        text_add_bytes(out, characters, taken + 1);
    }
}

/* 0 to 63, or 64: no digit. */
static uint32_t digit_value(char character)
{
    const char *at = character == '\0' ? NULL : strchr(digits, character);

    return at == NULL ? 64 : (uint32_t)(at - digits);
}

int base64_read(const char *text, size_t characters, uint8_t *ret, size_t *ret_bytes)
{
    uint32_t bits = 0;
    uint32_t bits_count = 0;
    size_t bytes = 0;

    if (characters % 4 == 1) {
        return -EBADMSG;
    }
    for (size_t i = 0; i < characters; i++) {
        uint32_t value = digit_value(text[i]);

        if (value == 64) {
            return -EBADMSG;
        }
        bits = (bits << 6 | value) & 0xfffff;
        bits_count += 6;
        if (bits_count >= 8) {
            bits_count -= 8;
            ret[bytes++] = (uint8_t)(bits >> bits_count);
        }
    }
    if ((bits & ((1U << bits_count) - 1)) != 0) {
        return -EBADMSG;
    }
    *ret_bytes = bytes;
    return 0;
}
