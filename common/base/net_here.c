#include "net.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;

        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static bool is_same(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family) {
        return false;
    }
    if (a->sa_family == AF_INET) {
        return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)(const void *)b)->sin_addr.s_addr;
    }
    return a->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr,
                  sizeof(struct in6_addr)) == 0;
}

static bool is_own(const struct ifaddrs *own, const struct sockaddr *address)
{
    for (; own != NULL; own = own->ifa_next) {
        if (own->ifa_addr != NULL && is_same(own->ifa_addr, address)) {
            return true;
        }
    }
    return is_loopback(address);
}

bool net_is_here(const char *host, int64_t deadline_ns)
{
    struct addrinfo *found = NULL;
    struct ifaddrs *own = NULL;
    bool here = false;

    if (net_resolve(host, "0", deadline_ns, &found) != 0) {
        return false;
    }
    if (getifaddrs(&own) != 0) {
        own = NULL; /* Loopback is known without. */
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        here = here || is_own(own, at->ai_addr);
    }
    if (own != NULL) {
        freeifaddrs(own);
    }
    freeaddrinfo(found);
    return here;
}
