/* Writing, without waiting for the socket. */
#include "own_client_inner.h"

#include "invariant.h"
#include "mqtt_encode_inner.h"

#include <errno.h>

static void lose(struct endpoint *endpoint, struct own_client *client, const char *what, int code)
{
    struct errinfo error = {""};

    if (code == -EPIPE || code == -ECONNRESET) {
        own_client_lost(endpoint, client, OWN_BROKE);
        return;
    }
    own_stream_explain(&client->link.stream, code, &error);
    own_client_lost(endpoint, client, "%s failed: %s", what, error.text);
}

/* There is room for what a broker can have answered that keeps to the standard. */
static void keep_behind(struct endpoint *endpoint, struct own_client *client, const char *bytes,
                        size_t count)
{
    struct kept *unsent = &client->unsent;

    if (count > unsent->bytes_max - (unsent->end - unsent->begin)) {
        own_client_lost(endpoint, client, "the broker asks for answers, and does not take them");
        return;
    }
    kept_add(unsent, bytes, count);
}

void own_write(struct endpoint *endpoint, struct own_client *client, const char *bytes,
               size_t count, const char *what)
{
    ssize_t sent = 0;

    if (client->unsent.end > 0) {
        keep_behind(endpoint, client, bytes, count);
        return;
    }
    client->alive.has_sent = true;
    sent = own_stream_write(&client->link.stream, bytes, count);
    if (sent < 0 && sent != -EAGAIN) {
        lose(endpoint, client, what, (int)sent);
        return;
    }
    sent = sent < 0 ? 0 : sent;
    if ((size_t)sent < count) {
        kept_add(&client->unsent, bytes + sent, count - (size_t)sent);
        own_client_watch(endpoint, client, true);
    }
}

void own_write_rest(struct endpoint *endpoint, struct own_client *client)
{
    struct kept *unsent = &client->unsent;
    ssize_t sent = own_stream_write(&client->link.stream, unsent->bytes + unsent->begin,
                                    unsent->end - unsent->begin);

    if (sent > 0) {
        client->alive.has_sent = true;
        kept_took(unsent, (size_t)sent);
    } else if (sent < 0 && sent != -EAGAIN) {
        lose(endpoint, client, "writing on", (int)sent);
    }
}

void own_acks_write(struct endpoint *endpoint)
{
    if (endpoint->acks_bytes > 0) {
        size_t bytes = endpoint->acks_bytes;

        endpoint->acks_bytes = 0;
        own_write(endpoint, endpoint->acks_of, endpoint->acks, bytes, "acknowledging");
        endpoint->acks_lost = endpoint->acks_lost || !endpoint->acks_of->is_up;
    }
}

void own_answer(struct endpoint *endpoint, struct own_client *client, enum mqtt_kind kind,
                uint16_t id)
{
    if (endpoint->acks_of != client ||
        endpoint->acks_bytes + MQTT_ANSWER_BYTES > sizeof endpoint->acks) {
        own_acks_write(endpoint);
    }
    if (client->is_up) {
        endpoint->acks_of = client;
        endpoint->acks_bytes += mqtt_encode_answer(kind, id, endpoint->acks + endpoint->acks_bytes);
    }
}
