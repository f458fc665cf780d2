#include "record.h"

#include "invariant.h"

#include <errno.h>
#include <math.h>
#include <string.h>

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
    case FIELD_I64:
        memcpy(field_at(field, item), &field->otherwise, sizeof field->otherwise);
        break;
    case FIELD_DOUBLE:
        *(double *)field_at(field, item) = (double)field->otherwise;
        break;
    case FIELD_TEXT:
    case FIELD_COUNTERS:
        memset(field_at(field, item), 0, field->bytes);
        break;
    case FIELD_ITEMS:
    case FIELD_LIST:
        *field_count_at(field, item) = 0;
        break;
    }
}

static bool is_allowed(const struct field *field, const void *item)
{
    uint64_t number = 0;
    double real = 0.0;

    switch (field->type) {
    case FIELD_U32:
        return field_u32_get(field, item) <= field_max(field);
    case FIELD_ENUM:
        return field_u32_get(field, item) < field->names_count;
    case FIELD_COUNTER:
        memcpy(&number, value_at(field, item), sizeof number);
        return number <= field_max(field);
    case FIELD_DOUBLE:
        memcpy(&real, value_at(field, item), sizeof real);
        return isfinite(real);
    case FIELD_TEXT:
        return memchr(value_at(field, item), '\0', field->bytes) != NULL;
    case FIELD_ITEMS:
    case FIELD_LIST:
        memcpy(&number, (const char *)item + field->count_offset, sizeof(uint32_t));
        return number <= field->items_max;
    case FIELD_BOOL:
    case FIELD_ID:
    case FIELD_I64:
    case FIELD_COUNTERS:
        break;
    }
    return true;
}

static int check_fields(const struct record *record, const void *item, const struct field **lists,
                        struct errinfo *reterr)
{
    *lists = NULL;
    for (uint32_t i = 0; i < record->fields_count; i++) {
        const struct field *field = &record->fields[i];

        if (!is_allowed(field, item)) {
            return errinfo_set(reterr, -EBADMSG, "%s: %s is out of range", record->name,
                               field->name);
        }
        if (field->of != NULL && *lists == NULL) {
            *lists = field;
        }
    }
    return 0;
}

/* Lists of lists are not walked into: no record has any, and each level is a call of its own. */
static int check_items(const struct field *field, const void *item, struct errinfo *reterr)
{
    const struct field *lists = NULL;
    const char *items = value_at(field, item);
    uint32_t count = 0;
    int r = 0;

    memcpy(&count, (const char *)item + field->count_offset, sizeof count);
    if (field->type == FIELD_LIST) {
        memcpy(&items, value_at(field, item), sizeof items);
    }
    for (uint32_t i = 0; r == 0 && i < count; i++) {
        r = check_fields(field->of, items + i * field->of->bytes, &lists, reterr);
        ASSERT(lists == NULL);
    }
    return r;
}

int record_check(const struct record *record, const void *item, struct errinfo *reterr)
{
    const struct field *end = record->fields + record->fields_count;
    const struct field *field = NULL;
    int r = check_fields(record, item, &field, reterr);

    for (; r == 0 && field != NULL && field < end; field++) {
        r = field->of != NULL ? check_items(field, item, reterr) : 0;
    }
    return r;
}

size_t record_bytes_covered(const struct record *record)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < record->fields_count; i++) {
        const struct field *field = &record->fields[i];

        bytes += field->bytes + (field->of != NULL ? sizeof(uint32_t) : 0);
    }
    return bytes;
}
