/*
 * fields_record: BSON of structs that have a table of fields (record.h), by name. What a journal
 * lacks because it is older reads as the table says. For both directions, as all of fields.h.
 * Private to this module.
 */
#ifndef MILLRACE_FIELDS_RECORD_H
#define MILLRACE_FIELDS_RECORD_H

#include "fields.h"
#include "record.h"

/* The fields of a record, among those of the document that is open. Reading, each value is held
 * against its table; lists that it owns are allocated, and are the caller's to free also after a
 * failure. */
void field_record(struct fields *fields, const struct record *record, void *item);

/* Likewise as a document of its own. */
void field_record_doc(struct fields *fields, const char *key, const struct record *record,
                      void *item);

/* A list of records that the struct around it owns; returns the items, as field_list() does. */
void *field_records(struct fields *fields, const char *key, void *items, uint32_t *count,
                    const struct record *record, uint32_t items_max);

#endif
