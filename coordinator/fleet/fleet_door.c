/* fleet_door: where a fleet may listen, and who reaches that port. */
#include "fleet_inner.h"

#include "deadlines.h"
#include "host_limits.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define CONNECTIONS_MORE 16 /* Of who is not known yet, or never will be. */

uint32_t fleet_connections_max(uint32_t agents_wanted)
{
    return CONNECTIONS_MORE + agents_wanted * CHANNEL_CONNECTIONS_OF_PEER;
}

int fleet_may_listen(const char *url, bool secured, struct errinfo *reterr)
{
    if (strncmp(url, "ipc://", 6) == 0) {
        return 0; /* Its path is for this user alone. */
    }
    if (strncmp(url, "tcp://", 6) != 0) {
        return errinfo_set(reterr, -EINVAL,
                           "%s is no address to listen at: tcp://127.0.0.1:PORT is one", url);
    }
    if (secured || channel_url_is_local(url)) {
        return 0;
    }
    return errinfo_set(reterr, -EPERM,
                       "%s would let anyone drive these agents and read the targets' passwords: "
                       "run \"millrace hosts add NAME\" first, or say --insecure",
                       url);
}

struct fleet_door fleet_door(const struct fleet *fleet)
{
    struct channel_closed closed;
    uint64_t broken = fleet->secured ? channel_server_broken(fleet->server) : 0;

    channel_server_closed(fleet->server, &closed);
    return (struct fleet_door){.connections_max = fleet_connections_max(fleet->wanted),
                               .surplus = closed.surplus,
                               .unknown = closed.unknown,
                               .broken = broken,
                               .files_taken = fleet->files_taken};
}

/* NNG waits then, and says nothing. Those who are silent it closes after 10 s, and takes the next
 * ones; told once. */
static void look_for_files(struct fleet *fleet, int64_t now_ns)
{
    if (fleet->files_taken == 0 && host_open_files_taken()) {
        fleet->files_taken = host_open_files();
        fleet_refusals_add(
            &fleet->refusals, now_ns,
            "connections beyond the %llu open files that the coordinator may have: an "
            "agent that comes has to wait; keep strangers from the port, or raise "
            "ulimit -n",
            (unsigned long long)fleet->files_taken);
    }
}

/* NNG's threads take memory for what strangers send, and the allocator keeps it for them when it is
 * freed. Without strangers this does nothing; nobody measures on this thread. */
static void look_for_memory(struct fleet *fleet, int64_t now_ns)
{
    struct channel_closed closed;

    channel_server_closed(fleet->server, &closed);
    if (closed.surplus + closed.gone != fleet->strangers_gone) {
        fleet->strangers_gone = closed.surplus + closed.gone;
        fleet->trim_ns = now_ns + TRIM_NS;
    } else if (fleet->trim_ns != 0 && now_ns >= fleet->trim_ns) {
        fleet->trim_ns = 0;
        (void)malloc_trim(0);
    }
}

/* NNG says of a handshake that failed neither whose it was nor why: that is told on the host that
 * tried. */
static void look_for_broken(struct fleet *fleet, int64_t now_ns)
{
    fleet->broken = fleet->secured ? channel_server_broken(fleet->server) : 0;
    if (fleet->broken == fleet->broken_told ||
        (fleet->broken_told > 0 && now_ns - fleet->broken_told_ns < REFUSED_AGAIN_NS)) {
        return;
    }
    fleet->broken_told = fleet->broken;
    fleet->broken_told_ns = now_ns;
    fleet_refusals_add(&fleet->refusals, now_ns,
                       "at least %llu %s in the handshake of TLS: hosts whose "
                       "certificate is not of this coordinator or has ended (their agents say "
                       "which), or something else than an agent",
                       (unsigned long long)fleet->broken,
                       fleet->broken == 1 ? "connection ended" : "connections ended");
}

void fleet_look_at_door(struct fleet *fleet, int64_t now_ns)
{
    if (now_ns - fleet->door_looked_ns >= NS_PER_S) {
        fleet->door_looked_ns = now_ns;
        look_for_files(fleet, now_ns);
        look_for_memory(fleet, now_ns);
        look_for_broken(fleet, now_ns);
    }
}
