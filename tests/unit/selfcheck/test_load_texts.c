#include "check.h"
#include "load_texts_inner.h"

#include <string.h>

static void the_second_number_of_schedstat_is_the_wait(void **state)
{
    int64_t ns = -1;

    (void)state;
    assert_true(load_text_wait("1203450 998877 42\n", &ns));
    assert_int_equal(ns, 998877);
    assert_false(load_text_wait("1203450\n", &ns));
    assert_false(load_text_wait("", &ns));
    assert_int_equal(ns, 998877);
}

static void steal_is_the_eighth_number_of_the_first_line(void **state)
{
    uint64_t ticks = 7;

    (void)state;
    assert_true(load_text_steal("cpu  1 2 3 4 5 6 7 88 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n", &ticks));
    assert_int_equal(ticks, 88);
    assert_false(load_text_steal("cpu0 1 2 3 4 5 6 7 8 9 10\n", &ticks));
    assert_false(load_text_steal("cpu  1 2 3 4\n", &ticks)); /* Kernels before 2.6.11. */
    assert_int_equal(ticks, 88);
}

static void throttling_is_read_in_both_versions(void **state)
{
    int64_t ns = -1;

    (void)state;
    assert_true(load_text_throttled("usage_usec 5\nnr_throttled 3\nthrottled_usec 1500\n", &ns));
    assert_int_equal(ns, 1500000);
    assert_true(load_text_throttled("nr_periods 0\nthrottled_time 42\n", &ns));
    assert_int_equal(ns, 42);
    assert_false(load_text_throttled("usage_usec 5\nxthrottled_usec 9\n", &ns));
}

static void the_cgroup_of_the_cpu_controller_is_found(void **state)
{
    char path[64];

    (void)state;
    assert_true(load_text_cgroup("0::/user.slice/run\n", path, sizeof path));
    assert_string_equal(path, "user.slice/run/cpu.stat");
    assert_true(load_text_cgroup("0::/\n", path, sizeof path));
    assert_string_equal(path, "cpu.stat");
    assert_true(load_text_cgroup("4:cpu,cpuacct:/\n0::/\n", path, sizeof path));
    assert_string_equal(path, "cpu/cpu.stat");
    assert_true(load_text_cgroup("9:memory:/m\n4:cpu,cpuacct:/limited\n", path, sizeof path));
    assert_string_equal(path, "cpu/limited/cpu.stat");
    assert_true(load_text_cgroup("4:cpuacct,cpu:/a\n", path, sizeof path));
    assert_string_equal(path, "cpu/a/cpu.stat");
    assert_false(load_text_cgroup("4:cpuset:/a\n", path, sizeof path));
    assert_false(load_text_cgroup("nonsense", path, sizeof path));
    assert_false(load_text_cgroup("", path, sizeof path));
    assert_false(load_text_cgroup(
        "0::/a-path-that-is-much-longer-than-the-room-there-is-for-it-here\n", path, sizeof path));
}

/* A limit of any of them holds the process back. */
static void the_cgroups_around_it_are_found_up_to_the_root(void **state)
{
    static const struct {
        const char *text;
        const char *paths[4];
    } rows[] = {
        {"0::/user.slice/run\n", {"user.slice/run/cpu.stat", "user.slice/cpu.stat", "cpu.stat"}},
        {"0::/\n", {"cpu.stat"}},
        {"4:cpu,cpuacct:/a/b\n", {"cpu/a/b/cpu.stat", "cpu/a/cpu.stat", "cpu/cpu.stat"}},
        {"4:cpu:/\n", {"cpu/cpu.stat"}},
    };
    char path[64];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t at = 0;

        assert_true(load_text_cgroup(rows[i].text, path, sizeof path));
        do {
            assert_non_null(rows[i].paths[at]);
            assert_string_equal(path, rows[i].paths[at]);
            at++;
        } while (load_text_above(path));
        assert_null(rows[i].paths[at]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_number_of_schedstat_is_the_wait),
        cmocka_unit_test(steal_is_the_eighth_number_of_the_first_line),
        cmocka_unit_test(throttling_is_read_in_both_versions),
        cmocka_unit_test(the_cgroup_of_the_cpu_controller_is_found),
        cmocka_unit_test(the_cgroups_around_it_are_found_up_to_the_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
