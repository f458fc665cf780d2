/* Single values and lists as hostile bytes; what the frames of test_wire.c hardly hit. */
#include "check.h"
#include "wire_coder_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(text) text, sizeof(text) - 1

/* Reads bytes with code; the failure, with its sentence in err. */
static int read_with(void (*code)(struct coder *, void *), void *value, const char *bytes,
                     size_t bytes_count, struct errinfo *err)
{
    struct coder coder;

    memset(err, 0, sizeof *err);
    coder_read(&coder, bytes, bytes_count, err);
    code(&coder, value);
    if (coder.failure == 0) {
        assert_ptr_equal(coder.at, coder.end);
    }
    return coder.failure;
}

static void expect_refusal(void (*code)(struct coder *, void *), const char *bytes,
                           size_t bytes_count, const char *sentence)
{
    char before[64] = {0}; /* Larger than any value here; all of them start as zeros. */
    char value[64] = {0};
    struct errinfo err;

    assert_int_equal(read_with(code, value, bytes, bytes_count, &err), -EBADMSG);
    assert_memory_equal(value, before, sizeof value);
    if (strstr(err.text, sentence) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, sentence);
    }
}

static void number(struct coder *coder, void *value)
{
    code_u32(coder, "number", value, 1000);
}

static void number_item(struct coder *coder, const struct list_kind *kind, void *value)
{
    (void)kind;
    number(coder, value);
}

static void time_value(struct coder *coder, void *value)
{
    code_i64(coder, "time", value);
}

static void flag(struct coder *coder, void *value)
{
    code_bool(coder, "flag", value);
}

static void real(struct coder *coder, void *value)
{
    code_double(coder, "real", value);
}

static void name(struct coder *coder, void *value)
{
    code_text(coder, "name", value, 8);
}

static void owned(struct coder *coder, void *value)
{
    code_string(coder, "owned", value, false);
}

static void runs(struct coder *coder, void *value)
{
    code_runs(coder, "runs", value);
}

static void hist(struct coder *coder, void *value)
{
    code_hist(coder, "hist", value);
}

static void pair(struct coder *coder, void *value)
{
    uint32_t *numbers = value;

    code_begin(coder, "pair", 2);
    code_u32(coder, "first", &numbers[0], 10);
    code_u32(coder, "second", &numbers[1], 10);
    code_end(coder);
}

static void numbers_are_refused_beyond_their_bound_or_of_another_type(void **state)
{
    (void)state;
    expect_refusal(number, BYTES(""), "cut off");
    expect_refusal(number, BYTES("\xcd\x03\xe9"), "number is too large"); /* 1001 */
    expect_refusal(number, BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "too large");
    expect_refusal(number, BYTES("\xcd\x03"), "cut off");
    expect_refusal(number, BYTES("\xff"), "type");                 /* -1 */
    expect_refusal(number, BYTES("\xc0"), "type");                 /* nil */
    expect_refusal(number, BYTES("\xc3"), "type");                 /* true */
    expect_refusal(number, BYTES("\xca\x3f\x80\x00\x00"), "type"); /* 1.0 */
    expect_refusal(number,
                   BYTES("\xa1"
                         "1"),
                   "type");
    expect_refusal(time_value, BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), "type"); /* 2^63 */
    expect_refusal(flag, BYTES("\x01"), "type");
    expect_refusal(real, BYTES("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), "no number"); /* NaN */
    expect_refusal(real, BYTES("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"),
                   "no number"); /* Infinity. */
    expect_refusal(real, BYTES("\x01"), "type");
}

static void what_the_library_would_build_in_memory_is_refused(void **state)
{
    static const char *const heads[] = {"\x91",
                                        "\x81",
                                        "\xdc\xff\xff",
                                        "\xc1",
                                        "\xdd\xff\xff\xff\xff",
                                        "\xde\xff\xff",
                                        "\xdf\xff\xff\xff\xff",
                                        "\xc7\xff\x01",
                                        "\xc8\xff\xff\x01",
                                        "\xd4\x01",
                                        "\xd8\x01"};

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        expect_refusal(number, heads[i], strlen(heads[i]), "type");
        expect_refusal(owned, heads[i], strlen(heads[i]), "type");
        expect_refusal(hist, heads[i], strlen(heads[i]), "type");
    }
}

