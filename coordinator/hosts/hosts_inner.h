/* hosts_inner: paths and parts of a store. Internal to hosts. */
#ifndef MILLRACE_HOSTS_INNER_H
#define MILLRACE_HOSTS_INNER_H

#include "hosts.h"

/* Clocks of hosts that are this far behind still take a new certificate. */
#define HOSTS_SLACK_S INT64_C(86400)

struct hosts {
    char *folder;
    int lock_fd; /* -1: not locked. */
};

/* "FOLDER/name" or "FOLDER/name.host", the caller's; NULL: no memory. */
char *hosts_path(const struct hosts *hosts, const char *name);
char *hosts_entry_path(const struct hosts *hosts, const char *name);

/* The authority with its key, checked and valid at that time. 0, -ENOENT, -EKEYEXPIRED, -EBADMSG,
 * -EKEYREJECTED, -ENOMEM. */
int hosts_authority_read(const struct hosts *hosts, int64_t now_s, struct certificate *ret,
                         struct errinfo *reterr);

/* Likewise, made and written first if there is none. */
int hosts_authority_have(const struct hosts *hosts, int64_t now_s, struct certificate *ret,
                         struct errinfo *reterr);

#endif
