/*
 * options: the command line of every program, read and explained by one table of rows.
 *
 * A row names an option, says what kind of value it takes and where in the caller's struct that
 * goes. --help is made from the rows, and what is wrong is told alike everywhere, with the nearest
 * option to one that nobody knows. An option that has one value may be given once, a switch as
 * often as one likes. --name VALUE and --name=VALUE are the same; options and arguments may be
 * mixed; what follows "--" is an argument. --help or -h wins over everything.
 *
 * Refuses to end the program: the caller gets the exit code. Main thread only: it writes to stdout
 * and stderr.
 */
#ifndef MILLRACE_OPTIONS_H
#define MILLRACE_OPTIONS_H

#include "errinfo.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes. */
#define OPTIONS_USAGE 2
#define OPTIONS_FAILED 4

enum option_kind {
    TAKES_NOTHING, /* bool: true. */
    TAKES_TEXT,    /* const char *: borrowed from argv. */
    TAKES_LIST,    /* struct option_list: one more. */
    TAKES_U32,     /* uint32_t in min .. max. */
    TAKES_U64,     /* uint64_t in min .. max. */
    TAKES_HEX      /* Likewise, written in hexadecimal. */
};

struct option_list {
    const char **items; /* Borrowed, the list itself owned. */
    uint32_t count;
};

struct option_row {
    const char *name;   /* "--agents". */
    const char *letter; /* "-V"; NULL: none. */
    const char *value;  /* What help calls the value; NULL: a switch. */
    const char *help;   /* NULL: for programs only, not told. */
    enum option_kind kind;
    bool once;    /* Of a list: the option adds one item. All that are no lists have one value. */
    uint64_t min; /* Of a number. */
    uint64_t max;
    size_t at;    /* Where it goes, from the begin of the caller's struct. */
    size_t given; /* Likewise: a bool, true if it was given. 0: nobody asks. */
    /* Of a text or list: *ret is kept instead of the value. 0, or a negative errno with a sentence.
     * NULL: the value is. */
    int (*read)(const char *value, const char **ret, struct errinfo *reterr);
    void (*names)(struct text *out); /* What the value may be, where a table knows; after help. */
};

struct options_usage {
    const char *program;    /* "millrace run". */
    const char *arguments;  /* "SCENARIO...", or "". */
    const char *what;       /* One sentence or a few. */
    uint32_t arguments_min; /* Fewer are an error, as are more than arguments_max. */
    uint32_t arguments_max;
    const struct option_row *const *rows; /* Ends with NULL. */
    const char *examples;                 /* Lines, each with its newline. */
};

/* Reads argv[1] and what follows into the struct at into, and the arguments into *arguments. True:
 * go on. False: *ret_exit is the exit code: 0 after help, OPTIONS_USAGE or OPTIONS_FAILED after a
 * sentence to stderr. Lists are the caller's to free either way. */
bool options_parse(const struct options_usage *usage, int argc, char **argv, void *into,
                   struct option_list *arguments, int *ret_exit);

/* Tells a usage error as options_parse() does, and returns OPTIONS_USAGE. */
int options_wrong(const struct options_usage *usage, const char *what, const char *detail);

void option_list_done(struct option_list *list);

#endif
