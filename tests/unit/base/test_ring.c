#include "check.h"
#include "ring.h"

#include <pthread.h>

#define ELEMENTS 200000

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_hands_over_every_element_in_order),
        cmocka_unit_test(ring_push_refuses_when_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
