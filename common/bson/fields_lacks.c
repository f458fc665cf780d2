/* What a journal lacks because it is older. */
#include "fields_inner.h"

#define SCHEMA_TOLD 3

const char *field_key(const struct field *field)
{
    return field->kept != NULL ? field->kept : field->name;
}

/* A counter of 0 and what is no number are left out: that they are absent says nothing, unless the
 * journal tells that it is older. Before SCHEMA_TOLD that was not told exactly. */
static bool says_something(const struct lacks *lacks, const struct field *field)
{
    bool always_kept = field->type != FIELD_COUNTER && field->type != FIELD_DOUBLE;

    return always_kept || (lacks->schema >= SCHEMA_TOLD && lacks->schema < field->since);
}

void field_note_lack(struct fields *fields, const struct record *record, const struct field *field)
{
    struct lacks *lacks = fields->context.lacks;

    if (lacks == NULL || lacks->count == LACKS_MAX || !says_something(lacks, field)) {
        return;
    }
    for (uint32_t i = 0; i < lacks->count; i++) {
        if (lacks->of[i].field == field) {
            return;
        }
    }
    lacks->of[lacks->count].record = record;
    lacks->of[lacks->count++].field = field;
}

void fields_set_schema(struct fields *fields, uint32_t schema)
{
    if (fields->context.lacks != NULL) {
        fields->context.lacks->schema = schema;
    }
}
