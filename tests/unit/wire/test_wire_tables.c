/*
 * Every field of every table that travels: its least and its largest value are taken; one beyond,
 * another type and a frame that ends there are refused, with the field's name. Made from the
 * tables.
 */
#include "check.h"

#include "travelling.h"
#include "travelling_samples.h"
#include "wire_record_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES_MAX 1024
#define VALUES_MAX 8
#define ROUNDS 50

/* A value as it stands in a frame. */
struct value {
    uint8_t bytes[VALUE_BYTES_MAX];
    size_t bytes_count;
};

struct values {
    struct value of[VALUES_MAX];
    uint32_t count;
};

static void add_bytes(struct values *values, const char *bytes, size_t bytes_count)
{
    struct value *value = &values->of[values->count++];

    assert_true(values->count <= VALUES_MAX && bytes_count <= VALUE_BYTES_MAX);
    memcpy(value->bytes, bytes, bytes_count);
    value->bytes_count = bytes_count;
}

#define ADD(values, text) add_bytes(values, text, sizeof(text) - 1)

/* With its head: 0xcf a number, 0xd3 a negative one, 0xcb a double. */
static void add_8_bytes(struct values *values, uint8_t head, uint64_t number)
{
    char bytes[9] = {(char)head};

    for (int i = 0; i < 8; i++) {
        bytes[8 - i] = (char)(number >> (8 * i));
    }
    add_bytes(values, bytes, sizeof bytes);
}

static void add_array(struct values *values, uint32_t count)
{
    const char bytes[] = {(char)0xdd, (char)(count >> 24), (char)(count >> 16), (char)(count >> 8),
                          (char)count};

    add_bytes(values, bytes, sizeof bytes);
}

static void add_text(struct values *values, size_t length)
{
    char bytes[VALUE_BYTES_MAX];

    memset(bytes, 'x', sizeof bytes);
    bytes[0] = (char)0xda;
    bytes[1] = (char)(length >> 8);
    bytes[2] = (char)length;
    add_bytes(values, bytes, 3 + length);
}

static void add_binary(struct values *values, uint8_t length)
{
    char bytes[2 + UINT8_MAX] = {(char)0xc4, (char)length};

    add_bytes(values, bytes, 2 + (size_t)length);
}

static void add_number_ends(const struct field *field, struct values *good, struct values *bad)
{
    uint64_t max = field->type == FIELD_ENUM ? field->names_count - 1 : field_max(field);

    add_8_bytes(good, 0xcf, (uint64_t)field->min);
    add_8_bytes(good, 0xcf, max);
    ADD(bad, "\xff"); /* -1 */
    if (field->min > 0) {
        add_8_bytes(bad, 0xcf, (uint64_t)field->min - 1);
    }
    if (max < UINT64_MAX) {
        add_8_bytes(bad, 0xcf, max + 1);
    }
}

static void add_signed_ends(const struct field *field, struct values *good, struct values *bad)
{
    bool any = field->min == 0 && field->max == 0;
    int64_t min = any ? INT64_MIN : field->min;
    uint64_t max = any || (field->max == 0 && field->min > 0) ? INT64_MAX : field->max;

    add_8_bytes(good, min < 0 ? 0xd3 : 0xcf, (uint64_t)min);
    add_8_bytes(good, 0xcf, max);
    add_8_bytes(bad, 0xcf, max + 1);
    if (min > INT64_MIN) {
        add_8_bytes(bad, min - 1 < 0 ? 0xd3 : 0xcf, (uint64_t)min - 1);
    }
}

static void add_struct_ends(const struct field *field, struct values *good, struct values *bad)
{
    switch (field->type) {
    case FIELD_RECORD:
        ADD(bad, "\x90");
        break;
    case FIELD_ARRAY:
        add_array(bad, field->items_max - 1);
        add_array(bad, field->items_max + 1);
        break;
    case FIELD_ONE:
        ADD(good, "\x90");
        ADD(bad, "\x92");
        break;
    default:
        if (field->min == 0) {
            ADD(good, "\x90");
        } else {
            add_array(bad, (uint32_t)field->min - 1);
        }
        add_array(bad, field->items_max + 1);
        add_array(bad, UINT32_MAX);
        break;
    }
    ADD(bad, "\x01");
    ADD(bad, "\xa1x");
}

