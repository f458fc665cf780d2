#include "check.h"
#include "host_load.h"
#include "mono.h"
#include "thread_load.h"

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
    assert_true(spent.wait_ns >= 0);
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
        assert_true(taken.steal_ns >= 0 && taken.throttled_ns >= 0);
    }
    host_load_close(&load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_thread_has_used_cpu_time),
        cmocka_unit_test(a_host_never_gives_back_what_it_took),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
