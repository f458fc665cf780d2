/*
 * hosts: the coordinator's store of the hosts that may join: a folder with a private authority,
 * made when the first host is added, and a file NAME.host for each. The files are the truth: what
 * is removed is gone with the next look, in a run that is going on, too.
 *
 * Refuses a folder that others can write to and files that others can read. Changes are made by
 * one process at a time, and each is a file that is there whole or not at all. Blocks on the disk;
 * a struct belongs to one thread, but for hosts_is_enrolled().
 */
#ifndef MILLRACE_HOSTS_H
#define MILLRACE_HOSTS_H

#include "certificate.h"
#include "errinfo.h"
#include "host_entry.h"
#include "join_file.h"

#include <stdbool.h>
#include <stdint.h>

#define HOSTS_VALID_S_DEFAULT (INT64_C(30) * 86400)
#define HOSTS_VALID_S_MIN 60
#define HOSTS_AUTHORITY_VALID_S (INT64_C(3650) * 86400)

struct hosts;

/* The store in that folder; NULL: $MILLRACE_HOSTS_DIR, else /etc/millrace/hosts for root and
 * millrace/hosts in $XDG_CONFIG_HOME or ~/.config for others. It need not be there yet. 0, -ENOENT
 * (no home to look in), -EPERM (others can write to it), -ENOTDIR, -ENOMEM. On success the caller
 * owns *ret. */
int hosts_open(const char *folder, struct hosts **ret, struct errinfo *reterr);

/* NULL is allowed. Gives back the lock, too. */
void hosts_free(struct hosts *hosts);

const char *hosts_folder(const struct hosts *hosts);

struct host_list {
    struct host_entry *entries; /* Owned, in the order of their names. */
    uint32_t count;
};

/* All of them, also those that ended and those that are damaged. 0, or what reading a folder fails
 * with. The caller owns *ret, for host_list_done(). */
int hosts_list(const struct hosts *hosts, struct host_list *ret, struct errinfo *reterr);

/* Those of "load1,load2", in that order, or "all". 0, or -ENOENT (one that is not there, with the
 * nearest name; or the store is empty), -EINVAL (one twice, or none), -EKEYEXPIRED or -EBADMSG
 * (host_entry_check()). The caller owns *ret, for host_list_done(). */
int hosts_select(const struct hosts *hosts, const char *wanted, int64_t now_s,
                 struct host_list *ret, struct errinfo *reterr);

/* Wipes, frees and zeroes it. */
void host_list_done(struct host_list *list);

/* 0, or -ENOENT with the nearest name, -EBADMSG, or what reading fails with. */
int hosts_find(const struct hosts *hosts, const char *name, struct host_entry *ret,
               struct errinfo *reterr);

/* -ENOENT, with the name that was probably meant. */
int hosts_unknown(const struct hosts *hosts, const char *name, struct errinfo *reterr);

/* Whether the host's file is there: asked at every request, so that removing one works at once. Any
 * thread. */
bool hosts_is_enrolled(const struct hosts *hosts, const char *name);

/* ---- Changes ---- */

/* Waits for other processes that change the store, and makes the folder. Until hosts_free(). Needed
 * by what follows. 0, or what making it fails with. */
int hosts_lock(struct hosts *hosts, struct errinfo *reterr);

/*
 * Makes an entry's secret, certificate and join file; nothing is written but, at first, the
 * authority. *entry is what its file will be but for the secret and times, which are filled in. 0,
 * -EINVAL (it would outlast the authority), -EKEYEXPIRED (the authority ended), -EBADMSG,
 * -EKEYREJECTED (it is damaged), what writing fails with, -ENOMEM. On success *ret is the caller's,
 * for join_file_done().
 */
int hosts_make(struct hosts *hosts, struct host_entry *entry, int64_t valid_s, int64_t now_s,
               struct join_file *ret, struct errinfo *reterr);

/* Writes an entry, over the one of that name if there is one. */
int hosts_put(struct hosts *hosts, const struct host_entry *entry, struct errinfo *reterr);

/* 0, -ENOENT, or what unlink(2) fails with. */
int hosts_remove(struct hosts *hosts, const char *name, struct errinfo *reterr);

/* ---- A coordinator's own ---- */

struct hosts_security {
    char *authority_pem; /* Owned. */
    struct certificate coordinator;
};

/* What the coordinator of a run shows to its hosts, made anew each time. 0, -ENOENT (there is no
 * authority: no host was added), -EKEYEXPIRED, -EBADMSG or -EKEYREJECTED (of the authority),
 * -ENOMEM. The caller owns *ret, for hosts_security_done(). */
int hosts_security(const struct hosts *hosts, int64_t now_s, struct hosts_security *ret,
                   struct errinfo *reterr);
void hosts_security_done(struct hosts_security *security);

#endif
