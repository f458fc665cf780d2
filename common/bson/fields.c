#include "fields_inner.h"

#include "invariant.h"
#include "utf8.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With the alignment that libbson wants of its documents. */
static int make(struct fields **ret, struct errinfo *reterr)
{
    struct fields *fields = aligned_alloc(_Alignof(struct fields), sizeof *fields);

    if (fields == NULL) {
        return errinfo_nomem(reterr);
    }
    memset(fields, 0, sizeof *fields);
    fields->reterr = reterr;
    fields->depth = 1;
    fields->levels[0].bson = &fields->levels[0].own;
    *ret = fields;
    return 0;
}

int fields_write_new(struct fields **ret, struct errinfo *reterr)
{
    int r = make(ret, reterr);

    if (r == 0) {
        bson_init(&(*ret)->levels[0].own);
    }
    return r;
}

int fields_read_new(const uint8_t *bytes, uint32_t bytes_count,
                    const struct fields_context *context, struct fields **ret,
                    struct errinfo *reterr)
{
    int r = make(ret, reterr);
    struct fields *fields;

    if (r < 0) {
        return r;
    }
    fields = *ret;
    fields->reads = true;
    if (context != NULL) {
        fields->context = *context;
    }
    if (!bson_init_static(&fields->levels[0].own, bytes, bytes_count) ||
        !bson_iter_init(&fields->levels[0].at, &fields->levels[0].own)) {
        fields_bad(fields, "the document", "is damaged");
    }
    return 0;
}

void fields_free(struct fields *fields)
{
    if (fields != NULL && !fields->reads && !fields->was_taken) {
        bson_destroy(&fields->levels[0].own);
    }
    free(fields);
}

uint8_t *fields_take(struct fields *fields, uint32_t *ret_bytes)
{
    ASSERT(!fields->reads && !fields->was_taken && fields->depth == 1);
    fields->was_taken = true;
    /* libbson's memory is malloc's. */
    return bson_destroy_with_steal(&fields->levels[0].own, true, ret_bytes);
}

bool fields_reads(const struct fields *fields)
{
    return fields->reads;
}

int fields_failure(const struct fields *fields)
{
    return fields->failure;
}

void fields_fail(struct fields *fields, int code, const char *key, const char *what)
{
    char place[ERRINFO_BYTES] = "";
    size_t used = 0;

    if (fields->failure != 0) {
        return;
    }
    for (uint32_t i = 1; i < fields->depth && used < sizeof place / 2; i++) {
        int written =
            fields->levels[i].is_array
                ? snprintf(place + used, sizeof place - used, "%s[%u].", fields->levels[i].name,
                           fields->levels[i].index)
                : snprintf(place + used, sizeof place - used, "%s.", fields->levels[i].name);

        used += written > 0 ? (size_t)written : 0;
    }
    fields->failure = errinfo_set(fields->reterr, code, "%s%s %s", place, key, what);
}

void fields_bad(struct fields *fields, const char *key, const char *what)
{
    fields_fail(fields, -EBADMSG, key, what);
}

/* Appending fails only when the document would be longer than BSON allows. */
static void appended(struct fields *fields, const char *key, bool done)
{
    if (!done) {
        fields_fail(fields, -EMSGSIZE, key, "makes the document too long");
    }
}

static bson_t *target(struct fields *fields)
{
    return fields->levels[fields->depth - 1].bson;
}

static bool find_from(bson_iter_t *iter, const char *key)
{
    while (bson_iter_next(iter)) {
        if (strcmp(bson_iter_key(iter), key) == 0) {
            return true;
        }
    }
    return false;
}

/* Fields come in the order of the code unless another program wrote them, so looking goes on from
 * the last one. */
static bool find(struct fields *fields, const char *key, bson_iter_t *ret)
{
    bson_iter_t *at = &fields->levels[fields->depth - 1].at;
    bson_iter_t iter = *at;

    if (!find_from(&iter, key)) {
        if (!bson_iter_init(&iter, target(fields)) || !find_from(&iter, key)) {
            return false;
        }
    }
    *at = iter;
    *ret = iter;
    return true;
}

bool fields_lacks(const struct fields *fields, const char *key)
{
    bson_iter_t iter;

    return !bson_iter_init(&iter, fields->levels[fields->depth - 1].bson) || !find_from(&iter, key);
}

