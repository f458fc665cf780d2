/*
 * json_record: JSON of structs that have a table of fields (record.h), in the order of the table
 * and as it says: result.json, intervals.jsonl.
 */
#ifndef MILLRACE_JSON_RECORD_H
#define MILLRACE_JSON_RECORD_H

#include "json.h"
#include "record.h"

/* The fields of a record, among those of the object that is open. */
void json_record(struct json *json, const struct record *record, const void *item);

/* Items of a record: an array of objects. */
void json_records(struct json *json, const char *key, const struct record *record,
                  const void *items, uint32_t count);

#endif