static void add_text_ends(const struct field *field, struct values *good, struct values *bad)
{
    ADD(bad, "\x01");
    ADD(bad, "\xa3"
             "a\0b");
    if (field->type == FIELD_STRING) {
        ADD(good, "\xa0");
        add_text(good, 500);
        ADD(field->optional ? good : bad, "\xc0");
        return;
    }
    add_text(good, (size_t)field->min);
    add_text(good, field->bytes - 1);
    add_text(bad, field->bytes);
    if (field->min > 0) {
        add_text(bad, (size_t)field->min - 1);
    }
}

static void add_double_ends(const struct field *field, struct values *good, struct values *bad)
{
    add_8_bytes(good, 0xcb, UINT64_C(0x7fefffffffffffff)); /* The largest. */
    add_8_bytes(good, 0xcb, 0);
    add_8_bytes(field->type == FIELD_SUM ? bad : good, 0xcb, UINT64_C(0xbff0000000000000)); /* -1 */
    add_8_bytes(bad, 0xcb, UINT64_C(0x7ff0000000000000)); /* Infinite. */
    add_8_bytes(bad, 0xcb, UINT64_C(0x7ff8000000000000)); /* No number. */
    ADD(bad, "\x01");
}

/* Values of a field at the ends of its range, and values that it can't have. */
static void ends_of(const struct field *field, struct values *good, struct values *bad)
{
    good->count = 0;
    bad->count = 0;
    if (field->of != NULL) {
        add_struct_ends(field, good, bad);
        return;
    }
    switch (field->type) {
    case FIELD_BOOL:
        ADD(good, "\xc2");
        ADD(good, "\xc3");
        ADD(bad, "\x01");
        break;
    case FIELD_I64:
        add_signed_ends(field, good, bad);
        ADD(bad, "\xa1x");
        break;
    case FIELD_DOUBLE:
    case FIELD_SUM:
        add_double_ends(field, good, bad);
        break;
    case FIELD_TEXT:
    case FIELD_STRING:
        add_text_ends(field, good, bad);
        break;
    case FIELD_BYTES:
        add_binary(good, (uint8_t)field->bytes);
        add_binary(bad, (uint8_t)(field->bytes - 1));
        add_binary(bad, (uint8_t)(field->bytes + 1));
        ADD(bad, "\xc0");
        ADD(bad, "\x01");
        ADD(bad, "\xa1x");
        break;
    case FIELD_HISTS:
        ADD(good, "\xc0");
        ADD(bad, "\xc4\x03"
                 "abc");
        ADD(bad, "\x01");
        break;
    case FIELD_RUNS:
        ADD(good, "\x90");
        ADD(bad, "\x91\x01");
        ADD(bad, "\x01");
        break;
    default:
        add_number_ends(field, good, bad);
        ADD(bad, "\xa1x");
        break;
    }
}

static void write_record(const struct record *record, void *item, struct text *ret)
{
    struct coder coder;

    *ret = (struct text){0};
    coder_write(&coder, ret);
    code_record(&coder, record, item);
    assert_int_equal(coder.failure, 0);
}

/* Into a struct of its own; what it had to say. */
static int read_record(const struct record *record, const struct text *frame, struct errinfo *error)
{
    char *bytes = malloc(frame->bytes_count > 0 ? frame->bytes_count : 1);
    void *item = calloc(1, record->bytes);
    struct coder coder;

    assert_true(bytes != NULL && item != NULL);
    if (frame->bytes_count > 0) {
        memcpy(bytes, frame->bytes, frame->bytes_count); /* The sanitizer sees what is beyond. */
    }
    coder_read(&coder, bytes, frame->bytes_count, error);
    code_record(&coder, record, item);
    if (coder.failure == 0 && coder.at != coder.end) {
        coder_bad(&coder, "end", "has more after it");
    }
    record_done(record, item);
    free(item);
    free(bytes);
    return coder.failure;
}

/* Of an array of up to 15 values, or of more. */
static size_t head_bytes_of(const struct text *frame)
{
    return ((uint8_t)frame->bytes[0] & 0xf0) == 0x90 ? 1 : 3;
}

/* Where each field begins in a frame, and behind the last one where that ends. */
static void find_fields(const struct record *record, void *item, size_t *ret)
{
    struct text whole;
    size_t head_bytes;

    write_record(record, item, &whole);
    head_bytes = head_bytes_of(&whole);
    for (uint32_t i = 0; i <= record->fields_count; i++) {
        struct record first = *record;
        struct text part;

        first.fields_count = i;
        write_record(&first, item, &part);
        ret[i] = part.bytes_count + head_bytes - head_bytes_of(&part);
        text_done(&part);
    }
    assert_int_equal(ret[record->fields_count], whole.bytes_count);
    text_done(&whole);
}

