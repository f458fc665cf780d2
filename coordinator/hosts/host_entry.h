/*
 * host_entry: what the coordinator keeps of a host that may join, or of a fleet of hosts: a BSON
 * document by the table of this struct.
 */
#ifndef MILLRACE_HOST_ENTRY_H
#define MILLRACE_HOST_ENTRY_H

#include "bounds.h"
#include "errinfo.h"
#include "hmac.h"
#include "host_label.h"
#include "join_file.h"

#include <stdbool.h>
#include <stdint.h>

#define HOST_LABELS_MAX 8
#define HOST_WEIGHT_MAX 1000

struct host_entry {
    char name[NAME_BYTES]; /* As in `run --hosts`, and in the join file. */
    uint8_t secret[HMAC_BYTES];
    int64_t added_s; /* UTC, since 1970, as are the next two. */
    int64_t valid_from_s;
    int64_t valid_until_s;
    uint32_t weight; /* Of its share, up to HOST_WEIGHT_MAX; 0: by its usable CPUs. */
    struct host_label labels[HOST_LABELS_MAX];
    uint32_t labels_count;
    struct join_address addresses[JOIN_ADDRESSES_MAX];
    uint32_t addresses_count;
    uint32_t fleet_count;     /* One file for so many hosts (add --any); 0: one host. */
    uint32_t processes_count; /* Of the one host: so many agents (add --processes); 0: one. */
    bool is_damaged;          /* Listed by its file's name only: nothing else can be read. */
};

/* "HOST:PORT" that somebody else can dial. 0 or -EINVAL. */
int host_address_check(const char *address, struct errinfo *reterr);

/* How many agents come by its join file, at most. */
uint32_t host_entry_agents(const struct host_entry *entry);

/* Whether its certificate can be used then: 0, or -EKEYEXPIRED with the command that makes a new
 * one; likewise -EBADMSG of a damaged one. The sentence begins with the name. */
int host_entry_check(const struct host_entry *entry, int64_t now_s, struct errinfo *reterr);

#endif
