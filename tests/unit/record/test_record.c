#include "check.h"
#include "record.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum colour { COLOUR_RED, COLOUR_BLUE };

struct leaf {
    uint64_t count;
};

struct twig {
    struct leaf leaf;
    int32_t code;
};

struct sample {
    bool yes;
    uint32_t index;
    uint64_t amount;
    int64_t offset_ns;
    double share;
    char text[8];
    enum colour colour;
    struct leaf leaves[3];
    uint32_t leaves_count;
    struct twig twigs[2];
    char *note;
    char *password;
    struct leaf *fallen;
    uint32_t fallen_count;
    struct twig *broken;
};

static const char *const colours[] = {"red", "blue"};

static const struct field leaf_fields[] = {FIELD(leaf, count, .max = 9)};
static const struct record leaf_record = RECORD(leaf);

static const struct field twig_fields[] = {
    FIELD_RECORD_OF(twig, leaf, leaf_record),
    FIELD(twig, code, .min = -3),
};

/* Heavy twigs have no code. */
static const char *twig_wrong(const void *item)
{
    const struct twig *twig = item;

    return twig->leaf.count == 9 && twig->code != 0 ? "code is not 0 of a heavy one" : NULL;
}

static const struct record twig_record = RECORD(twig, .wrong = twig_wrong);

static const struct field sample_fields[] = {
    FIELD(sample, yes),
    FIELD(sample, index, .max = 7),
    FIELD(sample, amount, .max = 1000, .since = 2, .otherwise = 3),
    FIELD(sample, offset_ns, .since = 2, .otherwise = -5),
    FIELD(sample, share),
    FIELD(sample, text, .min = 1),
    FIELD_NAMES_OF(sample, colour, FIELD_ENUM, colours),
    FIELD_ITEMS_OF(sample, leaves, leaves_count, leaf_record, 3, .min = 1),
    FIELD_ARRAY_OF(sample, twigs, twig_record),
    FIELD(sample, note),
    FIELD(sample, password, .optional = true, .secret = true),
    FIELD_LIST_OF(sample, fallen, fallen_count, leaf_record, 3),
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the member is a pointer. */
    FIELD_OF_TYPE(sample, broken, FIELD_ONE, .of = &twig_record),
};
static const struct record sample_record = RECORD(sample);

static char note[] = "";

static struct sample good(void)
{
    return (struct sample){.yes = true,
                           .index = 7,
                           .amount = 1000,
                           .share = 0.5,
                           .text = "1234567",
                           .colour = COLOUR_BLUE,
                           .leaves = {{9}, {0}, {10}},
                           .leaves_count = 2,
                           .note = note};
}

static void assert_refused(const struct sample *sample, const char *sentence)
{
    struct errinfo error = {""};

    assert_int_equal(record_check(&sample_record, sample, &error), -EBADMSG);
    assert_string_equal(error.text, sentence);
}

static void record_check_takes_what_the_table_allows(void **state)
{
    struct sample sample = good();

    (void)state;
    assert_int_equal(record_check(&sample_record, &sample, NULL), 0);
}

static void record_check_names_the_field_that_is_out_of_range(void **state)
{
    struct sample sample = good();

    (void)state;
    sample.index = 8;
    assert_refused(&sample, "sample: index is 8 (0 to 7)");
    sample = good();
    sample.amount = 1001;
    assert_refused(&sample, "sample: amount is 1001 (0 to 1000)");
    sample = good();
    sample.share = NAN;
    assert_refused(&sample, "sample: share is no number");
    sample = good();
    sample.text[7] = 'x'; /* Its end is missing. */
    assert_refused(&sample, "sample: text has no end");
    sample = good();
    sample.colour = (enum colour)2;
    assert_refused(&sample, "sample: colour has no known value");
    sample = good();
    sample.text[0] = '\0';
    assert_refused(&sample, "sample: text is empty");
    sample = good();
    sample.note = NULL;
    assert_refused(&sample, "sample: note is missing");
}

static void record_check_looks_into_what_a_struct_holds(void **state)
{
    struct twig broken = {.code = 1};
    struct sample sample = good();

    (void)state;
    sample.twigs[1].code = -3;
    sample.broken = &broken;
    assert_int_equal(record_check(&sample_record, &sample, NULL), -EBADMSG); /* 1 is beyond 0. */
    broken.code = 0;
    assert_int_equal(record_check(&sample_record, &sample, NULL), 0);
    sample.twigs[1].code = -4;
    assert_refused(&sample, "sample: twigs[1].code is -4 (-3 to 0)");
    sample.twigs[1] = (struct twig){.leaf = {10}};
    assert_refused(&sample, "sample: twigs[1].leaf.count is 10 (0 to 9)");
    sample.twigs[1] = (struct twig){.leaf = {9}, .code = -1};
    assert_refused(&sample, "sample: twigs[1].code is not 0 of a heavy one");
    sample = good();
    broken.leaf.count = 11;
    sample.broken = &broken;
    assert_refused(&sample, "sample: broken.leaf.count is 11 (0 to 9)");
    sample.broken = NULL;
    sample.fallen_count = 1;
    assert_refused(&sample, "sample: fallen is missing");
}

