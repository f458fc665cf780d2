#include "json.h"

#include "escape.h"
#include "invariant.h"
#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 2
#define LINE_BYTES_MAX 101

/* Every integer up to this has a double of its own. */
#define EXACT_MAX (INT64_C(1) << 53)

static void new_line(struct json *json)
{
    if (json->indented) {
        text_add(json->out, "\n");
        for (uint32_t i = 0; i < json->depth * INDENT; i++) {
            text_add(json->out, " ");
        }
    }
}

static void add_character(struct text *out, const char *bytes, size_t bytes_count)
{
    static const char *const escapes[] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
        ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\"};
    unsigned char c = (unsigned char)*bytes;

    if (bytes_count == 0) {
        text_add(out, "?");
    } else if (c < sizeof escapes / sizeof escapes[0] && escapes[c] != NULL) {
        text_add(out, escapes[c]);
    } else if (c < 0x20) {
        text_addf(out, "\\u%04x", c);
    } else {
        text_add_bytes(out, bytes, bytes_count);
    }
}

/* Returns how wide it is. */
static size_t add_string(struct json *json, const char *string)
{
    size_t before = json->out->bytes_count;
    size_t left = strlen(string);

    if (json->in_script) {
        escape_json(string, json->out);
        return json->out->bytes_count - before;
    }
    text_add(json->out, "\"");
    while (left > 0) {
        size_t length = utf8_length(string, left);
        size_t passed = length == 0 ? 1 : length;

        add_character(json->out, string, length);
        string += passed;
        left -= passed;
    }
    text_add(json->out, "\"");
    return json->out->bytes_count - before;
}

/* What stands before a value. */
static void begin_value(struct json *json, const char *key)
{
    uint32_t top = json->depth - 1;

    if (json->levels[top].filled) {
        text_add(json->out, ",");
        json->levels[top].width += strlen(", ");
    }
    json->levels[top].filled = true;
    new_line(json);
    if (!json->levels[top].is_array) {
        json->levels[top].width += add_string(json, key) + strlen(" : ");
        text_add(json->out, json->indented ? ": " : ":");
    }
}

static void add_value(struct json *json, const char *key, const char *value, size_t width)
{
    begin_value(json, key);
    text_add(json->out, value);
    json->levels[json->depth - 1].width += width;
}

static void open_level(struct json *json, bool is_array)
{
    uint32_t depth = json->depth;

    ASSERT(depth < JSON_DEPTH_MAX);
    json->levels[depth].began = json->out->bytes_count;
    json->levels[depth].width = strlen("{  }");
    json->levels[depth].is_array = is_array;
    json->levels[depth].nests = false;
    json->levels[depth].filled = false;
    text_add(json->out, is_array ? "[" : "{");
    json->depth++;
}

static void open_value(struct json *json, const char *key, bool is_array)
{
    begin_value(json, key);
    json->levels[json->depth - 1].nests = true;
    open_level(json, is_array);
}

/* Makes one line of what was written since then. No string holds a line's end. */
static void join_lines(struct text *out, size_t began, size_t indent)
{
    size_t to = began;

    for (size_t from = began; !text_failed(out) && from < out->bytes_count; from++) {
        bool is_end = out->bytes[from] == '\n';

        out->bytes[to++] = (char)(is_end ? ' ' : out->bytes[from]);
        from += is_end ? indent : 0;
    }
    if (!text_failed(out)) {
        out->bytes_count = to;
        out->bytes[to] = '\0';
    }
}

void json_close(struct json *json)
{
    uint32_t top = json->depth - 1;
    bool is_short;

    ASSERT(json->depth > 0);
    is_short = !json->levels[top].nests && json->levels[top].width <= LINE_BYTES_MAX;
    if (json->indented && json->levels[top].filled && is_short) {
        join_lines(json->out, json->levels[top].began, (size_t)json->depth * INDENT);
        text_add(json->out, " ");
        json->depth--;
    } else {
        json->depth--;
        if (json->levels[top].filled) {
            new_line(json);
        }
    }
    text_add(json->out, json->levels[top].is_array ? "]" : "}");
}

void json_begin(struct json *json, bool indented, struct text *out)
{
    memset(json, 0, sizeof *json);
    json->indented = indented;
    json->out = out;
    open_level(json, false);
}

void json_begin_in_script(struct json *json, struct text *out)
{
    json_begin(json, false, out);
    json->in_script = true;
}

void json_end(struct json *json)
{
    ASSERT(json->depth == 1);
    json_close(json);
    text_add(json->out, "\n");
}

void json_open(struct json *json, const char *key)
{
    open_value(json, key, false);
}

void json_open_array(struct json *json, const char *key)
{
    open_value(json, key, true);
}

void json_text(struct json *json, const char *key, const char *text)
{
    begin_value(json, key);
    json->levels[json->depth - 1].width += add_string(json, text);
}

void json_text_or_null(struct json *json, const char *key, const char *text)
{
    if (text[0] == '\0') {
        json_null(json, key);
    } else {
        json_text(json, key, text);
    }
}

void json_count(struct json *json, const char *key, uint64_t count)
{
    char digits[24];

    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    if (count > (uint64_t)EXACT_MAX) {
        json_text(json, key, digits);
    } else {
        add_value(json, key, digits, strlen(digits));
    }
}

void json_i64(struct json *json, const char *key, int64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof digits, "%lld", (long long)value);
    if (value < -EXACT_MAX || value > EXACT_MAX) {
        json_text(json, key, digits);
    } else {
        add_value(json, key, digits, strlen(digits));
    }
}

/* As libbson would write it: earlier versions measured its lines, and the result of a run is to be
 * the same text from all of them. */
static size_t width_of(double value)
{
    char digits[40];
    size_t width = (size_t)snprintf(digits, sizeof digits, "%.20g", value);

    return width + (strspn(digits, "-0123456789") == width ? strlen(".0") : 0);
}

void json_double(struct json *json, const char *key, double value)
{
    char digits[32];

    if (!isfinite(value)) {
        return;
    }
    for (int count = 15; count <= 17; count++) {
        (void)snprintf(digits, sizeof digits, "%.*g", count, value);
        if (strtod(digits, NULL) == value) {
            break;
        }
    }
    add_value(json, key, digits, width_of(value));
}

void json_rounded(struct json *json, const char *key, double value, int digits)
{
    char number[40];

    if (!isfinite(value)) {
        json_null(json, key);
        return;
    }
    (void)snprintf(number, sizeof number, "%.*g", digits, value);
    add_value(json, key, number, strlen(number));
}

void json_bool(struct json *json, const char *key, bool value)
{
    add_value(json, key, value ? "true" : "false", strlen(value ? "true" : "false"));
}

void json_null(struct json *json, const char *key)
{
    add_value(json, key, "null", strlen("null"));
}

void json_add_members(struct json *json, const struct text *object)
{
    bool *filled = &json->levels[json->depth - 1].filled;

    ASSERT(!json->indented && !json->levels[json->depth - 1].is_array);
    if (text_failed(object)) {
        json->out->failed = true;
    } else if (object->bytes_count > strlen("{}")) {
        text_add(json->out, *filled ? "," : "");
        text_add_bytes(json->out, object->bytes + 1, object->bytes_count - strlen("{}"));
        *filled = true;
    }
}
