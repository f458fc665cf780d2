#include "channel_inner.h"
#include "channel_pipes_inner.h"
#include "mono.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    int pipe;
    int64_t since_ns;
    bool admitted;
    uint32_t peer; /* Of one that is admitted. */
    bool closing;  /* Told to; it is here until NNG has let go of it. */
};

struct channel_pipes {
    pthread_mutex_t lock; /* Guards what follows. */
    struct entry *entries;
    uint32_t entries_count;
    uint32_t entries_max;
    struct channel_closed closed;
};

/* With the lock held; NULL: it is not here. */
static struct entry *find(struct channel_pipes *pipes, int pipe)
{
    for (uint32_t i = 0; i < pipes->entries_count; i++) {
        if (pipes->entries[i].pipe == pipe) {
            return &pipes->entries[i];
        }
    }
    return NULL;
}

static void forget(struct channel_pipes *pipes, struct entry *entry)
{
    *entry = pipes->entries[--pipes->entries_count];
}

/* After NNG's handshake, before a byte of a message is read: what is closed here, the socket never
 * sees. */
static void pipe_comes(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
    struct channel_pipes *pipes = argument;
    int64_t now_ns = mono_ns();
    bool surplus;

    (void)event;
    (void)pthread_mutex_lock(&pipes->lock);
    surplus = pipes->entries_count == pipes->entries_max;
    if (surplus) {
        pipes->closed.surplus++;
    } else {
        pipes->entries[pipes->entries_count++] =
            (struct entry){.pipe = nng_pipe_id(pipe), .since_ns = now_ns};
    }
    (void)pthread_mutex_unlock(&pipes->lock);
    if (surplus) {
        (void)nng_pipe_close(pipe);
    }
}

/* NNG tells it on another thread, and for one that breaks at once perhaps before its coming: then
 * it stays here until it counts as unknown. */
static void pipe_goes(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
    struct channel_pipes *pipes = argument;
    struct entry *entry;

    (void)event;
    (void)pthread_mutex_lock(&pipes->lock);
    entry = find(pipes, nng_pipe_id(pipe));
    if (entry != NULL) {
        pipes->closed.gone += entry->admitted ? 0 : 1;
        forget(pipes, entry);
    }
    (void)pthread_mutex_unlock(&pipes->lock);
}

int channel_pipes_new(nng_socket socket, uint32_t pipes_max, struct channel_pipes **ret,
                      struct errinfo *reterr)
{
    struct channel_pipes *pipes = calloc(1, sizeof *pipes);
    int r;

    if (pipes == NULL) {
        return errinfo_nomem(reterr);
    }
    pipes->entries_max = pipes_max;
    pipes->entries = calloc(pipes_max, sizeof *pipes->entries);
    if (pipes->entries == NULL) {
        free(pipes);
        return errinfo_nomem(reterr);
    }
    (void)pthread_mutex_init(&pipes->lock, NULL);
    r = nng_pipe_notify(socket, NNG_PIPE_EV_ADD_PRE, pipe_comes, pipes);
    if (r == 0) {
        r = nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, pipe_goes, pipes);
    }
    if (r != 0) {
        channel_pipes_free(pipes); /* Nothing listens yet. */
        return channel_error(r, "control socket", reterr);
    }
    *ret = pipes;
    return 0;
}

void channel_pipes_free(struct channel_pipes *pipes)
{
    if (pipes != NULL) {
        (void)pthread_mutex_destroy(&pipes->lock);
        free(pipes->entries);
        free(pipes);
    }
}

/* Of the admitted ones of that peer, but for this one. With the lock held. */
static uint32_t count_others(struct channel_pipes *pipes, const struct entry *own,
                             struct entry **ret_oldest)
{
    uint32_t count = 0;

    *ret_oldest = NULL;
    for (uint32_t i = 0; i < pipes->entries_count; i++) {
        struct entry *entry = &pipes->entries[i];

        if (entry != own && entry->admitted && entry->peer == own->peer) {
            count++;
            if (*ret_oldest == NULL || entry->since_ns < (*ret_oldest)->since_ns) {
                *ret_oldest = entry;
            }
        }
    }
    return count;
}

void channel_pipes_admit(struct channel_pipes *pipes, int pipe, uint32_t peer)
{
    struct entry *entry;
    struct entry *oldest;

    (void)pthread_mutex_lock(&pipes->lock);
    entry = find(pipes, pipe);
    if (entry != NULL && !(entry->admitted && entry->peer == peer)) {
        entry->admitted = true;
        entry->peer = peer;
        if (count_others(pipes, entry, &oldest) >= CHANNEL_CONNECTIONS_OF_PEER) {
            oldest->admitted = false;
        }
    }
    (void)pthread_mutex_unlock(&pipes->lock);
}

bool channel_pipes_has(struct channel_pipes *pipes, uint32_t peer)
{
    bool has = false;

    (void)pthread_mutex_lock(&pipes->lock);
    for (uint32_t i = 0; !has && i < pipes->entries_count; i++) {
        has = pipes->entries[i].admitted && pipes->entries[i].peer == peer;
    }
    (void)pthread_mutex_unlock(&pipes->lock);
    return has;
}

void channel_pipes_peers(struct channel_pipes *pipes, bool *ret, uint32_t peers_count)
{
    memset(ret, 0, peers_count * sizeof *ret);
    (void)pthread_mutex_lock(&pipes->lock);
    for (uint32_t i = 0; i < pipes->entries_count; i++) {
        const struct entry *entry = &pipes->entries[i];

        if (entry->admitted && entry->peer < peers_count) {
            ret[entry->peer] = true;
        }
    }
    (void)pthread_mutex_unlock(&pipes->lock);
}

/* The next one at or after *index that is to be closed; -1: there is none. */
static int next_unknown(struct channel_pipes *pipes, int64_t before_ns, uint32_t *index)
{
    int pipe = -1;

    (void)pthread_mutex_lock(&pipes->lock);
    while (pipe < 0 && *index < pipes->entries_count) {
        struct entry *entry = &pipes->entries[(*index)++];

        if (!entry->admitted && entry->since_ns <= before_ns) {
            pipe = entry->pipe;
            pipes->closed.unknown += entry->closing ? 0 : 1;
            entry->closing = true;
        }
    }
    (void)pthread_mutex_unlock(&pipes->lock);
    return pipe;
}

void channel_pipes_close_unknown(struct channel_pipes *pipes, int64_t age_ns)
{
    int64_t before_ns = mono_ns() - age_ns;
    uint32_t index = 0;
    int pipe;

    /* Not under the lock: NNG has locks of its own. Who is passed over as the list changes
     * meanwhile has its turn the next time. */
    while ((pipe = next_unknown(pipes, before_ns, &index)) >= 0) {
        if (nng_pipe_close((nng_pipe){.id = (uint32_t)pipe}) != 0) {
            pipe_goes((nng_pipe){.id = (uint32_t)pipe}, NNG_PIPE_EV_REM_POST, pipes);
        }
    }
}

void channel_pipes_closed(struct channel_pipes *pipes, struct channel_closed *ret)
{
    (void)pthread_mutex_lock(&pipes->lock);
    *ret = pipes->closed;
    (void)pthread_mutex_unlock(&pipes->lock);
}
