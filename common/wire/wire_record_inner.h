/*
 * wire_record_inner: msgpack of structs that have a table of fields (record.h): a record is an
 * array of its fields in their order, each once; a list one array more. For both directions, as all
 * of wire_coder_inner.h.
 */
#ifndef MILLRACE_WIRE_RECORD_INNER_H
#define MILLRACE_WIRE_RECORD_INNER_H

#include "record.h"
#include "wire_coder_inner.h"

/* The struct as one field of what is around it. Reading, each value is held against its table;
 * lists that it owns are allocated, and are the caller's to free also after a failure. */
void code_record(struct coder *coder, const struct record *record, void *item);

#endif