/* Finds a field that must be there, of that type. */
static bool need(struct fields *fields, const char *key, bson_type_t type, bson_iter_t *ret)
{
    if (fields->failure != 0) {
        return false;
    }
    if (!find(fields, key, ret)) {
        fields_bad(fields, key, "is missing");
        return false;
    }
    if (bson_iter_type(ret) != type) {
        fields_bad(fields, key, "has the wrong type");
        return false;
    }
    return true;
}

/* Likewise, but it may be absent. */
static bool look(struct fields *fields, const char *key, bson_type_t type, bson_iter_t *ret)
{
    if (fields->failure != 0 || !find(fields, key, ret)) {
        return false;
    }
    if (bson_iter_type(ret) != type) {
        fields_bad(fields, key, "has the wrong type");
        return false;
    }
    return true;
}

void field_bool(struct fields *fields, const char *key, bool *value)
{
    bson_iter_t iter;

    if (!fields->reads) {
        appended(fields, key, bson_append_bool(target(fields), key, -1, *value));
    } else if (need(fields, key, BSON_TYPE_BOOL, &iter)) {
        *value = bson_iter_bool(&iter);
    }
}

/* 32 bits where they fit. */
void field_u32(struct fields *fields, const char *key, uint32_t *value, uint32_t max)
{
    bson_iter_t iter;

    if (!fields->reads) {
        appended(fields, key,
                 *value <= INT32_MAX ? bson_append_int32(target(fields), key, -1, (int32_t)*value)
                                     : bson_append_int64(target(fields), key, -1, (int64_t)*value));
        return;
    }
    if (fields->failure != 0) {
        return;
    }
    if (!find(fields, key, &iter)) {
        fields_bad(fields, key, "is missing");
    } else if (!BSON_ITER_HOLDS_INT(&iter)) {
        fields_bad(fields, key, "has the wrong type");
    } else if (bson_iter_as_int64(&iter) < 0 || bson_iter_as_int64(&iter) > (int64_t)max) {
        fields_bad(fields, key, "is out of range");
    } else {
        *value = (uint32_t)bson_iter_as_int64(&iter);
    }
}

void field_i64(struct fields *fields, const char *key, int64_t *value)
{
    bson_iter_t iter;

    if (!fields->reads) {
        appended(fields, key, bson_append_int64(target(fields), key, -1, *value));
    } else if (need(fields, key, BSON_TYPE_INT64, &iter)) {
        *value = bson_iter_int64(&iter);
    }
}

void field_counter(struct fields *fields, const char *key, uint64_t *value)
{
    bson_iter_t iter;

    if (!fields->reads) {
        if (*value > 0) {
            appended(fields, key, bson_append_int64(target(fields), key, -1, (int64_t)*value));
        }
    } else if (look(fields, key, BSON_TYPE_INT64, &iter)) {
        *value = (uint64_t)bson_iter_int64(&iter);
    }
}

void field_double(struct fields *fields, const char *key, double *value)
{
    bson_iter_t iter;

    if (!fields->reads) {
        if (isfinite(*value)) {
            appended(fields, key, bson_append_double(target(fields), key, -1, *value));
        }
    } else if (look(fields, key, BSON_TYPE_DOUBLE, &iter)) {
        if (isfinite(bson_iter_double(&iter))) {
            *value = bson_iter_double(&iter);
        } else {
            fields_bad(fields, key, "is no number");
        }
    }
}

/* Text of a field, checked; NULL if there is none, and then that is a failure. */
static const char *read_text(struct fields *fields, const char *key, size_t bytes_max,
                             size_t *ret_bytes)
{
    bson_iter_t iter;
    const char *text;
    uint32_t bytes = 0;

    if (!need(fields, key, BSON_TYPE_UTF8, &iter)) {
        return NULL;
    }
    text = bson_iter_utf8(&iter, &bytes);
    if (bytes > bytes_max) {
        fields_bad(fields, key, "is too long");
        return NULL;
    }
    if (!bson_utf8_validate(text, bytes, false)) {
        fields_bad(fields, key, "is no text");
        return NULL;
    }
    *ret_bytes = bytes;
    return text;
}

