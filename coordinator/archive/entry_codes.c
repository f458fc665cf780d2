#include "entry_codes.h"

#include "fields_record.h"

#include <errno.h>
#include <stdlib.h>

static void check_schema(struct fields *fields, uint32_t schema)
{
    if (schema == 0 || schema > JOURNAL_SCHEMA) {
        fields_bad(fields, "format", "is one that this version does not know");
    }
}

void code_entry(struct fields *fields, struct journal_entry *entry)
{
    field_record(fields, &entry_head_record, entry);
    if (fields->failure != 0) {
        return;
    }
    switch (entry->kind) {
    case ENTRY_RUN:
        entry->as.run.schema = JOURNAL_SCHEMA; /* Of what is written. */
        field_record(fields, entry_record(entry->kind), &entry->as);
        check_schema(fields, entry->as.run.schema);
        break;
    case ENTRY_TRIAL:
        code_trial_entry(fields, &entry->as.trial);
        break;
    case ENTRY_SNAPSHOT:
        code_snapshot_entry(fields, &entry->as.snapshot);
        break;
    default:
        field_record(fields, entry_record(entry->kind), &entry->as);
        break;
    }
}
