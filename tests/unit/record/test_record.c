#include "check.h"
#include "record.h"
#include "snapshot.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum colour { COLOUR_RED, COLOUR_BLUE };

struct leaf {
    uint64_t count;
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
};

static const char *const colours[] = {"red", "blue"};

static const struct field leaf_fields[] = {FIELD(leaf, count, .max = 9)};
static const struct record leaf_record = RECORD(leaf);

static const struct field sample_fields[] = {
    FIELD(sample, yes),
    FIELD(sample, index, .max = 7),
    FIELD(sample, amount, .max = 1000, .since = 2, .otherwise = 3),
    FIELD(sample, offset_ns, .since = 2, .otherwise = -5),
    FIELD(sample, share),
    FIELD(sample, text),
    FIELD_OF_TYPE(sample, colour, FIELD_ENUM, .names = colours, .names_count = 2),
    FIELD_ITEMS_OF(sample, leaves, leaves_count, leaf_record, 3),
};
static const struct record sample_record = RECORD(sample);

static struct sample good(void)
{
    return (struct sample){.yes = true,
                           .index = 7,
                           .amount = 1000,
                           .share = 0.5,
                           .text = "1234567",
                           .colour = COLOUR_BLUE,
                           .leaves = {{9}, {0}, {10}},
                           .leaves_count = 2};
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
    assert_refused(&sample, "sample: index is out of range");
    sample = good();
    sample.amount = 1001;
    assert_refused(&sample, "sample: amount is out of range");
    sample = good();
    sample.share = NAN;
    assert_refused(&sample, "sample: share is out of range");
    sample = good();
    sample.text[7] = 'x'; /* Its end is missing. */
    assert_refused(&sample, "sample: text is out of range");
    sample = good();
    sample.colour = (enum colour)2;
    assert_refused(&sample, "sample: colour is out of range");
}

static void record_check_looks_at_the_items_that_are_used(void **state)
{
    struct sample sample = good();

    (void)state;
    sample.leaves_count = 3;
    assert_refused(&sample, "leaf: count is out of range");
    sample.leaves_count = 4;
    assert_refused(&sample, "sample: leaves is out of range");
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
}

/* A member that is added to such a struct and not to its table would be lost in silence. */
static void every_member_of_a_snapshot_is_in_its_table(void **state)
{
    /* Behind clients_down, reconnects and losses_untold. */
    const size_t padding = 3 * sizeof(uint32_t);

    (void)state;
    assert_int_equal(record_bytes_covered(&counters_record), sizeof(struct counters));
    assert_int_equal(record_bytes_covered(&health_record) + padding, sizeof(struct health));
    assert_int_equal(record_bytes_covered(&error_delta_record), sizeof(struct error_delta));
    assert_int_equal(record_bytes_covered(&notice_delta_record), sizeof(struct notice_delta));
    assert_int_equal(record_bytes_covered(&loss_delta_record) + 3, sizeof(struct loss_delta));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_check_takes_what_the_table_allows),
        cmocka_unit_test(record_check_names_the_field_that_is_out_of_range),
        cmocka_unit_test(record_check_looks_at_the_items_that_are_used),
        cmocka_unit_test(what_an_older_journal_lacks_is_what_the_table_says),
        cmocka_unit_test(every_member_of_a_snapshot_is_in_its_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
