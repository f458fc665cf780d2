/*
 * Lists that are packed: many small structs as one binary, since a document each would be ten times
 * as large. LEB128 of the number of rows, then the rows' columns one after the other. Of columns:
 * - a number: LEB128;
 * - a signed one: LEB128 of its zigzag;
 * - a double: 8 bytes, little endian;
 * - runs of sequence numbers: their number, then for each the zigzag of (first - (last of the run
 *   before + 1)) and last - first.
 */
#include "fields_inner.h"
#include "seqset.h"
#include "text.h"

#include "invariant.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rows {
    struct fields *fields;
    const char *key;
    bool older;        /* Without the columns that came later. */
    struct text out;   /* Writing. */
    const uint8_t *at; /* Reading: what is left. */
    const uint8_t *end;
};

static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static void write_leb128(struct rows *rows, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));

        text_add_bytes(&rows->out, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

/* 0 after a failure. */
static uint64_t read_leb128(struct rows *rows)
{
    uint64_t value = 0;

    for (uint32_t shift = 0; shift < 64 && rows->fields->failure == 0; shift += 7) {
        uint8_t byte;

        if (rows->at == rows->end) {
            fields_bad(rows->fields, rows->key, "is cut off");
            return 0;
        }
        byte = *rows->at++;
        if (shift == 63 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    fields_bad(rows->fields, rows->key, "has a number that is too large");
    return 0;
}

static void code_u64(struct rows *rows, uint64_t *value)
{
    if (!rows->fields->reads) {
        write_leb128(rows, *value);
    } else {
        *value = read_leb128(rows);
    }
}

static void code_u32(struct rows *rows, const struct field *field, void *item)
{
    uint64_t wide = field_u32_get(field, item);

    code_u64(rows, &wide);
    if (wide > UINT32_MAX) {
        fields_bad(rows->fields, rows->key, "has a number that is too large");
    } else if (rows->fields->reads) {
        field_u32_set(field, item, (uint32_t)wide);
    }
}

static void code_i64(struct rows *rows, const struct field *field, void *item)
{
    uint64_t wide = zigzag(field_i64_get(field, item));

    code_u64(rows, &wide);
    if (rows->fields->reads) {
        field_i64_set(field, item, unzigzag(wide));
    }
}

static void code_double(struct rows *rows, double *value)
{
    uint8_t bytes[sizeof(uint64_t)];
    uint64_t bits = 0;

    if (!rows->fields->reads) {
        double finite = isfinite(*value) ? *value : 0.0;

        memcpy(&bits, &finite, sizeof bits);
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)(bits >> (8 * i));
        }
        text_add_bytes(&rows->out, bytes, sizeof bytes);
        return;
    }
    if (rows->fields->failure != 0 || (size_t)(rows->end - rows->at) < sizeof bytes) {
        fields_bad(rows->fields, rows->key, "is cut off");
        return;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bits |= (uint64_t)*rows->at++ << (8 * i);
    }
    memcpy(value, &bits, sizeof bits);
    if (!isfinite(*value)) {
        *value = 0.0;
        fields_bad(rows->fields, rows->key, "has something that is no number");
    }
}

static void read_runs(struct rows *rows, struct seqruns *runs, uint64_t count)
{
    uint64_t next = 0;

    if (count > (size_t)(rows->end - rows->at) / 2) {
        fields_bad(rows->fields, rows->key, "is cut off");
        return;
    }
    runs->runs = malloc(count * sizeof *runs->runs);
    if (runs->runs == NULL) {
        fields_fail(rows->fields, -ENOMEM, rows->key, "does not fit into memory");
        return;
    }
    runs->runs_capacity = (uint32_t)count;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t first = next + (uint64_t)unzigzag(read_leb128(rows));
        uint64_t length = read_leb128(rows);

        if (rows->fields->failure != 0 || first >= SEQ_MAX || length >= SEQ_MAX - first) {
            fields_bad(rows->fields, rows->key, "has a run of sequence numbers that can't be");
            return;
        }
        next = first + length + 1;
        runs->runs[runs->runs_count++] = (struct seqrun){.first = first, .last = first + length};
    }
}

static void code_runs(struct rows *rows, struct seqruns *runs)
{
    uint64_t count = runs->runs_count;
    uint64_t next = 0;

    code_u64(rows, &count);
    if (rows->fields->reads) {
        if (rows->fields->failure == 0 && count > 0) {
            read_runs(rows, runs, count);
        }
        return;
    }
    for (uint32_t i = 0; i < runs->runs_count; i++) {
        const struct seqrun *run = &runs->runs[i];

        write_leb128(rows, zigzag((int64_t)(run->first - next)));
        write_leb128(rows, run->last - run->first);
        next = run->last + 1;
    }
}

