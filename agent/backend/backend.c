#include "backend.h"

#include <string.h>

enum probe_failure backend_net_failure(enum net_failure failure)
{
    static const enum probe_failure failures[] = {[NET_OK] = PROBE_OK,
                                                  [NET_NAME] = PROBE_NAME,
                                                  [NET_REFUSED] = PROBE_REFUSED,
                                                  [NET_TIMEOUT] = PROBE_TIMEOUT,
                                                  [NET_OTHER] = PROBE_OTHER};

    return failures[failure];
}

void message_write(const struct message *message, void *to)
{
    if (message->head_bytes > 0) {
        memcpy(to, message->head, message->head_bytes);
    }
    if (message->bytes_count > 0) {
        memcpy((char *)to + message->head_bytes, message->bytes, message->bytes_count);
    }
}
