#include "check.h"
#include "ring.h"

#include <pthread.h>
#include <stdio.h>

/* A sanitizer's own memory is in what is resident. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_OURS false
#else
#define MEMORY_IS_OURS true
#endif

#define ELEMENTS 200000

static unsigned long resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
    assert_int_equal(fclose(file), 0);
    return pages;
}

static void *write_all(void *argument)
{
    struct ring *ring = argument;

    for (uint64_t i = 0; i < ELEMENTS;) {
        i += ring_push(ring, &i) ? 1 : 0;
    }
    return NULL;
}

static void ring_hands_over_every_element_in_order(void **state)
{
    struct ring *ring = NULL;
    pthread_t writer;

    (void)state;
    assert_int_equal(ring_new(sizeof(uint64_t), 100, &ring, NULL), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_all, ring), 0);
    for (uint64_t i = 0; i < ELEMENTS;) {
        uint64_t value;

        if (ring_pop(ring, &value)) {
            assert_int_equal(value, i);
            i++;
        }
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    ring_free(ring);
}

static void ring_push_refuses_when_full(void **state)
{
    struct ring *ring = NULL;
    uint64_t value = 1;

    (void)state;
    assert_int_equal(ring_new(sizeof value, 2, &ring, NULL), 0);
    assert_true(ring_push(ring, &value));
    assert_true(ring_push(ring, &value));
    assert_int_equal(ring_room(ring), 0);
    assert_false(ring_push(ring, &value));
    ring_free(ring);
}

/* As one that has just been emptied begins at its first place again. */
static void ring_that_never_holds_much_touches_little_memory(void **state)
{
    struct ring *ring = NULL;
    uint64_t value = 0;
    uint64_t taken = 0;
    unsigned long before = resident_pages();

    (void)state;
    assert_int_equal(ring_new(sizeof value, 1 << 20, &ring, NULL), 0);
    for (uint64_t i = 0; i < 3 << 20; i++) {
        assert_true(ring_push(ring, &i));
        if (i % 3 == 2) {
            for (uint64_t n = 0; n < 3; n++) {
                assert_true(ring_pop(ring, &value));
                assert_int_equal(value, taken++);
            }
            assert_false(ring_pop(ring, &value));
            assert_int_equal(ring_room(ring), 1 << 20);
        }
    }
    if (MEMORY_IS_OURS) {
        assert_true(resident_pages() < before + 256); /* Of 2048. */
    }
    ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_hands_over_every_element_in_order),
        cmocka_unit_test(ring_push_refuses_when_full),
        cmocka_unit_test(ring_that_never_holds_much_touches_little_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
