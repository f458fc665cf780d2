/*
 * rabbitmq_endpoint_inner: the clients of one role of one worker, each a connection of its own.
 *
 * Private to the RabbitMQ driver. open opens, adopts and closes, endpoint waits and goes round
 * its clients; producer turns messages into publishes and confirms into outcomes, publish writes
 * those that a socket may not take whole; consumer turns deliveries into messages; read takes
 * the frames that arrive, one by one, write writes what the socket takes; client is what all stand
 * on. A message that has arrived in part stays where it is until the rest comes.
 */
#ifndef MILLRACE_RABBITMQ_ENDPOINT_INNER_H
#define MILLRACE_RABBITMQ_ENDPOINT_INNER_H

#include "rabbitmq_client_inner.h"

/*
 * A publish over TLS, of any size, written by the library; what the socket does not take now is
 * kept as unsent, so there must be none, and the socket has room. A connection that breaks is lost.
 * The rest is written by rest(), each time that the socket has room: 0, or a negative errno.
 */
void rabbitmq_publish_secure(struct endpoint *endpoint, struct rabbitmq_client *client,
                             const amqp_basic_publish_t *publish,
                             const amqp_basic_properties_t *properties, amqp_bytes_t body);
int rabbitmq_publish_secure_rest(struct rabbitmq_client *client);

/* What all producers of an endpoint share, once at open: the forms of their publishes, and where
 * they are encoded. 0 or -ENOMEM. */
int rabbitmq_producers_init(struct endpoint *endpoint);
void rabbitmq_producers_done(struct endpoint *endpoint);

/* Once per client, at open; after it, done() may be called. */
int rabbitmq_producer_init(struct endpoint *endpoint, struct rabbitmq_client *client,
                           struct errinfo *reterr);
void rabbitmq_producer_done(struct rabbitmq_client *client);
int rabbitmq_consumer_init(struct endpoint *endpoint, struct rabbitmq_client *client,
                           struct errinfo *reterr);
void rabbitmq_consumer_done(struct rabbitmq_client *client);

/* Once per connection, which no endpoint has yet: confirms on, subscribed. */
int rabbitmq_producer_begin(const struct endpoint_config *config, struct rabbitmq_link *link,
                            struct errinfo *reterr);
int rabbitmq_consumer_begin(const struct endpoint_config *config, uint32_t index,
                            struct rabbitmq_link *link, struct errinfo *reterr);

/* The client has a new connection. */
void rabbitmq_producer_linked(struct rabbitmq_client *client);
void rabbitmq_consumer_linked(struct rabbitmq_client *client);

/* All of the messages so far is written: without confirms that is their outcome. */
void rabbitmq_producer_written(struct endpoint *endpoint, struct rabbitmq_client *client);

/* Tells outcomes that are known; false if there was no room for all. */
bool rabbitmq_producer_settle(struct rabbitmq_client *client, struct rabbitmq_events *events);

/* One frame that isn't about the connection. There is room for one event at least. */
void rabbitmq_producer_frame(struct rabbitmq_client *client, const amqp_frame_t *frame,
                             struct rabbitmq_events *events);
void rabbitmq_consumer_frame(struct endpoint *endpoint, struct rabbitmq_client *client,
                             const amqp_frame_t *frame, struct rabbitmq_events *events);

/* Writes the acks that were gathered; as rabbitmq_write(). */
void rabbitmq_acks_write(struct endpoint *endpoint);

/* The functions of struct backend_ops. */
int rabbitmq_open(const struct endpoint_config *config, struct endpoint **ret,
                  struct errinfo *reterr);
int rabbitmq_connect(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                     struct link **ret, struct errinfo *reterr);
int rabbitmq_adopt(struct endpoint *endpoint, uint32_t client, struct link *link);
void rabbitmq_hang_up(struct link *link);
void rabbitmq_close(struct endpoint *endpoint);
int rabbitmq_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max);
int rabbitmq_poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max);
int rabbitmq_wait_fd(const struct endpoint *endpoint);
int rabbitmq_watch(struct endpoint *endpoint, int set_fd, uint64_t tag);
void rabbitmq_ready(struct endpoint *endpoint, uint32_t number, uint32_t events);
int rabbitmq_submit(struct endpoint *endpoint, const struct message *messages,
                    uint32_t messages_count);
int rabbitmq_ack(struct endpoint *endpoint, uint64_t token, bool multiple);
int rabbitmq_flush(struct endpoint *endpoint);

#endif
