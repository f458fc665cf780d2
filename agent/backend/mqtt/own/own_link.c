/* How a link ends. */
#include "own_link_inner.h"

#include "mono.h"
#include "mqtt_encode_inner.h"

#include <errno.h>
#include <poll.h>

void own_link_drop(struct own_link *link)
{
    own_stream_close(&link->stream);
    kept_done(&link->unread);
}

void own_link_bid(struct own_link *link)
{
    char goodbye[MQTT_DISCONNECT_BYTES];

    if (link->stream.fd >= 0) {
        (void)own_stream_write(&link->stream, goodbye, mqtt_encode_disconnect(goodbye));
        own_stream_finish(&link->stream);
    }
}

void own_link_end(struct own_link *link, int64_t deadline_ns)
{
    char ignored[4096];
    ssize_t r = link->stream.fd >= 0 ? 1 : 0;

    while (r > 0 || r == -EAGAIN) {
        struct pollfd readable = {.fd = link->stream.fd, .events = POLLIN};
        int64_t left_ns = deadline_ns - mono_ns();

        if (left_ns <= 0 ||
            (r == -EAGAIN && poll(&readable, 1, (int)(left_ns / NS_PER_MS) + 1) != 1)) {
            break;
        }
        r = own_stream_read(&link->stream, ignored, sizeof ignored);
    }
    own_link_drop(link);
}
