/* Whose turn it is among clients with sockets; these are pipes to themselves: event descriptors. */
#include "check.h"

#include "mono.h"
#include "turns.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CLIENTS 200u
#define TAG (UINT64_C(7) << 32)

struct bench {
    struct turns turns;
    int set_fd;
};

/* All have a socket. */
static void begin(struct bench *bench)
{
    assert_int_equal(turns_init(&bench->turns, CLIENTS, NULL), 0);
    bench->set_fd = epoll_create1(EPOLL_CLOEXEC);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

        assert_int_equal(turns_add(&bench->turns, i, fd, EPOLLIN), 0);
    }
}

static void end(struct bench *bench)
{
    for (uint32_t i = 0; i < CLIENTS; i++) {
        if (bench->turns.clients[i].fd >= 0) {
            (void)close(bench->turns.clients[i].fd);
        }
    }
    turns_done(&bench->turns);
    (void)close(bench->set_fd);
}

static void make_ready(const struct bench *bench, uint32_t client)
{
    const uint64_t one = 1;

    assert_int_equal(write(bench->turns.clients[client].fd, &one, sizeof one), sizeof one);
}

static bool is_told(int set_fd)
{
    struct epoll_event told;

    return epoll_wait(set_fd, &told, 1, 0) == 1;
}

static void all_that_are_ready_are_found_however_many(void **state)
{
    struct bench bench;
    bool found[CLIENTS] = {false};
    uint32_t client = 0;
    uint32_t events = 0;

    (void)state;
    begin(&bench);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        make_ready(&bench, i);
    }
    turns_find_ready(&bench.turns);
    while (turns_next_ready(&bench.turns, &client, &events)) {
        assert_false(found[client]);
        assert_int_equal(events, EPOLLIN);
        found[client] = true;
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_true(found[i]);
    }
    end(&bench);
}

static void the_workers_set_is_told_what_is_asked_for_now(void **state)
{
    struct bench bench;
    struct epoll_event told[4];
    uint32_t client = 0;
    uint32_t events = 0;

    (void)state;
    begin(&bench);
    turns_ask(&bench.turns, 3, EPOLLIN | EPOLLOUT);
    assert_int_equal(turns_watch(&bench.turns, bench.set_fd, TAG), 0);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 1);
    assert_true(told[0].data.u64 == (TAG | 3));
    turns_find_ready(&bench.turns); /* The worker says it. */
    assert_false(turns_next_ready(&bench.turns, &client, &events));
    turns_ready(&bench.turns, 3, EPOLLIN);
    turns_ready(&bench.turns, 3, EPOLLOUT);
    assert_true(turns_next_ready(&bench.turns, &client, &events));
    assert_int_equal(client, 3);
    assert_int_equal(events, EPOLLIN | EPOLLOUT);
    assert_false(turns_next_ready(&bench.turns, &client, &events));
    turns_ask(&bench.turns, 3, 0);
    assert_false(is_told(bench.set_fd));
    assert_int_equal(turns_watch(&bench.turns, -1, 0), 0);
    make_ready(&bench, 5);
    assert_false(is_told(bench.set_fd));
    turns_find_ready(&bench.turns);
    assert_true(turns_next_ready(&bench.turns, &client, &events));
    assert_int_equal(client, 5);
    end(&bench);
}

/* A socket may break between the wait and the poll, and another take its place. */
static void what_was_said_of_a_socket_is_not_taken_for_the_next_one(void **state)
{
    struct bench bench;
    uint32_t client = 0;
    uint32_t events = 0;

    (void)state;
    begin(&bench);
    turns_ready(&bench.turns, 0, EPOLLIN | EPOLLRDHUP);
    (void)close(bench.turns.clients[0].fd);
    turns_lost(&bench.turns, 0);
    assert_int_equal(turns_watch(&bench.turns, bench.set_fd, TAG), 0); /* The others. */
    assert_true(turns_next_ready(&bench.turns, &client, &events));
    assert_int_equal(events, EPOLLIN);
    (void)close(bench.turns.clients[1].fd);
    turns_lost(&bench.turns, 1);
    assert_false(turns_next_ready(&bench.turns, &client, &events));
    end(&bench);
}

static void the_descriptor_tells_while_one_is_queued(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < CLIENTS; i++) {
            turns_enqueue(&bench.turns, i);
            turns_enqueue(&bench.turns, i); /* Once is enough. */
        }
        assert_int_equal(bench.turns.queue_count, CLIENTS);
        for (uint32_t i = 0; i < CLIENTS; i++) {
            turns_end(&bench.turns);
            assert_true(is_told(bench.turns.epoll_fd));
            assert_int_equal(turns_dequeue(&bench.turns), i);
        }
        turns_end(&bench.turns);
        assert_false(is_told(bench.turns.epoll_fd));
    }
    end(&bench);
}

static void ticks_are_counted_until_they_are_taken(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_int_equal(turns_take_ticks(&bench.turns), 0);
    turns_tick(&bench.turns, NS_PER_MS);
    mono_sleep_until(mono_ns() + 20 * NS_PER_MS);
    turns_find_ready(&bench.turns);
    assert_true(turns_take_ticks(&bench.turns) >= 10);
    turns_tick(&bench.turns, 0);
    assert_int_equal(turns_take_ticks(&bench.turns), 0);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_are_ready_are_found_however_many),
        cmocka_unit_test(the_workers_set_is_told_what_is_asked_for_now),
        cmocka_unit_test(what_was_said_of_a_socket_is_not_taken_for_the_next_one),
        cmocka_unit_test(the_descriptor_tells_while_one_is_queued),
        cmocka_unit_test(ticks_are_counted_until_they_are_taken),
    };

    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
