/*
 * rabbitmq_link_inner: one connection to a RabbitMQ broker, from resolving its name to an open
 * channel.
 *
 * Private to the RabbitMQ driver. Control plane: every call may block until its deadline
 * (mono_ns()). Sentences name HOST:PORT, never credentials. A link belongs to one thread.
 */
#ifndef MILLRACE_RABBITMQ_LINK_INNER_H
#define MILLRACE_RABBITMQ_LINK_INNER_H

#include "address.h"
#include "backend.h"

#include <amqp.h>
#include <amqp_framing.h>

/* Of every link: the one its owner works on. */
#define RABBITMQ_CHANNEL 1

struct rabbitmq_link {
    amqp_connection_state_t connection; /* NULL: closed. */
    int fd;                             /* Belongs to the connection. */
    bool is_plain;                      /* Without TLS: bytes go into the socket as they are. */
    int heartbeat_s;                    /* Agreed with the broker; 0: none. */
    size_t frame_bytes_max;             /* Likewise; SIZE_MAX: no limit. */
    char peer[ADDRESS_HOST_BYTES + 16]; /* "HOST:PORT", for sentences. */
};

struct rabbitmq_link_config {
    const struct target *target;
    uint32_t address_first; /* Of the target's addresses, modulo their number; the others follow. */
    const char *name;       /* connection_name, as the broker's own tools show it. */
    uint32_t message_bytes_max; /* The frame that is agreed on holds so much; 0: as large as the
                                   option says. */
    int64_t deadline_ns;
    struct connect_times *times; /* For the parts of what it took; NULL: nobody asks. The library
                                  * makes TLS connections in one, so that of these only the login
                                  * is known. */
};

/* Connects, logs in and opens RABBITMQ_CHANNEL. The library's own heartbeats are off afterwards:
 * it would send one inside any call and block there while the socket is full; who keeps the link
 * sends them (see rabbitmq_endpoint_inner.h). ret_probe may be NULL. Negative errno: see
 * probe_failure.
 */
int rabbitmq_link_open(const struct rabbitmq_link_config *config, struct rabbitmq_link *ret,
                       struct probe *ret_probe, struct errinfo *reterr);

/* Says goodbye to the broker if it still listens, then closes. Fine on a closed link. */
void rabbitmq_link_close(struct rabbitmq_link *link, int64_t deadline_ns);

/* The same in two steps, so that many can be asked before one is waited for. What the broker sent
 * before its answer is thrown away. */
void rabbitmq_link_close_begin(struct rabbitmq_link *link);
void rabbitmq_link_close_end(struct rabbitmq_link *link, int64_t deadline_ns);

/* Just closes the socket. */
void rabbitmq_link_drop(struct rabbitmq_link *link);

/* Bounds the library's next calls that wait for an answer. */
void rabbitmq_link_deadline(struct rabbitmq_link *link, int64_t deadline_ns);

/* Turns the answer to the last call into 0 or a negative errno with a sentence that begins with
 * what ("declaring queue x"): -ENOENT, -EACCES, -EEXIST (there with other properties), -ETIMEDOUT,
 * -ECONNRESET, -EPROTO. After a refusal the channel is closed: rabbitmq_channel_renew(). */
int rabbitmq_reply(struct rabbitmq_link *link, amqp_rpc_reply_t reply, struct errinfo *reterr,
                   const char *what, ...) __attribute__((format(printf, 4, 5)));

/* Opens a channel, also again after the broker closed it. */
int rabbitmq_channel_open(struct rabbitmq_link *link, amqp_channel_t channel,
                          struct errinfo *reterr);
int rabbitmq_channel_renew(struct rabbitmq_link *link, amqp_channel_t channel,
                           struct errinfo *reterr);

/* Why the broker closed: "text (code)" of a connection.close or channel.close, and its errno:
 * -EUSERS where a limit on connections is reached, -EACCES, -ENOENT, -EEXIST, -ECONNRESET, -EPROTO.
 */
void rabbitmq_close_text(const amqp_method_t *method, char *text, size_t text_bytes);
int rabbitmq_close_errno(const amqp_method_t *method);

/* What to raise, if the broker's text says that a limit is reached; else NULL. */
const char *rabbitmq_limit_remedy(const char *text);

#endif
