#include "check.h"
#include "kafka_described_inner.h"

static void a_host_that_is_named_has_the_limit_that_is_set_for_it(void **state)
{
    (void)state;
    assert_int_equal(kafka_described_host("127.0.0.1:20", "127.0.0.1", 30), 20);
    assert_int_equal(kafka_described_host("10.0.0.9:5,10.0.0.7:40", "10.0.0.7", 30), 40);
    assert_int_equal(kafka_described_host("fe80::1:7", "fe80::1", 30), 7);
}

static void a_host_that_is_not_named_has_the_limit_of_all(void **state)
{
    (void)state;
    assert_int_equal(kafka_described_host("", "127.0.0.1", 30), 30);
    assert_int_equal(kafka_described_host("127.0.0.11:20,10.0.0.7:5", "127.0.0.1", 30), 30);
    assert_int_equal(kafka_described_host(",,nonsense,:", "127.0.0.1", 30), 30);
}

static void a_name_that_may_be_this_host_only_raises_its_limit(void **state)
{
    (void)state;
    assert_int_equal(kafka_described_host("load-1.example.org:200", "127.0.0.1", 30), 200);
    assert_int_equal(kafka_described_host("load-1.example.org:2", "127.0.0.1", 30), 30);
    assert_int_equal(kafka_described_host("load-1.example.org:200,127.0.0.1:9", "127.0.0.1", 30),
                     9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_that_is_named_has_the_limit_that_is_set_for_it),
        cmocka_unit_test(a_host_that_is_not_named_has_the_limit_of_all),
        cmocka_unit_test(a_name_that_may_be_this_host_only_raises_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
