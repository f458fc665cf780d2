#include "fields_inner.h"

#include "invariant.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 8

/* Where the visitor is in a struct, and in those around it. */
struct place {
    const struct field *via; /* Of the struct around; NULL: the outermost. */
    const struct record *record;
    char *item;
    uint32_t index; /* Of the item, ... */
    uint32_t count; /* ... of so many. */
    uint32_t passed;
};

static void code_number(struct fields *fields, const struct field *field, void *item)
{
    uint32_t number = field_u32_get(field, item);
    bool truth = number != 0;

    if (field->type == FIELD_BOOL) {
        field_bool(fields, field_key(field), &truth);
        number = truth ? 1 : 0;
    } else if (field->type == FIELD_ENUM) {
        number = field_enum(fields, field_key(field), number, field->names, field->names_count);
    } else {
        field_u32(fields, field_key(field), &number, (uint32_t)field_max(field));
    }
    if (fields->reads) {
        field_u32_set(field, item, number);
    }
}

static void code_signed(struct fields *fields, const struct field *field, void *item)
{
    int64_t value = field_i64_get(field, item);

    field_i64(fields, field_key(field), &value);
    if (field->bytes < sizeof value && (value < INT32_MIN || value > INT32_MAX)) {
        fields_bad(fields, field_key(field), "is out of range");
        return;
    }
    if (fields->reads) {
        field_i64_set(field, item, value);
    }
}

static void code_double(struct fields *fields, const struct field *field, double *value)
{
    if (fields->reads && field->or_nan) {
        *value = NAN; /* Where there is none. */
    }
    field_double(fields, field_key(field), value);
}

static void code_counters(struct fields *fields, const struct field *field, uint64_t *values)
{
    if (!field_doc_begin(fields, field_key(field))) {
        return;
    }
    for (uint32_t i = 0; i < field->names_count; i++) {
        field_counter(fields, field->names[i], &values[i]);
    }
    field_doc_end(fields);
}

static void code_hists(struct fields *fields, const struct field *field, struct hist_packed *hists)
{
    if (!field_doc_begin(fields, field_key(field))) {
        return;
    }
    for (uint32_t i = 0; i < field->names_count; i++) {
        field_hist(fields, field->names[i], &hists[i]);
    }
    field_doc_end(fields);
}

static void code_value(struct fields *fields, const struct field *field, void *item)
{
    void *at = field_at(field, item);

    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U32:
    case FIELD_ENUM:
        code_number(fields, field, item);
        break;
    case FIELD_COUNTER:
        field_counter(fields, field_key(field), at);
        break;
    case FIELD_COUNTERS:
        code_counters(fields, field, at);
        break;
    case FIELD_ID:
        field_u64_text(fields, field_key(field), at);
        break;
    case FIELD_I64:
        code_signed(fields, field, item);
        break;
    case FIELD_DOUBLE:
    case FIELD_SUM:
        code_double(fields, field, at);
        break;
    case FIELD_TEXT:
        field_text(fields, field_key(field), at, field->bytes);
        break;
    case FIELD_STRING:
        field_string(fields, field_key(field), at, (size_t)field->max);
        break;
    case FIELD_BYTES:
        field_bytes(fields, field_key(field), at, (uint32_t)field->bytes);
        break;
    case FIELD_HISTS:
        code_hists(fields, field, at);
        break;
    default: /* No struct that is kept has such a field. */
        ASSERT(false);
    }
}

/* What was read is what its table allows. */
static void check_value(struct fields *fields, const struct field *field, const void *item)
{
    char what[FIELD_WRONG_BYTES];

    if (fields->reads && fields->failure == 0 && field_is_wrong(field, item, what)) {
        fields_bad(fields, field_key(field), what);
    }
}

/* Room for what a list has. */
static void take_list(struct fields *fields, const struct field *field, void *item, uint32_t count)
{
    void **list = field_at(field, item);

    *list = calloc(count, field->of->bytes);
    if (*list == NULL) {
        fields_fail(fields, -ENOMEM, field_key(field), "does not fit into memory");
        return;
    }
    *field_count_at(field, item) = count;
}

