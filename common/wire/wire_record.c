#include "wire_record_inner.h"

#include "invariant.h"

static uint32_t values_count(const struct field *field)
{
    if (!field_travels(field)) {
        return 0;
    }
    return field->type == FIELD_COUNTERS || field->type == FIELD_HISTS ? field->names_count : 1;
}

static uint32_t values_of(const struct record *record)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < record->fields_count; i++) {
        count += values_count(&record->fields[i]);
    }
    return count;
}

static void code_by_table(struct coder *coder, const struct list_kind *kind, void *item)
{
    code_record(coder, kind->record, item);
}

/* Each value takes a byte at least, and so does the head of the array. */
static struct list_kind kind_of(const struct coder *coder, const struct field *field)
{
    uint32_t items_max = field->type == FIELD_ONE ? 1 : field->items_max;

    for (uint32_t i = 0; i < coder->limits_count; i++) {
        if (coder->limits[i].of == field->of && coder->limits[i].items_max < items_max) {
            items_max = coder->limits[i].items_max;
        }
    }
    return (struct list_kind){.item_bytes = field->of->bytes,
                              .items_max = items_max,
                              .item_bytes_min = 1 + values_of(field->of),
                              .code = code_by_table,
                              .record = field->of};
}

static void code_number(struct coder *coder, const struct field *field, void *item)
{
    uint32_t number = field_u32_get(field, item);
    bool truth = number != 0;

    if (field->type == FIELD_BOOL) {
        code_bool(coder, field->name, &truth);
        number = truth ? 1 : 0;
    } else {
        code_u32(coder, field->name, &number, UINT32_MAX);
    }
    field_u32_set(field, item, number);
}

static void code_signed(struct coder *coder, const struct field *field, void *item)
{
    int64_t value = field_i64_get(field, item);

    code_i64(coder, field->name, &value);
    if (coder_reads(coder) && field->bytes < sizeof value &&
        (value < INT32_MIN || value > INT32_MAX)) {
        coder_bad(coder, field->name, "is too large");
        return;
    }
    field_i64_set(field, item, value);
}

static void code_by_name(struct coder *coder, const struct field *field, void *at)
{
    uint64_t *counters = at;
    struct hist_packed *hists = at;

    for (uint32_t i = 0; i < field->names_count; i++) {
        if (field->type == FIELD_HISTS) {
            code_hist(coder, field->names[i], &hists[i]);
        } else {
            code_u64(coder, field->names[i], &counters[i]);
        }
    }
}

static void code_structs(struct coder *coder, const struct field *field, void *item)
{
    const struct list_kind kind = kind_of(coder, field);
    uint32_t count = 0;
    void *items = field_structs(field, item, &count);
    void **owned = field_at(field, item);

    if (field->type == FIELD_RECORD) {
        kind.code(coder, &kind, items);
    } else if (field->type == FIELD_ARRAY) {
        code_all(coder, field->name, items, &kind);
    } else if (field->type == FIELD_ITEMS) {
        code_items(coder, field->name, items, field_count_at(field, item), &kind);
    } else if (field->type == FIELD_LIST) {
        *owned = code_list(coder, field->name, items, field_count_at(field, item), &kind);
    } else {
        *owned = code_list(coder, field->name, items, &count, &kind);
    }
}

static void code_value(struct coder *coder, const struct field *field, void *item)
{
    void *at = field_at(field, item);

    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U32:
    case FIELD_ENUM:
        code_number(coder, field, item);
        break;
    case FIELD_COUNTER:
    case FIELD_ID:
        code_u64(coder, field->name, at);
        break;
    case FIELD_COUNTERS:
    case FIELD_HISTS:
        code_by_name(coder, field, at);
        break;
    case FIELD_I64:
        code_signed(coder, field, item);
        break;
    case FIELD_DOUBLE:
    case FIELD_SUM:
        code_double(coder, field->name, at);
        break;
    case FIELD_TEXT:
        code_text(coder, field->name, at, field->bytes);
        break;
    case FIELD_STRING:
        code_string(coder, field->name, at, field->optional);
        break;
    case FIELD_BYTES:
        code_bytes(coder, field->name, at, field->bytes);
        break;
    case FIELD_RUNS:
        code_runs(coder, field->name, at);
        break;
    case FIELD_RECORD:
    case FIELD_ARRAY:
    case FIELD_ITEMS:
    case FIELD_LIST:
    case FIELD_ONE:
        code_structs(coder, field, item);
        break;
    }
}

static void code_field(struct coder *coder, const struct field *field, void *item)
{
    char what[FIELD_WRONG_BYTES];

    code_value(coder, field, item);
    if (coder_reads(coder) && coder->failure == 0 && field_is_wrong(field, item, what)) {
        coder_bad(coder, field->name, what);
    }
}

/* Both ways: what the other side would refuse is not sent. */
static void check_relations(struct coder *coder, const struct record *record, const void *item)
{
    const char *what = coder->failure == 0 ? record_is_wrong(record, item) : NULL;

    if (what != NULL) {
        coder->failure = errinfo_set(coder->reterr, -EBADMSG, "%s: %s", record->name, what);
    }
}

void code_record(struct coder *coder, const struct record *record, void *item)
{
    code_begin(coder, record->name, values_of(record));
    for (uint32_t i = 0; i < record->fields_count; i++) {
        if (field_travels(&record->fields[i])) {
            code_field(coder, &record->fields[i], item);
        }
    }
    code_end(coder);
    check_relations(coder, record, item);
}
