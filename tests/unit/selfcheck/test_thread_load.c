#include "check.h"
#include "host_load.h"
#include "mono.h"
#include "temp.h"
#include "thread_load.h"

#include <stdlib.h>
#include <unistd.h>

/* What the thread used is told once, and no more than went by. */
static void a_busy_thread_has_used_cpu_time(void **state)
{
    struct thread_load load;
    struct thread_load_spent spent;
    int64_t begin_ns = mono_ns();
    volatile uint64_t work = 0;

    (void)state;
    thread_load_open(&load);
    while (work < 20000000) {
        work = work + 1;
    }
    thread_load_take(&load, &spent);
    assert_true(spent.cpu_ns > 0);
    assert_true(spent.cpu_ns + spent.wait_ns <= 2 * (mono_ns() - begin_ns));
    assert_true(spent.wait_ns >= STRAIN_UNKNOWN);
    begin_ns = mono_ns();
    thread_load_take(&load, &spent);
    assert_true(spent.cpu_ns <=
                mono_ns() - begin_ns + 20 * NS_PER_MS); /* Not the same once more. */
    thread_load_close(&load);
    thread_load_close(&load);
}

static void a_host_never_gives_back_what_it_took(void **state)
{
    struct host_load load;
    struct host_load_taken taken;

    (void)state;
    host_load_open(&load);
    for (int i = 0; i < 3; i++) {
        host_load_take(&load, &taken);
        assert_true(taken.steal_ns >= STRAIN_UNKNOWN && taken.throttled_ns >= STRAIN_UNKNOWN);
    }
    host_load_close(&load);
}

/* A host that does not tell is not one that takes nothing. */
static void what_can_not_be_read_is_unknown(void **state)
{
    struct thread_load thread = {.fd = -1, .wait_ns = STRAIN_UNKNOWN};
    struct thread_load_spent spent;
    struct host_load host = {
        .stat_fd = -1, .steal_ns = STRAIN_UNKNOWN, .throttled_ns = STRAIN_UNKNOWN};
    struct host_load_taken taken;

    (void)state;
    thread_load_take(&thread, &spent);
    assert_int_equal(spent.wait_ns, STRAIN_UNKNOWN);
    host_load_take(&host, &taken);
    assert_int_equal(taken.steal_ns, STRAIN_UNKNOWN);
    assert_int_equal(taken.throttled_ns, STRAIN_UNKNOWN);
}

/* A cgroup without a limit has no such line: nothing can be held back by it. */
static void a_cgroup_without_a_limit_takes_nothing(void **state)
{
    char path[TEMP_BYTES];
    int fd = mkstemp(temp_name(path, "cgroup"));
    struct host_load host = {.stat_fd = -1, .cgroup_fds = {fd}, .cgroups_count = 1};
    struct host_load_taken taken;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write(fd, "usage_usec 5\n", 13), 13);
    host_load_take(&host, &taken);
    assert_int_equal(taken.throttled_ns, 0);
    assert_int_equal(pwrite(fd, "throttled_usec 7\n", 17, 0), 17);
    host_load_take(&host, &taken);
    assert_int_equal(taken.throttled_ns, 7000);
    host_load_close(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_thread_has_used_cpu_time),
        cmocka_unit_test(a_host_never_gives_back_what_it_took),
        cmocka_unit_test(what_can_not_be_read_is_unknown),
        cmocka_unit_test(a_cgroup_without_a_limit_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
