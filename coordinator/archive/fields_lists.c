/* What is made of many values: histograms, lists and tables. */
#include "bounds.h"
#include "fields.h"
#include "fields_record.h"

#include "invariant.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a binary field; false if it is absent or something failed. */
static bool read_binary(struct fields *fields, const char *key, const uint8_t **ret,
                        uint32_t *ret_bytes)
{
    bson_iter_t iter;
    bson_subtype_t subtype;

    if (fields->failure != 0 ||
        !bson_iter_init_find(&iter, fields->levels[fields->depth - 1].bson, key)) {
        return false;
    }
    if (!BSON_ITER_HOLDS_BINARY(&iter)) {
        fields_bad(fields, key, "has the wrong type");
        return false;
    }
    *ret = NULL;
    bson_iter_binary(&iter, &subtype, ret_bytes, ret);
    if (*ret == NULL || subtype != BSON_SUBTYPE_BINARY) {
        fields_bad(fields, key, "is damaged");
        return false;
    }
    return true;
}

static void write_binary(struct fields *fields, const char *key, const void *bytes,
                         size_t bytes_count)
{
    if (bytes_count > DOCUMENT_BYTES_MAX ||
        !bson_append_binary(fields->levels[fields->depth - 1].bson, key, -1, BSON_SUBTYPE_BINARY,
                            bytes, (uint32_t)bytes_count)) {
        fields_fail(fields, -EMSGSIZE, key, "makes the document too long");
    }
}

static void write_hist(struct fields *fields, const char *key, const struct hist_packed *hist)
{
    uint64_t count = hist->count;
    int64_t min_ns = hist_packed_min(hist);
    int64_t max_ns = hist_packed_max(hist);

    if (!field_doc_begin(fields, key)) {
        return;
    }
    field_counter(fields, "count", &count);
    field_i64(fields, "min_ns", &min_ns);
    field_i64(fields, "max_ns", &max_ns);
    write_binary(fields, "packed", hist->bytes, hist->bytes_count);
    field_doc_end(fields);
}

static void read_hist(struct fields *fields, const char *key, struct hist_packed *hist)
{
    const uint8_t *bytes = NULL;
    uint32_t bytes_count = 0;

    if (!field_doc_begin(fields, key)) {
        return;
    }
    if (!read_binary(fields, "packed", &bytes, &bytes_count)) {
        fields_bad(fields, "packed", "is missing");
    } else {
        int r = hist_packed_read(bytes, bytes_count, hist, NULL);

        if (r == -ENOMEM) {
            fields_fail(fields, -ENOMEM, key, "does not fit into memory");
        } else if (r < 0) {
            fields_bad(fields, "packed", "is no histogram");
        }
    }
    field_doc_end(fields);
}

void field_hist(struct fields *fields, const char *key, struct hist_packed *hist)
{
    bson_iter_t iter;

    if (fields->failure != 0) {
        return;
    }
    if (!fields->reads) {
        if (hist->bytes != NULL) {
            write_hist(fields, key, hist);
        }
    } else if (bson_iter_init_find(&iter, fields->levels[fields->depth - 1].bson, key)) {
        read_hist(fields, key, hist);
    }
}

static void code_item(struct fields *fields, const struct field_list *kind, void *item)
{
    if (kind->code != NULL) {
        kind->code(fields, item);
    } else {
        field_record(fields, kind->record, item);
    }
}

static void write_items(struct fields *fields, const char *key, void *items, uint32_t count,
                        const struct field_list *kind)
{
    uint32_t depth = fields->depth;
    bson_t array;

    if (fields->failure != 0) {
        return;
    }
    ASSERT(depth < FIELDS_DEPTH_MAX);
    if (!bson_append_array_begin(fields->levels[depth - 1].bson, key, -1, &array)) {
        fields_fail(fields, -EMSGSIZE, key, "makes the document too long");
        return;
    }
    fields->levels[depth].name = key;
    fields->levels[depth].is_array = true;
    fields->levels[depth].bson = &fields->levels[depth].own;
    for (uint32_t i = 0; i < count && fields->failure == 0; i++) {
        char digits[16];
        const char *index_key;

        fields->levels[depth].index = i;
        bson_uint32_to_string(i, &index_key, digits, sizeof digits);
        if (!bson_append_document_begin(&array, index_key, -1, &fields->levels[depth].own)) {
            fields_fail(fields, -EMSGSIZE, key, "makes the document too long");
            break;
        }
        fields->depth = depth + 1;
        code_item(fields, kind, (char *)items + i * kind->item_bytes);
        fields->depth = depth;
        (void)bson_append_document_end(&array, &fields->levels[depth].own);
    }
    (void)bson_append_array_end(fields->levels[depth - 1].bson, &array);
}

