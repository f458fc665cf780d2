/*
 * json_values: builds a BSON document that is to become JSON for people's scripts. Private to this
 * module.
 *
 * A script's numbers are doubles: integers beyond 2^53 are written as text, what is not finite is
 * left out. Text that is no UTF-8 has '?' in place of the bytes that are none. The first failure
 * stays. One thread.
 */
#ifndef MILLRACE_JSON_VALUES_H
#define MILLRACE_JSON_VALUES_H

#include "errinfo.h"
#include "text.h"

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 10

struct json_values {
    int failure; /* 0 or a negative errno. */
    uint32_t depth;
    struct {
        bson_t bson;
        bool is_array;
        uint32_t items; /* Of an array, so far. */
    } levels[JSON_DEPTH_MAX];
};

void json_begin(struct json_values *values);

/* Appends the document to out as relaxed extended JSON, on one line or indented, and frees it. */
int json_end(struct json_values *values, bool indented, struct text *out, struct errinfo *reterr);

/* Within an array the key is ignored: items are numbered. */
void json_text(struct json_values *values, const char *key, const char *text);
void json_text_or_null(struct json_values *values, const char *key,
                       const char *text); /* "" is null. */
void json_count(struct json_values *values, const char *key, uint64_t count);
void json_i64(struct json_values *values, const char *key, int64_t value);
void json_double(struct json_values *values, const char *key, double value);
void json_bool(struct json_values *values, const char *key, bool value);
void json_null(struct json_values *values, const char *key);
void json_open(struct json_values *values, const char *key);
void json_open_array(struct json_values *values, const char *key);
void json_close(struct json_values *values); /* Either. */

/* Lays out a JSON text that is known to be valid: what has nothing nested in it and is short stays
 * on one line; numbers get the fewest digits that give the same double. Private, for tests. */
void json_layout(const char *json, bool indented, struct text *out);

#endif
