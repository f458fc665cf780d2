/*
 * wire_coder_inner: values as msgpack, for both directions.
 *
 * A coder either writes or reads. code_record() (wire_record_inner.h) goes through the table of a
 * struct; run by a writing coder it packs its fields, run by a reading one it fills them. So the
 * two directions can't drift apart.
 *
 * A struct is an array of a fixed number of fields, a list an array of structs. Reading goes field
 * by field as the code expects it, never by what the bytes claim: nesting is that of the code, a
 * count is held against its bound and the bytes that are left before memory is taken, and only
 * single values are handed to msgpack-c, which therefore never allocates.
 *
 * The first failure stays; everything after it does nothing and reads as zero. One thread.
 */
#ifndef MILLRACE_WIRE_CODER_INNER_H
#define MILLRACE_WIRE_CODER_INNER_H

#include "errinfo.h"
#include "hist.h"
#include "record.h"
#include "seqset.h"
#include "snapshot.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CODER_DEPTH_MAX 12

/* How many structs of a kind a list may have at most. */
struct coder_limit {
    const struct record *of;
    uint32_t items_max;
};

struct coder {
    struct text *out;  /* Writing: where to; else NULL. */
    const uint8_t *at; /* Reading: what is left. */
    const uint8_t *end;
    int failure; /* 0 or a negative errno. */
    struct errinfo *reterr;
    const struct coder_limit *limits; /* Reading: what is known besides the tables. */
    uint32_t limits_count;
    uint32_t depth;
    struct {
        const char *name;
        uint32_t left; /* Fields that are still to come. */
    } open[CODER_DEPTH_MAX];
};

void coder_write(struct coder *coder, struct text *out);
void coder_read(struct coder *coder, const void *bytes, size_t bytes_count, struct errinfo *reterr);
bool coder_reads(const struct coder *coder);

/* The first failure, with "STRUCT: field what"; coder_bad() is for -EBADMSG. */
void coder_fail(struct coder *coder, int code, const char *field, const char *what);
void coder_bad(struct coder *coder, const char *field, const char *what);

/*
 * Parts of fields, for what is made of several values. coder_step() counts the field; false if
 * nothing more is to be done. The others write the value, or read it into *value; a number beyond
 * max is refused. coder_bytes() reads as a pointer into the frame, NULL for nil.
 */
bool coder_step(struct coder *coder);
void coder_array(struct coder *coder, const char *field, uint32_t *count, uint32_t max);
void coder_number(struct coder *coder, const char *field, uint64_t *value, uint64_t max);
void coder_signed(struct coder *coder, const char *field, int64_t *value);
void coder_bytes(struct coder *coder, const char *field, const void **bytes, size_t *bytes_count);

/* Fields of a struct come between these two; exactly so many. */
void code_begin(struct coder *coder, const char *name, uint32_t fields_count);
void code_end(struct coder *coder);

/* Reading: only the first fields of a struct that may have more; the rest can't be read. */
void coder_begin_first(struct coder *coder, const char *name, uint32_t fields_count);

/* Single fields. Numbers beyond their bound are refused when read. */
void code_bool(struct coder *coder, const char *field, bool *value);
void code_u32(struct coder *coder, const char *field, uint32_t *value, uint32_t max);
void code_u64(struct coder *coder, const char *field, uint64_t *value);
void code_i64(struct coder *coder, const char *field, int64_t *value);
void code_double(struct coder *coder, const char *field, double *value); /* Finite. */

/* Text in an array of text_bytes, its end included; the rest of the array reads as zero. */
void code_text(struct coder *coder, const char *field, char *text, size_t text_bytes);

/* An array of bytes: exactly so many. */
void code_bytes(struct coder *coder, const char *field, uint8_t *bytes, size_t bytes_count);

/* Text that the struct owns, of at most CODER_STRING_BYTES_MAX; with optional it may be NULL. */
#define CODER_STRING_BYTES_MAX ((size_t)1024 * 1024)
void code_string(struct coder *coder, const char *field, char **text, bool optional);

void code_runs(struct coder *coder, const char *field, struct seqruns *list);
void code_hist(struct coder *coder, const char *field, struct hist_packed *hist);

struct list_kind {
    size_t item_bytes;
    uint32_t items_max;
    uint32_t item_bytes_min; /* Least length of a packed item: bounds what a count can claim. */
    void (*code)(struct coder *coder, const struct list_kind *kind, void *item);
    const struct record *record; /* For code, where it goes by a table. */
};

/* Head of a list: *count items follow, each a field of its own kind within it. Reading, it is at
 * most items_max and what the bytes left can hold. */
bool code_count(struct coder *coder, const char *field, uint32_t *count,
                const struct list_kind *kind);

/* A list that the struct owns. Reading allocates it; returns the items. */
void *code_list(struct coder *coder, const char *field, void *items, uint32_t *count,
                const struct list_kind *kind);

/* A list within an array of kind->items_max items. */
void code_items(struct coder *coder, const char *field, void *items, uint32_t *count,
                const struct list_kind *kind);

/* An array of kind->items_max items, all of them used. */
void code_all(struct coder *coder, const char *field, void *items, const struct list_kind *kind);

#endif
