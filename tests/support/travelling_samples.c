#include "travelling_samples.h"

#include "control_messages.h"
#include "invariant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIST_ITEMS 3 /* More than the least. */

uint32_t sample_below(struct random *random, uint32_t end)
{
    return (uint32_t)(random_next(random) % end);
}

uint64_t sample_number(struct random *random)
{
    return random_next(random) >> sample_below(random, 64);
}

int64_t sample_time(struct random *random)
{
    int64_t time = (int64_t)(sample_number(random) >> 1);

    return sample_bool(random) ? -time - 1 : time;
}

bool sample_bool(struct random *random)
{
    return sample_below(random, 2) == 1;
}

/* Any length that fits, of any bytes but zero. */
void sample_text(struct random *random, char *text, size_t text_bytes)
{
    size_t length = sample_below(random, (uint32_t)text_bytes);

    memset(text, 0, text_bytes);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)(1 + sample_below(random, 255));
    }
}

void *sample_zeros(uint32_t count, size_t item_bytes)
{
    void *list = count > 0 ? calloc(count, item_bytes) : NULL;

    ASSERT(count == 0 || list != NULL);
    return list;
}

bool same_items(const void *a, const void *b, uint32_t count, size_t item_bytes)
{
    return count == 0 || memcmp(a, b, count * item_bytes) == 0;
}

/* A table's bounds are met often. */
static uint64_t within(struct random *random, uint64_t min, uint64_t max)
{
    switch (sample_below(random, 8)) {
    case 0:
        return min;
    case 1:
        return max;
    default:
        return max - min == UINT64_MAX ? sample_number(random)
                                       : min + sample_number(random) % (max - min + 1);
    }
}

static void sample_signed(struct random *random, const struct field *field, void *item)
{
    int64_t value = sample_time(random);

    if (field->bytes < sizeof value || field->min != 0 || field->max != 0) {
        uint64_t max = field->max == 0 && field->min >= 0 ? INT64_MAX : field->max;

        value = field->min + (int64_t)within(random, 0, max - (uint64_t)field->min);
    }
    field_i64_set(field, item, value);
}

static void sample_string(struct random *random, const struct field *field, void *item)
{
    char **string = field_at(field, item);
    char text[300];

    if (!field->optional || sample_bool(random)) {
        sample_text(random, text, sizeof text);
        *string = strdup(text);
        ASSERT(*string != NULL);
    }
}

static void sample_hist(struct random *random, struct hist_packed *ret)
{
    struct hist *hist = NULL;
    uint32_t samples = sample_below(random, 50);

    if (sample_bool(random)) {
        return;
    }
    ASSERT(hist_new(&hist, NULL) == 0);
    for (uint32_t i = 0; i < samples; i++) {
        hist_record(hist, (int64_t)(sample_number(random) >> 15));
    }
    ASSERT(hist_packed_of(hist, ret, NULL) == 0);
    hist_free(hist);
}

/* Runs anywhere, in any order, some of them back to back. */
static void sample_runs(struct random *random, struct seqruns *ret)
{
    uint32_t runs = sample_below(random, 5);

    for (uint32_t i = 0; i < runs; i++) {
        uint64_t first = sample_number(random) % SEQ_MAX;
        uint64_t more = sample_number(random) % (SEQ_MAX - first);

        ASSERT(seqruns_add(ret, first, first + more) == 0);
    }
    if (sample_below(random, 4) == 0) {
        ASSERT(seqruns_add(ret, 0, SEQ_MAX - 1) == 0);
        ASSERT(seqruns_add(ret, SEQ_MAX - 1, SEQ_MAX - 1) == 0);
        ASSERT(seqruns_add(ret, 0, 0) == 0);
    }
}

static void sample_names(struct random *random, const struct field *field, void *item)
{
    void *at = field_at(field, item);
    uint64_t *counters = at;
    struct hist_packed *hists = at;

    for (uint32_t i = 0; i < field->names_count; i++) {
        if (field->type == FIELD_HISTS) {
            sample_hist(random, &hists[i]);
        } else {
            counters[i] = sample_number(random);
        }
    }
}

/* What the structs hold is filled when the walk comes there. */
static void make_structs(const struct field *field, void *item, uint32_t count)
{
    void **owned = field_at(field, item);

    if (field->type == FIELD_LIST || field->type == FIELD_ITEMS) {
        *field_count_at(field, item) = count;
    }
    if (field->type == FIELD_LIST || field->type == FIELD_ONE) {
        *owned = sample_zeros(count, field->of->bytes);
    }
}

static void sample_structs(struct random *random, const struct field *field, void *item)
{
    uint32_t least = (uint32_t)field->min;
    uint32_t more = field->items_max - least < LIST_ITEMS ? field->items_max - least : LIST_ITEMS;

    if (field->type == FIELD_ONE) {
        make_structs(field, item, sample_below(random, 2));
    } else if (field->counted) {
        make_structs(field, item, *field_count_at(field, item));
    } else {
        make_structs(field, item, least + sample_below(random, more + 1));
    }
}

