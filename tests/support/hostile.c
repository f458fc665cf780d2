#include "hostile.h"

#include "invariant.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEB_BYTES_MAX 10
#define MANY (UINT32_C(1) << 21)
#define RUNS (MANY / 16) /* More take the test's own memory. */

static const char *const number_names[HOSTILE_COUNT] = {"2^21", "2^56"};

void hostile_begin(struct hostile *hostile, const struct record *record, void *item)
{
    *hostile = (struct hostile){.record = record, .item = item};
}

static void *bytes_new(size_t bytes)
{
    void *made = malloc(bytes);

    ASSERT(made != NULL);
    return made;
}

static uint8_t *put(uint8_t *at, uint64_t number)
{
    for (; number > 0x7f; number >>= 7) {
        *at++ = (uint8_t)(number & 0x7f) | 0x80;
    }
    *at++ = (uint8_t)number;
    return at;
}

/* As hist_packed_of() would write it, if there were so many buckets with so many samples each. */
static struct hist_packed hist_of(uint32_t buckets, uint64_t samples)
{
    uint8_t *bytes = bytes_new((size_t)(buckets + 6) * 2 * LEB_BYTES_MAX);
    uint8_t *at = bytes;

    at = put(at, buckets * samples);
    at = put(at, 0);                                   /* Beyond the range. */
    at = put(at, 1);                                   /* Least, ... */
    at = put(at, buckets == 1 ? 1 : HIST_NS_MAX);      /* ... largest... */
    at = put(at, buckets == 1 ? samples : UINT64_MAX); /* ... and sum. */
    for (uint32_t i = 0; i < buckets; i++) {
        at = put(put(at, 1), samples);
    }
    return (struct hist_packed){
        .bytes = bytes, .bytes_count = (size_t)(at - bytes), .count = buckets * samples};
}

static struct seqruns runs_of(uint32_t runs, uint64_t first, uint64_t step, uint64_t length)
{
    struct seqruns made = {
        .runs = bytes_new(runs * sizeof *made.runs), .runs_count = runs, .runs_capacity = runs};

    for (uint32_t i = 0; i < runs; i++) {
        made.runs[i].first = first + i * step;
        made.runs[i].last = made.runs[i].first + length - 1;
    }
    return made;
}

static void keep(struct hostile *hostile, void *at, size_t bytes)
{
    hostile->at = at;
    hostile->at_bytes = bytes;
    memcpy(&hostile->was, at, bytes);
}

void hostile_put_back(struct hostile *hostile)
{
    if (hostile->at != NULL) {
        memcpy(hostile->at, &hostile->was, hostile->at_bytes);
        free(hostile->made.hist.bytes); /* Which lies where the runs lie. */
        memset(&hostile->made, 0, sizeof hostile->made);
        hostile->at = NULL;
    }
}

static_assert(offsetof(struct hist_packed, bytes) == 0 && offsetof(struct seqruns, runs) == 0,
              "both are freed alike");

static void set_hist(struct hostile *hostile, struct hist_packed *hist, enum hostile_number number)
{
    static const struct {
        uint32_t buckets;
        uint64_t samples;
    } made[HOSTILE_COUNT] = {{MANY, 1}, {1, HIST_COUNT_MAX}};

    keep(hostile, hist, sizeof *hist);
    hostile->made.hist = hist_of(made[number].buckets, made[number].samples);
    *hist = hostile->made.hist;
}

static void set_runs(struct hostile *hostile, struct seqruns *runs, enum hostile_number number)
{
    keep(hostile, runs, sizeof *runs);
    if (number == HOSTILE_2_TO_21) {
        hostile->made.runs = runs_of(RUNS, 1, 2, 1);
    } else {
        hostile->made.runs = runs_of(1, 0, 0, SEQ_MAX);
    }
    *runs = hostile->made.runs;
}

static uint64_t most_of(const struct field *field, enum hostile_number number)
{
    static const uint64_t numbers[HOSTILE_COUNT] = {MANY, UINT64_C(1) << 56};
    uint64_t most = field->type == FIELD_I64 ? (uint64_t)INT64_MAX : UINT64_MAX;

    if (field->bytes == sizeof(uint32_t)) {
        most = field->type == FIELD_I64 ? (uint64_t)INT32_MAX : UINT32_MAX;
    }
    return numbers[number] < most ? numbers[number] : most;
}

static void set_number(struct hostile *hostile, const struct field *field, void *at,
                       size_t at_bytes, enum hostile_number number)
{
    uint64_t most = most_of(field, number);
    double real = (double)most;

    keep(hostile, at, at_bytes);
    if (field->type == FIELD_DOUBLE || field->type == FIELD_SUM) {
        memcpy(at, &real, sizeof real);
    } else {
        memcpy(at, &most, at_bytes); /* Little-endian, as all hosts that it runs on. */
    }
}

static void set(struct hostile *hostile, const struct field *field, void *item, uint32_t index,
                enum hostile_number number)
{
    char *at = field_at(field, item);

    switch (field->type) {
    case FIELD_HISTS:
        set_hist(hostile, (struct hist_packed *)(void *)at + index, number);
        break;
    case FIELD_RUNS:
        set_runs(hostile, (struct seqruns *)(void *)at, number);
        break;
    case FIELD_COUNTERS:
        set_number(hostile, field, at + index * sizeof(uint64_t), sizeof(uint64_t), number);
        break;
    default:
        set_number(hostile, field, at, field->bytes, number);
        break;
    }
}

/* How many numbers a field holds itself. */
static uint32_t numbers_in(const struct field *field)
{
    switch (field->type) {
    case FIELD_U32:
    case FIELD_COUNTER:
    case FIELD_ID:
    case FIELD_I64:
    case FIELD_DOUBLE:
    case FIELD_SUM:
    case FIELD_RUNS:
        return 1;
    case FIELD_COUNTERS:
    case FIELD_HISTS:
        return field->names_count;
    default:
        return 0;
    }
}

static bool is_first(const struct record_walk *walk)
{
    for (uint32_t i = 0; i < walk->depth; i++) {
        if (walk->levels[i].index > 0) {
            return false;
        }
    }
    return true;
}

bool hostile_next(struct hostile *hostile)
{
    struct record_walk walk;
    uint32_t number = hostile->passed % HOSTILE_COUNT;
    uint32_t left = hostile->passed / HOSTILE_COUNT;

    hostile_put_back(hostile);
    record_walk_begin(&walk, hostile->record, hostile->item);
    while (record_walk_next(&walk)) {
        uint32_t numbers = walk.field != NULL && is_first(&walk) && walk.field->only != ONLY_SHOWN
                               ? numbers_in(walk.field)
                               : 0;

        if (left < numbers) {
            (void)snprintf(hostile->place, sizeof hostile->place, "%s.%s[%u] is %s",
                           walk.record->name, walk.field->name, left, number_names[number]);
            set(hostile, walk.field, walk.item, left, (enum hostile_number)number);
            hostile->passed++;
            return true;
        }
        left -= numbers;
    }
    return false;
}