static void text_is_refused_if_it_does_not_fit(void **state)
{
    (void)state;
    expect_refusal(name,
                   BYTES("\xa8"
                         "12345678"),
                   "too long"); /* No room for the end. */
    expect_refusal(name,
                   BYTES("\xa3"
                         "a\0b"),
                   "zero");
    expect_refusal(name,
                   BYTES("\xa3"
                         "ab"),
                   "cut off");
    expect_refusal(name,
                   BYTES("\xdb\xff\xff\xff\xff"
                         "ab"),
                   "cut off"); /* Claims 4 GiB. */
    expect_refusal(name,
                   BYTES("\xc4\x01"
                         "a"),
                   "type");                       /* Bytes. */
    expect_refusal(owned, BYTES("\xc0"), "type"); /* Not optional. */
}

static void text_replaces_all_that_was_there(void **state)
{
    char text[8] = "1234567";
    char wanted[8] = "ab";
    struct errinfo err;

    (void)state;
    assert_int_equal(read_with(name, text,
                               BYTES("\xa2"
                                     "ab"),
                               &err),
                     0);
    assert_memory_equal(text, wanted, sizeof text);
}

static void a_struct_has_exactly_its_fields(void **state)
{
    uint32_t numbers[2] = {0};
    struct errinfo err;

    (void)state;
    assert_int_equal(read_with(pair, numbers, BYTES("\x92\x01\x02"), &err), 0);
    assert_int_equal(read_with(pair, numbers, BYTES("\xdc\x00\x02\x01\x02"), &err), 0);
    expect_refusal(pair, BYTES("\x91\x01"), "number of fields");
    expect_refusal(pair, BYTES("\x93\x01\x02\x03"), "number of fields");
    expect_refusal(pair, BYTES("\x01"), "not an array");
    expect_refusal(pair, BYTES("\x82\x01\x02\x03\x04"), "not an array");
    expect_refusal(pair, BYTES("\xdd\x00\x00"), "cut off");
}

/* Items so large that taking memory for even one fails with -ENOMEM, or ends the test at once. */
static void huge_items(struct coder *coder, void *value)
{
    static const struct list_kind kind = {
        .item_bytes = (size_t)1 << 60, .items_max = 1000, .item_bytes_min = 2, .code = number_item};
    struct {
        void *items;
        uint32_t count;
    } *list = value;

    list->items = code_list(coder, "items", list->items, &list->count, &kind);
}

static void a_count_is_refused_before_memory_is_taken(void **state)
{
    (void)state;
    expect_refusal(huge_items, BYTES("\xdd\xff\xff\xff\xff\x01\x01"), "too many items");
    expect_refusal(huge_items, BYTES("\xdc\x03\xe9\x01\x01"), "too many items"); /* 1001 */
    expect_refusal(huge_items, BYTES("\xdc\x03\xe8\x01\x01"), "cut off");        /* 1000 */
    expect_refusal(huge_items, BYTES("\x92\x01\x01\x01"), "cut off");
}

/* What was read before the fault stays, as the destructor of the struct around expects it. */
static void expect_refused_runs(const char *bytes, size_t bytes_count, const char *sentence)
{
    struct seqruns list = {0};
    struct errinfo err;

    assert_int_equal(read_with(runs, &list, bytes, bytes_count, &err), -EBADMSG);
    assert_non_null(strstr(err.text, sentence));
    seqruns_done(&list);
}

