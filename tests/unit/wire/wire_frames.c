#include "wire_frames.h"

#include "invariant.h"
#include "wire.h"
#include "wire_samples.h"

#include <stdlib.h>
#include <string.h>

/* The three functions of a struct: what its table leaves out is its head, if it has one. */
#define FRAME_KIND(name, type, fill, is_same, free_it)                                             \
    static int name##_read(const void *bytes, size_t bytes_count, struct errinfo *reterr)          \
    {                                                                                              \
        type value = {0};                                                                          \
        int r = wire_decode_##name(bytes, bytes_count, &value, reterr);                            \
                                                                                                   \
        free_it(&value);                                                                           \
        return r;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static int name##_again(const void *bytes, size_t bytes_count, struct text *out)               \
    {                                                                                              \
        type value = {0};                                                                          \
        int r = wire_decode_##name(bytes, bytes_count, &value, NULL);                              \
                                                                                                   \
        ASSERT(r < 0 || wire_encode_##name(&value, out) == 0);                                     \
        free_it(&value);                                                                           \
        return r;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static bool name##_write(struct random *random, struct text *out)                              \
    {                                                                                              \
        size_t before = out->bytes_count;                                                          \
        type value = {0};                                                                          \
        type back = {0};                                                                           \
        bool same;                                                                                 \
                                                                                                   \
        fill(random, &value);                                                                      \
        same = wire_encode_##name(&value, out) == 0 &&                                             \
               wire_decode_##name(out->bytes + before, out->bytes_count - before, &back, NULL) ==  \
                   0 &&                                                                            \
               is_same(&value, &back);                                                             \
        free_it(&value);                                                                           \
        free_it(&back);                                                                            \
        return same;                                                                               \
    }

#define BY_TABLE(name)                                                                             \
    static bool name##_same(const struct name *a, const struct name *b)                            \
    {                                                                                              \
        return record_same(&name##_record, a, b);                                                  \
    }                                                                                              \
                                                                                                   \
    static void name##_drop(struct name *value)                                                    \
    {                                                                                              \
        record_done(&name##_record, value);                                                        \
    }

/* A reply, or a HELLO. */
#define PLAIN_KIND(name)                                                                           \
    BY_TABLE(name)                                                                                 \
    static void name##_fill(struct random *random, struct name *ret)                               \
    {                                                                                              \
        record_sample(random, &name##_record, ret);                                                \
    }                                                                                              \
                                                                                                   \
    FRAME_KIND(name, struct name, name##_fill, name##_same, name##_drop)

/* A request. */
#define HEADED_KIND(name)                                                                          \
    BY_TABLE(name)                                                                                 \
    static void name##_fill(struct random *random, struct name *ret)                               \
    {                                                                                              \
        record_sample(random, &name##_record, ret);                                                \
        record_sample(random, &request_head_record, &ret->head);                                   \
    }                                                                                              \
                                                                                                   \
    static bool name##_same_whole(const struct name *a, const struct name *b)                      \
    {                                                                                              \
        return name##_same(a, b) && record_same(&request_head_record, &a->head, &b->head);         \
    }                                                                                              \
                                                                                                   \
    FRAME_KIND(name, struct name, name##_fill, name##_same_whole, name##_drop)

PLAIN_KIND(hello)
PLAIN_KIND(welcome)
PLAIN_KIND(receipt)
PLAIN_KIND(clock_answer)
HEADED_KIND(poll)
HEADED_KIND(clock_report)
HEADED_KIND(status)
FRAME_KIND(goodbye, struct poll, poll_fill, poll_same_whole, poll_drop)

/* Many with an assignment, which only one step of one kind of command has. */
static void command_fill(struct random *random, struct command *ret)
{
    enum command_kind kind = (enum command_kind)sample_below(random, COMMAND_COUNT);

    sample_command(random, sample_bool(random) ? COMMAND_PREPARE : kind, ret);
}

BY_TABLE(command)
FRAME_KIND(command, struct command, command_fill, command_same, command_drop)

/* A snapshot is on the heap. */
static void snapshot_fill(struct random *random, struct snapshot **ret)
{
    *ret = sample_zeros(1, sizeof **ret);
    sample_snapshot(random, *ret);
}

static bool snapshot_same(struct snapshot *const *a, struct snapshot *const *b)
{
    return record_same(&snapshot_record, *a, *b) && (*a)->agent == (*b)->agent &&
           record_same(&request_head_record, &(*a)->head, &(*b)->head);
}

static void snapshot_drop(struct snapshot **snapshot)
{
    snapshot_free(*snapshot);
}

#define wire_encode_snapshot(value, out) wire_encode_snapshot(*(value), out)
typedef struct snapshot *snapshot_owned;
FRAME_KIND(snapshot, snapshot_owned, snapshot_fill, snapshot_same, snapshot_drop)

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, name##_write, name##_read, name##_again                                             \
    }

const struct frame_kind frame_kinds[] = {
    ROW(hello),        ROW(welcome),      ROW(poll),   ROW(goodbye), ROW(receipt),
    ROW(clock_report), ROW(clock_answer), ROW(status), ROW(command), ROW(snapshot),
};

const size_t frame_kinds_count = sizeof frame_kinds / sizeof frame_kinds[0];
