#include "check.h"
#include "units.h"

#include <errno.h>
#include <math.h>

static void units_parse_bytes_tells_decimal_from_binary(void **state)
{
    uint64_t bytes = 0;

    (void)state;
    assert_int_equal(units_parse_bytes("1kB", &bytes), 0);
    assert_int_equal(bytes, 1000);
    assert_int_equal(units_parse_bytes("1KiB", &bytes), 0);
    assert_int_equal(bytes, 1024);
    assert_int_equal(units_parse_bytes("0.5MiB", &bytes), 0);
    assert_int_equal(bytes, 524288);
}

static void units_parse_refuses_what_is_not_of_the_form(void **state)
{
    static const char *const wrong[] = {"",    "kB", "1 kB", "1kb",  "-1",
                                        "1e3", "1.", "0x10", "1KiBx"};
    uint64_t bytes = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(units_parse_bytes(wrong[i], &bytes), -EINVAL);
    }
    assert_int_equal(bytes, 7);
}

static void units_parse_rate_keeps_an_exact_fraction(void **state)
{
    struct rate rate = {0};

    (void)state;
    assert_int_equal(units_parse_rate("20k/s", &rate), 0);
    assert_int_equal(rate.messages, 1);
    assert_int_equal(rate.per_ns, 50000);
    assert_int_equal(units_parse_rate("1/30s", &rate), 0);
    assert_int_equal(rate.per_ns / rate.messages, 30000000000);
    assert_int_equal(units_parse_rate("0.5/s", &rate), 0);
    assert_true(fabs(rate_per_s(rate) - 0.5) < 1e-12);
    assert_int_equal(units_parse_rate("1.5k/s", &rate), 0);
    assert_true(fabs(rate_per_s(rate) - 1500.0) < 1e-9);
    assert_int_equal(units_parse_rate("20", &rate), -EINVAL);
    assert_int_equal(units_parse_rate("20/x", &rate), -EINVAL);
    assert_int_equal(units_parse_rate("20/0s", &rate), -EINVAL);
}

static void rate_scale_by_percent_is_exact(void **state)
{
    struct rate rate = rate_scale((struct rate){.messages = 1, .per_ns = 50000}, 150000);

    (void)state;
    assert_int_equal(rate.messages, 3);
    assert_int_equal(rate.per_ns, 100000);
}

static void units_format_shows_three_digits(void **state)
{
    char text[UNITS_TEXT_BYTES];

    (void)state;
    assert_string_equal(units_format_ns(4121000, text), "4.12 ms");
    assert_string_equal(units_format_ns(41210000, text), "41.2 ms");
    assert_string_equal(units_format_ns(999999, text), "1.00 ms");
    assert_string_equal(units_format_ns(12, text), "12 ns");
    assert_string_equal(units_format_ns(25640, text), "25.6 µs");
    assert_string_equal(units_format_rate(20000, text), "20,000/s");
    assert_string_equal(units_format_rate(9996, text), "10,000/s");
    assert_string_equal(units_format_rate(1812.5, text), "1,810/s");
    assert_string_equal(units_format_rate(18134.2, text), "18,100/s");
    assert_string_equal(units_format_rate(181349.9, text), "181,000/s");
    assert_string_equal(units_format_rate(1200000, text), "1.20M/s");
    assert_string_equal(units_format_count(1000, text), "1,000");
    assert_string_equal(units_format_rate(0.5, text), "0.50/s");
    assert_string_equal(units_format_rate(0.1, text), "0.10/s");
    assert_string_equal(units_format_rate(0.05, text), "0.0500/s");
    assert_string_equal(units_format_rate(1.0 / 3600, text), "0.000278/s"); /* 1/1h */
    assert_string_equal(units_format_rate(1.0 / 86400, text), "0.0000116/s");
    assert_string_equal(units_format_rate(-0.0049, text), "-0.00490/s");
    assert_string_equal(units_format_rate(0, text), "0/s");
    assert_string_equal(units_format_rate(999.9, text), "1,000/s");
    assert_string_equal(units_format_bytes(1024, text), "1.00 KiB");
    assert_string_equal(units_format_milli(1500, text), "1.5");
    assert_string_equal(units_format_milli(64000, text), "64");
    assert_string_equal(units_format_milli(1333, text), "1.333");
    assert_string_equal(units_format_milli(50, text), "0.05");
    assert_string_equal(units_format_milli(0, text), "0");
    assert_string_equal(units_format_duration(65 * INT64_C(60000000000), text), "65 min");
    assert_string_equal(units_format_duration(104 * INT64_C(1000000000), text), "1 min 44 s");
    assert_string_equal(units_format_duration(59 * INT64_C(1000000000), text), "59 s");
    assert_string_equal(units_format_duration(60 * INT64_C(1000000000), text), "1 min");
    assert_string_equal(units_format_duration(7500 * INT64_C(1000000000), text), "2 h 05 min");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_parse_bytes_tells_decimal_from_binary),
        cmocka_unit_test(units_parse_refuses_what_is_not_of_the_form),
        cmocka_unit_test(units_parse_rate_keeps_an_exact_fraction),
        cmocka_unit_test(rate_scale_by_percent_is_exact),
        cmocka_unit_test(units_format_shows_three_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
