/*
 * scenario_keys: every key of format 1, as data: its type, range, default, whether it is
 * executed yet, and a sentence. Validation, --set, the JSON schema and the key reference of
 * scenarios/README.md all come from this one list. Constant data.
 */
#ifndef MILLRACE_SCENARIO_KEYS_H
#define MILLRACE_SCENARIO_KEYS_H

#include "errinfo.h"
#include "units.h"

#include <stdbool.h>
#include <stdint.h>

enum key_type {
    KEY_MAP,
    KEY_LIST,
    KEY_TEXT,
    KEY_BACKEND, /* The name of one in the catalog. */
    KEY_NAME,    /* Letters, digits, dot, dash, underscore: part of topic and file names. */
    KEY_LABEL,   /* Of hosts: "zone=a". */
    KEY_BOOL,
    KEY_COUNT,
    KEY_BYTES,
    KEY_BYTES_RANGE, /* "1KiB" or "4KiB..64KiB". */
    KEY_DURATION,
    KEY_RATE,
    KEY_DECIMAL,    /* In thousandths. */
    KEY_PERCENT,    /* In thousandths of a percent. */
    KEY_CHOICE,     /* The number is the index. */
    KEY_PHASE_RATE, /* A rate, or the words max or none (see PHASE_RATE_*). */
    KEY_ANY,        /* A scalar that somebody else checks. */
    KEY_TREE        /* Any value; checked where it is laid. */
};

enum phase_rate { PHASE_RATE_RATE, PHASE_RATE_MAX, PHASE_RATE_NONE };

struct scenario_key {
    const char *path; /* "topology.topics"; * stands for an item or a name. */
    enum key_type type;
    bool also_map;         /* The scalar has a form as a mapping beside it. */
    bool required;         /* Within its mapping. */
    bool later;            /* Known, not executed yet. */
    bool secret;           /* Never shown. */
    bool zero_too;         /* RATE: 0 is one as well. */
    const char *zero_word; /* DURATION: this word is one as well, as 0; NULL: none is. */
    bool entries_named;    /* MAP: its keys are names that the author chooses. */
    bool entries_needed;   /* MAP, LIST: must not be empty. */
    int64_t min;           /* Of numbers; MAP and LIST: of entries. */
    int64_t max;
    const char *const *choices;       /* NULL-terminated. */
    const char *const *later_choices; /* Values known, not executed yet; may be NULL. */
    const char *fallback;             /* Default as a scenario writes it; NULL: none. */
    const char *same_as;              /* What is below it is as below this path. */
    const char *map_form; /* With also_map: what that looks like, where it is executed. */
    const char *example;  /* Of a required key, as a scenario writes it. */
    const char *help;
};

struct key_value {
    int64_t number;     /* PHASE_RATE: enum phase_rate; BYTES_RANGE: its lower end. */
    int64_t number_max; /* BYTES_RANGE: its upper end. */
    struct rate rate;
};

/* The first row: the scenario itself, with the path "". */
const struct scenario_key *scenario_key_root(void);

/* Steps through all rows, in the order of the reference; NULL after the last. */
const struct scenario_key *scenario_key_after(const struct scenario_key *row);

/* NULL if there is no such row. */
const struct scenario_key *scenario_key_find(const char *path);

/* Row of an entry or item of a row; NULL if it has no such. */
const struct scenario_key *scenario_key_child(const struct scenario_key *parent, const char *key);

/* Steps through the rows right below parent; start with NULL. */
const struct scenario_key *scenario_key_next(const struct scenario_key *parent,
                                             const struct scenario_key *row);

/* Last part of the row's path. */
const char *scenario_key_name(const struct scenario_key *row);

/* Known key right below parent that is nearest; NULL if none is near. */
const char *scenario_key_nearest(const struct scenario_key *parent, const char *key);

/* Reads a scalar. 0, or -EINVAL with "what is wrong (what would be right)". */
int scenario_key_parse(const struct scenario_key *row, const char *text, struct key_value *ret,
                       struct errinfo *reterr);

/* Is it of the form of KEY_NAME? */
bool scenario_name_is_right(const char *name);
#define SCENARIO_NAME_FORM "letters, digits, '.', '_' and '-', at most 63, none of the signs first"

#endif
