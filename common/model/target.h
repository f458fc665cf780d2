/*
 * target: a system under test, as an agent needs it to connect. Strings are owned by the struct;
 * target_done() frees them. Secrets (password) travel to agents and nowhere else: never log or
 * archive one.
 */
#ifndef MILLRACE_TARGET_H
#define MILLRACE_TARGET_H

#include "errinfo.h"
#include "record.h"

#include <stdbool.h>
#include <stdint.h>

struct option_value {
    char *key;
    char *value; /* As text; the catalog has said that it is of the right type. */
};

struct target {
    char *label;
    char *backend; /* Its name in the catalog. */
    char **addresses;
    uint32_t addresses_count; /* 0 for the memory backend. */
    char *username;           /* NULL: none. */
    char *password;           /* NULL: none. */
    char *mechanism;          /* NULL: the backend's default. */
    bool tls;
    char *tls_ca; /* Paths on the agent's host; NULL: the system's store, no client certificate. */
    char *tls_cert;
    char *tls_key;
    struct option_value *options;
    uint32_t options_count;
};

extern const struct record option_value_record;
extern const struct record target_record;

/* Frees what the target owns and zeroes it. */
void target_done(struct target *target);
int target_copy(const struct target *from,
                struct target *to); /* 0 or -ENOMEM (to is empty then). */

/* Whether both are one broker, as far as their first addresses tell. */
bool target_same_place(const struct target *a, const struct target *b);

/* The value given for an option, or NULL: then the catalog's default holds (see
 * catalog_option_text()).
 */
const char *target_option(const struct target *target, const char *key);

/* Adds or replaces an option. 0 or -ENOMEM. */
int target_set_option(struct target *target, const char *key, const char *value);

#endif
