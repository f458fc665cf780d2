/*
 * broker_limits: what a broker tells of how much it takes, before any load: connections, the size
 * of a message, and what is worth knowing besides. Each has the broker's own word for it, which is
 * what its operator would raise.
 */
#ifndef MILLRACE_BROKER_LIMITS_H
#define MILLRACE_BROKER_LIMITS_H

#include "bounds.h"
#include "record.h"

#include <stdint.h>

#define BROKER_LIMITS_MAX 8

enum broker_limit_kind {
    LIMIT_CONNECTIONS,      /* Of everybody, to all brokers of the target together. */
    LIMIT_HOST_CONNECTIONS, /* The same, of one host. */
    LIMIT_MESSAGE_BYTES,    /* Of one message; what goes with it on its way counts, too. */
    LIMIT_OTHER             /* To be shown; nothing is held against it. */
};

struct broker_limit {
    enum broker_limit_kind kind;
    char name[NAME_BYTES]; /* "max.connections" */
    uint64_t value;
};

/* A list that is part of what a probe found. */
struct broker_limits {
    struct broker_limit items[BROKER_LIMITS_MAX];
    uint32_t count;
};

extern const struct record broker_limit_record;

/* Adds one; beyond BROKER_LIMITS_MAX it is left out. */
void broker_limits_add(struct broker_limits *limits, enum broker_limit_kind kind, const char *name,
                       uint64_t value);

#endif