/* The array of a list, and how many items it has; false if it is absent or something failed. */
static bool open_array(struct fields *fields, const char *key, const struct field_list *kind,
                       bson_iter_t *ret, uint32_t *ret_count)
{
    bson_iter_t iter;
    bson_iter_t counting;

    if (fields->failure != 0 ||
        !bson_iter_init_find(&iter, fields->levels[fields->depth - 1].bson, key)) {
        return false;
    }
    if (!BSON_ITER_HOLDS_ARRAY(&iter)) {
        fields_bad(fields, key, "has the wrong type");
        return false;
    }
    if (!bson_iter_recurse(&iter, ret)) {
        fields_bad(fields, key, "is damaged");
        return false;
    }
    *ret_count = 0;
    counting = *ret;
    while (bson_iter_next(&counting)) {
        if (*ret_count == kind->items_max) {
            fields_bad(fields, key, "has too many items");
            return false;
        }
        ++*ret_count;
    }
    return true;
}

static void read_items(struct fields *fields, const char *key, bson_iter_t *array, void *items,
                       const struct field_list *kind)
{
    uint32_t depth = fields->depth;

    ASSERT(depth < FIELDS_DEPTH_MAX);
    fields->levels[depth].name = key;
    fields->levels[depth].is_array = true;
    fields->levels[depth].bson = &fields->levels[depth].own;
    for (uint32_t i = 0; fields->failure == 0 && bson_iter_next(array); i++) {
        const uint8_t *bytes = NULL;
        uint32_t bytes_count = 0;

        fields->levels[depth].index = i;
        fields->depth = depth + 1;
        if (BSON_ITER_HOLDS_DOCUMENT(array)) {
            bson_iter_document(array, &bytes_count, &bytes);
        }
        if (bytes == NULL || !bson_init_static(&fields->levels[depth].own, bytes, bytes_count) ||
            !bson_iter_init(&fields->levels[depth].at, &fields->levels[depth].own)) {
            fields_bad(fields, "the item", "is no document");
        } else {
            code_item(fields, kind, (char *)items + i * kind->item_bytes);
        }
        fields->depth = depth;
    }
}

void *field_list(struct fields *fields, const char *key, void *items, uint32_t *count,
                 const struct field_list *kind)
{
    bson_iter_t array;
    uint32_t number = 0;

    if (!fields->reads) {
        write_items(fields, key, items, *count, kind);
        return items;
    }
    if (!open_array(fields, key, kind, &array, &number) || number == 0) {
        return NULL;
    }
    items = calloc(number, kind->item_bytes);
    if (items == NULL) {
        fields_fail(fields, -ENOMEM, key, "does not fit into memory");
        return NULL;
    }
    *count = number;
    read_items(fields, key, &array, items, kind);
    return items;
}

void field_items(struct fields *fields, const char *key, void *items, uint32_t *count,
                 const struct field_list *kind)
{
    bson_iter_t array;

    if (!fields->reads) {
        write_items(fields, key, items, *count, kind);
    } else if (open_array(fields, key, kind, &array, count)) {
        read_items(fields, key, &array, items, kind);
    }
}

