/* Writing to a plain socket, without waiting for it. */
#include "rabbitmq_client_inner.h"

#include "invariant.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

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

    ASSERT(client->link.is_plain && client->unsent.end == 0);
    ASSERT(count <= client->unsent.bytes_max);
    client->has_sent = true;
    sent = write_some(client->link.fd, bytes, count);
    if (sent < 0) {
        rabbitmq_client_lost(endpoint, client, "%s failed: %s", what, strerror((int)-sent));
    } else if ((size_t)sent < count) {
        kept_put(&client->unsent, bytes + sent, count - (size_t)sent);
        rabbitmq_client_watch(endpoint, client, true);
    }
}

int rabbitmq_write_rest(struct rabbitmq_client *client)
{
    ssize_t sent = write_some(client->link.fd, client->unsent.bytes + client->unsent.begin,
                              client->unsent.end - client->unsent.begin);

    if (sent > 0) {
        kept_took(&client->unsent, (size_t)sent);
    }
    return sent < 0 ? (int)sent : 0;
}
