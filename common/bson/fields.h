/*
 * fields: structs that have a table of fields (record.h) as BSON documents, by name. The only door
 * to libbson.
 *
 * A coder either writes a document or reads one, by the same calls: so the two directions can't
 * drift apart. Reading trusts nothing: each value's type is checked and held against its table, an
 * array is counted before memory is taken. Nesting is that of the tables, not that of the bytes.
 * What nobody asks for is passed over. What a journal lacks because it is older reads as the table
 * says, and is noted.
 *
 * The first failure stays; everything after it does nothing and reads as zero. One thread.
 */
#ifndef MILLRACE_FIELDS_H
#define MILLRACE_FIELDS_H

#include "errinfo.h"
#include "record.h"
#include "snapshot.h"

#include <stdbool.h>
#include <stdint.h>

/* What an older journal does not have, over all of its documents. */
#define LACKS_MAX 64

struct lacks {
    uint32_t schema; /* Of the journal; 0: not read yet. */
    uint32_t count;
    struct {
        const struct record *record;
        const struct field *field;
    } of[LACKS_MAX];
};

/* What a reader knows of the journal that a document is in; all borrowed. */
struct fields_context {
    struct lacks *lacks;                  /* Gathered here; NULL: nobody asks. */
    const struct snapshot_limits *limits; /* Of the trial of a snapshot; NULL: not known. */
};

struct fields;

/* A coder that writes a document, or one that reads it: bytes are borrowed until fields_free(). 0,
 * or -ENOMEM with *ret untouched; on 0 the caller owns *ret. Bytes that are no document are a
 * failure of the coder. reterr is where its failures are told: it outlives the coder. context may
 * be NULL. */
int fields_write_new(struct fields **ret, struct errinfo *reterr);
int fields_read_new(const uint8_t *bytes, uint32_t bytes_count,
                    const struct fields_context *context, struct fields **ret,
                    struct errinfo *reterr);
void fields_free(struct fields *fields);

bool fields_reads(const struct fields *fields);

/* 0, or the first failure, a negative errno. */
int fields_failure(const struct fields *fields);

/* The first failure, with "levels.key: what"; fields_bad() is for -EBADMSG. */
void fields_fail(struct fields *fields, int code, const char *key, const char *what);
void fields_bad(struct fields *fields, const char *key, const char *what);

/* Reading: the schema of the journal, from which it follows what it may lack. */
void fields_set_schema(struct fields *fields, uint32_t schema);

/* The fields of a record, among those of the document. What the struct owns is allocated by
 * reading, and is the caller's to free also after a failure. */
void field_record(struct fields *fields, const struct record *record, void *item);

/* Writing, once, after the last field: the document, the caller's to free(). */
uint8_t *fields_take(struct fields *fields, uint32_t *ret_bytes);

#endif
