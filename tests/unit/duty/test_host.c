/* What an agent tells of its host. */
#include "check.h"

#include "host_inner.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

#define NAMED_MOST 80

struct named {
    char name[THREAD_NAME_BYTES];
    pthread_barrier_t *told; /* All have their names, and later: all may go. */
};

static void *named_main(void *argument)
{
    const struct named *named = argument;

    (void)pthread_setname_np(pthread_self(), named->name);
    (void)pthread_barrier_wait(named->told);
    (void)pthread_barrier_wait(named->told);
    return NULL;
}

/* Counts while so many threads of these names are there, beside the test's own. */
static uint32_t count_among(struct named *named, uint32_t named_count, struct thread_count **ret)
{
    pthread_t threads[NAMED_MOST];
    pthread_barrier_t told;
    uint32_t count = 0;

    (void)pthread_barrier_init(&told, NULL, named_count + 1);
    for (uint32_t i = 0; i < named_count; i++) {
        named[i].told = &told;
        assert_int_equal(pthread_create(&threads[i], NULL, named_main, &named[i]), 0);
    }
    (void)pthread_barrier_wait(&told);
    host_threads(ret, &count);
    (void)pthread_barrier_wait(&told);
    for (uint32_t i = 0; i < named_count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_barrier_destroy(&told);
    return count;
}

static void threads_are_told_by_name_with_how_many_have_it(void **state)
{
    struct named named[] = {{.name = "worker"}, {.name = "hand"}, {.name = "worker"}};
    struct thread_count *counts = NULL;
    uint32_t own = 0; /* Of the test, and of a sanitizer. */

    (void)state;
    for (uint32_t i = 0, count = count_among(named, 3, &counts); i < count; i++) {
        if (strcmp(counts[i].name, "worker") == 0) {
            assert_int_equal(counts[i].count, 2);
        } else if (strcmp(counts[i].name, "hand") == 0) {
            assert_int_equal(counts[i].count, 1);
        } else {
            own += counts[i].count;
        }
        assert_true(i == 0 || strcmp(counts[i - 1].name, counts[i].name) < 0);
    }
    assert_in_range(own, 1, 3);
    free(counts);
}

static void more_names_of_threads_than_there_is_room_for_count_as_others(void **state)
{
    struct named named[NAMED_MOST];
    struct thread_count *counts = NULL;
    uint32_t sum = 0;
    bool others = false;
    uint32_t count;

    (void)state;
    for (uint32_t i = 0; i < NAMED_MOST; i++) {
        (void)snprintf(named[i].name, sizeof named[i].name, "thread-of-%u", i);
    }
    count = count_among(named, NAMED_MOST, &counts);
    assert_int_equal(count, THREAD_NAMES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        sum += counts[i].count;
        others = others || strcmp(counts[i].name, "(others)") == 0;
    }
    assert_in_range(sum, NAMED_MOST + 1, NAMED_MOST + 3);
    assert_true(others);
    free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_that_could_have_thousands_of_cpus_tells_those_it_has),
        cmocka_unit_test(a_host_that_tells_nothing_has_one_cpu),
        cmocka_unit_test(threads_are_told_by_name_with_how_many_have_it),
        cmocka_unit_test(more_names_of_threads_than_there_is_room_for_count_as_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
