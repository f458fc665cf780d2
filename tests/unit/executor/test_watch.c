/* The one set of descriptors of a worker, with events that another thread could set. No sleeps: a
 * wait of 0 only looks. */
#include "mono.h"
#include "sync.h"
#include "watch_inner.h"

#include "check.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CLIENTS 3

struct endpoint {
    int fds[CLIENTS]; /* Of a driver that puts its own in the set; else the first of them. */
    int set_fd;
    bool refuses;
    uint32_t ready_count;
    uint32_t ready_last;
};

static int wait_fd(const struct endpoint *endpoint)
{
    return endpoint->fds[0];
}

static int watch_clients(struct endpoint *endpoint, int set_fd, uint64_t tag)
{
    if (endpoint->refuses) {
        return -ENOTSUP;
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = tag | i}};

        if (set_fd >= 0) {
            assert_int_equal(epoll_ctl(set_fd, EPOLL_CTL_ADD, endpoint->fds[i], &event), 0);
        } else {
            assert_int_equal(epoll_ctl(endpoint->set_fd, EPOLL_CTL_DEL, endpoint->fds[i], NULL), 0);
        }
    }
    endpoint->set_fd = set_fd;
    return 0;
}

static void ready(struct endpoint *endpoint, uint32_t number, uint32_t events)
{
    assert_true((events & EPOLLIN) != 0);
    endpoint->ready_count++;
    endpoint->ready_last = number;
}

static const struct backend_ops by_endpoint = {.wait_fd = wait_fd};
static const struct backend_ops by_client = {
    .wait_fd = wait_fd, .watch = watch_clients, .ready = ready};

struct bench {
    struct watch watch;
    int wake_fd;
    struct endpoint a;
    struct endpoint b;
};

static void endpoint_init(struct endpoint *endpoint)
{
    *endpoint = (struct endpoint){.set_fd = -1};
    for (uint32_t i = 0; i < CLIENTS; i++) {
        endpoint->fds[i] = sync_event_new(NULL);
        assert_true(endpoint->fds[i] >= 0);
    }
}

static void begin(struct bench *bench)
{
    bench->wake_fd = sync_event_new(NULL);
    assert_int_equal(watch_init(&bench->watch, bench->wake_fd, NULL), 0);
    endpoint_init(&bench->a);
    endpoint_init(&bench->b);
}

static void done(struct bench *bench)
{
    watch_done(&bench->watch);
    (void)close(bench->wake_fd);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        (void)close(bench->a.fds[i]);
        (void)close(bench->b.fds[i]);
    }
}

static void the_endpoint_is_polled_whose_descriptor_is_readable(void **state)
{
    struct bench bench;
    struct watch_place *a;
    struct watch_place *b;

    (void)state;
    begin(&bench);
    a = watch_add(&bench.watch, &by_endpoint, &bench.a);
    b = watch_add(&bench.watch, &by_endpoint, &bench.b);
    assert_true(watch_take(a)); /* What there was before it came into the set. */
    assert_true(watch_take(b));
    assert_false(watch_wait(&bench.watch, 0));
    assert_false(watch_take(a) || watch_take(b));
    sync_event_set(bench.b.fds[0]);
    assert_true(watch_wait(&bench.watch, NS_PER_S));
    assert_false(watch_take(a));
    assert_true(watch_take(b));
    assert_false(watch_take(b));              /* Once. */
    assert_true(watch_wait(&bench.watch, 0)); /* It still is. */
    assert_true(watch_take(b));
    watch_ready_all(&bench.watch);
    assert_true(watch_take(a) && watch_take(b));
    done(&bench);
}

static void a_driver_is_told_which_of_its_clients_are_ready(void **state)
{
    struct bench bench;
    struct watch_place *a;
    struct watch_place *b;

    (void)state;
    begin(&bench);
    a = watch_add(&bench.watch, &by_endpoint, &bench.a);
    b = watch_add(&bench.watch, &by_client, &bench.b);
    assert_true(watch_take(a) && watch_take(b));
    sync_event_set(bench.b.fds[2]);
    assert_true(watch_wait(&bench.watch, NS_PER_S));
    assert_int_equal(bench.b.ready_count, 1);
    assert_int_equal(bench.b.ready_last, 2);
    assert_false(watch_take(a));
    assert_true(watch_take(b));
    watch_remove(&bench.watch, b);
    assert_int_equal(bench.b.set_fd, -1);
    assert_false(watch_wait(&bench.watch, 0));
    assert_int_equal(bench.watch.by_client_count, 0);
    done(&bench);
}

