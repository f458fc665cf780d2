/*
 * hosts_once: hosts that may join one run alone: an authority, a certificate for the coordinator
 * and a join file for each host, made in memory. The authority's key is forgotten as soon as all
 * have been signed, and nothing is written: with the process that made them they are gone.
 *
 * Not to be copied: it holds secrets. Never blocks on a disk.
 */
#ifndef MILLRACE_HOSTS_ONCE_H
#define MILLRACE_HOSTS_ONCE_H

#include "errinfo.h"
#include "hosts.h"
#include "join_file.h"

#include <stdint.h>

/* Longer than any run. */
#define HOSTS_ONCE_VALID_S (INT64_C(90) * 86400)

struct hosts_once {
    struct hosts_security security; /* The coordinator's own. */
    struct join_file *joins;        /* Owned, by name; without addresses. */
    uint32_t count;
};

/* names: of the hosts, each as host_name_check() wants it. 0, -EINVAL (a name or time), -EIO (no
 * random numbers), -ENOMEM. On success *ret is the caller's, for hosts_once_done(). */
int hosts_once_make(const char *const *names, uint32_t names_count, int64_t now_s,
                    struct hosts_once *ret, struct errinfo *reterr);

/* Wipes, frees and zeroes it. */
void hosts_once_done(struct hosts_once *once);

#endif
