/* What librdkafka lets wait, beside what producers may have under way; without a broker. */
#include "check.h"

#include "kafka_producer_inner.h"

static struct kafka_limits limits_of(uint32_t clients, uint32_t in_flight, uint32_t bytes)
{
    struct delivery delivery = {.in_flight = in_flight};
    struct endpoint_config config = {
        .clients_count = clients, .delivery = &delivery, .message_bytes_max = bytes};

    return kafka_producer_limits(&config);
}

/* Bug: the bytes stayed at the library's 1 GiB, so a hundred clients with messages of 64 KiB
 * stopped there, and it was told as the broker's doing. */
static void all_that_windows_allow_fits_into_the_librarys_queue(void **state)
{
    struct kafka_limits limits = limits_of(100, 1000, 65536);

    (void)state;
    assert_true(limits.queue_kib * 1024 >= UINT64_C(100) * 1000 * 65536);
    assert_true(limits.messages >= 100000);
    limits = limits_of(200, 1000, 2000000);
    assert_true(limits.queue_kib * 1024 >= UINT64_C(200) * 1000 * 2000000);
    assert_true(limits.messages >= 200000);
    assert_true(limits.message_bytes > 2000000);
}

/* Reports are taken in pieces, and a report's messages count until the last of it was: the first of
 * them are sent anew by then. */
static void messages_whose_report_is_half_told_have_room_beside_all_others(void **state)
{
    struct kafka_limits limits = limits_of(10, 50000, 100);

    (void)state;
    assert_true(limits.messages >= 2 * UINT64_C(10) * 50000);
}

static void limits_are_never_below_the_librarys_own(void **state)
{
    struct kafka_limits limits = limits_of(1, 1, 40);

    (void)state;
    assert_int_equal(limits.messages, 100000);
    assert_int_equal(limits.queue_kib, 1024 * 1024);
    assert_true(limits.message_bytes > 1000000);
}

/* It takes none above: such a handle would not be made. */
static void limits_are_never_above_what_the_library_takes(void **state)
{
    struct kafka_limits limits = limits_of(100000, 100000, 100000000);

    (void)state;
    assert_int_equal(limits.messages, INT32_MAX);
    assert_int_equal(limits.queue_kib, INT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_windows_allow_fits_into_the_librarys_queue),
        cmocka_unit_test(messages_whose_report_is_half_told_have_room_beside_all_others),
        cmocka_unit_test(limits_are_never_below_the_librarys_own),
        cmocka_unit_test(limits_are_never_above_what_the_library_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
