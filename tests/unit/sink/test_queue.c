#include "check.h"
#include "mono.h"
#include "queue.h"
#include "sync.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A writer that a test holds up, in write() or in sync(), until it lets it go on. */
struct slow {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool held;       /* The next call waits. */
    bool waiting;    /* One does. */
    char told[4096]; /* "a b | c ": what was written, and where it was synced. */
};

#define LONG_NS (30 * NS_PER_S) /* A wait that lasts that long has failed. */
#define FRAME 7

static void stop_here(struct slow *slow)
{
    while (slow->held) {
        slow->waiting = true;
        (void)pthread_cond_broadcast(&slow->changed);
        assert_true(sync_condition_wait(&slow->changed, &slow->lock, mono_ns() + LONG_NS));
    }
    slow->waiting = false;
}

static void tell(struct slow *slow, const void *bytes, size_t bytes_count)
{
    size_t used = strlen(slow->told);

    assert_true(used + bytes_count + 2 < sizeof slow->told);
    memcpy(slow->told + used, bytes, bytes_count);
    (void)snprintf(slow->told + used + bytes_count, 2, " ");
}

static void write_piece(void *context, uint32_t kind, const void *bytes, size_t bytes_count)
{
    struct slow *slow = context;

    (void)kind;
    sync_lock(&slow->lock);
    stop_here(slow);
    tell(slow, bytes, bytes_count);
    sync_unlock(&slow->lock);
}

static void sync_pieces(void *context)
{
    struct slow *slow = context;

    sync_lock(&slow->lock);
    stop_here(slow);
    tell(slow, "|", 1);
    sync_unlock(&slow->lock);
}

static void end(void *context)
{
    struct slow *slow = context;

    sync_lock(&slow->lock);
    tell(slow, ".", 1);
    sync_unlock(&slow->lock);
}

static struct queue *begin(struct slow *slow, size_t bytes_max, int64_t sync_ns)
{
    const struct queue_config config = {.name = "slow",
                                        .bytes_max = bytes_max,
                                        .sync_ns = sync_ns,
                                        .context = slow,
                                        .write = write_piece,
                                        .sync = sync_pieces,
                                        .end = end};
    struct queue *queue = NULL;

    memset(slow, 0, sizeof *slow);
    assert_int_equal(pthread_mutex_init(&slow->lock, NULL), 0);
    sync_condition_init(&slow->changed);
    assert_int_equal(queue_new(&config, &queue, NULL), 0);
    return queue;
}

static void hold(struct slow *slow)
{
    sync_lock(&slow->lock);
    slow->held = true;
    sync_unlock(&slow->lock);
}

static void wait_until_stuck(struct slow *slow)
{
    sync_lock(&slow->lock);
    while (!slow->waiting) {
        assert_true(sync_condition_wait(&slow->changed, &slow->lock, mono_ns() + LONG_NS));
    }
    sync_unlock(&slow->lock);
}

static void let_go(struct slow *slow)
{
    sync_lock(&slow->lock);
    slow->held = false;
    (void)pthread_cond_broadcast(&slow->changed);
    sync_unlock(&slow->lock);
}

static int put(struct queue *queue, const char *word)
{
    return queue_put(queue, 0, word, strlen(word));
}

static void a_flush_returns_once_all_is_written_and_synced(void **state)
{
    struct slow slow;
    struct queue *queue = begin(&slow, 4096, 0);
    struct queue_state now;

    (void)state;
    assert_int_equal(put(queue, "a"), 0);
    assert_int_equal(put(queue, "b"), 0);
    assert_true(queue_flush(queue, mono_ns() + LONG_NS));
    assert_string_equal(slow.told, "a b | ");
    queue_look(queue, &now);
    assert_int_equal(now.pieces, 0);
    assert_int_equal(now.bytes, 0);
    assert_int_equal(now.since_ns, 0);
    assert_int_equal(put(queue, "c"), 0);
    assert_true(queue_close(queue, mono_ns() + LONG_NS));
    assert_string_equal(slow.told, "a b | c | . ");
}

static void who_puts_never_waits_for_a_writer_that_is_stuck(void **state)
{
    struct slow slow;
    struct queue *queue = begin(&slow, 1 << 20, 0);
    struct queue_state now;
    int64_t began_ns = mono_ns();

    (void)state;
    hold(&slow);
    assert_int_equal(put(queue, "a"), 0);
    wait_until_stuck(&slow);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(put(queue, "b"), 0);
    }
    queue_look(queue, &now);
    assert_int_equal(now.pieces, 1001);
    assert_true(now.bytes > 1001);
    assert_in_range(now.since_ns, began_ns, mono_ns());
    assert_false(queue_flush(queue, mono_ns()));
    let_go(&slow);
    assert_true(queue_close(queue, mono_ns() + LONG_NS));
    assert_int_equal(strlen(slow.told), 2 * 1001 + strlen("| . "));
}

