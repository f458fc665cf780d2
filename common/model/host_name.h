/* host_name: what a host that may join, or an agent of a fleet of hosts, can be called. Pure. */
#ifndef MILLRACE_HOST_NAME_H
#define MILLRACE_HOST_NAME_H

#include "errinfo.h"

/* A name that can be a file's, a word of a list and a certificate's: 1 to NAME_BYTES - 1 letters,
 * digits, ".", "-" and "_", the first of them a letter or digit, and not "all". 0 or -EINVAL. */
int host_name_check(const char *name, struct errinfo *reterr);

#endif
