#include "ring.h"

#include "pages.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE_BYTES 64

/* Head and tail live on lines of their own: sharing one costs a cache miss per element. */
struct ring {
    size_t element_bytes;
    uint32_t capacity;
    unsigned char *elements;
    _Alignas(CACHE_LINE_BYTES) _Atomic uint32_t head; /* Next to read. */
    _Alignas(CACHE_LINE_BYTES) _Atomic uint32_t tail; /* Next to write. */
};

int ring_new(size_t element_bytes, uint32_t capacity, struct ring **ret, struct errinfo *reterr)
{
    struct ring *ring;
    uint32_t rounded = 1;

    if (element_bytes == 0 || capacity == 0 || capacity > UINT32_C(1) << 30) {
        return errinfo_set(reterr, -EINVAL, "a ring of %u elements can't be made", capacity);
    }
    while (rounded < capacity) {
        rounded *= 2;
    }
    ring = aligned_alloc(CACHE_LINE_BYTES, sizeof *ring);
    if (ring == NULL) {
        return errinfo_nomem(reterr);
    }
    memset(ring, 0, sizeof *ring);
    ring->element_bytes = element_bytes;
    ring->capacity = rounded;
    ring->elements = pages_new(rounded * element_bytes);
    if (ring->elements == NULL) {
        free(ring);
        return errinfo_nomem(reterr);
    }
    *ret = ring;
    return 0;
}

void ring_free(struct ring *ring)
{
    if (ring != NULL) {
        pages_free(ring->elements, (size_t)ring->capacity * ring->element_bytes);
        free(ring);
    }
}

bool ring_push(struct ring *ring, const void *element)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

    if (tail - head == ring->capacity) {
        return false;
    }
    if (tail == head && (tail & (ring->capacity - 1)) != 0) {
        /* Begin at the first place again: then only as much memory is touched as waits at once.
         * The reader does not write head while the ring is empty. */
        tail = (tail | (ring->capacity - 1)) + 1;
        atomic_store_explicit(&ring->head, tail, memory_order_relaxed);
    }
    memcpy(ring->elements + (size_t)(tail & (ring->capacity - 1)) * ring->element_bytes, element,
           ring->element_bytes);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

uint32_t ring_room(const struct ring *ring)
{
    return ring->capacity - (atomic_load_explicit(&ring->tail, memory_order_relaxed) -
                             atomic_load_explicit(&ring->head, memory_order_acquire));
}

bool ring_pop(struct ring *ring, void *element)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    /* After the tail: a writer that found the ring empty has moved the head before it. An empty
     * ring's head may be seen to have moved already when its tail is not. */
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    if ((int32_t)(tail - head) <= 0) {
        return false;
    }
    memcpy(element, ring->elements + (size_t)(head & (ring->capacity - 1)) * ring->element_bytes,
           ring->element_bytes);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}
