/*
 * record: one table of fields per struct that travels or is kept, so that no struct is spelled
 * twice. A table says where each field lies, what it is, which values it may have and what it is
 * when an older journal lacks it. Visitors walk over tables: record_check(), record_done() and
 * json_record() here, code_record() in wire for msgpack, field_record() in bson for BSON.
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
    FIELD_I64,     /* int64_t, or int32_t. */
    FIELD_DOUBLE,  /* Finite. */
    FIELD_SUM,     /* double: finite, not negative. */
    FIELD_TEXT,    /* char[]: its end included. */
    FIELD_STRING,  /* char *: owned. */
    FIELD_ENUM,    /* 0 .. names_count - 1; kept by its name. */
    /* One for each name; kept as a document with those names. */
    FIELD_COUNTERS, /* uint64_t[names_count] */
    FIELD_HISTS,    /* struct hist_packed[names_count]: owned. */
    FIELD_RUNS,     /* struct seqruns. */
    /* Structs with a table of their own, `of`. */
    FIELD_RECORD, /* One, within the struct. */
    FIELD_ARRAY,  /* struct[items_max], all of them used. */
    FIELD_ITEMS,  /* struct[items_max], of which a uint32_t says how many are used. */
    FIELD_LIST,   /* Pointer to structs that the record owns, with such a count. */
    FIELD_ONE,    /* Pointer to a struct that the record owns, or NULL. */
    FIELD_BYTES   /* uint8_t[]: all of them; nonces and secrets, which are no text. */
};

/* Of a field that only one of those has a use for who read it. */
enum field_only {
    ONLY_NEITHER, /* It travels, is kept, and shown. */
    ONLY_SENT,    /* Between coordinator and agents. */
    ONLY_KEPT,    /* In a journal. */
    ONLY_SHOWN    /* In result.json. */
};

/* How result.json shows a field. */
enum field_shown {
    SHOWN_PLAIN,
    SHOWN_OR_NULL,    /* "" is null. */
    SHOWN_IF_SET,     /* Absent where it is not above 0; of a struct, where nothing in it is. */
    SHOWN_AS_LITERAL, /* ENUM: the name without quotes. */
    SHOWN_IN_SECONDS, /* I64: of ns. */
    SHOWN_BY_NAME     /* Items: an object. Their first field is the key; what else is shown of them
                       * is the value, an object unless it is one field. */
};

struct record;

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    size_t bytes; /* Of the value in the struct. */
    /* U32, COUNTER, I64: the range, ends included; both 0: any that the type holds; max 0 and no
     * negative min: from min on. Of a text the least length, of a string that is kept the largest,
     * of a list the least count. */
    int64_t min;
    uint64_t max;
    bool optional;     /* STRING: may be NULL. */
    bool secret;       /* STRING: wiped before it is freed. */
    uint32_t since;    /* 0 or 1: always there. Above: a journal may lack it, and then it is... */
    int64_t otherwise; /* ... this (numbers); texts and lists are empty. */
    bool untold; /* Reports of such a journal only leave it out, and don't say that it lacks. */
    /* COUNTER, as record_add() and record_sum() know it: */
    bool largest;             /* The sum of two is the larger one. */
    size_t sum_of;            /* SUM_OF(): which counter of the struct that is counted in. */
    const char *const *names; /* ENUM, COUNTERS, HISTS. */
    uint32_t names_count;
    const struct record *of; /* RECORD, ARRAY, ITEMS, LIST, ONE. */
    size_t count_offset;     /* ITEMS, LIST. */
    uint32_t items_max;      /* ARRAY, ITEMS, LIST. */
    /* In journals and result.json, which know fields by name. */
    enum field_only only;
    enum field_shown shown;
    bool (*shown_if)(const void *item); /* NULL: always. */
    bool (*kept_if)(const void *item);  /* Of what was read before it, too. */
    const char *kept; /* In a journal, where the name is another. One that is packed stands under
                       * its name in older journals, without the columns that came later. */
    const char *was_list; /* U32: in older journals the length of that list. */
    bool or_nan;          /* DOUBLE: may be NAN, and is if a journal or result.json has none. */
    bool flat;            /* RECORD: its fields stand among those around it. */
    bool packed;          /* LIST: kept as one binary, a row for each item. */
    bool counted;         /* LIST: has as many items as its count says already. */
};

