#include "wire_record.h"

#include "invariant.h"

static uint32_t values_count(const struct field *field)
{
    return field->type == FIELD_COUNTERS ? field->names_count : 1;
}

static uint32_t values_of(const struct record *record)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < record->fields_count; i++) {
        count += values_count(&record->fields[i]);
    }
    return count;
}

/* Each value takes a byte at least, and so does the head of the array. */
static struct list_kind kind_of(const struct record *record, uint32_t items_max)
{
    return (struct list_kind){.item_bytes = record->bytes,
                              .items_max = items_max,
                              .item_bytes_min = 1 + values_of(record),
                              .record = record};
}

static void code_number(struct coder *coder, const struct field *field, void *item)
{
    uint32_t number = field_u32_get(field, item);
    bool truth = number != 0;

    if (field->type == FIELD_BOOL) {
        code_bool(coder, field->name, &truth);
        number = truth ? 1 : 0;
    } else if (field->type == FIELD_ENUM) {
        number = code_enum(coder, field->name, number, field->names_count - 1);
    } else {
        code_u32(coder, field->name, &number, (uint32_t)field_max(field));
    }
    field_u32_set(field, item, number);
}

static void code_wide(struct coder *coder, const struct field *field, uint64_t *values)
{
    uint64_t max = field->type == FIELD_COUNTER ? field_max(field) : UINT64_MAX;

    for (uint32_t i = 0; i < values_count(field); i++) {
        code_u64(coder, field->name, &values[i]);
        if (values[i] > max) {
            coder_bad(coder, field->name, "is too large");
        }
    }
}

static void code_field(struct coder *coder, const struct field *field, void *item)
{
    void *at = field_at(field, item);
    void **list = at;
    struct list_kind kind;

    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U32:
    case FIELD_ENUM:
        code_number(coder, field, item);
        break;
    case FIELD_COUNTER:
    case FIELD_ID:
    case FIELD_COUNTERS:
        code_wide(coder, field, at);
        break;
    case FIELD_I64:
        code_i64(coder, field->name, at);
        break;
    case FIELD_DOUBLE:
        code_double(coder, field->name, at);
        break;
    case FIELD_TEXT:
        code_text(coder, field->name, at, field->bytes);
        break;
    case FIELD_ITEMS:
        kind = kind_of(field->of, field->items_max);
        code_items(coder, field->name, at, field_count_at(field, item), &kind);
        break;
    case FIELD_LIST:
        kind = kind_of(field->of, field->items_max);
        *list = code_list(coder, field->name, *list, field_count_at(field, item), &kind);
        break;
    }
}

void code_record(struct coder *coder, const struct record *record, void *item)
{
    code_begin(coder, record->name, values_of(record));
    for (uint32_t i = 0; i < record->fields_count; i++) {
        code_field(coder, &record->fields[i], item);
    }
    code_end(coder);
}

void *code_records(struct coder *coder, const char *field, void *items, uint32_t *count,
                   const struct record *record, uint32_t items_max)
{
    const struct list_kind kind = kind_of(record, items_max);

    return code_list(coder, field, items, count, &kind);
}