/* How many structs are written: of an array those up to the last that is not all zeros. */
static uint32_t count_written(const struct field *field, void *item)
{
    uint32_t count = 0;
    const char *items = field_structs(field, item, &count);
    size_t bytes = field->of->bytes;

    while (field->type == FIELD_ARRAY && count > 0 && items[(count - 1) * bytes] == 0 &&
           memcmp(items + (count - 1) * bytes, items + (count - 1) * bytes + 1, bytes - 1) == 0) {
        count--;
    }
    return count;
}

static bool begin_array(struct fields *fields, const struct field *field, void *item,
                        struct place *ret)
{
    uint32_t count = fields->reads ? 0 : count_written(field, item);

    if (!field_array_begin(fields, field_key(field), field->items_max, &count)) {
        return false;
    }
    if (fields->reads && count > 0 && field->type == FIELD_LIST) {
        take_list(fields, field, item, count);
    } else if (fields->reads && field->type == FIELD_ITEMS) {
        *field_count_at(field, item) = count;
    }
    if (count == 0 || fields->failure != 0) {
        field_array_end(fields);
        return false;
    }
    ret->count = count;
    ret->item = field_structs(field, item, &count);
    field_item_begin(fields);
    return true;
}

/* Whether there are structs to go into, which *ret then tells of. */
static bool begin_structs(struct fields *fields, const struct field *field, void *item,
                          struct place *ret)
{
    if (field->packed) {
        field_packed(fields, field, item);
        return false;
    }
    *ret = (struct place){.via = field, .record = field->of, .count = 1};
    if (field->type != FIELD_RECORD) {
        return begin_array(fields, field, item, ret);
    }
    ret->item = field_at(field, item);
    return field->flat || field_doc_begin(fields, field_key(field));
}

/* An older journal has the list itself where a newer one has how long it was. */
static void take_length(struct fields *fields, const struct field *field, void *item)
{
    uint32_t count = 0;

    if (field_array_begin(fields, field->was_list, (uint32_t)field_max(field), &count)) {
        field_array_end(fields);
    }
    field_u32_set(field, item, count);
}

static bool begin_field(struct fields *fields, const struct place *place, const struct field *field,
                        struct place *ret)
{
    void *item = place->item;

    if (field->only == ONLY_SHOWN || field->only == ONLY_SENT ||
        (field->kept_if != NULL && !field->kept_if(item))) {
        return false;
    }
    if (fields->reads && field->was_list != NULL && fields_lacks(fields, field_key(field))) {
        take_length(fields, field, item);
        return false;
    }
    if (fields->reads && field->since > 1 && fields_lacks(fields, field_key(field))) {
        if (!field->untold) {
            field_note_lack(fields, place->record, field);
        }
        field_set_otherwise(field, item);
        return false;
    }
    if (field->of != NULL) {
        return begin_structs(fields, field, item, ret);
    }
    code_value(fields, field, item);
    check_value(fields, field, item);
    return false;
}

/* Whether it was the last item. */
static bool end_item(struct fields *fields, struct place *place)
{
    bool is_array = place->via != NULL && place->via->type != FIELD_RECORD;
    const char *wrong = fields->reads ? record_is_wrong(place->record, place->item) : NULL;

    if (wrong != NULL) {
        fields_bad(fields, place->record->name, wrong);
    }
    if (place->via != NULL && !is_array && !place->via->flat) {
        field_doc_end(fields);
    }
    if (!is_array) {
        return true;
    }
    field_item_end(fields);
    place->index++;
    place->item += place->record->bytes;
    place->passed = 0;
    if (place->index < place->count) {
        field_item_begin(fields);
        return false;
    }
    field_array_end(fields);
    return true;
}

void field_record(struct fields *fields, const struct record *record, void *item)
{
    struct place places[PLACES_MAX] = {{.record = record, .item = item, .count = 1}};
    uint32_t depth = 1;

    while (depth > 0 && fields->failure == 0) {
        struct place *place = &places[depth - 1];

        if (place->passed == place->record->fields_count) {
            depth -= end_item(fields, place) ? 1 : 0;
        } else {
            const struct field *field = &place->record->fields[place->passed++];

            ASSERT(depth < PLACES_MAX);
            depth += begin_field(fields, place, field, &places[depth]) ? 1 : 0;
        }
    }
}
