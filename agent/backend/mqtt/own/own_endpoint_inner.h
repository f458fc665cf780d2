/*
 * own_endpoint_inner: the clients of one role of one worker, each a connection of its own.
 *
 * Private to the MQTT driver over its own codec. open opens, adopts and closes, endpoint waits and
 * goes round its clients; read takes the packets that arrive, in place; producer turns messages
 * into PUBLISH and answers into outcomes; consumer turns PUBLISH into messages and acks into
 * answers; alive sees to connections that went silent; client is what all stand on.
 */
#ifndef MILLRACE_OWN_ENDPOINT_INNER_H
#define MILLRACE_OWN_ENDPOINT_INNER_H

#include "mqtt_decode_inner.h"
#include "own_client_inner.h"

/* What all clients of an endpoint share, once at open; done() is fine after a failure, and with a
 * zeroed endpoint. */
int own_producers_init(struct endpoint *endpoint, struct errinfo *reterr);
void own_producers_done(struct endpoint *endpoint);
int own_consumers_init(struct endpoint *endpoint, struct errinfo *reterr);
void own_consumers_done(struct endpoint *endpoint);

/* Once per client, at open: 0 or -ENOMEM. */
int own_producer_init(struct endpoint *endpoint, struct own_client *client);
int own_consumer_init(struct endpoint *endpoint, struct own_client *client);

/* All that was unsent is written: at QoS 0 that is its messages' outcome. */
void own_producer_written(struct endpoint *endpoint, struct own_client *client);

/* Tells outcomes that are known; false if there was no room for all. */
bool own_producer_settle(struct endpoint *endpoint, struct own_client *client,
                         struct own_events *events);

/* A whole packet; there is room for one event at least. Of what breaks the standard the connection
 * is lost. */
struct own_packet {
    const struct mqtt_frame *frame;
    const char *body;
    int64_t at_ns; /* When it was read. */
};

void own_producer_packet(struct endpoint *endpoint, struct own_client *client,
                         const struct own_packet *packet, struct own_events *events);
/* True: a message was handed out that points into the packet. */
bool own_consumer_packet(struct endpoint *endpoint, struct own_client *client,
                         const struct own_packet *packet, struct own_events *events);
/* Its window of messages that wait for an ack is full: the broker has to wait. */
bool own_consumer_is_full(const struct own_client *client);

/* Takes packets until none is there whole, or there is no room for more; then the client is in the
 * queue. */
void own_read(struct endpoint *endpoint, struct own_client *client, bool is_readable,
              struct own_events *events);

/* The endpoint's timer begins to tick, often enough for the shortest keep alive of its clients;
 * each tick looks at some of them, one after the other, so that not all ask at once. */
void own_alive_start(struct endpoint *endpoint);
/* A client came back; its broker may want a shorter one. */
void own_alive_came_back(struct endpoint *endpoint, const struct own_client *client);
/* Looks at the clients whose turn has come in so many ticks. */
void own_alive_tick(struct endpoint *endpoint, uint64_t ticks, int64_t now_ns);
/* One client. */
void own_alive_look(struct endpoint *endpoint, struct own_client *client, int64_t now_ns);
/* The ping that did not go because the socket was full. */
void own_alive_catch_up(struct endpoint *endpoint, struct own_client *client);

/* An endpoint whose clients are all down; own_close() ends it. 0 or a negative errno. */
int own_endpoint_new(const struct endpoint_config *config, struct endpoint **ret,
                     struct errinfo *reterr);

/* Brings all clients up, many at a time. 0 or a negative errno. */
int own_dial_all(struct endpoint *endpoint, struct errinfo *reterr);

/* The functions of struct backend_ops. */
int own_probe(const struct target *target, int64_t deadline_ns, struct probe *ret,
              struct errinfo *reterr);
int own_clean(const struct target *target, int64_t deadline_ns, uint32_t *ret_removed,
              struct errinfo *reterr);
int own_open(const struct endpoint_config *config, struct endpoint **ret, struct errinfo *reterr);
int own_connect(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                struct link **ret, struct errinfo *reterr);
int own_adopt(struct endpoint *endpoint, uint32_t client, struct link *link);
void own_hang_up(struct link *link);
void own_close(struct endpoint *endpoint);
int own_submit(struct endpoint *endpoint, const struct message *messages, uint32_t messages_count);
int own_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max);
int own_poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max);
int own_ack(struct endpoint *endpoint, uint64_t token, bool multiple);
int own_flush(struct endpoint *endpoint);
int own_wait_fd(const struct endpoint *endpoint);
int own_watch(struct endpoint *endpoint, int set_fd, uint64_t tag);
void own_ready(struct endpoint *endpoint, uint32_t number, uint32_t events);

#endif
