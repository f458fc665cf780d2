#include "travelling.h"

#include "control_messages.h"
#include "invariant.h"

static void add(const struct record *record, const struct record **records, uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (records[i] == record) {
            return;
        }
    }
    ASSERT(*count < TRAVELLING_MAX);
    records[(*count)++] = record;
}

uint32_t travelling_records(const struct record *ret[TRAVELLING_MAX])
{
    static const struct record *const frames[] = {
        &hello_record,        &welcome_record,  &request_head_record, &poll_record,
        &command_record,      &status_record,   &receipt_record,      &clock_report_record,
        &clock_answer_record, &snapshot_record,
    };
    uint32_t count = 0;

    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        add(frames[i], ret, &count);
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t f = 0; f < ret[i]->fields_count; f++) {
            if (ret[i]->fields[f].of != NULL && field_travels(&ret[i]->fields[f])) {
                add(ret[i]->fields[f].of, ret, &count);
            }
        }
    }
    return count;
}