static void sample_field(struct random *random, const struct field *field, void *item)
{
    uint64_t number;

    switch (field->type) {
    case FIELD_BOOL:
        field_u32_set(field, item, sample_below(random, 2));
        break;
    case FIELD_ENUM:
        field_u32_set(field, item, sample_below(random, field->names_count));
        break;
    case FIELD_U32:
        number = within(random, (uint64_t)field->min, field_max(field));
        field_u32_set(field, item, (uint32_t)number);
        break;
    case FIELD_COUNTER:
    case FIELD_ID:
        number = within(random, (uint64_t)field->min, field_max(field));
        memcpy(field_at(field, item), &number, sizeof number);
        break;
    case FIELD_I64:
        sample_signed(random, field, item);
        break;
    case FIELD_DOUBLE:
        *(double *)field_at(field, item) = field->or_nan && sample_below(random, 4) == 0
                                               ? (double)NAN
                                               : (double)sample_time(random) / 3;
        break;
    case FIELD_SUM:
        *(double *)field_at(field, item) = (double)sample_number(random) / 3;
        break;
    case FIELD_TEXT:
        sample_text(random, field_at(field, item), field->bytes);
        memset(field_at(field, item), 'n', (size_t)field->min);
        break;
    case FIELD_STRING:
        sample_string(random, field, item);
        break;
    case FIELD_BYTES:
        random_fill(random, field_at(field, item), field->bytes);
        break;
    case FIELD_RUNS:
        sample_runs(random, field_at(field, item));
        break;
    case FIELD_COUNTERS:
    case FIELD_HISTS:
        sample_names(random, field, item);
        break;
    default:
        sample_structs(random, field, item);
        break;
    }
}

static void mend_size(struct random *random, void *item)
{
    struct message_size *size = item;

    size->bytes_min = MESSAGE_BYTES_MIN + size->bytes_min % 100000;
    size->bytes_max = size->bytes_min + sample_below(random, 100000);
}

static void mend_shape(struct random *random, void *item)
{
    struct message_shape *shape = item;

    (void)random;
    shape->payload = shape->compressible_millis > 0 ? PAYLOAD_RANDOM : shape->payload;
}

static void mend_delivery(struct random *random, void *item)
{
    struct delivery *delivery = item;

    (void)random;
    delivery->consume_ack_batch = 1;
}

static void mend_load(struct random *random, void *item)
{
    struct phase_load *load = item;

    load->rate = (struct rate){1 + sample_below(random, 1000), 1000000};
}

static void mend_consume(struct random *random, void *item)
{
    struct phase_consume *consume = item;

    consume->rate = (struct rate){1 + sample_below(random, 1000), 1000000};
    consume->think_ns = 1 + consume->think_ns / 2;
}

static void mend_phase(struct random *random, void *item)
{
    struct assigned_phase *phase = item;

    (void)random;
    phase->messages = 0;
}

static void mend_range(struct random *random, void *item)
{
    struct stream_range *range = item;

    range->end = range->first + sample_number(random) % (SEQ_MAX + 1 - range->first);
}

static void mend_segment(struct random *random, void *item)
{
    struct segment *segment = item;

    segment->phase_last =
        segment->phase_first + sample_below(random, PHASES_MAX - segment->phase_first);
}

static void mend_command(struct random *random, void *item)
{
    struct command *command = item;

    command->step = (enum prepare_step)(1 + sample_below(random, PREPARE_PRODUCERS));
    if (command->assignment != NULL) {
        command->kind = COMMAND_PREPARE;
        command->step = PREPARE_TOPICS;
    }
}

/* Makes hold what record_is_wrong() says does not. */
static const struct {
    const struct record *of;
    void (*mend)(struct random *random, void *item);
} menders[] = {
    {&message_size_record, mend_size},     {&message_shape_record, mend_shape},
    {&delivery_record, mend_delivery},     {&phase_load_record, mend_load},
    {&phase_consume_record, mend_consume}, {&assigned_phase_record, mend_phase},
    {&stream_range_record, mend_range},    {&segment_record, mend_segment},
    {&command_record, mend_command},
};

static void mend(struct random *random, const struct record *record, void *item)
{
    for (size_t i = 0; i < sizeof menders / sizeof menders[0]; i++) {
        /* Sizes are always small: a message of many large ones would be refused. */
        if (menders[i].of == record &&
            (record == &message_size_record || record_is_wrong(record, item) != NULL)) {
            menders[i].mend(random, item);
        }
    }
    ASSERT(record_is_wrong(record, item) == NULL);
}

/* Which fields of a struct go a certain way. */
typedef bool is_part(const struct field *field, const void *item);

static bool travels(const struct field *field, const void *item)
{
    (void)item;
    return field_travels(field);
}