static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static void write_leb128(struct table *table, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));

        text_add_bytes(&table->out, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

/* 0 after a failure. */
static uint64_t read_leb128(struct table *table)
{
    uint64_t value = 0;

    for (uint32_t shift = 0; shift < 64 && table->fields->failure == 0; shift += 7) {
        uint8_t byte;

        if (table->at == table->end) {
            fields_bad(table->fields, table->key, "is cut off");
            return 0;
        }
        byte = *table->at++;
        if (shift == 63 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    fields_bad(table->fields, table->key, "has a number that is too large");
    return 0;
}

void column_u64(struct table *table, uint64_t *value)
{
    if (!table->fields->reads) {
        write_leb128(table, *value);
    } else {
        *value = read_leb128(table);
    }
}

void column_u32(struct table *table, uint32_t *value, uint32_t max)
{
    uint64_t wide = *value;

    column_u64(table, &wide);
    if (table->fields->reads) {
        if (wide > max) {
            fields_bad(table->fields, table->key, "has a number that is out of range");
            return;
        }
        *value = (uint32_t)wide;
    }
}

void column_i64(struct table *table, int64_t *value)
{
    uint64_t wide = zigzag(*value);

    column_u64(table, &wide);
    if (table->fields->reads) {
        *value = unzigzag(wide);
    }
}

void column_double(struct table *table, double *value)
{
    uint8_t bytes[sizeof(uint64_t)];
    uint64_t bits = 0;

    if (!table->fields->reads) {
        double finite = isfinite(*value) ? *value : 0.0;

        memcpy(&bits, &finite, sizeof bits);
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)(bits >> (8 * i));
        }
        text_add_bytes(&table->out, bytes, sizeof bytes);
        return;
    }
    if (table->fields->failure != 0 || (size_t)(table->end - table->at) < sizeof bytes) {
        fields_bad(table->fields, table->key, "is cut off");
        return;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bits |= (uint64_t)*table->at++ << (8 * i);
    }
    memcpy(value, &bits, sizeof bits);
    if (!isfinite(*value)) {
        *value = 0.0;
        fields_bad(table->fields, table->key, "has something that is no number");
    }
}

static void read_runs(struct table *table, struct seqruns *runs, uint64_t count)
{
    uint64_t next = 0;

    if (count > (size_t)(table->end - table->at) / 2) {
        fields_bad(table->fields, table->key, "is cut off");
        return;
    }
    runs->runs = malloc(count * sizeof *runs->runs);
    if (runs->runs == NULL) {
        fields_fail(table->fields, -ENOMEM, table->key, "does not fit into memory");
        return;
    }
    runs->runs_capacity = (uint32_t)count;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t first = next + (uint64_t)unzigzag(read_leb128(table));
        uint64_t length = read_leb128(table);

        if (table->fields->failure != 0 || first >= SEQ_MAX || length >= SEQ_MAX - first) {
            fields_bad(table->fields, table->key, "has a run of sequence numbers that can't be");
            return;
        }
        next = first + length + 1;
        runs->runs[runs->runs_count++] = (struct seqrun){.first = first, .last = first + length};
    }
}

void column_runs(struct table *table, struct seqruns *runs)
{
    uint64_t count = runs->runs_count;
    uint64_t next = 0;

    column_u64(table, &count);
    if (table->fields->reads) {
        if (table->fields->failure == 0 && count > 0) {
            read_runs(table, runs, count);
        }
        return;
    }
    for (uint32_t i = 0; i < runs->runs_count; i++) {
        const struct seqrun *run = &runs->runs[i];

        write_leb128(table, zigzag((int64_t)(run->first - next)));
        write_leb128(table, run->last - run->first);
        next = run->last + 1;
    }
}

static void *read_table(struct table *table, uint32_t *count, const struct table_list *kind)
{
    struct fields *fields = table->fields;
    uint64_t number = read_leb128(table);
    void *items;

    if (number > kind->items_max ||
        number > (size_t)(table->end - table->at) / kind->row_bytes_min) {
        fields_bad(fields, table->key, "has more rows than it can hold");
    }
    if (fields->failure != 0 || number == 0) {
        return NULL;
    }
    items = calloc(number, kind->item_bytes);
    if (items == NULL) {
        fields_fail(fields, -ENOMEM, table->key, "does not fit into memory");
        return NULL;
    }
    *count = (uint32_t)number;
    for (uint32_t i = 0; i < *count && fields->failure == 0; i++) {
        kind->code(table, (char *)items + i * kind->item_bytes);
    }
    if (table->at != table->end) {
        fields_bad(fields, table->key, "goes on after its last row");
    }
    return items;
}

void *field_table(struct fields *fields, const char *key, void *items, uint32_t *count,
                  const struct table_list *kind)
{
    struct table table = {.fields = fields, .key = key};
    uint32_t bytes_count = 0;

    if (fields->reads) {
        if (!read_binary(fields, key, &table.at, &bytes_count)) {
            return NULL;
        }
        table.end = table.at + bytes_count;
        return read_table(&table, count, kind);
    }
    if (*count == 0 || fields->failure != 0) {
        return items;
    }
    write_leb128(&table, *count);
    for (uint32_t i = 0; i < *count; i++) {
        kind->code(&table, (char *)items + i * kind->item_bytes);
    }
    if (text_failed(&table.out)) {
        fields_fail(fields, -ENOMEM, key, "does not fit into memory");
    } else {
        write_binary(fields, key, table.out.bytes, table.out.bytes_count);
    }
    text_done(&table.out);
    return items;
}
