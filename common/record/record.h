/*
 * record: one table of fields per struct that travels or is kept, so that no struct is spelled
 * twice. A table says where each field lies, what it is, which values it may have and what it is
 * when an older journal lacks it. Visitors walk over tables: record_check() here, code_record() in
 * wire for msgpack, field_record() in archive for BSON and, through it, JSON.
 *
 * The order of the fields is that on the wire: to change it, or any field, is to change the
 * protocol. A journal is read by names: a new field needs `since` above 1.
 *
 * Pure data; any thread. Refuses nothing by itself: tables are ours, a wrong one is a bug
 * (ASSERT).
 */
#ifndef MILLRACE_RECORD_H
#define MILLRACE_RECORD_H

#include "errinfo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_BOOL,
    FIELD_U32,
    FIELD_COUNTER, /* uint64_t: a quantity; kept only where it is not 0. */
    FIELD_ID,      /* uint64_t: 64 bits that are no quantity; kept as decimal text. */
    FIELD_I64,
    FIELD_DOUBLE,   /* Finite. */
    FIELD_TEXT,     /* char[]: its end included. */
    FIELD_ENUM,     /* 0 .. names_count - 1; kept by its name. */
    FIELD_COUNTERS, /* uint64_t[names_count]; kept as a document with those names. */
    FIELD_ITEMS,    /* struct[items_max], of which a uint32_t says how many are used. */
    FIELD_LIST      /* Pointer to structs that the record owns, with such a count. */
};

struct record;

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    size_t bytes;      /* Of the value in the struct. */
    uint64_t max;      /* U32, COUNTER: the largest allowed; 0: any that the type holds. */
    uint32_t since;    /* 0 or 1: always there. Above: a journal may lack it, and then it is... */
    int64_t otherwise; /* ... this (numbers); texts and lists are empty. */
    const char *const *names; /* ENUM, COUNTERS. */
    uint32_t names_count;
    const struct record *of; /* ITEMS, LIST. */
    size_t count_offset;
    uint32_t items_max;
};

struct record {
    const char *name; /* In errors: "counters". */
    size_t bytes;     /* Of the struct. */
    const struct field *fields;
    uint32_t fields_count;
};

/* clang-format off */
#define FIELD_TYPE_OF(of, member)                                                                  \
    _Generic(((struct of *)0)->member, bool: FIELD_BOOL, uint32_t: FIELD_U32,                      \
             uint64_t: FIELD_COUNTER, int64_t: FIELD_I64, double: FIELD_DOUBLE, char *: FIELD_TEXT)
/* clang-format on */

/* What all fields have in common. */
#define FIELD_PLACE(of, member)                                                                    \
    .offset = offsetof(struct of, member), .bytes = sizeof(((struct of *)0)->member)

/* A number or text by its C type; a uint64_t is a COUNTER. More is added by name: FIELD(health,
 * clients, .max = CLIENTS_MAX, .since = 2). */
#define FIELD(of, member, ...) FIELD_NAMED(of, member, #member, __VA_ARGS__)
#define FIELD_NAMED(of, member, name_, ...)                                                        \
    {                                                                                              \
        .name = (name_), .type = FIELD_TYPE_OF(of, member), FIELD_PLACE(of, member), __VA_ARGS__   \
    }
#define FIELD_OF_TYPE(of, member, type_, ...)                                                      \
    {                                                                                              \
        .name = #member, .type = (type_), FIELD_PLACE(of, member), __VA_ARGS__                     \
    }
/* A list, or items within the struct, with its count beside it: FIELD_LIST_OF(status, results,
 * results_count, probe_result_record, TARGETS_MAX). */
#define FIELD_LIST_OF(struct_, member, count, of_, max_, ...)                                      \
    FIELD_OF_TYPE(struct_, member, FIELD_LIST, .of = &(of_), .items_max = (max_),                  \
                  .count_offset = offsetof(struct struct_, count), __VA_ARGS__)
#define FIELD_ITEMS_OF(struct_, member, count, of_, max_, ...)                                     \
    FIELD_OF_TYPE(struct_, member, FIELD_ITEMS, .of = &(of_), .items_max = (max_),                 \
                  .count_offset = offsetof(struct struct_, count), __VA_ARGS__)

/* The record of struct NAME, from its table NAME_fields. */
#define RECORD(of)                                                                                 \
    {                                                                                              \
        .name = #of, .bytes = sizeof(struct of), .fields = of##_fields,                            \
        .fields_count = sizeof of##_fields / sizeof of##_fields[0]                                 \
    }

/* The largest value of a U32 or COUNTER. */
uint64_t field_max(const struct field *field);

/* Address of a field within a struct, and of the count of a list. */
void *field_at(const struct field *field, void *item);
uint32_t *field_count_at(const struct field *field, void *item);

/* Value of a U32, BOOL or ENUM, whatever its size; and setting it. */
uint32_t field_u32_get(const struct field *field, const void *item);
void field_u32_set(const struct field *field, void *item, uint32_t value);

/* Sets a field to what an older journal means by lacking it. */
void field_set_otherwise(const struct field *field, void *item);

/* Whether every value is one that the table allows, items of lists included: 0, or -EBADMSG with
 * "RECORD: FIELD is out of range". */
int record_check(const struct record *record, const void *item, struct errinfo *reterr);

/* Bytes of the struct that its fields cover; equal to its size where nothing is left out and there
 * is no padding: a member that is missing in the table would be lost in silence. */
size_t record_bytes_covered(const struct record *record);

#endif