void field_u64_text(struct fields *fields, const char *key, uint64_t *value)
{
    char digits[24];
    char again[24];
    size_t bytes = 0;
    const char *text;

    if (!fields->reads) {
        (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)*value);
        appended(fields, key, bson_append_utf8(target(fields), key, -1, digits, -1));
        return;
    }
    text = read_text(fields, key, sizeof digits - 1, &bytes);
    if (text != NULL) {
        unsigned long long number;

        memcpy(digits, text, bytes);
        digits[bytes] = '\0';
        number = strtoull(digits, NULL, 10);
        (void)snprintf(again, sizeof again, "%llu", number);
        if (strcmp(digits, again) != 0) {
            fields_bad(fields, key, "is no number");
            return;
        }
        *value = number;
    }
}

uint32_t field_enum(struct fields *fields, const char *key, uint32_t value,
                    const char *const *names, uint32_t names_count)
{
    size_t bytes = 0;
    const char *text;

    if (!fields->reads) {
        ASSERT(value < names_count);
        appended(fields, key, bson_append_utf8(target(fields), key, -1, names[value], -1));
        return value;
    }
    text = read_text(fields, key, ERRINFO_BYTES, &bytes);
    for (uint32_t i = 0; text != NULL && i < names_count; i++) {
        if (strlen(names[i]) == bytes && memcmp(names[i], text, bytes) == 0) {
            return i;
        }
    }
    fields_bad(fields, key, "has no known value");
    return 0;
}

static void append_text(struct fields *fields, const char *key, const char *text, size_t bytes)
{
    char *clean = utf8_clean(text, bytes);

    if (clean == NULL) {
        fields_fail(fields, -ENOMEM, key, "does not fit into memory");
        return;
    }
    appended(fields, key, bson_append_utf8(target(fields), key, -1, clean, (int)bytes));
    free(clean);
}

void field_text(struct fields *fields, const char *key, char *text, size_t text_bytes)
{
    const char *from;
    size_t bytes = 0;

    if (!fields->reads) {
        append_text(fields, key, text, strnlen(text, text_bytes - 1));
        return;
    }
    from = read_text(fields, key, text_bytes - 1, &bytes);
    if (from != NULL) {
        memset(text, 0, text_bytes);
        memcpy(text, from, bytes);
    }
}

void field_string(struct fields *fields, const char *key, char **text, size_t bytes_max)
{
    const char *from;
    size_t bytes = 0;

    if (!fields->reads) {
        from = *text == NULL ? "" : *text;
        append_text(fields, key, from, strnlen(from, bytes_max));
        return;
    }
    from = read_text(fields, key, bytes_max, &bytes);
    if (from != NULL) {
        *text = strndup(from, bytes);
        if (*text == NULL) {
            fields_fail(fields, -ENOMEM, key, "does not fit into memory");
        }
    }
}

bool field_doc_begin(struct fields *fields, const char *key)
{
    bson_iter_t iter;
    const uint8_t *bytes = NULL;
    uint32_t bytes_count = 0;
    uint32_t depth = fields->depth;

    ASSERT(depth < FIELDS_DEPTH_MAX);
    if (fields->failure != 0) {
        return false;
    }
    if (!fields->reads) {
        if (!bson_append_document_begin(target(fields), key, -1, &fields->levels[depth].own)) {
            appended(fields, key, false);
            return false;
        }
    } else {
        if (!need(fields, key, BSON_TYPE_DOCUMENT, &iter)) {
            return false;
        }
        bson_iter_document(&iter, &bytes_count, &bytes);
        if (bytes == NULL || !bson_init_static(&fields->levels[depth].own, bytes, bytes_count) ||
            !bson_iter_init(&fields->levels[depth].at, &fields->levels[depth].own)) {
            fields_bad(fields, key, "is damaged");
            return false;
        }
    }
    fields->levels[depth].name = key;
    fields->levels[depth].bson = &fields->levels[depth].own;
    fields->levels[depth].is_array = false;
    fields->depth++;
    return true;
}

void field_doc_end(struct fields *fields)
{
    ASSERT(fields->depth > 1);
    fields->depth--;
    if (!fields->reads) {
        appended(fields, fields->levels[fields->depth].name,
                 bson_append_document_end(target(fields), &fields->levels[fields->depth].own));
    }
}
