/*
 * standing_look_inner: why nobody answers at an address, as a sentence for the log: looked for
 * again and again while an agent waits there, but not at each hello.
 */
#ifndef MILLRACE_STANDING_LOOK_INNER_H
#define MILLRACE_STANDING_LOOK_INNER_H

#include "channel.h"
#include "log.h"
#include "mono.h"

#include <stdbool.h>
#include <stdint.h>

/* Between two looks at one address; how long one may take: an agent that looks says no hello, and
 * takes no signal. */
#define STANDING_LOOK_NS (5 * NS_PER_S)
#define STANDING_LOOK_NS_MAX (3 * NS_PER_S)
/* A host that does not answer for so long is behind something that drops what is sent to it. */
#define STANDING_SILENT_NS (10 * NS_PER_S)

struct standing_look {
    int64_t since_ns; /* Nobody has answered there since; 0: somebody has. */
    int64_t next_ns;
};

/* Nobody has answered at url, until now and for silent_ns. True, with a sentence to say in ret
 * (ERRINFO_BYTES) and its level. Blocks for STANDING_LOOK_NS_MAX. */
bool standing_look(struct standing_look *look, const char *url,
                   const struct channel_security *security, int64_t silent_ns, char *ret,
                   enum log_level *ret_level);

#endif
