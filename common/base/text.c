#include "text.h"

#include "invariant.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool text_reserve(struct text *text, size_t more)
{
    size_t capacity = text->capacity == 0 ? 256 : text->capacity;
    char *grown;

    if (text->failed) {
        return false;
    }
    while (capacity < text->bytes_count + more + 1) {
        capacity *= 2;
    }
    if (capacity == text->capacity) {
        return true;
    }
    grown = text->secret ? malloc(capacity) : realloc(text->bytes, capacity);
    if (grown == NULL) {
        text->failed = true;
        return false;
    }
    if (text->secret && text->bytes != NULL) {
        memcpy(grown, text->bytes, text->bytes_count + 1);
        explicit_bzero(text->bytes, text->capacity);
        free(text->bytes);
    }
    text->bytes = grown;
    text->capacity = capacity;
    return true;
}

void text_done(struct text *text)
{
    if (text->secret && text->bytes != NULL) {
        explicit_bzero(text->bytes, text->capacity);
    }
    free(text->bytes);
    memset(text, 0, sizeof *text);
}

void text_add_bytes(struct text *text, const void *bytes, size_t bytes_count)
{
    if (!text_reserve(text, bytes_count)) {
        return;
    }
    if (bytes_count > 0) {
        memcpy(text->bytes + text->bytes_count, bytes, bytes_count);
    }
    text->bytes_count += bytes_count;
    text->bytes[text->bytes_count] = '\0';
}

void text_add(struct text *text, const char *bytes)
{
    text_add_bytes(text, bytes, strlen(bytes));
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list args;
    int needed;

    va_start(args, format);
    needed = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (needed < 0 || !text_reserve(text, (size_t)needed)) {
        text->failed = true;
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text->bytes + text->bytes_count, (size_t)needed + 1, format, args);
    va_end(args);
    text->bytes_count += (size_t)needed;
}

bool text_failed(const struct text *text)
{
    return text->failed;
}

char *text_take(struct text *text)
{
    char *bytes;

    text_add_bytes(text, "", 0);
    bytes = text->failed ? NULL : text->bytes;
    if (bytes == NULL) {
        free(text->bytes);
    }
    memset(text, 0, sizeof *text);
    return bytes;
}

static bool continues_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

int text_columns(const char *text)
{
    int columns = 0;

    for (; *text != '\0'; text++) {
        columns += continues_character(*text) ? 0 : 1;
    }
    return columns;
}

void text_add_padded(struct text *text, int columns, const char *bytes)
{
    int missing = abs(columns) - text_columns(bytes);

    if (columns > 0 && missing > 0) {
        text_addf(text, "%*s", missing, "");
    }
    text_add(text, bytes);
    if (columns < 0 && missing > 0) {
        text_addf(text, "%*s", missing, "");
    }
}

#define CUT_MARK " …"

/* Where the last word ends that leaves room for the mark; 0: there is none. */
static size_t last_word_end(const char *text, size_t bytes)
{
    size_t end = bytes - sizeof CUT_MARK;

    while (end > 0 && text[end] != ' ') {
        end--;
    }
    while (end > 0 && strchr(" ,;:(", text[end - 1]) != NULL) {
        end--;
    }
    return end;
}

char *text_fit_args(char *to, size_t bytes, const char *format, va_list args)
{
    int needed = vsnprintf(to, bytes, format, args);
    size_t end;

    ASSERT(bytes >= TEXT_FIT_BYTES_MIN);
    if (needed < 0 || (size_t)needed < bytes) {
        return to;
    }
    end = last_word_end(to, bytes);
    if (end == 0) { /* One word alone is broken, but no character. */
        end = bytes - sizeof CUT_MARK;
        while (end > 0 && continues_character(to[end])) {
            end--;
        }
    }
    memcpy(to + end, CUT_MARK, sizeof CUT_MARK);
    return to;
}

char *text_fitf(char *to, size_t bytes, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)text_fit_args(to, bytes, format, args);
    va_end(args);
    return to;
}

/* Of a character that has several bytes. */
static bool is_control(const unsigned char *c, size_t length)
{
    /* Terminals take these of UTF-8, too: U+009B begins a command as ESC [ does. */
    if (length == 2) {
        return c[0] == 0xc2 && c[1] <= 0x9f;
    }
    /* U+202A to U+202E and U+2066 to U+2069 turn the order round in which a line is read. */
    return length == 3 && c[0] == 0xe2 &&
           ((c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) ||
            (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

void text_tame(char *text, bool lines)
{
    unsigned char *end = (unsigned char *)text + strlen(text);
    size_t length;

    for (unsigned char *c = (unsigned char *)text; c < end; c += length) {
        length = utf8_length((const char *)c, (size_t)(end - c));
        if (*c == '\n' || *c == '\t') {
            *c = lines ? *c : ' ';
        } else if (length > 1 && is_control(c, length)) {
            memset(c, '?', length);
        } else if (length == 0 || *c < ' ' || *c == 0x7f) {
            *c = '?'; /* A terminal of 8 bits takes single bytes for commands. */
            length = 1;
        }
    }
}
