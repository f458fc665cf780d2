/*
 * fields_record: BSON of structs that have a table of fields (record.h), by name. What a journal
 * lacks because it is older reads as the table says, and is noted. For both directions, as all of
 * fields.h. Private to this module.
 */
#ifndef MILLRACE_FIELDS_RECORD_H
#define MILLRACE_FIELDS_RECORD_H

#include "fields.h"
#include "record.h"

/* The fields of a record, among those of the document that is open. Reading, each value is held
 * against its table; what the struct owns is allocated, and is the caller's to free also after a
 * failure. */
void field_record(struct fields *fields, const struct record *record, void *item);

/* A list that is packed, of the struct at item. */
void field_packed(struct fields *fields, const struct field *field, void *item);

/* Key of a field in a journal. */
const char *field_key(const struct field *field);

/* Reading: the document has no such field, as it is older. */
void field_note_lack(struct fields *fields, const struct record *record, const struct field *field);

#endif
