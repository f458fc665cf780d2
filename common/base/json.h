/*
 * json: writes a JSON document as it goes, for people's scripts.
 *
 * A script's numbers are doubles: integers beyond 2^53 are written as text, what is not finite is
 * left out, and a double has the fewest digits that give it again. Text that is no UTF-8 has '?' in
 * place of the bytes that are none.
 *
 * Indented, what has nothing nested in it and is short stays on one line; otherwise everything
 * stands on one line without blanks. A failed allocation is remembered by the text. One thread.
 */
#ifndef MILLRACE_JSON_H
#define MILLRACE_JSON_H

#include "text.h"

#include <stdint.h>

#define JSON_DEPTH_MAX 12

struct json {
    struct text *out;
    bool indented;
    bool in_script; /* Of a page: see json_begin_in_script(). */
    uint32_t depth;
    struct {
        size_t began; /* In out. */
        size_t width; /* As if it stood on one line. */
        bool is_array;
        bool nests; /* Something was opened in it. */
        bool filled;
    } levels[JSON_DEPTH_MAX];
};

/* Opens the object that is the document; json_end() closes it and ends the line. */
void json_begin(struct json *json, bool indented, struct text *out);
void json_end(struct json *json);

/* The same within a script element of HTML, on one line: nothing of a text can end the element, and
 * bytes that are no UTF-8 are U+FFFD. Closed by json_close(): its line goes on. */
void json_begin_in_script(struct json *json, struct text *out);

/* The values of an object have keys; within an array the key is ignored. */
void json_open(struct json *json, const char *key);
void json_open_array(struct json *json, const char *key);
void json_close(struct json *json); /* Either. */
void json_text(struct json *json, const char *key, const char *text);
void json_text_or_null(struct json *json, const char *key, const char *text); /* "" is null. */
void json_count(struct json *json, const char *key, uint64_t count);
void json_i64(struct json *json, const char *key, int64_t value);
void json_double(struct json *json, const char *key, double value);
/* For a drawing, which shows no more than digits: "%.*g"; null where it is not finite. */
void json_rounded(struct json *json, const char *key, double value, int digits);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

/* The values of another object, which was begun like this one and is closed, go into the one that
 * is open. */
void json_add_members(struct json *json, const struct text *object);

#endif