struct record {
    const char *name; /* In errors: "counters". */
    size_t bytes;     /* Of the struct. */
    const struct field *fields;
    uint32_t fields_count;
    /* What is wrong between fields, each of which is allowed: words such as "last is before
     * first"; NULL: nothing. */
    const char *(*wrong)(const void *item);
};

/* clang-format off */
#define FIELD_TYPE_OF(of, member)                                                                  \
    _Generic(((struct of *)0)->member, bool: FIELD_BOOL, uint32_t: FIELD_U32,                      \
             uint64_t: FIELD_COUNTER, int64_t: FIELD_I64, int32_t: FIELD_I64,                      \
             double: FIELD_DOUBLE, uint8_t *: FIELD_BYTES,                                         \
             char *: _Generic(&((struct of *)0)->member, char **: FIELD_STRING,                    \
                              default: FIELD_TEXT))
/* clang-format on */

/* What all fields have in common. */
#define FIELD_PLACE(of, member)                                                                    \
    .offset = offsetof(struct of, member), .bytes = sizeof(((struct of *)0)->member)

/* A number, text or string by its C type; a uint64_t is a COUNTER. More is added by name:
 * FIELD(health, clients, .max = CLIENTS_MAX, .since = 2). */
#define FIELD(of, member, ...) FIELD_NAMED(of, member, #member, __VA_ARGS__)
#define FIELD_NAMED(of, member, name_, ...)                                                        \
    {                                                                                              \
        .name = (name_), .type = FIELD_TYPE_OF(of, member), FIELD_PLACE(of, member), __VA_ARGS__   \
    }
#define FIELD_OF_TYPE(of, member, type_, ...)                                                      \
    {                                                                                              \
        .name = #member, .type = (type_), FIELD_PLACE(of, member), __VA_ARGS__                     \
    }
/* An enumerator, or one value for each of some names: an array of names. */
#define FIELD_NAMES_OF(of, member, type_, names_, ...)                                             \
    FIELD_OF_TYPE(of, member, type_, .names = (names_),                                            \
                  .names_count = sizeof(names_) / sizeof(names_)[0], __VA_ARGS__)
/* A struct within the struct, or an array of them. */
#define FIELD_RECORD_OF(struct_, member, of_, ...)                                                 \
    FIELD_OF_TYPE(struct_, member, FIELD_RECORD, .of = &(of_), __VA_ARGS__)
#define FIELD_ARRAY_OF(struct_, member, of_, ...)                                                  \
    FIELD_OF_TYPE(struct_, member, FIELD_ARRAY, .of = &(of_),                                      \
                  .items_max = sizeof(((struct struct_ *)0)->member) /                             \
                               sizeof(((struct struct_ *)0)->member[0]),                           \
                  __VA_ARGS__)
/* A list, or items within the struct, with its count beside it: FIELD_LIST_OF(status, results,
 * results_count, probe_result_record, TARGETS_MAX). */
#define FIELD_LIST_OF(struct_, member, count, of_, max_, ...)                                      \
    {                                                                                              \
        .name = #member, .type = FIELD_LIST, .offset = offsetof(struct struct_, member),           \
        .bytes = sizeof(void *), .of = &(of_), .items_max = (max_),                                \
        .count_offset = offsetof(struct struct_, count), __VA_ARGS__                               \
    }
#define FIELD_ITEMS_OF(struct_, member, count, of_, max_, ...)                                     \
    FIELD_OF_TYPE(struct_, member, FIELD_ITEMS, .of = &(of_), .items_max = (max_),                 \
                  .count_offset = offsetof(struct struct_, count), __VA_ARGS__)

/* An enumerator that is known by another name than the member. */
#define FIELD_NAMES_AS(of, member, name_, names_, ...)                                             \
    {                                                                                              \
        .name = (name_), .type = FIELD_ENUM, FIELD_PLACE(of, member), .names = (names_),           \
        .names_count = sizeof(names_) / sizeof(names_)[0], __VA_ARGS__                             \
    }