static bool is_kept(const struct field *field, const void *item)
{
    return field->only != ONLY_SHOWN && field->only != ONLY_SENT &&
           (field->kept_if == NULL || field->kept_if(item));
}

static void sample_parts(struct random *random, const struct record *record, void *item,
                         is_part *part)
{
    struct record_walk walk;

    record_walk_begin(&walk, record, item);
    while (record_walk_next(&walk)) {
        if (walk.field == NULL) {
            mend(random, walk.record, walk.item);
        } else if (part(walk.field, walk.item)) {
            sample_field(random, walk.field, walk.item);
        } else {
            walk.field = NULL;
        }
    }
}

void record_sample(struct random *random, const struct record *record, void *item)
{
    sample_parts(random, record, item, travels);
}

/* Of the same length: ASCII, with a letter of two bytes here and there. */
static void make_utf8(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == 'a' && text[1] != '\0') {
            memcpy(text, "\xC3\xA9", 2);
            text++;
        } else {
            *text = (char)(*text & 0x7F);
            *text = (char)(*text == '\0' ? '?' : *text);
        }
    }
}

/* None is kept as an empty one. */
static void make_kept_string(char **string)
{
    *string = *string == NULL ? calloc(1, 1) : *string;
    ASSERT(*string != NULL);
    make_utf8(*string);
}

void record_sample_kept(struct random *random, const struct record *record, void *item)
{
    struct record_walk walk;

    sample_parts(random, record, item, is_kept);
    record_walk_begin(&walk, record, item);
    while (record_walk_next(&walk)) {
        if (walk.field != NULL && walk.field->type == FIELD_TEXT) {
            make_utf8(field_at(walk.field, walk.item));
        } else if (walk.field != NULL && walk.field->type == FIELD_STRING) {
            make_kept_string(field_at(walk.field, walk.item));
        } else if (walk.field != NULL && walk.field->only == ONLY_SHOWN) {
            walk.field = NULL; /* It stands twice. */
        }
    }
}

void record_least(const struct record *record, void *item)
{
    struct record_walk walk;

    record_walk_begin(&walk, record, item);
    while (record_walk_next(&walk)) {
        const struct field *field = walk.field;

        if (field == NULL) {
            continue;
        }
        if (field->type == FIELD_STRING && !field->optional) {
            *(char **)field_at(field, walk.item) = strdup("");
        } else if (field->type == FIELD_TEXT) {
            memset(field_at(field, walk.item), 'n', (size_t)field->min);
        } else if (field->of != NULL) {
            make_structs(field, walk.item, (uint32_t)field->min);
        } else if (field->min > 0) {
            memcpy(field_at(field, walk.item), &field->min, field->bytes); /* Little endian. */
        }
    }
}

static bool same_string(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_hists(const struct field *field, const struct hist_packed *a,
                       const struct hist_packed *b)
{
    for (uint32_t i = 0; i < field->names_count; i++) {
        if (a[i].count != b[i].count || a[i].bytes_count != b[i].bytes_count ||
            !same_items(a[i].bytes, b[i].bytes, (uint32_t)a[i].bytes_count, 1)) {
            return false;
        }
    }
    return true;
}

static bool same_runs(const struct seqruns *a, const struct seqruns *b)
{
    return a->runs_count == b->runs_count &&
           same_items(a->runs, b->runs, a->runs_count, sizeof *a->runs);
}

static bool same_field(const struct field *field, void *a, void *b)
{
    uint32_t a_count = 0;
    uint32_t b_count = 0;

    if (field->of != NULL) {
        (void)field_structs(field, a, &a_count);
        (void)field_structs(field, b, &b_count);
        return a_count == b_count;
    }
    switch (field->type) {
    case FIELD_STRING:
        return same_string(*(char **)field_at(field, a), *(char **)field_at(field, b));
    case FIELD_HISTS:
        return same_hists(field, field_at(field, a), field_at(field, b));
    case FIELD_RUNS:
        return same_runs(field_at(field, a), field_at(field, b));
    default:
        return memcmp(field_at(field, a), field_at(field, b), field->bytes) == 0;
    }
}

static bool same_parts(const struct record *record, const void *a, const void *b, is_part *part)
{
    struct record_walk walks[2];

    record_walk_begin(&walks[0], record, (void *)(uintptr_t)a); /* Nothing is written. */
    record_walk_begin(&walks[1], record, (void *)(uintptr_t)b);
    while (record_walk_next(&walks[0]) && record_walk_next(&walks[1])) {
        const struct field *field = walks[0].field;

        if (field != NULL && !part(field, walks[0].item)) {
            walks[0].field = NULL;
            walks[1].field = NULL;
        } else if (field != NULL && !same_field(field, walks[0].item, walks[1].item)) {
            return false;
        }
    }
    return true;
}

bool record_same(const struct record *record, const void *a, const void *b)
{
    return same_parts(record, a, b, travels);
}

bool record_same_kept(const struct record *record, const void *a, const void *b)
{
    return same_parts(record, a, b, is_kept);
}
