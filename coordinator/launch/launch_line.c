/* launch_line: how an agent of another host is told where it joins, and as whom. */
#include "launchers_inner.h"

#include "secret.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void add_address(struct join_file *join, const char *address)
{
    if (join->addresses_count < JOIN_ADDRESSES_MAX) {
        (void)snprintf(join->addresses[join->addresses_count].text, sizeof join->addresses[0].text,
                       "%s", address);
        join->addresses_count++;
    }
}

static int add_own_name(const char *url, struct join_file *join, struct errinfo *reterr)
{
    char name[HOST_NAME_MAX + 1];
    char address[HOST_NAME_MAX + 16];
    const char *port = strrchr(url, ':');

    if (gethostname(name, sizeof name) != 0) {
        return errinfo_set(reterr, -errno, "this host has no name: give --at HOST:PORT");
    }
    name[sizeof name - 1] = '\0';
    (void)snprintf(address, sizeof address, "%s%s", name, port == NULL ? "" : port);
    add_address(join, address);
    return 0;
}

int launch_join_line(const struct launch_config *config, uint32_t member, const char *address,
                     struct text *out, struct errinfo *reterr)
{
    struct join_file join = config->joins[member]; /* What it points to stays the other's. */
    int r = 0;

    if (address != NULL) {
        add_address(&join, address);
    } else if (config->at_count == 0) {
        r = add_own_name(config->url, &join, reterr);
    }
    for (uint32_t i = 0; address == NULL && i < config->at_count; i++) {
        add_address(&join, config->at[i]);
    }
    if (r == 0 && join_file_write(&join, out) < 0) {
        r = errinfo_nomem(reterr);
    }
    secret_wipe(&join, sizeof join);
    return r;
}