/* What is not freed, the address sanitizer's run of this test tells. */
static void record_done_frees_what_a_struct_owns(void **state)
{
    struct sample empty;
    struct sample sample = good();

    (void)state;
    memset(&empty, 0, sizeof empty);
    sample.note = strdup("n");
    sample.password = strdup("p");
    sample.fallen_count = 2;
    sample.fallen = calloc(2, sizeof *sample.fallen);
    sample.broken = calloc(1, sizeof *sample.broken);
    record_done(&sample_record, &sample);
    assert_memory_equal(&sample, &empty, sizeof empty);
    sample.fallen_count = 2; /* Half made. */
    record_done(&sample_record, &sample);
    assert_memory_equal(&sample, &empty, sizeof empty);
}

static void record_check_looks_at_the_items_that_are_used(void **state)
{
    struct sample sample = good();

    (void)state;
    sample.leaves_count = 3;
    assert_refused(&sample, "sample: leaves[2].count is 10 (0 to 9)");
    sample.leaves_count = 4;
    assert_refused(&sample, "sample: leaves has 4 items (1 to 3)");
}

static void what_an_older_journal_lacks_is_what_the_table_says(void **state)
{
    struct sample sample = good();

    (void)state;
    for (uint32_t i = 0; i < sample_record.fields_count; i++) {
        field_set_otherwise(&sample_record.fields[i], &sample);
    }
    assert_false(sample.yes);
    assert_int_equal(sample.amount, 3);
    assert_int_equal(sample.offset_ns, -5);
    assert_true(sample.share == 0.0);
    assert_string_equal(sample.text, "");
    assert_int_equal(sample.colour, COLOUR_RED);
    assert_int_equal(sample.leaves_count, 0);
    assert_null(sample.note);
}

struct tally {
    uint64_t seen;
    uint64_t bound;
    uint64_t of_each[2];
    uint64_t id;
    uint32_t index;
};

static const char *const each[] = {"a", "b"};

static const struct field tally_fields[] = {
    FIELD(tally, seen),
    FIELD(tally, bound, .largest = true),
    FIELD_NAMES_OF(tally, of_each, FIELD_COUNTERS, each),
    FIELD_OF_TYPE(tally, id, FIELD_ID),
    FIELD(tally, index),
};

static const struct record tally_record = RECORD(tally);

static void counts_are_added_and_all_else_stays(void **state)
{
    struct tally tally = {.seen = 1, .bound = 7, .of_each = {1, 2}, .id = 5, .index = 3};
    const struct tally more = {.seen = 2, .bound = 6, .of_each = {10, 20}, .id = 6, .index = 4};

    (void)state;
    record_add(&tally_record, &tally, &more);
    assert_int_equal(tally.seen, 3);
    assert_int_equal(tally.bound, 7);
    assert_int_equal(tally.of_each[0], 11);
    assert_int_equal(tally.of_each[1], 22);
    assert_int_equal(tally.id, 5);
    assert_int_equal(tally.index, 3);
    record_add(&tally_record, &tally, &(const struct tally){.bound = 8});
    assert_int_equal(tally.bound, 8);
}

struct sums {
    uint64_t seen;
    uint64_t asked;
};

static const struct field sums_fields[] = {FIELD(sums, seen, SUM_OF(tally, seen)),
                                           FIELD(sums, asked)};
static const struct record sums_record = RECORD(sums);

static void a_field_sums_up_the_counter_that_its_row_names(void **state)
{
    struct sums sums = {.seen = 1, .asked = 1};

    (void)state;
    record_sum(&sums_record, &sums, &(const struct tally){.seen = 41, .bound = 9});
    assert_int_equal(sums.seen, 42);
    assert_int_equal(sums.asked, 1);
    assert_int_equal(record_counter(&sums_record, &sums, "seen"), 42);
    assert_int_equal(record_counter(&sums_record, &sums, "asked"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_check_takes_what_the_table_allows),
        cmocka_unit_test(record_check_names_the_field_that_is_out_of_range),
        cmocka_unit_test(record_check_looks_at_the_items_that_are_used),
        cmocka_unit_test(record_check_looks_into_what_a_struct_holds),
        cmocka_unit_test(record_done_frees_what_a_struct_owns),
        cmocka_unit_test(what_an_older_journal_lacks_is_what_the_table_says),
        cmocka_unit_test(counts_are_added_and_all_else_stays),
        cmocka_unit_test(a_field_sums_up_the_counter_that_its_row_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
