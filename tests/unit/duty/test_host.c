/* What an agent tells of its host. */
#include "check.h"

#include "host_inner.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

static size_t kernel_bytes; /* Its set; a smaller one is refused. */
static bool has_none;

/* NOLINTBEGIN: the linker's names. */
int __wrap_sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *cpus);

int __wrap_sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *cpus)
{
    (void)pid;
    if (has_none || bytes < kernel_bytes) {
        errno = EINVAL;
        return -1;
    }
    CPU_ZERO_S(bytes, cpus);
    for (size_t cpu = 0; cpu < 48; cpu++) {
        CPU_SET_S(cpu * 2, bytes, cpus);
    }
    return 0;
}
/* NOLINTEND */

/* The kernel's set has a bit for every CPU that the host could ever have, 8,192 on some: asked with
 * one of 1,024 it refused, and the agent said that it had one CPU, and started one worker. */
static void a_host_that_could_have_thousands_of_cpus_tells_those_it_has(void **state)
{
    (void)state;
    for (kernel_bytes = 8; kernel_bytes <= 8192 / 8; kernel_bytes *= 2) {
        struct hello hello = {0};

        host_hello(&hello);
        assert_int_equal(hello.cpus, 48);
        assert_in_range(hello.cpus_milli, 1, 48000); /* Fewer in a container. */
    }
}

static void a_host_that_tells_nothing_has_one_cpu(void **state)
{
    struct hello hello = {0};

    (void)state;
    has_none = true;
    host_hello(&hello);
    has_none = false;
    assert_int_equal(hello.cpus, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_that_could_have_thousands_of_cpus_tells_those_it_has),
        cmocka_unit_test(a_host_that_tells_nothing_has_one_cpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
