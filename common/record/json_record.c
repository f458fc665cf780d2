#include "json_record.h"

#include "invariant.h"
#include "mono.h"

#include <stdio.h>
#include <string.h>

static uint64_t u64_of(const struct field *field, const void *item)
{
    uint64_t value = 0;

    memcpy(&value, (const char *)item + field->offset, sizeof value);
    return value;
}

static double double_of(const struct field *field, const void *item)
{
    double value = 0.0;

    memcpy(&value, (const char *)item + field->offset, sizeof value);
    return value;
}

static const char *text_of(const struct field *field, const void *item)
{
    const char *text = (const char *)item + field->offset;

    if (field->type == FIELD_STRING) {
        memcpy(&text, (const char *)item + field->offset, sizeof text);
    }
    return text == NULL ? "" : text;
}

static bool is_set(const struct field *field, const void *item)
{
    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U32:
    case FIELD_ENUM:
        return field_u32_get(field, item) > 0;
    case FIELD_COUNTER:
        return u64_of(field, item) > 0;
    case FIELD_I64:
        return field_i64_get(field, item) > 0;
    case FIELD_DOUBLE:
        return double_of(field, item) > 0.0;
    default:
        ASSERT(false);
    }
}

static bool any_is_set(const struct field *field, const void *item)
{
    const char *inner = (const char *)item + field->offset;

    for (uint32_t i = 0; i < field->of->fields_count; i++) {
        if (is_set(&field->of->fields[i], inner)) {
            return true;
        }
    }
    return false;
}

static bool is_shown(const struct field *field, const void *item)
{
    if (field->only == ONLY_KEPT || field->only == ONLY_SENT ||
        (field->shown_if != NULL && !field->shown_if(item))) {
        return false;
    }
    if (field->shown != SHOWN_IF_SET) {
        return true;
    }
    return field->type == FIELD_RECORD ? any_is_set(field, item) : is_set(field, item);
}

static void put_text(struct json *json, const char *key, const struct field *field,
                     const char *text)
{
    if (field->shown == SHOWN_OR_NULL) {
        json_text_or_null(json, key, text);
    } else {
        json_text(json, key, text);
    }
}

static void put_enum(struct json *json, const char *key, const struct field *field, uint32_t value)
{
    const char *name;

    ASSERT(value < field->names_count);
    name = field->names[value];
    if (field->shown != SHOWN_AS_LITERAL) {
        json_text(json, key, name);
    } else if (strcmp(name, "null") == 0) {
        json_null(json, key);
    } else {
        json_bool(json, key, strcmp(name, "true") == 0);
    }
}

static void put_signed(struct json *json, const char *key, const struct field *field, int64_t value)
{
    if (field->shown == SHOWN_IN_SECONDS) {
        json_double(json, key, (double)value / NS_PER_S);
    } else {
        json_i64(json, key, value);
    }
}

static void put_value(struct json *json, const char *key, const struct field *field,
                      const void *item)
{
    char digits[24];

    switch (field->type) {
    case FIELD_BOOL:
        json_bool(json, key, field_u32_get(field, item) != 0);
        break;
    case FIELD_U32:
        json_count(json, key, field_u32_get(field, item));
        break;
    case FIELD_COUNTER:
        json_count(json, key, u64_of(field, item));
        break;
    case FIELD_ID:
        (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)u64_of(field, item));
        json_text(json, key, digits);
        break;
    case FIELD_I64:
        put_signed(json, key, field, field_i64_get(field, item));
        break;
    case FIELD_DOUBLE:
        json_double(json, key, double_of(field, item));
        break;
    case FIELD_TEXT:
    case FIELD_STRING:
        put_text(json, key, field, text_of(field, item));
        break;
    case FIELD_ENUM:
        put_enum(json, key, field, field_u32_get(field, item));
        break;
    default: /* Nothing that is shown is of another kind. */
        ASSERT(false);
    }
}

/* One item: its name, and what else it has. */
static void put_named(struct json *json, const struct record *record, const void *item)
{
    const char *key = text_of(&record->fields[0], item);
    uint32_t others = 0;

    for (uint32_t i = 1; i < record->fields_count; i++) {
        others += is_shown(&record->fields[i], item) ? 1 : 0;
    }
    if (others != 1) {
        json_open(json, key);
    }
    for (uint32_t i = 1; i < record->fields_count; i++) {
        if (is_shown(&record->fields[i], item)) {
            put_value(json, others == 1 ? key : record->fields[i].name, &record->fields[i], item);
        }
    }
    if (others != 1) {
        json_close(json);
    }
}

static void put_by_name(struct json *json, const struct field *field, const char *items,
                        uint32_t count)
{
    json_open(json, field->name);
    for (uint32_t i = 0; i < count; i++) {
        put_named(json, field->of, items + i * field->of->bytes);
    }
    json_close(json);
}

/* What the field holds is to follow, unless it returns false. */
static bool open_structs(struct json *json, const struct field *field, void *item)
{
    uint32_t count = 0;
    const char *items = field_structs(field, item, &count);

    if (field->type == FIELD_RECORD) {
        json_open(json, field->name);
        return true;
    }
    ASSERT(field->type == FIELD_LIST || field->type == FIELD_ITEMS);
    if (field->shown == SHOWN_BY_NAME) {
        put_by_name(json, field, items, count);
        return false;
    }
    json_open_array(json, field->name);
    if (count == 0) {
        json_close(json);
        return false;
    }
    json_open(json, NULL);
    return true;
}

/* Whether what it holds is to follow. */
static bool put_field(struct json *json, const struct field *field, void *item)
{
    if (!is_shown(field, item)) {
        return false;
    }
    if (field->of != NULL) {
        return open_structs(json, field, item);
    }
    put_value(json, field->name, field, item);
    return false;
}

/* After the last field of an item. */
static void close_item(struct json *json, const struct record_walk *walk)
{
    uint32_t last = walk->depth - 1;
    bool is_list = last > 0 && walk->levels[last].via->type != FIELD_RECORD;

    if (last > 0) {
        json_close(json);
    }
    if (is_list && walk->levels[last].index + 1 < walk->levels[last].count) {
        json_open(json, NULL);
    } else if (is_list) {
        json_close(json);
    }
}

void json_record(struct json *json, const struct record *record, const void *item)
{
    struct record_walk walk;

    record_walk_begin(&walk, record, (void *)(uintptr_t)item); /* Nothing is written. */
    while (record_walk_next(&walk)) {
        if (walk.field == NULL) {
            close_item(json, &walk);
        } else if (!put_field(json, walk.field, walk.item)) {
            walk.field = NULL; /* Don't go into it. */
        }
    }
}

void json_records(struct json *json, const char *key, const struct record *record,
                  const void *items, uint32_t count)
{
    json_open_array(json, key);
    for (uint32_t i = 0; i < count; i++) {
        json_open(json, NULL);
        json_record(json, record, (const char *)items + i * record->bytes);
        json_close(json);
    }
    json_close(json);
}
