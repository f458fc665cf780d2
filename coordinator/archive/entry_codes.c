#include "entry_codes_inner.h"

#include <errno.h>
#include <stdlib.h>

/* Reading: room for what an entry does not hold itself. */
static void take_snapshot(struct fields *fields, struct snapshot **snapshot)
{
    *snapshot = calloc(1, sizeof **snapshot);
    if (*snapshot == NULL) {
        fields_fail(fields, -ENOMEM, "the snapshot", "does not fit into memory");
    }
}

static void check_schema(struct fields *fields, uint32_t schema)
{
    if (schema == 0 || schema > JOURNAL_SCHEMA) {
        fields_bad(fields, "format", "is one that this version does not know");
    }
    fields_set_schema(fields, schema);
}

void code_entry(struct fields *fields, struct journal_entry *entry)
{
    field_record(fields, &entry_head_record, entry);
    if (fields_reads(fields) && fields_failure(fields) == 0 && entry->kind == ENTRY_SNAPSHOT) {
        take_snapshot(fields, &entry->as.snapshot);
    }
    if (fields_failure(fields) != 0) {
        return;
    }
    if (!fields_reads(fields) && entry->kind == ENTRY_RUN) {
        entry->as.run.schema = JOURNAL_SCHEMA;
    }
    field_record(fields, entry_record(entry->kind), entry_held(entry));
    if (fields_failure(fields) == 0 && entry->kind == ENTRY_RUN) {
        check_schema(fields, entry->as.run.schema);
    }
}