static int read_spliced(const struct record *record, const struct text *frame, const size_t *at,
                        const struct value *value, struct errinfo *error)
{
    struct text spliced = {0};
    int r;

    *error = (struct errinfo){""};
    text_add_bytes(&spliced, frame->bytes, at[0]);
    text_add_bytes(&spliced, (const char *)value->bytes, value->bytes_count);
    text_add_bytes(&spliced, frame->bytes + at[1], frame->bytes_count - at[1]);
    r = read_record(record, &spliced, error);
    text_done(&spliced);
    return r;
}

static void expect_ends(const struct record *record, const struct field *field,
                        const struct text *frame, const size_t *at)
{
    static struct values good;
    static struct values bad;
    struct errinfo error;

    ends_of(field, &good, &bad);
    for (uint32_t i = 0; i < good.count; i++) {
        if (read_spliced(record, frame, at, &good.of[i], &error) != 0) {
            fail_msg("%s.%s, good value %u: %s", record->name, field->name, i, error.text);
        }
    }
    assert_true(bad.count > 0);
    for (uint32_t i = 0; i < bad.count; i++) {
        if (read_spliced(record, frame, at, &bad.of[i], &error) != -EBADMSG) {
            fail_msg("%s.%s, bad value %u is taken", record->name, field->name, i);
        }
        if (strstr(error.text, field->names_count > 0 && field->type != FIELD_ENUM
                                   ? field->names[0]
                                   : field->name) == NULL &&
            (field->of == NULL || strstr(error.text, field->of->name) == NULL)) {
            fail_msg("%s.%s, bad value %u: %s", record->name, field->name, i, error.text);
        }
    }
}

/* Cut off at its beginning, and a record of one field less. */
static void expect_too_short(const struct record *record, const struct text *frame, size_t at)
{
    struct text cut = {0};
    struct errinfo error = {""};

    text_add_bytes(&cut, frame->bytes, at);
    assert_int_equal(read_record(record, &cut, &error), -EBADMSG);
    text_done(&cut);
}

static void every_field_takes_its_range_and_nothing_else(void **state)
{
    const struct record *records[TRAVELLING_MAX];
    uint32_t count = travelling_records(records);

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        struct record alone =
            *records[i]; /* One field at its end breaks what holds between them. */
        void *item = calloc(1, alone.bytes);
        size_t at[64] = {0};
        struct text frame;

        assert_true(item != NULL && alone.fields_count < 64);
        record_least(&alone, item);
        alone.wrong = NULL;
        find_fields(&alone, item, at);
        write_record(&alone, item, &frame);
        for (uint32_t f = 0; f < alone.fields_count; f++) {
            const struct field *field = &alone.fields[f];
            /* Of several values the first; each is one byte, as they are the least. */
            const size_t place[2] = {
                at[f], field->type == FIELD_COUNTERS || field->type == FIELD_HISTS ? at[f] + 1
                                                                                   : at[f + 1]};

            if (field_travels(field)) {
                expect_ends(&alone, field, &frame, place);
                expect_too_short(&alone, &frame, at[f]);
            }
        }
        text_done(&frame);
        record_done(&alone, item);
        free(item);
    }
}

static void every_table_reads_back_as_it_was(void **state)
{
    const struct record *records[TRAVELLING_MAX];
    uint32_t count = travelling_records(records);
    struct random random;

    (void)state;
    random_seed(&random, 1);
    for (uint32_t i = 0; i < count * ROUNDS; i++) {
        const struct record *record = records[i % count];
        void *item = calloc(1, record->bytes);
        void *back = calloc(1, record->bytes);
        struct errinfo error = {""};
        struct coder coder;
        struct text frame;

        assert_true(item != NULL && back != NULL);
        record_sample(&random, record, item);
        assert_int_equal(record_check(record, item, &error), 0);
        write_record(record, item, &frame);
        coder_read(&coder, frame.bytes, frame.bytes_count, &error);
        code_record(&coder, record, back);
        if (coder.failure != 0 || coder.at != coder.end || !record_same(record, item, back)) {
            fail_msg("%s: %s", record->name, error.text);
        }
        record_done(record, item);
        record_done(record, back);
        free(item);
        free(back);
        text_done(&frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_takes_its_range_and_nothing_else),
        cmocka_unit_test(every_table_reads_back_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
