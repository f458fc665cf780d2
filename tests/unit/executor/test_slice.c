/* What a thread asks of the scheduler; kernels before 6.12 do not tell, and nothing is asked then.
 */
#include "slice_inner.h"

#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000

/* See sched_setattr(2): the C library has no name for it. */
struct attr {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns;
    uint64_t deadline_ns;
    uint64_t period_ns;
};

struct seen {
    struct attr before;
    struct attr after;
    struct attr child;
};

static struct attr own_attr(void)
{
    struct attr attr = {.size = sizeof attr};

    assert_int_equal(syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0), 0);
    return attr;
}

static void *be_child(void *argument)
{
    *(struct attr *)argument = own_attr();
    return NULL;
}

static void *ask(void *argument)
{
    struct seen *seen = argument;
    pthread_t child;

    seen->before = own_attr();
    slice_shorten();
    seen->after = own_attr();
    assert_int_equal(pthread_create(&child, NULL, be_child, &seen->child), 0);
    assert_int_equal(pthread_join(child, NULL), 0);
    return NULL;
}

static void *ask_in_batch(void *argument)
{
    struct attr batch = {.size = sizeof batch, .policy = SCHED_BATCH};

    assert_int_equal(syscall(SYS_sched_setattr, 0, &batch, 0), 0);
    return ask(argument);
}

static struct seen in_thread(void *(*main)(void *))
{
    struct seen seen;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, main, &seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return seen;
}

static void a_thread_has_a_short_slice_and_else_what_it_had(void **state)
{
    struct seen seen = in_thread(ask);

    (void)state;
    assert_int_equal(seen.after.policy, seen.before.policy);
    assert_int_equal(seen.after.nice, seen.before.nice);
    if (seen.before.runtime_ns == 0) {
        skip();
    }
    assert_int_equal(seen.after.runtime_ns, SLICE_NS);
}

static void threads_that_it_makes_have_the_usual_slice(void **state)
{
    struct seen seen = in_thread(ask);

    (void)state;
    if (seen.before.runtime_ns == 0) {
        skip();
    }
    assert_int_equal(seen.child.runtime_ns, seen.before.runtime_ns);
}

static void a_policy_of_its_own_is_left_alone(void **state)
{
    struct seen seen = in_thread(ask_in_batch);

    (void)state;
    assert_int_equal(seen.after.policy, SCHED_BATCH);
    assert_int_not_equal(seen.after.runtime_ns, SLICE_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_has_a_short_slice_and_else_what_it_had),
        cmocka_unit_test(threads_that_it_makes_have_the_usual_slice),
        cmocka_unit_test(a_policy_of_its_own_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
