#include "seqset.h"

#include "invariant.h"

#include <errno.h>
#include <roaring/roaring.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BITS 32
#define CHUNK_SIZE (UINT64_C(1) << CHUNK_BITS)
#define CONTAINER_SIZE (UINT64_C(1) << 16) /* Roaring's own unit. */

/*
 * Single numbers make bitset containers, also where they end up as one long run. Turning these into
 * runs visits every container, so it waits for so many new members, and for more of them the more
 * containers there are: that keeps it under 1 ns a member.
 */
#define OPTIMIZE_MEMBERS_MIN (UINT64_C(1) << 20)
#define OPTIMIZE_SHARE 1024

struct chunk {
    uint64_t high; /* Of its members: member / CHUNK_SIZE. */
    roaring_bitmap_t *bits;
};

struct seqset {
    uint64_t base; /* All below are members, itself is not. */
    uint64_t end;  /* Above all members; at least base. */
    uint64_t count;
    uint64_t unoptimized; /* Members that came since runs were last looked for. */
    /* In rising order. What they hold below base is left over and means nothing: it is removed a
     * container at a time, as base advances in steps of one when gaps are filled. */
    struct chunk *chunks;
    uint32_t chunks_count;
    uint32_t chunks_capacity;
};

int seqset_new(struct seqset **ret, struct errinfo *reterr)
{
    struct seqset *set = calloc(1, sizeof *set);

    if (set == NULL) {
        return errinfo_nomem(reterr);
    }
    *ret = set;
    return 0;
}

