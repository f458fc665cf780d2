/*
 * net: resolves a name and connects, each with a deadline that holds.
 *
 * The system's resolver can't be told when to stop: behind a dead name server it takes 5 to 40 s.
 * So a name is looked up on a thread of its own, which is left to itself when the deadline comes
 * first. Addresses that are written as numbers need no thread. Any thread may call.
 */
#ifndef MILLRACE_NET_H
#define MILLRACE_NET_H

#include "errinfo.h"

#include <stdbool.h>
#include <stdint.h>

#define NET_HOST_BYTES 256
#define NET_PORT_BYTES 32

/* What stood in the way. */
enum net_failure { NET_OK, NET_NAME, NET_REFUSED, NET_TIMEOUT, NET_OTHER };

struct addrinfo;

/* Splits "host:port" or "[::1]:port"; the brackets are left out. -EINVAL. */
int net_split(const char *address, char host[NET_HOST_BYTES], char port[NET_PORT_BYTES]);

/* Looks a name up, or reads a number. 0 or the code that gai_strerror() explains; EAI_AGAIN when
 * deadline_ns (mono_ns()) came first. The caller frees with freeaddrinfo(). Blocks. */
int net_resolve(const char *host, const char *port, int64_t deadline_ns, struct addrinfo **ret);

/* Connects to the first address of the name that answers; with several, one that is silent leaves
 * the others their share of the time. Returns 0 and a socket that doesn't block and that the caller
 * closes, or a negative errno with *ret_failure and a sentence that names no address ("nothing
 * listens there"). Blocks until deadline_ns (mono_ns()) at most. */
int net_connect(const char *host, const char *port, int64_t deadline_ns, int *ret_fd,
                enum net_failure *ret_failure, struct errinfo *reterr);

/* Does the name, or number, lead to this host: to its loopback, or to an address of its own? One
 * that can't be looked up by deadline_ns does not. Blocks. */
bool net_is_here(const char *host, int64_t deadline_ns);

#endif
