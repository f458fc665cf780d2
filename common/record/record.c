#include "record.h"

#include "invariant.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

bool field_travels(const struct field *field)
{
    return field->only == ONLY_NEITHER || field->only == ONLY_SENT;
}

uint64_t field_max(const struct field *field)
{
    uint64_t largest = field->type == FIELD_U32 ? UINT32_MAX : UINT64_MAX;

    return field->max != 0 ? field->max : largest;
}

void *field_at(const struct field *field, void *item)
{
    return (char *)item + field->offset;
}

static const void *value_at(const struct field *field, const void *item)
{
    return (const char *)item + field->offset;
}

uint32_t *field_count_at(const struct field *field, void *item)
{
    ASSERT(field->type == FIELD_LIST || field->type == FIELD_ITEMS);
    return (uint32_t *)(void *)((char *)item + field->count_offset);
}

void *field_structs(const struct field *field, void *item, uint32_t *ret_count)
{
    void *at = field_at(field, item);
    void **owned = at;

    ASSERT(field->of != NULL);
    switch (field->type) {
    case FIELD_LIST:
        *ret_count = *field_count_at(field, item);
        return *owned;
    case FIELD_ITEMS:
        *ret_count = *field_count_at(field, item);
        return at;
    case FIELD_ARRAY:
        *ret_count = field->items_max;
        return at;
    case FIELD_ONE:
        *ret_count = *owned != NULL ? 1 : 0;
        return *owned;
    default:
        *ret_count = 1;
        return at;
    }
}

uint32_t field_u32_get(const struct field *field, const void *item)
{
    uint32_t value = 0;

    ASSERT(field->bytes <= sizeof value);
    if (field->type == FIELD_BOOL) {
        return *(const bool *)value_at(field, item) ? 1 : 0;
    }
    ASSERT(field->bytes == sizeof value);
    memcpy(&value, value_at(field, item), sizeof value);
    return value;
}

void field_u32_set(const struct field *field, void *item, uint32_t value)
{
    if (field->type == FIELD_BOOL) {
        *(bool *)field_at(field, item) = value != 0;
        return;
    }
    ASSERT(field->bytes == sizeof value);
    memcpy(field_at(field, item), &value, sizeof value);
}

int64_t field_i64_get(const struct field *field, const void *item)
{
    int64_t value = 0;
    int32_t narrow = 0;

    if (field->bytes == sizeof narrow) {
        memcpy(&narrow, value_at(field, item), sizeof narrow);
        return narrow;
    }
    ASSERT(field->bytes == sizeof value);
    memcpy(&value, value_at(field, item), sizeof value);
    return value;
}

void field_i64_set(const struct field *field, void *item, int64_t value)
{
    int32_t narrow = (int32_t)value;

    if (field->bytes == sizeof narrow) {
        memcpy(field_at(field, item), &narrow, sizeof narrow);
        return;
    }
    ASSERT(field->bytes == sizeof value);
    memcpy(field_at(field, item), &value, sizeof value);
}

static void set_empty(const struct field *field, void *item)
{
    if (field->type == FIELD_ITEMS || field->type == FIELD_LIST) {
        *field_count_at(field, item) = 0;
    } else {
        memset(field_at(field, item), 0, field->bytes);
    }
}

void field_set_otherwise(const struct field *field, void *item)
{
    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U32:
    case FIELD_ENUM:
        field_u32_set(field, item, (uint32_t)field->otherwise);
        break;
    case FIELD_COUNTER:
    case FIELD_ID:
        memcpy(field_at(field, item), &field->otherwise, sizeof field->otherwise);
        break;
    case FIELD_I64:
        field_i64_set(field, item, field->otherwise);
        break;
    case FIELD_DOUBLE:
    case FIELD_SUM:
        *(double *)field_at(field, item) = (double)field->otherwise;
        break;
    default:
        set_empty(field, item);
        break;
    }
}

/* Always true. */
static bool wrong(char *what, const char *words)
{
    (void)snprintf(what, FIELD_WRONG_BYTES, "%s", words);
    return true;
}

static bool is_beyond(uint64_t value, const struct field *field, uint64_t max, char *what)
{
    if (value >= (uint64_t)field->min && value <= max) {
        return false;
    }
    (void)snprintf(what, FIELD_WRONG_BYTES, "is %" PRIu64 " (%" PRId64 " to %" PRIu64 ")", value,
                   field->min, max);
    return true;
}

static bool is_beyond_signed(const struct field *field, const void *item, char *what)
{
    int64_t value = field_i64_get(field, item);
    int64_t max = field->max == 0 && field->min >= 0 ? INT64_MAX : (int64_t)field->max;

    if ((field->min == 0 && field->max == 0) || (value >= field->min && value <= max)) {
        return false;
    }
    (void)snprintf(what, FIELD_WRONG_BYTES, "is %" PRId64 " (%" PRId64 " to %" PRId64 ")", value,
                   field->min, max);
    return true;
}

static bool is_no_number(const struct field *field, const void *item, char *what)
{
    double value = 0.0;

    memcpy(&value, value_at(field, item), sizeof value);
    if (field->or_nan && isnan(value)) {
        return false;
    }
    if (!isfinite(value)) {
        return wrong(what, "is no number");
    }
    return field->type == FIELD_SUM && value < 0.0 ? wrong(what, "is no sum") : false;
}

static bool is_no_text(const struct field *field, const void *item, char *what)
{
    const char *text = value_at(field, item);
    size_t length = strnlen(text, field->bytes);

    if (length == field->bytes) {
        return wrong(what, "has no end");
    }
    return length < (size_t)field->min ? wrong(what, "is empty") : false;
}

static bool is_no_pointer(const struct field *field, const void *item, char *what)
{
    const void *pointer = NULL;

    memcpy(&pointer, value_at(field, item), sizeof pointer);
    return pointer == NULL ? wrong(what, "is missing") : false;
}

static bool is_no_list(const struct field *field, const void *item, char *what)
{
    uint32_t count = 0;

    memcpy(&count, (const char *)item + field->count_offset, sizeof count);
    if (count < (uint32_t)field->min || count > field->items_max) {
        (void)snprintf(what, FIELD_WRONG_BYTES, "has %u items (%u to %u)", count,
                       (uint32_t)field->min, field->items_max);
        return true;
    }
    return field->type == FIELD_LIST && count > 0 && is_no_pointer(field, item, what);
}

bool field_is_wrong(const struct field *field, const void *item, char what[FIELD_WRONG_BYTES])
{
    uint64_t number = 0;

    switch (field->type) {
    case FIELD_U32:
        return is_beyond(field_u32_get(field, item), field, field_max(field), what);
    case FIELD_COUNTER:
        memcpy(&number, value_at(field, item), sizeof number);
        return is_beyond(number, field, field_max(field), what);
    case FIELD_I64:
        return is_beyond_signed(field, item, what);
    case FIELD_ENUM:
        return field_u32_get(field, item) >= field->names_count &&
               wrong(what, "has no known value");
    case FIELD_DOUBLE:
    case FIELD_SUM:
        return is_no_number(field, item, what);
    case FIELD_TEXT:
        return is_no_text(field, item, what);
    case FIELD_STRING:
        return !field->optional && is_no_pointer(field, item, what);
    case FIELD_ITEMS:
    case FIELD_LIST:
        return is_no_list(field, item, what);
    default:
        return false;
    }
}