static void a_driver_that_can_not_is_waited_for_as_a_whole(void **state)
{
    struct bench bench;
    struct watch_place *place;

    (void)state;
    begin(&bench);
    bench.a.refuses = true;
    place = watch_add(&bench.watch, &by_client, &bench.a);
    assert_true(watch_take(place));
    sync_event_set(bench.a.fds[0]);
    assert_true(watch_wait(&bench.watch, 0));
    assert_true(watch_take(place));
    assert_int_equal(bench.a.ready_count, 0);
    done(&bench);
}

static void an_endpoint_without_a_descriptor_is_polled_all_the_time(void **state)
{
    struct bench bench;
    struct endpoint none = {.fds = {-1, -1, -1}};
    struct watch_place *place;

    (void)state;
    begin(&bench);
    place = watch_add(&bench.watch, &by_endpoint, &none);
    assert_int_equal(bench.watch.blind_count, 1);
    assert_true(watch_take(place) && watch_take(place));
    assert_false(watch_wait(&bench.watch, INT64_MAX / 2)); /* A millisecond at most. */
    watch_remove(&bench.watch, place);
    assert_int_equal(bench.watch.blind_count, 0);
    done(&bench);
}

static void consumers_that_are_held_end_no_wait(void **state)
{
    const struct backend_ops holds = {.wait_fd = wait_fd, .held_fd = true};
    struct bench bench;
    struct watch_place *a;
    struct watch_place *b;

    (void)state;
    begin(&bench);
    a = watch_add(&bench.watch, &by_endpoint, &bench.a);
    b = watch_add(&bench.watch, &holds, &bench.b);
    sync_event_set(bench.a.fds[0]);
    watch_hold(&bench.watch, a, true);
    watch_hold(&bench.watch, b, true);
    assert_true(watch_take(a) && watch_take(b)); /* Once, to begin with it. */
    assert_false(watch_wait(&bench.watch, 0));
    sync_event_set(bench.b.fds[0]);
    assert_true(watch_wait(&bench.watch, 0)); /* Its driver says so. */
    assert_false(watch_take(a));
    assert_true(watch_take(b));
    watch_hold(&bench.watch, a, false);
    assert_true(watch_take(a));
    assert_true(watch_wait(&bench.watch, 0));
    assert_true(watch_take(a));
    done(&bench);
}

static void a_call_from_elsewhere_ends_one_wait(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench);
    sync_event_set(bench.wake_fd);
    assert_true(watch_wait(&bench.watch, NS_PER_S));
    assert_false(watch_wait(&bench.watch, 0));
    watch_add_fd(&bench.watch, bench.a.fds[0]);
    watch_add_fd(&bench.watch, -1);
    sync_event_set(bench.a.fds[0]);
    assert_true(watch_wait(&bench.watch, NS_PER_S));
    watch_remove_fd(&bench.watch, bench.a.fds[0]);
    assert_false(watch_wait(&bench.watch, 0));
    done(&bench);
}

/* Not what a sleep was late by: whatever the host does, this is what was asked for. */
static void what_is_found_after_a_sleep_may_have_waited_for_it(void **state)
{
    struct bench bench;
    int64_t now_ns = mono_ns();

    (void)state;
    begin(&bench);
    (void)watch_sleep(&bench.watch, now_ns + 2 * NS_PER_MS);
    assert_true(bench.watch.has_slept);
    (void)watch_wait(&bench.watch, 0);
    assert_true(bench.watch.waited_ns <= 2 * NS_PER_MS);
    assert_false(bench.watch.has_slept);
    (void)watch_wait(&bench.watch, 0);
    assert_int_equal(bench.watch.waited_ns, 0);
    done(&bench);
}

static void what_was_passed_by_may_have_waited_from_its_begin_on(void **state)
{
    struct bench bench;
    int64_t now_ns = mono_ns();

    (void)state;
    begin(&bench);
    watch_passed_by(&bench.watch, now_ns - 300, now_ns);
    watch_passed_by(&bench.watch, now_ns, now_ns - 100); /* It was over before. */
    assert_false(bench.watch.has_slept);                 /* There is no need to look. */
    watch_passed_by(&bench.watch, now_ns, now_ns + 50);
    watch_look(&bench.watch);
    assert_int_equal(bench.watch.waited_ns, 350);
    watch_look(&bench.watch);
    assert_int_equal(bench.watch.waited_ns, 0);
    done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_endpoint_is_polled_whose_descriptor_is_readable),
        cmocka_unit_test(a_driver_is_told_which_of_its_clients_are_ready),
        cmocka_unit_test(a_driver_that_can_not_is_waited_for_as_a_whole),
        cmocka_unit_test(an_endpoint_without_a_descriptor_is_polled_all_the_time),
        cmocka_unit_test(consumers_that_are_held_end_no_wait),
        cmocka_unit_test(a_call_from_elsewhere_ends_one_wait),
        cmocka_unit_test(what_is_found_after_a_sleep_may_have_waited_for_it),
        cmocka_unit_test(what_was_passed_by_may_have_waited_from_its_begin_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
