#include "rabbitmq_link_inner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#define FRAMES_ASIDE 64

void rabbitmq_close_text(const amqp_method_t *method, char *text, size_t text_bytes)
{
    if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close_method = method->decoded;

        (void)snprintf(text, text_bytes, "%.*s (%u)", (int)close_method->reply_text.len,
                       (const char *)close_method->reply_text.bytes, close_method->reply_code);
    } else if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *close_method = method->decoded;

        (void)snprintf(text, text_bytes, "%.*s (%u)", (int)close_method->reply_text.len,
                       (const char *)close_method->reply_text.bytes, close_method->reply_code);
    } else {
        (void)snprintf(text, text_bytes, "an unexpected answer, method 0x%08x", method->id);
    }
}

static unsigned close_code(const amqp_method_t *method)
{
    if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
        return ((const amqp_connection_close_t *)method->decoded)->reply_code;
    }
    if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
        return ((const amqp_channel_close_t *)method->decoded)->reply_code;
    }
    return 0;
}

/* "... connection limit (20) is reached", whatever the code that goes with it. Which limits there
 * are no client can ask for. */
static bool names_limit(const char *text, const char *limit)
{
    return strstr(text, limit) != NULL && strstr(text, "is reached") != NULL;
}

const char *rabbitmq_limit_remedy(const char *text)
{
    static const char *const remedies[][2] = {
        {"user connection limit", "raise max-connections with rabbitmqctl set_user_limits"},
        {"node connection limit", "raise connection_max in rabbitmq.conf"},
        {"connection limit", "raise max-connections with rabbitmqctl set_vhost_limits"},
        {"channel limit", "raise max-channels with rabbitmqctl set_user_limits"},
        {"queue limit", "raise max-queues with rabbitmqctl set_vhost_limits"},
    };

    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (names_limit(text, remedies[i][0])) {
            return remedies[i][1];
        }
    }
    return NULL;
}

int rabbitmq_close_errno(const amqp_method_t *method)
{
    char text[256];

    rabbitmq_close_text(method, text, sizeof text);
    if (names_limit(text, "connection limit")) {
        return -EUSERS;
    }
    switch (close_code(method)) {
    case AMQP_ACCESS_REFUSED:
    case AMQP_NOT_ALLOWED:
        return -EACCES;
    case AMQP_NOT_FOUND:
        return -ENOENT;
    case AMQP_PRECONDITION_FAILED:
        return -EEXIST;
    case AMQP_CONNECTION_FORCED:
        return -ECONNRESET;
    default:
        return -EPROTO;
    }
}

static int errno_of_status(int status)
{
    switch (status) {
    case AMQP_STATUS_NO_MEMORY:
        return -ENOMEM;
    case AMQP_STATUS_TIMEOUT:
        return -ETIMEDOUT;
    case AMQP_STATUS_CONNECTION_CLOSED:
    case AMQP_STATUS_SOCKET_CLOSED:
    case AMQP_STATUS_SOCKET_ERROR:
    case AMQP_STATUS_HEARTBEAT_TIMEOUT:
        return -ECONNRESET;
    default:
        return -EPROTO;
    }
}

/* Why a broker that lets nobody publish did not answer: its word for it came on another channel and
 * was kept aside by the library. */
static bool was_blocked(struct rabbitmq_link *link, char *text, size_t text_bytes)
{
    struct timeval at_once = {0};
    amqp_frame_t frame;

    for (int i = 0; i < FRAMES_ASIDE && amqp_simple_wait_frame_noblock(link->connection, &frame,
                                                                       &at_once) == AMQP_STATUS_OK;
         i++) {
        if (frame.frame_type == AMQP_FRAME_METHOD &&
            frame.payload.method.id == AMQP_CONNECTION_BLOCKED_METHOD) {
            const amqp_connection_blocked_t *blocked = frame.payload.method.decoded;

            (void)snprintf(text, text_bytes, "the broker blocked it: %.*s",
                           (int)blocked->reason.len, (const char *)blocked->reason.bytes);
            return true;
        }
    }
    return false;
}

int rabbitmq_reply(struct rabbitmq_link *link, amqp_rpc_reply_t reply, struct errinfo *reterr,
                   const char *what, ...)
{
    char doing[256];
    char text[256];
    va_list arguments;

    if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
        return 0;
    }
    va_start(arguments, what);
    (void)vsnprintf(doing, sizeof doing, what, arguments);
    va_end(arguments);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
        const char *remedy;

        rabbitmq_close_text(&reply.reply, text, sizeof text);
        remedy = rabbitmq_limit_remedy(text);
        return errinfo_set(reterr, rabbitmq_close_errno(&reply.reply), "%s at %s: %s%s%s", doing,
                           link->peer, text, remedy == NULL ? "" : ": ",
                           remedy == NULL ? "" : remedy);
    }
    if (reply.library_error != AMQP_STATUS_TIMEOUT || !was_blocked(link, text, sizeof text)) {
        (void)snprintf(text, sizeof text, "%s", amqp_error_string2(reply.library_error));
    }
    return errinfo_set(reterr, errno_of_status(reply.library_error), "%s at %s: %s", doing,
                       link->peer, text);
}

int rabbitmq_channel_open(struct rabbitmq_link *link, amqp_channel_t channel,
                          struct errinfo *reterr)
{
    (void)amqp_channel_open(link->connection, channel);
    return rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr, "opening a channel");
}

int rabbitmq_channel_renew(struct rabbitmq_link *link, amqp_channel_t channel,
                           struct errinfo *reterr)
{
    amqp_channel_close_ok_t ok = {0};

    (void)amqp_send_method(link->connection, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
    return rabbitmq_channel_open(link, channel, reterr);
}
