/*
 * catalog: what each backend offers, as data; one file per backend, no client library. A backend
 * that can be driven by several clients has an entry for each of them, as they offer different
 * things; option `client` of a target chooses one.
 *
 * The one place where options, capabilities and equivalences stand: it feeds validation of
 * scenarios, `millrace backends`, the docs, the reports and the drivers. Constant data, safe from
 * any thread.
 */
#ifndef MILLRACE_CATALOG_H
#define MILLRACE_CATALOG_H

#include "errinfo.h"
#include "target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_BOOL,
    OPTION_COUNT,
    OPTION_BYTES,
    OPTION_DURATION,
    OPTION_TEXT,
    OPTION_CHOICE
};

struct catalog_option {
    const char *key;
    enum option_type type;
    const char *default_value; /* As a scenario would write it; "" for none. */
    int64_t min;               /* COUNT, BYTES, DURATION (ns). */
    int64_t max;
    const char *const *choices; /* CHOICE: NULL-terminated. */
    const char *help;           /* One sentence; unit and effect. */
};

/* What a backend can offer of the words of `delivery`, and what each of them means on it. */
enum capability {
    CAPABILITY_PUBLISH_ACK_NONE,
    CAPABILITY_PUBLISH_ACK_LEADER,
    CAPABILITY_PUBLISH_ACK_ALL,
    CAPABILITY_CONSUME_ACK_NONE,
    CAPABILITY_CONSUME_ACK_EACH,
    CAPABILITY_CONSUME_ACK_BATCH,
    CAPABILITY_CONSUME_PACE, /* Phases with `consume`: paused, rate or think. */
    CAPABILITY_ORDERED,
    CAPABILITY_ORDERED_SHARED, /* `ordered` with several consumers of one subscription. */
    CAPABILITY_TTL,
    CAPABILITY_PERSISTENT,     /* `persistent: true` */
    CAPABILITY_NOT_PERSISTENT, /* `persistent: false`: not asked for. */
    CAPABILITY_APART,          /* Producers and consumers on different agents. */
    CAPABILITY_TLS,
    CAPABILITY_AUTH,
    CAPABILITY_COUNT
};

/* "publish_ack: leader", ... as a scenario writes it. */
const char *capability_name(enum capability capability);

struct catalog_capability {
    bool available;
    const char
        *note; /* What it means here, or why it isn't there: what `millrace backends` says. */
};

struct catalog_entry {
    const char *name;    /* Of the backend. */
    const char *client;  /* What option `client` says for it; NULL: the backend has one client. */
    const char *driver;  /* What its driver is called: the name, or "NAME/CLIENT". */
    bool client_unnamed; /* Who names a backend and no client means this one, if that is from before
                          * it had several: an older journal. */
    const char *title;   /* "Apache Kafka" */
    const char *client_library;    /* "librdkafka" */
    const char *address_form;      /* "HOST:PORT", "amqp://HOST:PORT/VHOST" */
    uint16_t default_port;         /* 0: no address. */
    uint32_t producer_connections; /* TCP connections of a client, at least; */
    uint32_t consumer_connections; /* 0: none, or few that are shared. */
    uint32_t connection_files;     /* Open files of each connection. */
    uint32_t producer_bytes;       /* Memory that the client library takes for a client, about. */
    uint32_t consumer_bytes;
    bool local; /* Lives inside an agent: a topic and its clients are pinned to one agent. */
    bool group_assigns;     /* The broker spreads partitions over consumers (Kafka's groups). */
    const char *topic_note; /* What topic, partition and subscription are here. */
    const char *subscription_note;
    struct catalog_capability capabilities[CAPABILITY_COUNT];
    const struct catalog_option *options; /* Ends with a NULL key. */
    const char *const
        *equivalences; /* NULL-terminated sentences for reports: how this compares with others. */
    const char *clean_note; /* What `clean` can find here. */
};

/* That of the default client; NULL if there is no such backend. For what all clients of a backend
 * have alike; what is asked of a target is in catalog_entry_of(). */
const struct catalog_entry *catalog_find(const char *name);

/* client: what option `client` says; "": the only one, or that of before there were several. NULL
 * if there is no such backend or client. */
const struct catalog_entry *catalog_find_client(const char *name, const char *client);

/* NULL if there is no such backend, or its option `client` names none of its clients. */
const struct catalog_entry *catalog_entry_of(const struct target *target);

/* All entries, NULL-terminated, in the order in which they are listed; those of one backend stand
 * together, its default client's first. */
const struct catalog_entry *const *catalog_all(void);

/* Backends in that order, by their default clients' entries; NULL beyond the last one. */
const struct catalog_entry *catalog_backend(size_t index);

/* NULL if the backend has no such option. */
const struct catalog_option *catalog_option_find(const struct catalog_entry *entry,
                                                 const char *key);

/* That of another client of the same backend which has such an option; NULL if none has. */
const struct catalog_entry *catalog_other_with(const struct catalog_entry *entry, const char *key);

/* Is value one that the option takes? 0, or -EINVAL with "what is wrong (what would be right)". */
int catalog_option_check(const struct catalog_option *option, const char *value,
                         struct errinfo *reterr);

/* Numbers of a checked value: true/false as 1/0, bytes, ns, counts; for CHOICE the index. ASSERTs
 * on unchecked text. */
int64_t catalog_value_number(const struct catalog_option *option, const char *value);

/* What a target, which was checked, says of an option of its backend's entry: its default if the
 * target doesn't set it. ASSERTs that the entry has such an option. */
const char *catalog_option_text(const struct catalog_entry *entry, const struct target *target,
                                const char *key);
int64_t catalog_option_number(const struct catalog_entry *entry, const struct target *target,
                              const char *key);

/* Does the address have the backend's form? 0, or -EINVAL with the form. "" is right for local
 * backends only. */
int catalog_address_check(const struct catalog_entry *entry, const char *address,
                          struct errinfo *reterr);

#endif
