/* Hosts for one run. */
#include "check.h"

#include "hosts_once.h"

#include <string.h>

#define NOW_S INT64_C(1796000000) /* 2026-11-30 00:53:20 UTC. */

static const char *const names[] = {"load1", "load2"};

static void each_host_has_a_certificate_and_a_secret_of_its_own(void **state)
{
    struct hosts_once once;

    (void)state;
    assert_int_equal(hosts_once_make(names, 2, NOW_S, &once, NULL), 0);
    assert_int_equal(once.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const struct join_file *join = &once.joins[i];
        const struct certificate own = {join->certificate_pem, join->key_pem};

        assert_string_equal(join->name, names[i]);
        assert_false(join->fleet);
        assert_int_equal(join->addresses_count, 0);
        assert_int_equal(certificate_check(&own, once.security.authority_pem, NULL), 0);
        assert_int_equal(join_file_check_time(join, NOW_S, NULL), 0);
        assert_int_equal(join_file_check_time(join, NOW_S + HOSTS_ONCE_VALID_S, NULL), 0);
    }
    assert_memory_not_equal(once.joins[0].secret, once.joins[1].secret, HMAC_BYTES);
    assert_int_equal(
        certificate_check(&once.security.coordinator, once.security.authority_pem, NULL), 0);
    assert_int_equal(certificate_check_coordinator(once.security.coordinator.pem, NULL), 0);
    hosts_once_done(&once);
}

/* Whoever was let into one run can't come into the next. */
static void two_runs_do_not_know_each_others_hosts(void **state)
{
    struct hosts_once first;
    struct hosts_once second;
    struct certificate own;

    (void)state;
    assert_int_equal(hosts_once_make(names, 1, NOW_S, &first, NULL), 0);
    assert_int_equal(hosts_once_make(names, 1, NOW_S, &second, NULL), 0);
    own = (struct certificate){first.joins[0].certificate_pem, first.joins[0].key_pem};
    assert_true(certificate_check(&own, second.security.authority_pem, NULL) < 0);
    hosts_once_done(&first);
    hosts_once_done(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_host_has_a_certificate_and_a_secret_of_its_own),
        cmocka_unit_test(two_runs_do_not_know_each_others_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
