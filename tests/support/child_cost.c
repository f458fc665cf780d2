#include "child_cost.h"

#include "check.h"
#include "mono.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZER_TIMES = 10 };
#else
enum { SANITIZER_TIMES = 1 };
#endif

static int64_t ns_of(struct timeval time)
{
    return (int64_t)time.tv_sec * NS_PER_S + (int64_t)time.tv_usec * 1000;
}

static int64_t own_kib(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

void child_cost_of(void (*work)(void *context), void *context, struct child_cost *ret)
{
    /* Shared with the child, which alone knows what it began with. */
    int64_t *began_kib =
        mmap(NULL, sizeof *began_kib, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct rusage usage;
    int status = 0;
    pid_t child;

    assert_true(began_kib != MAP_FAILED);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        *began_kib = own_kib();
        work(context);
        _exit(0); /* A test that fails in it has ended it otherwise. */
    }
    assert_int_equal(wait4(child, &status, 0, &usage), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    ret->cpu_ns = ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
    ret->more_kib = usage.ru_maxrss - *began_kib;
    assert_int_equal(munmap(began_kib, sizeof *began_kib), 0);
}

bool child_cost_is_small(const struct child_cost *cost)
{
    return cost->cpu_ns <= SANITIZER_TIMES * NS_PER_S &&
           cost->more_kib <= INT64_C(50) * 1024 * SANITIZER_TIMES;
}