/* Fields of the struct that result.json shows as an object in the object. */
#define FIELD_GROUP(name_, of_, ...)                                                               \
    {                                                                                              \
        .name = (name_), .type = FIELD_RECORD, .of = &(of_), .only = ONLY_SHOWN, __VA_ARGS__       \
    }

/* FIELD(result_phase, skipped, SUM_OF(counters, skipped)); 0 stands for none. */
#define SUM_OF(of, member) .sum_of = offsetof(struct of, member) + 1

/* The record of struct NAME, from its table NAME_fields; with relations: RECORD(segment, .wrong =
 * segment_wrong). */
#define RECORD(of, ...)                                                                            \
    {                                                                                              \
        .name = #of, .bytes = sizeof(struct of), .fields = of##_fields,                            \
        .fields_count = sizeof of##_fields / sizeof of##_fields[0], __VA_ARGS__                    \
    }

/* A record of some fields of a struct. */
#define RECORD_OF(of, name_, table)                                                                \
    {                                                                                              \
        .name = (name_), .bytes = sizeof(struct of), .fields = (table),                            \
        .fields_count = sizeof(table) / sizeof(table)[0]                                           \
    }

/* Whether it stands in frames, if its struct does. */
bool field_travels(const struct field *field);

/* The largest value of a U32 or COUNTER. */
uint64_t field_max(const struct field *field);

/* Address of a field within a struct, and of the count of ITEMS or a LIST. */
void *field_at(const struct field *field, void *item);
uint32_t *field_count_at(const struct field *field, void *item);

/* The structs that a field holds (NULL: none), and how many; of a field that has a table. */
void *field_structs(const struct field *field, void *item, uint32_t *ret_count);

/* Value of a U32, BOOL or ENUM, whatever its size; and setting it. Likewise of an I64. */
uint32_t field_u32_get(const struct field *field, const void *item);
void field_u32_set(const struct field *field, void *item, uint32_t value);
int64_t field_i64_get(const struct field *field, const void *item);
void field_i64_set(const struct field *field, void *item, int64_t value);

/* Sets a field to what an older journal means by lacking it. */
void field_set_otherwise(const struct field *field, void *item);

/* Words of the first relation that does not hold; NULL: all do, or it has none. */
const char *record_is_wrong(const struct record *record, const void *item);

/* Whether the table forbids the value. Then what holds words to follow the field's name: "is 9 (0
 * to 7)". Looks at no struct that the field holds. */
#define FIELD_WRONG_BYTES 96
bool field_is_wrong(const struct field *field, const void *item, char what[FIELD_WRONG_BYTES]);

/*
 * Goes through all values of a struct, and of the structs that it holds: a field before what it
 * holds. At the end of each struct comes a step without a field; everything it holds has ended
 * then.
 */
#define RECORD_DEPTH_MAX 8

struct record_walk {
    const struct field *field;   /* NULL: the end of the item. Set to NULL: what it holds is passed
                                    over. */
    const struct record *record; /* Of the item. */
    void *item;
    uint32_t depth;
    struct {
        const struct field *via; /* Of the level above. */
        const struct record *record;
        char *item;
        uint32_t index; /* Of the item, ... */
        uint32_t count; /* ... of so many. */
        uint32_t fields_passed;
    } levels[RECORD_DEPTH_MAX];
};

void record_walk_begin(struct record_walk *walk, const struct record *record, void *item);
bool record_walk_next(struct record_walk *walk); /* False: all was seen. */

/* Whether every value is one that the tables allow, and what holds between them: 0, or -EBADMSG
 * with "RECORD: flows[2].partitions is 0 (1 to 1024)". */
int record_check(const struct record *record, const void *item, struct errinfo *reterr);

/* Frees what the struct owns, wipes its secrets and zeroes it, also when it is half made. */
void record_done(const struct record *record, void *item);

/* Adds what another struct of the same record has counted: its COUNTER and COUNTERS. Structs that
 * it holds, and all that is no count, stay as they are. */
void record_add(const struct record *record, void *item, const void *from);

/* Adds to each field with SUM_OF() its counter of `counted`, the struct that SUM_OF() names. */
void record_sum(const struct record *record, void *item, const void *counted);

/* The value of the COUNTER of that name; ASSERTs that there is one. */
uint64_t record_counter(const struct record *record, const void *item, const char *name);

#endif
