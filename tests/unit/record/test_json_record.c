#include "check.h"
#include "json_record.h"

#include <math.h>
#include <string.h>

enum colour { COLOUR_RED, COLOUR_NULL };

struct leaf {
    char name[8];
    double value;
    char unit[8];
};

struct plain {
    bool yes;
    uint32_t index;
    uint64_t amount;
    int64_t offset_ns;
    double share;
    char text[8];
    char *owned;
    enum colour colour;
    struct leaf inner;
    struct leaf leaves[2];
    uint32_t leaves_count;
};

static const char *const colours[] = {"red", "null"};

static const struct field value_fields[] = {
    FIELD(leaf, name),
    FIELD(leaf, value, .or_nan = true),
};
static const struct record value_record = RECORD_OF(leaf, "value", value_fields);

static const struct field leaf_fields[] = {
    FIELD(leaf, name),
    FIELD(leaf, value, .or_nan = true),
    FIELD(leaf, unit),
};
static const struct record leaf_record = RECORD(leaf);

static bool is_large(const void *item)
{
    return ((const struct plain *)item)->amount > 100;
}

/* What the fields of a struct are in JSON. */
static void assert_json(const struct field *fields, uint32_t fields_count,
                        const struct plain *plain, const char *expected)
{
    const struct record record = {
        .name = "plain", .bytes = sizeof *plain, .fields = fields, .fields_count = fields_count};
    struct text out = {0};
    struct json json;

    json_begin(&json, false, &out);
    json_record(&json, &record, plain);
    json_end(&json);
    assert_false(text_failed(&out));
    assert_string_equal(out.bytes, expected);
    text_done(&out);
}

#define ASSERT_JSON(plain, expected, ...)                                                          \
    do {                                                                                           \
        const struct field fields_[] = {__VA_ARGS__};                                              \
        assert_json(fields_, sizeof fields_ / sizeof fields_[0], (plain), (expected));             \
    } while (0)

static void values_stand_in_the_order_of_the_table(void **state)
{
    char owned[] = "own";
    struct plain plain = {.yes = true,
                          .index = 7,
                          .amount = 8,
                          .offset_ns = -9,
                          .share = 0.5,
                          .text = "text",
                          .owned = owned};

    (void)state;
    ASSERT_JSON(&plain,
                "{\"text\":\"text\",\"yes\":true,\"index\":7,\"amount\":8,\"offset_ns\":-9,"
                "\"share\":0.5,\"owned\":\"own\",\"id\":\"8\",\"colour\":\"red\"}\n",
                FIELD(plain, text), FIELD(plain, yes), FIELD(plain, index), FIELD(plain, amount),
                FIELD(plain, offset_ns), FIELD(plain, share), FIELD(plain, owned),
                {.name = "id", .type = FIELD_ID, FIELD_PLACE(plain, amount)},
                FIELD_NAMES_OF(plain, colour, FIELD_ENUM, colours));
    plain.owned = NULL;
    plain.share = (double)NAN;
    ASSERT_JSON(&plain, "{\"owned\":\"\"}\n", FIELD(plain, share, .or_nan = true),
                FIELD(plain, owned));
}

static void what_is_not_to_be_shown_is_absent(void **state)
{
    struct plain plain = {.amount = 100, .colour = COLOUR_NULL, .offset_ns = 1500000000};

    (void)state;
    ASSERT_JSON(&plain, "{\"text\":null,\"colour\":null,\"offset_ns\":1.5}\n",
                FIELD(plain, text, .shown = SHOWN_OR_NULL), FIELD(plain, yes, .only = ONLY_KEPT),
                FIELD(plain, amount, .shown_if = is_large),
                FIELD(plain, index, .shown = SHOWN_IF_SET),
                FIELD(plain, share, .shown = SHOWN_IF_SET),
                FIELD_NAMES_OF(plain, colour, FIELD_ENUM, colours, .shown = SHOWN_AS_LITERAL),
                FIELD(plain, offset_ns, .shown = SHOWN_IN_SECONDS));
    plain.amount = 101;
    plain.index = 1;
    plain.share = 0.25;
    ASSERT_JSON(&plain, "{\"amount\":101,\"index\":1,\"share\":0.25}\n",
                FIELD(plain, amount, .shown_if = is_large),
                FIELD(plain, index, .shown = SHOWN_IF_SET),
                FIELD(plain, share, .shown = SHOWN_IF_SET));
}

static void structs_are_objects_and_items_arrays(void **state)
{
    struct plain plain = {.index = 1,
                          .inner = {"in", 1, "s"},
                          .leaves = {{"a", 2, "%"}, {"b", 3, ""}},
                          .leaves_count = 2};
    const struct field list = FIELD_ITEMS_OF(plain, leaves, leaves_count, leaf_record, 2);
    const struct field inner = FIELD_RECORD_OF(plain, inner, value_record);

    (void)state;
    ASSERT_JSON(&plain,
                "{\"inner\":{\"name\":\"in\",\"value\":1},\"leaves\":[{\"name\":\"a\",\"value\":2,"
                "\"unit\":\"%\"},{\"name\":\"b\",\"value\":3,\"unit\":\"\"}],\"index\":1}\n",
                inner, list, FIELD(plain, index));
    plain.leaves_count = 0;
    ASSERT_JSON(&plain, "{\"leaves\":[]}\n", list);
}

static void items_by_name_are_members_of_an_object(void **state)
{
    struct plain plain = {.leaves = {{"a", 2, "%"}, {"b", 3, ""}}, .leaves_count = 2};

    (void)state;
    ASSERT_JSON(
        &plain,
        "{\"leaves\":{\"a\":{\"value\":2,\"unit\":\"%\"},\"b\":{\"value\":3,\"unit\":\"\"}}}"
        "\n",
        FIELD_ITEMS_OF(plain, leaves, leaves_count, leaf_record, 2, .shown = SHOWN_BY_NAME));
    ASSERT_JSON(
        &plain, "{\"leaves\":{\"a\":2,\"b\":3}}\n",
        FIELD_ITEMS_OF(plain, leaves, leaves_count, value_record, 2, .shown = SHOWN_BY_NAME));
}

/* Fields of the struct itself, as an object in it. */
static void a_group_is_an_object_and_absent_if_nothing_in_it_is_set(void **state)
{
    static const struct field flags_fields[] = {
        FIELD(plain, yes, .shown = SHOWN_IF_SET),
        FIELD(plain, index, .shown = SHOWN_IF_SET),
    };
    static const struct record flags_record = RECORD_OF(plain, "flags", flags_fields);
    struct plain plain = {.index = 3};

    (void)state;
    ASSERT_JSON(&plain, "{\"flags\":{\"index\":3},\"amount\":0}\n",
                FIELD_GROUP("flags", flags_record, .shown = SHOWN_IF_SET), FIELD(plain, amount));
    plain.index = 0;
    ASSERT_JSON(&plain, "{\"amount\":0}\n",
                FIELD_GROUP("flags", flags_record, .shown = SHOWN_IF_SET), FIELD(plain, amount));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_in_the_order_of_the_table),
        cmocka_unit_test(what_is_not_to_be_shown_is_absent),
        cmocka_unit_test(structs_are_objects_and_items_arrays),
        cmocka_unit_test(items_by_name_are_members_of_an_object),
        cmocka_unit_test(a_group_is_an_object_and_absent_if_nothing_in_it_is_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
