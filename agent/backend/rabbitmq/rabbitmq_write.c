/* Writing to a plain socket, without waiting for it. */
#include "rabbitmq_client_inner.h"

#include "invariant.h"
#include "pages.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int rabbitmq_unsent_init(struct rabbitmq_client *client, size_t bytes_max)
{
    client->unsent = pages_new(bytes_max);
    client->unsent_bytes_max = bytes_max;
    return client->unsent != NULL ? 0 : -ENOMEM;
}

void rabbitmq_unsent_done(struct rabbitmq_client *client)
{
    pages_free(client->unsent, client->unsent_bytes_max);
    client->unsent = NULL;
}

void rabbitmq_unsent_written(struct rabbitmq_client *client, size_t count)
{
    client->unsent_begin += count;
    if (client->unsent_begin == client->unsent_end) {
        client->unsent_begin = 0;
        client->unsent_end = 0;
    }
}

void rabbitmq_unsent_kept(struct rabbitmq_client *client)
{
    if (client->unsent_end > client->unsent_touched) {
        client->unsent_touched = client->unsent_end;
    }
}

void rabbitmq_unsent_shrink(struct rabbitmq_client *client)
{
    if (client->unsent_end == 0 && client->unsent_touched > 0) {
        pages_clear(client->unsent, 0, client->unsent_touched);
        client->unsent_touched = 0;
    }
}

/* How many bytes the socket took now; a negative errno if it is broken. */
static ssize_t write_some(int fd, const char *bytes, size_t count)
{
    ssize_t r;

    do {
        r = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (r < 0 && errno == EINTR);
    if (r < 0) {
        return errno == EAGAIN ? 0 : -errno;
    }
    return r;
}

void rabbitmq_write(struct endpoint *endpoint, struct rabbitmq_client *client, const char *bytes,
                    size_t count, const char *what)
{
    ssize_t sent;

    ASSERT(client->link.is_plain && client->unsent_end == 0);
    ASSERT(count <= client->unsent_bytes_max);
    client->has_sent = true;
    sent = write_some(client->link.fd, bytes, count);
    if (sent < 0) {
        rabbitmq_client_lost(endpoint, client, "%s failed: %s", what, strerror((int)-sent));
    } else if ((size_t)sent < count) {
        client->unsent_begin = 0;
        client->unsent_end = count - (size_t)sent;
        memcpy(client->unsent, bytes + sent, client->unsent_end);
        rabbitmq_unsent_kept(client);
        rabbitmq_client_watch(endpoint, client, true);
    }
}

int rabbitmq_write_rest(struct rabbitmq_client *client)
{
    ssize_t sent = write_some(client->link.fd, client->unsent + client->unsent_begin,
                              client->unsent_end - client->unsent_begin);

    if (sent > 0) {
        rabbitmq_unsent_written(client, (size_t)sent);
    }
    return sent < 0 ? (int)sent : 0;
}
