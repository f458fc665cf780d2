#include "json_values.h"

#include "clean_text.h"
#include "invariant.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Every integer up to this has a double of its own. */
#define EXACT_MAX (INT64_C(1) << 53)

void json_begin(struct json_values *values)
{
    memset(values, 0, sizeof *values);
    values->depth = 1;
    bson_init(&values->levels[0].bson);
}

static bson_t *top(struct json_values *values)
{
    return &values->levels[values->depth - 1].bson;
}

/* The key that the next value gets; digits has room for the number of an item. */
static const char *next_key(struct json_values *values, const char *key, char *digits,
                            size_t digits_bytes)
{
    const char *number = key;

    if (values->levels[values->depth - 1].is_array) {
        bson_uint32_to_string(values->levels[values->depth - 1].items++, &number, digits,
                              digits_bytes);
    }
    return number;
}

static void appended(struct json_values *values, bool done)
{
    if (!done && values->failure == 0) {
        values->failure = -EMSGSIZE;
    }
}

void json_text(struct json_values *values, const char *key, const char *text)
{
    char digits[16];
    char *clean = clean_text(text, strlen(text));

    if (clean == NULL) {
        values->failure = values->failure == 0 ? -ENOMEM : values->failure;
        return;
    }
    appended(values, bson_append_utf8(top(values), next_key(values, key, digits, sizeof digits), -1,
                                      clean, -1));
    free(clean);
}

void json_text_or_null(struct json_values *values, const char *key, const char *text)
{
    if (text[0] == '\0') {
        json_null(values, key);
    } else {
        json_text(values, key, text);
    }
}

void json_count(struct json_values *values, const char *key, uint64_t count)
{
    char text[24];

    if (count <= (uint64_t)EXACT_MAX) {
        json_i64(values, key, (int64_t)count);
    } else {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)count);
        json_text(values, key, text);
    }
}

void json_i64(struct json_values *values, const char *key, int64_t value)
{
    char digits[24];

    if (value < -EXACT_MAX || value > EXACT_MAX) {
        char text[24];

        (void)snprintf(text, sizeof text, "%lld", (long long)value);
        json_text(values, key, text);
        return;
    }
    appended(values, bson_append_int64(top(values), next_key(values, key, digits, sizeof digits),
                                       -1, value));
}

void json_double(struct json_values *values, const char *key, double value)
{
    char digits[16];

    if (isfinite(value)) {
        appended(values, bson_append_double(
                             top(values), next_key(values, key, digits, sizeof digits), -1, value));
    }
}

void json_bool(struct json_values *values, const char *key, bool value)
{
    char digits[16];

    appended(values, bson_append_bool(top(values), next_key(values, key, digits, sizeof digits), -1,
                                      value));
}

void json_null(struct json_values *values, const char *key)
{
    char digits[16];

    appended(values,
             bson_append_null(top(values), next_key(values, key, digits, sizeof digits), -1));
}

static void open_level(struct json_values *values, const char *key, bool is_array)
{
    char digits[16];
    const char *name = next_key(values, key, digits, sizeof digits);
    uint32_t depth = values->depth;

    ASSERT(depth < JSON_DEPTH_MAX);
    values->levels[depth].is_array = is_array;
    values->levels[depth].items = 0;
    if (values->failure == 0) {
        bson_t *level = &values->levels[depth].bson;

        appended(values, is_array ? bson_append_array_begin(top(values), name, -1, level)
                                  : bson_append_document_begin(top(values), name, -1, level));
    }
    if (values->failure != 0) {
        bson_init(&values->levels[depth].bson); /* Somewhere for what follows to go. */
    }
    values->depth++;
}

void json_open(struct json_values *values, const char *key)
{
    open_level(values, key, false);
}

void json_open_array(struct json_values *values, const char *key)
{
    open_level(values, key, true);
}

void json_close(struct json_values *values)
{
    bson_t *closed = top(values);

    ASSERT(values->depth > 1);
    values->depth--;
    if (values->failure != 0) {
        bson_destroy(closed);
        return;
    }
    appended(values, values->levels[values->depth].is_array
                         ? bson_append_array_end(top(values), closed)
                         : bson_append_document_end(top(values), closed));
}

int json_end(struct json_values *values, bool indented, struct text *out, struct errinfo *reterr)
{
    char *json = NULL;
    int r = values->failure;

    ASSERT(values->depth == 1);
    if (r == 0) {
        json = bson_as_relaxed_extended_json(&values->levels[0].bson, NULL);
        if (json == NULL) {
            r = errinfo_set(reterr, -EIO, "libbson could not write the document as JSON");
        } else {
            json_layout(json, indented, out);
        }
    } else if (r == -ENOMEM) {
        (void)errinfo_nomem(reterr);
    } else {
        (void)errinfo_set(reterr, r, "the document is too long for JSON");
    }
    bson_free(json);
    bson_destroy(&values->levels[0].bson);
    return r == 0 && text_failed(out) ? errinfo_nomem(reterr) : r;
}
