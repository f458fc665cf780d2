#include "check.h"
#include "library_load.h"
#include "mono.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>

/* A thread of a library that is called so, and does nothing but what it is asked for. */
struct helper {
    pthread_t thread;
    const char *name;
    sem_t go;
    sem_t done;
    int64_t burn_ns; /* Below 0: ends. */
};

static int64_t own_cpu_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void *helper_main(void *argument)
{
    struct helper *helper = argument;

    (void)pthread_setname_np(pthread_self(), helper->name);
    (void)sem_post(&helper->done);
    for (;;) {
        int64_t end_ns;

        (void)sem_wait(&helper->go);
        if (helper->burn_ns < 0) {
            return NULL;
        }
        end_ns = own_cpu_ns() + helper->burn_ns;
        while (own_cpu_ns() < end_ns) {
        }
        (void)sem_post(&helper->done);
    }
}

static void helper_start(struct helper *helper, const char *name)
{
    helper->name = name;
    (void)sem_init(&helper->go, 0, 0);
    (void)sem_init(&helper->done, 0, 0);
    assert_int_equal(pthread_create(&helper->thread, NULL, helper_main, helper), 0);
    (void)sem_wait(&helper->done);
}

static void helper_burn(struct helper *helper, int64_t burn_ns)
{
    helper->burn_ns = burn_ns;
    (void)sem_post(&helper->go);
    if (burn_ns >= 0) {
        (void)sem_wait(&helper->done);
    } else {
        (void)pthread_join(helper->thread, NULL);
    }
}

static void the_busiest_of_a_librarys_threads_counts_and_no_other(void **state)
{
    struct helper first = {0};
    struct helper second = {0};
    struct helper other = {0};
    struct library_load load;
    int64_t used_ns;

    (void)state;
    library_load_open(&load, "rdk:");
    helper_start(&first, "rdk:main");
    helper_start(&second, "rdk:broker0");
    helper_start(&other, "worker");
    (void)library_load_take(&load);
    helper_burn(&first, 20 * NS_PER_MS);
    helper_burn(&second, 50 * NS_PER_MS);
    helper_burn(&other, 100 * NS_PER_MS);
    used_ns = library_load_take(&load);
    assert_true(used_ns >= 50 * NS_PER_MS && used_ns < 100 * NS_PER_MS);
    assert_true(library_load_take(&load) < 20 * NS_PER_MS); /* Not the same once more. */
    helper_burn(&second, -1);                               /* What has ended is forgotten. */
    helper_burn(&first, 20 * NS_PER_MS);
    used_ns = library_load_take(&load);
    assert_true(used_ns >= 20 * NS_PER_MS && used_ns < 50 * NS_PER_MS);
    helper_burn(&first, -1);
    helper_burn(&other, -1);
    library_load_close(&load);
}

static void a_driver_without_threads_of_a_library_has_none_that_are_busy(void **state)
{
    struct helper helper = {0};
    struct library_load load;

    (void)state;
    helper_start(&helper, "rdk:main");
    library_load_open(&load, NULL);
    helper_burn(&helper, NS_PER_MS);
    assert_int_equal(library_load_take(&load), 0);
    library_load_close(&load);
    library_load_close(&load);
    helper_burn(&helper, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_busiest_of_a_librarys_threads_counts_and_no_other),
        cmocka_unit_test(a_driver_without_threads_of_a_library_has_none_that_are_busy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