static void code_column(struct rows *rows, const struct field *field, void *item)
{
    char what[FIELD_WRONG_BYTES];
    char words[2 * FIELD_WRONG_BYTES];

    switch (field->type) {
    case FIELD_U32:
        code_u32(rows, field, item);
        break;
    case FIELD_COUNTER:
        code_u64(rows, field_at(field, item));
        break;
    case FIELD_I64:
        code_i64(rows, field, item);
        break;
    case FIELD_DOUBLE:
    case FIELD_SUM:
        code_double(rows, field_at(field, item));
        break;
    case FIELD_RUNS:
        code_runs(rows, field_at(field, item));
        break;
    default: /* No struct that is packed has such a field. */
        ASSERT(false);
    }
    if (rows->fields->reads && field_is_wrong(field, item, what)) {
        (void)snprintf(words, sizeof words, "has a row whose %s %s", field->name, what);
        fields_bad(rows->fields, rows->key, words);
    }
}

static bool is_there(const struct rows *rows, const struct field *field)
{
    return !rows->older || field->since <= 1;
}

static void code_row(struct rows *rows, const struct record *record, void *item)
{
    for (uint32_t i = 0; i < record->fields_count; i++) {
        if (is_there(rows, &record->fields[i])) {
            code_column(rows, &record->fields[i], item);
        } else {
            field_note_lack(rows->fields, record, &record->fields[i]);
            field_set_otherwise(&record->fields[i], item);
        }
    }
    if (rows->fields->reads && record_is_wrong(record, item) != NULL) {
        fields_bad(rows->fields, rows->key, record_is_wrong(record, item));
    }
}

/* Bounds what a number of rows can claim. */
static size_t row_bytes_min(const struct rows *rows, const struct record *record)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < record->fields_count; i++) {
        const struct field *field = &record->fields[i];
        bool wide = field->type == FIELD_DOUBLE || field->type == FIELD_SUM;

        bytes += !is_there(rows, field) ? 0 : wide ? sizeof(uint64_t) : 1;
    }
    ASSERT(bytes > 0);
    return bytes;
}

/* A row takes some bytes in the document, and much more in memory: no list is longer than its trial
 * allows. */
static uint32_t rows_max(const struct fields *fields, const struct field *field)
{
    const struct snapshot_limits *limits = fields->context.limits;

    if (limits != NULL && field->of == &stream_delta_record) {
        return limits->streams;
    }
    if (limits != NULL && field->of == &stream_range_record) {
        return limits->ranges;
    }
    return limits != NULL && field->of == &reading_delta_record ? limits->readings
                                                                : field->items_max;
}

static void read_rows(struct rows *rows, const struct field *field, void *item)
{
    const struct record *record = field->of;
    uint64_t count = read_leb128(rows);
    void **list = field_at(field, item);

    if (count > rows_max(rows->fields, field) ||
        count > (size_t)(rows->end - rows->at) / row_bytes_min(rows, record)) {
        fields_bad(rows->fields, rows->key, "has more rows than it can hold");
    } else if (field->counted && count != *field_count_at(field, item)) {
        fields_bad(rows->fields, rows->key, "has not as many rows as what it belongs to");
    }
    if (rows->fields->failure != 0 || count == 0) {
        return;
    }
    *list = calloc(count, record->bytes);
    if (*list == NULL) {
        fields_fail(rows->fields, -ENOMEM, rows->key, "does not fit into memory");
        return;
    }
    *field_count_at(field, item) = (uint32_t)count;
    for (uint64_t i = 0; i < count && rows->fields->failure == 0; i++) {
        code_row(rows, record, (char *)*list + i * record->bytes);
    }
    if (rows->at != rows->end) {
        fields_bad(rows->fields, rows->key, "goes on after its last row");
    }
}

static void read_packed(struct fields *fields, const struct field *field, void *item)
{
    struct rows rows = {.fields = fields, .key = field_key(field)};
    uint32_t bytes_count = 0;

    if (fields_lacks(fields, rows.key)) {
        rows.older = !fields_lacks(fields, field->name);
        rows.key = field->name;
    }
    if (field_bytes_read(fields, rows.key, &rows.at, &bytes_count)) {
        rows.end = rows.at + bytes_count;
        read_rows(&rows, field, item);
    } else if (field->counted && *field_count_at(field, item) > 0) {
        fields_bad(fields, rows.key, "is missing");
    }
}

void field_packed(struct fields *fields, const struct field *field, void *item)
{
    struct rows rows = {.fields = fields, .key = field_key(field)};
    uint32_t count = 0;
    char *items;

    if (fields->reads) {
        read_packed(fields, field, item);
        return;
    }
    items = field_structs(field, item, &count);
    if (count == 0) {
        return;
    }
    write_leb128(&rows, count);
    for (uint32_t i = 0; i < count; i++) {
        code_row(&rows, field->of, items + i * field->of->bytes);
    }
    if (text_failed(&rows.out)) {
        fields_fail(fields, -ENOMEM, rows.key, "does not fit into memory");
    } else {
        field_bytes_write(fields, rows.key, rows.out.bytes, rows.out.bytes_count);
    }
    text_done(&rows.out);
}