void seqset_free(struct seqset *set)
{
    if (set == NULL) {
        return;
    }
    for (uint32_t i = 0; i < set->chunks_count; i++) {
        roaring_bitmap_free(set->chunks[i].bits);
    }
    free(set->chunks);
    free(set);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t chunk_start(const struct chunk *chunk)
{
    return chunk->high << CHUNK_BITS;
}

/* Index of the first chunk that may hold seq or something above it. */
static uint32_t chunk_index(const struct seqset *set, uint64_t seq)
{
    uint32_t from = 0;
    uint32_t to = set->chunks_count;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;

        if (set->chunks[middle].high < seq >> CHUNK_BITS) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* The chunk of seq, or NULL. */
static const struct chunk *chunk_of(const struct seqset *set, uint64_t seq)
{
    uint32_t index = chunk_index(set, seq);

    if (index == set->chunks_count || set->chunks[index].high != seq >> CHUNK_BITS) {
        return NULL;
    }
    return &set->chunks[index];
}

static int chunk_make(struct seqset *set, uint64_t seq, roaring_bitmap_t **ret)
{
    uint32_t index = chunk_index(set, seq);
    roaring_bitmap_t *bits;

    if (index < set->chunks_count && set->chunks[index].high == seq >> CHUNK_BITS) {
        *ret = set->chunks[index].bits;
        return 0;
    }
    if (set->chunks_count == set->chunks_capacity) {
        uint32_t capacity = set->chunks_capacity * 2 + 1;
        struct chunk *grown = reallocarray(set->chunks, capacity, sizeof *grown);

        if (grown == NULL) {
            return -ENOMEM;
        }
        set->chunks = grown;
        set->chunks_capacity = capacity;
    }
    bits = roaring_bitmap_create();
    if (bits == NULL) {
        return -ENOMEM;
    }
    memmove(&set->chunks[index + 1], &set->chunks[index],
            sizeof *set->chunks * (set->chunks_count - index));
    set->chunks[index] = (struct chunk){.high = seq >> CHUNK_BITS, .bits = bits};
    set->chunks_count++;
    *ret = bits;
    return 0;
}

/* First number from low on that is not in bits, at most CHUNK_SIZE; low is in it. In steps that
 * double and then halve: Roaring 0.2.66 shows no runs, and going through members one by one would
 * make a long run cost its length. */
static uint64_t bits_run_end(const roaring_bitmap_t *bits, uint64_t low)
{
    uint64_t at = low + 1;
    uint64_t step = 1;

    while (at + step <= CHUNK_SIZE && roaring_bitmap_contains_range(bits, at, at + step)) {
        at += step;
        step *= 2;
    }
    for (; step > 0; step /= 2) {
        if (at + step <= CHUNK_SIZE && roaring_bitmap_contains_range(bits, at, at + step)) {
            at += step;
        }
    }
    return at;
}

/* First number from seq on that is no member, at most end. */
static uint64_t next_absent(const struct seqset *set, uint64_t seq, uint64_t end)
{
    if (seq < set->base) {
        return smaller(set->base, end);
    }
    while (seq < end) {
        const struct chunk *chunk = chunk_of(set, seq);

        if (chunk == NULL || !roaring_bitmap_contains(chunk->bits, (uint32_t)seq)) {
            return seq;
        }
        seq = chunk_start(chunk) + bits_run_end(chunk->bits, seq % CHUNK_SIZE);
        if (seq % CHUNK_SIZE != 0) {
            break;
        }
    }
    return smaller(seq, end);
}

/* First member from seq on, or end. */
static uint64_t next_member(const struct seqset *set, uint64_t seq, uint64_t end)
{
    if (seq < set->base || seq >= set->end) {
        return seq < set->base ? smaller(seq, end) : end;
    }
    for (uint32_t i = chunk_index(set, seq); i < set->chunks_count; i++) {
        const struct chunk *chunk = &set->chunks[i];
        uint64_t low = larger(seq, chunk_start(chunk)) - chunk_start(chunk);
        roaring_uint32_iterator_t iterator;

        if (chunk_start(chunk) >= end) {
            break;
        }
        roaring_init_iterator(chunk->bits, &iterator);
        if (roaring_move_uint32_iterator_equalorlarger(&iterator, (uint32_t)low)) {
            return smaller(chunk_start(chunk) + iterator.current_value, end);
        }
    }
    return end;
}

/* Drops what lies below base in whole containers. */
static void trim(struct seqset *set)
{
    uint64_t below = set->base - set->base % CONTAINER_SIZE;
    uint32_t gone = 0;

    while (gone < set->chunks_count && (set->chunks[gone].high + 1) << CHUNK_BITS <= below) {
        roaring_bitmap_free(set->chunks[gone].bits);
        gone++;
    }
    if (gone > 0) {
        set->chunks_count -= gone;
        memmove(set->chunks, &set->chunks[gone], sizeof *set->chunks * set->chunks_count);
    }
    if (set->chunks_count > 0 && chunk_start(&set->chunks[0]) < below) {
        roaring_bitmap_remove_range_closed(set->chunks[0].bits, 0,
                                           (uint32_t)(below - chunk_start(&set->chunks[0]) - 1));
    }
}

/* [base, base_new) are members now. */
static void advance(struct seqset *set, uint64_t base_new)
{
    uint64_t base_old = set->base;

    set->base = base_new;
    if (base_new < set->end) {
        /* The bitmaps go on from here, maybe. */
        set->base = next_absent(set, base_new, set->end);
    }
    set->end = larger(set->end, set->base);
    if (set->chunks_count > 0 && base_old / CONTAINER_SIZE != set->base / CONTAINER_SIZE) {
        trim(set);
    }
}

static void optimize(struct seqset *set)
{
    for (uint32_t i = 0; i < set->chunks_count; i++) {
        (void)roaring_bitmap_run_optimize(set->chunks[i].bits);
    }
    set->unoptimized = 0;
}

/* Puts [first, last], of which nothing is a member, into the bitmaps. */
static int insert(struct seqset *set, uint64_t first, uint64_t last)
{
    uint64_t at = first;

    while (at <= last) {
        uint64_t chunk_last = smaller(last, at | (CHUNK_SIZE - 1));
        roaring_bitmap_t *bits;

        if (chunk_make(set, at, &bits) < 0) {
            return -ENOMEM;
        }
        if (at == chunk_last) {
            roaring_bitmap_add(bits, (uint32_t)at);
        } else {
            roaring_bitmap_add_range_closed(bits, (uint32_t)at, (uint32_t)chunk_last);
        }
        set->count += chunk_last - at + 1;
        set->unoptimized += chunk_last - at + 1;
        set->end = larger(set->end, chunk_last + 1);
        at = chunk_last + 1;
    }
    if (set->unoptimized > OPTIMIZE_MEMBERS_MIN + (set->count - set->base) / OPTIMIZE_SHARE) {
        optimize(set);
    }
    return 0;
}

static int note(struct seqruns *list, uint64_t first, uint64_t end)
{
    return list == NULL || first >= end ? 0 : seqruns_add(list, first, end - 1);
}

/* [first, end) is new as a whole. */
static int add_new(struct seqset *set, uint64_t first, uint64_t end, struct seqruns *added)
{
    if (first != set->base) {
        int r = insert(set, first, end - 1);

        return r < 0 ? r : note(added, first, end);
    }
    set->count += end - first;
    advance(set, end);
    return note(added, first, end);
}

int seqset_add(struct seqset *set, uint64_t first, uint64_t last, struct seqruns *added,
               struct seqruns *again)
{
    uint64_t end = last + 1;
    uint64_t at = first;
    int r = 0;

    ASSERT(first <= last && last < SEQ_MAX);
    while (r == 0 && at < end) {
        uint64_t known = next_absent(set, at, end);
        uint64_t fresh;

        r = note(again, at, known);
        if (r < 0 || known == end) {
            break;
        }
        fresh = known + 1 == end ? end : next_member(set, known, end);
        r = add_new(set, known, fresh, added);
        at = fresh;
    }
    return r;
}

bool seqset_has(const struct seqset *set, uint64_t seq)
{
    const struct chunk *chunk;

    if (seq < set->base || seq >= set->end) {
        return seq < set->base;
    }
    chunk = chunk_of(set, seq);
    return chunk != NULL && roaring_bitmap_contains(chunk->bits, (uint32_t)seq);
}

uint64_t seqset_count(const struct seqset *set)
{
    return set->count;
}

/* Members of bits, all of them of this chunk, within [first, end). */
static uint64_t bits_count(const struct chunk *chunk, const roaring_bitmap_t *bits, uint64_t first,
                           uint64_t end)
{
    uint64_t start = chunk_start(chunk);
    uint64_t low = larger(first, start) - start;

    if (end <= start || low >= CHUNK_SIZE) {
        return 0;
    }
    return roaring_bitmap_range_cardinality(bits, low, smaller(end - start, CHUNK_SIZE));
}

uint64_t seqset_count_range(const struct seqset *set, uint64_t first, uint64_t end)
{
    uint64_t above = larger(first, set->base);
    uint64_t count = first < set->base && first < end ? smaller(set->base, end) - first : 0;

    if (above >= end || above >= set->end) {
        return count;
    }
    for (uint32_t i = chunk_index(set, above); i < set->chunks_count; i++) {
        count += bits_count(&set->chunks[i], set->chunks[i].bits, above, end);
    }
    return count;
}

/* Common members within [first, end), where first is not below either base. */
static uint64_t count_both_above(const struct seqset *a, const struct seqset *b, uint64_t first,
                                 uint64_t end)
{
    uint64_t count = 0;

    for (uint32_t i = chunk_index(a, first); i < a->chunks_count; i++) {
        const struct chunk *chunk = &a->chunks[i];
        const struct chunk *other = chunk_of(b, chunk_start(chunk));
        roaring_bitmap_t *both;

        if (chunk_start(chunk) >= end) {
            break;
        }
        if (other == NULL) {
            continue;
        }
        both = roaring_bitmap_and(chunk->bits, other->bits);
        ASSERT(both != NULL); /* Roaring itself does not survive a lack of memory. */
        count += bits_count(chunk, both, first, end);
        roaring_bitmap_free(both);
    }
    return count;
}

uint64_t seqset_count_both(const struct seqset *a, const struct seqset *b, uint64_t first,
                           uint64_t end)
{
    /* Below `behind` both have everything, below `ahead` one of them has. */
    const struct seqset *behind = a->base < b->base ? a : b;
    const struct seqset *ahead = behind == a ? b : a;
    uint64_t above = larger(first, ahead->base);
    uint64_t count = seqset_count_range(behind, first, smaller(end, ahead->base));

    return above < end ? count + count_both_above(a, b, above, end) : count;
}

uint64_t seqset_count_without(const struct seqset *a, const struct seqset *b, uint64_t first,
                              uint64_t end)
{
    return seqset_count_range(a, first, end) - seqset_count_both(a, b, first, end);
}

int seqset_list_without(const struct seqset *a, const struct seqset *b, uint64_t first,
                        uint64_t end, uint32_t runs_max, struct seqruns *list)
{
    uint32_t listed = 0;
    uint64_t at = first;

    while (listed < runs_max) {
        uint64_t run = next_member(a, at, end);
        uint64_t run_end;
        uint64_t missing;

        if (run >= end) {
            break;
        }
        run_end = next_absent(a, run, end);
        missing = next_absent(b, run, run_end);
        at = run_end;
        if (missing < run_end) {
            at = next_member(b, missing, run_end);
            if (seqruns_add(list, missing, at - 1) < 0) {
                return -ENOMEM;
            }
            listed++;
        }
    }
    return 0;
}

size_t seqset_bytes(const struct seqset *set)
{
    size_t bytes = sizeof *set + sizeof *set->chunks * set->chunks_capacity;

    for (uint32_t i = 0; i < set->chunks_count; i++) {
        bytes += sizeof *set->chunks[i].bits + roaring_bitmap_size_in_bytes(set->chunks[i].bits);
    }
    return bytes;
}
