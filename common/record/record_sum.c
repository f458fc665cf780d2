/* Adding up what was counted, by the tables. */
#include "record.h"

#include "invariant.h"

#include <string.h>

static uint64_t count_at(const void *item, size_t offset)
{
    uint64_t count;

    memcpy(&count, (const char *)item + offset, sizeof count);
    return count;
}

static void add(const struct field *field, void *item, size_t at, uint64_t count)
{
    uint64_t sum = count_at(item, field->offset + at);

    sum = !field->largest ? sum + count : count > sum ? count : sum;
    memcpy((char *)item + field->offset + at, &sum, sizeof sum);
}

void record_add(const struct record *record, void *item, const void *from)
{
    for (uint32_t i = 0; i < record->fields_count; i++) {
        const struct field *field = &record->fields[i];

        if (field->type != FIELD_COUNTER && field->type != FIELD_COUNTERS) {
            continue;
        }
        for (size_t at = 0; at < field->bytes; at += sizeof(uint64_t)) {
            add(field, item, at, count_at(from, field->offset + at));
        }
    }
}

void record_sum(const struct record *record, void *item, const void *counted)
{
    for (uint32_t i = 0; i < record->fields_count; i++) {
        const struct field *field = &record->fields[i];

        if (field->sum_of != 0) {
            ASSERT(field->type == FIELD_COUNTER);
            add(field, item, 0, count_at(counted, field->sum_of - 1));
        }
    }
}

uint64_t record_counter(const struct record *record, const void *item, const char *name)
{
    for (uint32_t i = 0; i < record->fields_count; i++) {
        const struct field *field = &record->fields[i];

        if (field->type == FIELD_COUNTER && strcmp(field->name, name) == 0) {
            return count_at(item, field->offset);
        }
    }
    ASSERT(false);
    return 0;
}
