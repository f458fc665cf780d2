/* host_label: a label of a host, "zone=a", by which a scenario places clients. Pure. */
#ifndef MILLRACE_HOST_LABEL_H
#define MILLRACE_HOST_LABEL_H

#include "bounds.h"
#include "errinfo.h"

struct host_label {
    char text[NAME_BYTES]; /* "zone=a" */
};

/* "key=value", neither of them empty and without blanks and commas. 0 or -EINVAL. */
int host_label_check(const char *label, struct errinfo *reterr);

#endif
