#include "journal_entry.h"

#include <stdlib.h>
#include <string.h>

void entry_trial_done(struct entry_trial *trial)
{
    record_done(entry_record(ENTRY_TRIAL), trial);
}

void journal_entry_done(struct journal_entry *entry)
{
    bool apart = entry->kind == ENTRY_SNAPSHOT;

    if (!apart || entry->as.snapshot != NULL) {
        record_done(entry_record(entry->kind), entry_held(entry));
    }
    if (apart) {
        free(entry->as.snapshot);
    }
    memset(entry, 0, sizeof *entry);
}

/* A copy of count elements, or NULL; an empty list is one of no elements. */
static void *copy_list(const void *from, uint32_t count, size_t element_bytes)
{
    void *to = calloc((size_t)count + 1, element_bytes);

    if (to != NULL && count > 0) {
        memcpy(to, from, count * element_bytes);
    }
    return to;
}

int entry_trial_copy(const struct entry_trial *from, struct entry_trial *to, struct errinfo *reterr)
{
    const struct record *record = entry_record(ENTRY_TRIAL);
    bool failed = false;

    *to = *from;
    for (uint32_t i = 0; i < record->fields_count; i++) {
        const struct field *field = &record->fields[i];
        void **list = field_at(field, to);

        if (field->type == FIELD_LIST) {
            *list = copy_list(*list, *field_count_at(field, to), field->of->bytes);
            failed = failed || *list == NULL;
        }
    }
    if (failed) {
        entry_trial_done(to);
        return errinfo_nomem(reterr);
    }
    return 0;
}
