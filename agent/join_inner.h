/*
 * join_inner: where and as whom this agent joins: a url, which certificates of an own PKI may go
 * with, or a join file. It reads these files again, as others are put in their place before they
 * end. Main thread only.
 */
#ifndef MILLRACE_JOIN_INNER_H
#define MILLRACE_JOIN_INNER_H

#include "channel.h"
#include "duty.h"
#include "identity.h"
#include "join_file.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define JOIN_URL_BYTES (JOIN_ADDRESS_BYTES + 6)
#define JOIN_PATH_BYTES 32 /* "/proc/self/fd/5" */

struct join {
    const char *path; /* Of its file, "-": stdin; NULL: it has a url. */
    struct join_file file;
    struct timespec changed;     /* The file's, when it was read. */
    struct identity_paths paths; /* Of an own PKI; NULL: there is none. */
    struct identity identity;
    bool is_secured; /* By either; else what follows is empty. */
    struct channel_security security;
    struct duty_host host;
    char texts[JOIN_ADDRESSES_MAX][JOIN_URL_BYTES];
    const char *urls[JOIN_ADDRESSES_MAX];
    uint32_t urls_count;
};

/* How the agent was started by a launcher. */
struct join_leash {
    bool held;     /* The file is the first line of stdin, which goes on. */
    uint32_t port; /* Of the coordinator, on the host that started this one; 0: not known. */
    bool of_step; /* As a task of Slurm, which tells where from; else by ssh, which does so, too. */
};

/* Is it a url, and no file? */
bool join_is_url(const char *where);

/*
 * where: URL, FILE or "-"; it and the paths, which go with a url only, are borrowed for the life of
 * *ret. 0, or -EPERM: a url beyond this host, which would be spoken in clear, and insecure is not
 * set; what join_file_read() and identity_read() fail with. Blocks on the disk, or on stdin.
 */
int join_open(const char *where, const struct identity_paths *paths, bool insecure,
              struct join *ret, struct errinfo *reterr);

/* Likewise by the join line that a launcher gives: the address that it came from is tried first.
 */
int join_open_leash(const struct join_leash *leash, struct join *ret, struct errinfo *reterr);

/*
 * Before each time that it is used: reads the files again that may have changed, and looks at the
 * time. 0, or what join_file_check_time() and identity_check_time() fail with. A file that is gone
 * or can't be read leaves what was read before: the agent is who it was.
 */
int join_refresh(struct join *join, struct errinfo *reterr);

/* Whether it can be called so: 0, or -EINVAL. For one that is secured. */
int join_check_name(const struct join *join, const char *name, struct errinfo *reterr);

/*
 * How many processes this host has, each an agent: wanted, unless that is 0; else by the join file
 * so many, or one. Negative: -EINVAL, as the file is for another number of them.
 */
int join_processes(const struct join *join, uint32_t wanted, struct errinfo *reterr);

/*
 * What the processes are given instead of where: that, or a path in text which stands for what came
 * from stdin, and is there as long as this process. 0, or what making it fails with.
 */
int join_for_processes(const struct join *join, const char *where, char text[JOIN_PATH_BYTES],
                       const char **ret, struct errinfo *reterr);

/* What the agent calls itself, which may be in ret: the name given, unless that is NULL; else by a
 * join file that of its host, or in a fleet that of this machine, or of its place in a Job of
 * Kubernetes. process: of several, from 1 on, whose number is added; 0: it is the only one. NULL:
 * whatever duty makes of it. */
const char *join_name(const struct join *join, const char *given, uint32_t process,
                      char ret[NAME_BYTES]);

/* Wipes it. */
void join_done(struct join *join);

#endif