static void a_full_queue_refuses_and_takes_again_once_there_is_room(void **state)
{
    struct slow slow;
    struct queue *queue = begin(&slow, 256, 0);
    struct queue_state now;
    char word[101];
    int puts = 0;

    (void)state;
    memset(word, 'x', 100);
    word[100] = '\0';
    hold(&slow);
    while (put(queue, word) == 0) {
        puts++;
    }
    assert_in_range(puts, 1, 2);
    assert_int_equal(put(queue, word), -ENOBUFS);
    queue_look(queue, &now);
    assert_int_equal(now.pieces, puts);
    assert_true(now.bytes <= 256);
    let_go(&slow);
    assert_true(queue_flush(queue, mono_ns() + LONG_NS));
    assert_int_equal(put(queue, "b"), 0);
    assert_true(queue_close(queue, mono_ns() + LONG_NS));
    assert_string_equal(slow.told + strlen(slow.told) - 6, "b | . ");
}

static void only_the_newest_frame_waits_and_all_else_does(void **state)
{
    struct slow slow;
    struct queue *queue = begin(&slow, 4096, 0);

    (void)state;
    hold(&slow);
    assert_int_equal(put(queue, "a"), 0);
    wait_until_stuck(&slow);
    assert_int_equal(queue_put_newest(queue, FRAME, "1", 1), 0);
    assert_int_equal(put(queue, "b"), 0);
    assert_int_equal(queue_put_newest(queue, FRAME, "2", 1), 1);
    assert_int_equal(put(queue, "c"), 0);
    assert_int_equal(queue_put_newest(queue, FRAME, "3", 1), 1);
    let_go(&slow);
    assert_true(queue_close(queue, mono_ns() + LONG_NS));
    assert_string_equal(slow.told, "a b c 3 | . ");
}

static void a_frame_that_is_being_written_is_not_dropped(void **state)
{
    struct slow slow;
    struct queue *queue = begin(&slow, 4096, 0);

    (void)state;
    hold(&slow);
    assert_int_equal(queue_put_newest(queue, FRAME, "1", 1), 0);
    wait_until_stuck(&slow);
    assert_int_equal(queue_put_newest(queue, FRAME, "2", 1), 0);
    assert_int_equal(queue_put_newest(queue, FRAME, "3", 1), 1);
    let_go(&slow);
    assert_true(queue_close(queue, mono_ns() + LONG_NS));
    assert_string_equal(slow.told, "1 3 | . ");
}

static void a_sync_that_lasts_is_seen_as_a_wait(void **state)
{
    struct slow slow;
    struct queue *queue = begin(&slow, 4096, NS_PER_MS);
    struct queue_state now;
    int64_t began_ns;

    (void)state;
    hold(&slow);
    wait_until_stuck(&slow);
    began_ns = mono_ns();
    queue_look(queue, &now);
    assert_int_equal(now.pieces, 0);
    assert_in_range(now.since_ns, 1, began_ns);
    let_go(&slow);
    assert_true(queue_close(queue, mono_ns() + LONG_NS));
}

static void a_stuck_writer_is_left_behind_and_still_ends_once_it_can(void **state)
{
    static struct slow slow; /* Still in use when the test is over. */
    struct queue *queue = begin(&slow, 4096, 0);

    (void)state;
    hold(&slow);
    assert_int_equal(put(queue, "a"), 0);
    wait_until_stuck(&slow);
    assert_false(queue_close(queue, mono_ns() + NS_PER_MS));
    let_go(&slow);
    sync_lock(&slow.lock);
    while (strcmp(slow.told, "a | . ") != 0) {
        assert_true(strlen(slow.told) <= strlen("a | . "));
        sync_unlock(&slow.lock);
        mono_sleep_until(mono_ns() + NS_PER_MS);
        sync_lock(&slow.lock);
    }
    sync_unlock(&slow.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flush_returns_once_all_is_written_and_synced),
        cmocka_unit_test(who_puts_never_waits_for_a_writer_that_is_stuck),
        cmocka_unit_test(a_full_queue_refuses_and_takes_again_once_there_is_room),
        cmocka_unit_test(only_the_newest_frame_waits_and_all_else_does),
        cmocka_unit_test(a_frame_that_is_being_written_is_not_dropped),
        cmocka_unit_test(a_sync_that_lasts_is_seen_as_a_wait),
        cmocka_unit_test(a_stuck_writer_is_left_behind_and_still_ends_once_it_can),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
