/*
 * ring: a bounded queue of fixed-size elements between exactly one writing and one reading thread.
 * Lock-free; no call waits or allocates after ring_new(). A full ring refuses: the writer decides
 * what that means.
 */
#ifndef MILLRACE_RING_H
#define MILLRACE_RING_H

#include "errinfo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* capacity is rounded up to a power of two. 0, -EINVAL or -ENOMEM; the caller owns *ret. */
int ring_new(size_t element_bytes, uint32_t capacity, struct ring **ret, struct errinfo *reterr);
void ring_free(struct ring *ring);

/* Writer: copies one element in; false if the ring is full. */
bool ring_push(struct ring *ring, const void *element);

/* Writer: how many elements can be pushed now at least. */
uint32_t ring_room(const struct ring *ring);

/* Reader: copies one element out; false if the ring is empty. */
bool ring_pop(struct ring *ring, void *element);

#endif
