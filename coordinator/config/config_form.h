/*
 * config_form: what the tree has to know of the kind of file that it is read from, as data. Whoever
 * reads such files has one; all else that a key means is the reader's own matter.
 */
#ifndef MILLRACE_CONFIG_FORM_H
#define MILLRACE_CONFIG_FORM_H

#include <stddef.h>

#define CONFIG_NAME_KEYS_MAX 2

/* An entry of the root whose parts have names, by which overlays and --set find them. */
struct config_named {
    const char *key;
    /* Of a list: which entry of an item is its name; the first that is there. None: it is a
     * mapping, and its keys are the names. */
    const char *name_keys[CONFIG_NAME_KEYS_MAX];
};

struct config_form {
    const char *what;                 /* What a person calls such a file: "scenario". */
    const char *key_example;          /* Of a key in a group, as --set takes it: "message.size". */
    size_t bytes_max;                 /* Of a file, and of a value once it is expanded. */
    const struct config_named *named; /* Ends with a NULL key. */
    /* Mappings whose keys are one name each, whatever dots are in it: "sweep", or with any one key
     * "variants.*". Ends with NULL. */
    const char *const *dotted;
};

#endif
