/*
 * bare_amqp: connections and a queue for the bare loops on RabbitMQ, by rabbitmq-c.
 *
 * Transient messages through a direct exchange to a queue that isn't durable, consumed with no_ack.
 * Each function ends the program when it fails.
 */
#ifndef MILLRACE_BARE_AMQP_H
#define MILLRACE_BARE_AMQP_H

#include <amqp.h>

#define BARE_AMQP_CHANNEL 1
#define BARE_AMQP_NAME "millrace-bare"
#define BARE_AMQP_KEY "0"
#define BARE_AMQP_FRAME_BYTES_MAX 131072

/* A connection with a channel. */
amqp_connection_state_t bare_amqp_login(const char *address);

/* Closes it in order. */
void bare_amqp_logout(amqp_connection_state_t connection);

void bare_amqp_check(amqp_rpc_reply_t reply, const char *what);

/* The exchange and the queue, empty. */
void bare_amqp_make_queue(amqp_connection_state_t connection);
void bare_amqp_remove_queue(amqp_connection_state_t connection);

void bare_amqp_subscribe(amqp_connection_state_t connection);
void bare_amqp_ask_confirms(amqp_connection_state_t connection);

#endif
