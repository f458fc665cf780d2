#include "fields_record.h"

#include "invariant.h"

static struct field_list list_of(const struct record *record, uint32_t items_max)
{
    return (struct field_list){
        .item_bytes = record->bytes, .items_max = items_max, .record = record};
}

static void code_number(struct fields *fields, const struct field *field, void *item)
{
    uint32_t number = field_u32_get(field, item);
    bool truth = number != 0;

    if (field->type == FIELD_BOOL) {
        field_bool(fields, field->name, &truth);
        number = truth ? 1 : 0;
    } else if (field->type == FIELD_ENUM) {
        number = field_enum(fields, field->name, number, field->names, field->names_count);
    } else {
        field_u32(fields, field->name, &number, (uint32_t)field_max(field));
    }
    field_u32_set(field, item, number);
}

static void code_signed(struct fields *fields, const struct field *field, void *item)
{
    int64_t value = field_i64_get(field, item);

    field_i64(fields, field->name, &value);
    field_i64_set(field, item, value);
}

static void code_counter(struct fields *fields, const struct field *field, uint64_t *value)
{
    field_counter(fields, field->name, value);
    if (fields->reads && *value > field_max(field)) {
        fields_bad(fields, field->name, "is out of range");
    }
}

static void code_counters(struct fields *fields, const struct field *field, uint64_t *values)
{
    if (!field_doc_begin(fields, field->name)) {
        return;
    }
    for (uint32_t i = 0; i < field->names_count; i++) {
        field_counter(fields, field->names[i], &values[i]);
    }
    field_doc_end(fields);
}

static void code_any_list(struct fields *fields, const struct field *field, void *item)
{
    const struct field_list kind = list_of(field->of, field->items_max);
    void **list = field_at(field, item);

    if (field->type == FIELD_ITEMS) {
        field_items(fields, field->name, list, field_count_at(field, item), &kind);
    } else {
        *list = field_list(fields, field->name, *list, field_count_at(field, item), &kind);
    }
}

static void code_hists(struct fields *fields, const struct field *field, struct hist **hists)
{
    if (!field_doc_begin(fields, field->name)) {
        return;
    }
    for (uint32_t i = 0; i < field->names_count; i++) {
        field_hist(fields, field->names[i], &hists[i]);
    }
    field_doc_end(fields);
}

static void code_field(struct fields *fields, const struct field *field, void *item)
{
    void *at = field_at(field, item);

    if (fields->reads && field->since > 1 && fields_lacks(fields, field->name)) {
        field_set_otherwise(field, item);
        return;
    }
    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U32:
    case FIELD_ENUM:
        code_number(fields, field, item);
        break;
    case FIELD_COUNTER:
        code_counter(fields, field, at);
        break;
    case FIELD_COUNTERS:
        code_counters(fields, field, at);
        break;
    case FIELD_ID:
        field_u64_text(fields, field->name, at);
        break;
    case FIELD_I64:
        code_signed(fields, field, item);
        break;
    case FIELD_DOUBLE:
    case FIELD_SUM:
        field_double(fields, field->name, at);
        break;
    case FIELD_TEXT:
        field_text(fields, field->name, at, field->bytes);
        break;
    case FIELD_HISTS:
        code_hists(fields, field, at);
        break;
    case FIELD_ITEMS:
    case FIELD_LIST:
        code_any_list(fields, field, item);
        break;
    default: /* No struct that is kept has such a field. */
        ASSERT(false);
    }
}

void field_record(struct fields *fields, const struct record *record, void *item)
{
    for (uint32_t i = 0; i < record->fields_count; i++) {
        code_field(fields, &record->fields[i], item);
    }
}

void field_record_doc(struct fields *fields, const char *key, const struct record *record,
                      void *item)
{
    if (field_doc_begin(fields, key)) {
        field_record(fields, record, item);
        field_doc_end(fields);
    }
}

void *field_records(struct fields *fields, const char *key, void *items, uint32_t *count,
                    const struct record *record, uint32_t items_max)
{
    const struct field_list kind = list_of(record, items_max);

    return field_list(fields, key, items, count, &kind);
}
