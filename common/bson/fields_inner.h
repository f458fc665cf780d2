/*
 * fields_inner: the values of a BSON document, for both directions: the same calls append values,
 * or fill what they are given.
 */
#ifndef MILLRACE_FIELDS_INNER_H
#define MILLRACE_FIELDS_INNER_H

#include "fields.h"
#include "hist.h"

#include <bson/bson.h>

#define FIELDS_DEPTH_MAX 6

struct fields {
    bool reads;
    bool was_taken; /* Writing: the document is the caller's. */
    int failure;    /* 0 or a negative errno. */
    struct errinfo *reterr;
    struct fields_context context; /* Reading. */
    uint32_t depth;
    struct {
        const char *name;
        bson_t *bson; /* Writing: where to; reading: the document, over bytes of another. */
        bson_t own;
        bson_iter_t at; /* Reading: the field that was read last. */
        bool is_array;
        uint32_t index;    /* Of the next item, within an array. */
        bson_t array;      /* Writing. */
        bson_iter_t items; /* Reading. */
    } levels[FIELDS_DEPTH_MAX];
};

/* Reading: is there no such field in the document that is open? */
bool fields_lacks(const struct fields *fields, const char *key);

/* Numbers. Those beyond max are refused when read. A counter of 0 is left out; its 64 bits are an
 * int64 in the document, as BSON has no other. A double that is not finite is left out and reads as
 * 0. */
void field_bool(struct fields *fields, const char *key, bool *value);
void field_u32(struct fields *fields, const char *key, uint32_t *value, uint32_t max);
void field_i64(struct fields *fields, const char *key, int64_t *value);
void field_counter(struct fields *fields, const char *key, uint64_t *value);
void field_double(struct fields *fields, const char *key, double *value);

/* 64 bits that are no quantity (a seed), as decimal text: no tool rounds it. */
void field_u64_text(struct fields *fields, const char *key, uint64_t *value);

/* An enumerator by its name; names are those of 0 .. names_count - 1. By value, as an enum has no
 * address that others can use. */
uint32_t field_enum(struct fields *fields, const char *key, uint32_t value,
                    const char *const *names, uint32_t names_count);

/* Text in an array of text_bytes, its end included; the rest of the array reads as zero. Bytes that
 * are no UTF-8 (a sentence of a broker, or one that was cut within a character) become '?'. */
void field_text(struct fields *fields, const char *key, char *text, size_t text_bytes);

/* Text that the struct owns; reading gives at most bytes_max. NULL is written as "". */
void field_string(struct fields *fields, const char *key, char **text, size_t bytes_max);

/* A document within the document; true if its fields are to follow, then field_doc_end(). */
bool field_doc_begin(struct fields *fields, const char *key);
void field_doc_end(struct fields *fields);

/* An array of documents; true if its items and field_array_end() are to follow, as many as *count
 * says. Reading sets it, to items_max at most; an absent array has none. */
bool field_array_begin(struct fields *fields, const char *key, uint32_t items_max, uint32_t *count);
void field_array_end(struct fields *fields);
void field_item_begin(struct fields *fields);
void field_item_end(struct fields *fields);

/* {count, min_ns, max_ns, packed}: the first three for people, the last as hist_pack() has it and
 * the only one that is read. One without bytes is left out. */
void field_hist(struct fields *fields, const char *key, struct hist_packed *hist);

/* Bytes; reading borrows those of the document, and is false if there are none or something
 * failed. */
bool field_bytes_read(struct fields *fields, const char *key, const uint8_t **ret,
                      uint32_t *ret_bytes);
void field_bytes_write(struct fields *fields, const char *key, const void *bytes,
                       size_t bytes_count);

/* So many bytes, neither more nor fewer. */
void field_bytes(struct fields *fields, const char *key, uint8_t *bytes, uint32_t bytes_count);

/* A list that is packed, of the struct at item. */
void field_packed(struct fields *fields, const struct field *field, void *item);

/* Key of a field in a journal. */
const char *field_key(const struct field *field);

/* Reading: the document has no such field, as it is older. */
void field_note_lack(struct fields *fields, const struct record *record, const struct field *field);

#endif