static void runs_are_refused_out_of_range(void **state)
{
    (void)state;
    expect_refused_runs(BYTES("\x91\x01"), "cut off"); /* Half a run. */
    expect_refused_runs(BYTES("\x92\x01"), "cut off");
    expect_refused_runs(BYTES("\xdd\xff\xff\xff\xfe\x01\x01"), "cut off");
    expect_refused_runs(BYTES("\x92\xff\x00"), "out of range"); /* Before 0. */
    expect_refused_runs(BYTES("\x92\xcf\x00\x01\x00\x00\x00\x00\x00\x00\x00"), "out of range");
    expect_refused_runs(BYTES("\x92\x01\xcf\x00\x00\xff\xff\xff\xff\xff\xff"), "out of range");
    expect_refused_runs(BYTES("\x92\x00\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "too large");
    expect_refused_runs(BYTES("\x92\xd3\x80\x00\x00\x00\x00\x00\x00\x00\x00"), "out of range");
    expect_refused_runs(BYTES("\x92\xcf\x7f\xff\xff\xff\xff\xff\xff\xff\x00"), "out of range");
}

static void runs_may_end_at_the_last_number_and_start_over(void **state)
{
    struct seqruns list = {0};
    struct seqruns back = {0};
    struct text out = {0};
    struct coder coder;
    struct errinfo err;

    (void)state;
    assert_int_equal(seqruns_add(&list, SEQ_MAX - 1, SEQ_MAX - 1), 0);
    assert_int_equal(seqruns_add(&list, 0, SEQ_MAX - 1), 0);
    assert_int_equal(seqruns_add(&list, 5, 7), 0);
    coder_write(&coder, &out);
    code_runs(&coder, "runs", &list);
    assert_int_equal(coder.failure, 0);
    assert_int_equal(read_with(runs, &back, out.bytes, out.bytes_count, &err), 0);
    assert_int_equal(back.runs_count, 3);
    assert_memory_equal(back.runs, list.runs, 3 * sizeof *list.runs);
    seqruns_done(&list);
    seqruns_done(&back);
    text_done(&out);
}

static void an_orderly_stream_takes_few_bytes(void **state)
{
    struct seqruns list = {0};
    struct text out = {0};
    struct coder coder;

    (void)state;
    assert_int_equal(seqruns_add(&list, 1000000, 1099999), 0);
    coder_write(&coder, &out);
    code_runs(&coder, "runs", &list);
    assert_int_equal(out.bytes_count, 1 + 5 + 5);
    seqruns_done(&list);
    text_done(&out);
}

static void broken_histograms_are_refused(void **state)
{
    struct hist_packed read = {0};
    struct errinfo err;

    (void)state;
    assert_int_equal(read_with(hist, &read,
                               BYTES("\xc4\x03"
                                     "abc"),
                               &err),
                     -EBADMSG);
    assert_non_null(strstr(err.text, "no histogram"));
    assert_null(read.bytes);
    assert_int_equal(read_with(hist, &read, BYTES("\xc4\x00"), &err), -EBADMSG);
    assert_null(read.bytes);
    expect_refusal(hist,
                   BYTES("\xa3"
                         "abc"),
                   "type");
    expect_refusal(hist,
                   BYTES("\xc6\xff\xff\xff\xff"
                         "abc"),
                   "cut off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_refused_beyond_their_bound_or_of_another_type),
        cmocka_unit_test(what_the_library_would_build_in_memory_is_refused),
        cmocka_unit_test(text_is_refused_if_it_does_not_fit),
        cmocka_unit_test(text_replaces_all_that_was_there),
        cmocka_unit_test(a_struct_has_exactly_its_fields),
        cmocka_unit_test(a_count_is_refused_before_memory_is_taken),
        cmocka_unit_test(runs_are_refused_out_of_range),
        cmocka_unit_test(runs_may_end_at_the_last_number_and_start_over),
        cmocka_unit_test(an_orderly_stream_takes_few_bytes),
        cmocka_unit_test(broken_histograms_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
