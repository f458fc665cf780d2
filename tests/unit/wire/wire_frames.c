#include "wire_frames.h"

#include "invariant.h"
#include "wire.h"
#include "wire_samples.h"

#include <string.h>

/* The three functions of a struct: how to compare two, and how to free one. */
#define FRAME_KIND(name, type, is_same, free_it)                                                   \
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
        name##_fill(random, &value);                                                               \
        same = wire_encode_##name(&value, out) == 0 &&                                             \
               wire_decode_##name(out->bytes + before, out->bytes_count - before, &back, NULL) ==  \
                   0 &&                                                                            \
               is_same(&value, &back);                                                             \
        free_it(&value);                                                                           \
        free_it(&back);                                                                            \
        return same;                                                                               \
    }

/* A struct without memory of its own. */
#define FLAT_FRAME_KIND(name)                                                                      \
    static void name##_fill(struct random *random, struct name *ret)                               \
    {                                                                                              \
        sample_##name(random, ret);                                                                \
    }                                                                                              \
                                                                                                   \
    static bool name##_same(const struct name *a, const struct name *b)                            \
    {                                                                                              \
        return memcmp(a, b, sizeof *a) == 0;                                                       \
    }                                                                                              \
                                                                                                   \
    static void name##_done(struct name *value)                                                    \
    {                                                                                              \
        (void)value;                                                                               \
    }                                                                                              \
                                                                                                   \
    FRAME_KIND(name, struct name, name##_same, name##_done)

FLAT_FRAME_KIND(hello)
FLAT_FRAME_KIND(welcome)
FLAT_FRAME_KIND(poll)
FLAT_FRAME_KIND(receipt)
FLAT_FRAME_KIND(clock_report)
FLAT_FRAME_KIND(clock_answer)

static void goodbye_fill(struct random *random, struct poll *ret)
{
    sample_poll(random, ret);
}

FRAME_KIND(goodbye, struct poll, poll_same, poll_done)

static void status_fill(struct random *random, struct status *ret)
{
    sample_status(random, ret);
}

FRAME_KIND(status, struct status, same_status, status_done)

/* Many with an assignment, which only one step of one kind of command has. */
static void command_fill(struct random *random, struct command *ret)
{
    enum command_kind kind = (enum command_kind)sample_below(random, COMMAND_COUNT);

    sample_command(random, sample_bool(random) ? COMMAND_PREPARE : kind, ret);
}

FRAME_KIND(command, struct command, same_command, command_done)

/* A snapshot is on the heap. */
static void snapshot_fill(struct random *random, struct snapshot **ret)
{
    *ret = sample_zeros(1, sizeof **ret);
    sample_snapshot(random, *ret);
}

static bool snapshot_same(struct snapshot *const *a, struct snapshot *const *b)
{
    return same_snapshot(*a, *b);
}

static void snapshot_drop(struct snapshot **snapshot)
{
    snapshot_free(*snapshot);
}

#define wire_encode_snapshot(value, out) wire_encode_snapshot(*(value), out)
typedef struct snapshot *snapshot_owned;
FRAME_KIND(snapshot, snapshot_owned, snapshot_same, snapshot_drop)

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, name##_write, name##_read, name##_again                                             \
    }

const struct frame_kind frame_kinds[] = {
    ROW(hello),        ROW(welcome),      ROW(poll),   ROW(goodbye), ROW(receipt),
    ROW(clock_report), ROW(clock_answer), ROW(status), ROW(command), ROW(snapshot),
};

const size_t frame_kinds_count = sizeof frame_kinds / sizeof frame_kinds[0];
