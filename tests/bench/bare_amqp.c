#include "bare_amqp.h"
#include "bare.h"

#include <amqp_tcp_socket.h>
#include <stdlib.h>
#include <string.h>

void bare_amqp_check(amqp_rpc_reply_t reply, const char *what)
{
    bare_check(reply.reply_type == AMQP_RESPONSE_NORMAL, what, "the broker or library says no");
}

amqp_connection_state_t bare_amqp_login(const char *address)
{
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    struct amqp_connection_info info = {0};
    char *copy = strdup(address);

    bare_check(copy != NULL && amqp_parse_url(copy, &info) == AMQP_STATUS_OK, "address", address);
    bare_check(amqp_socket_open(socket, info.host, info.port) == AMQP_STATUS_OK, "connecting",
               address);
    bare_amqp_check(amqp_login(connection, info.vhost, 0, BARE_AMQP_FRAME_BYTES_MAX, 0,
                               AMQP_SASL_METHOD_PLAIN, info.user, info.password),
                    "login");
    (void)amqp_channel_open(connection, BARE_AMQP_CHANNEL);
    bare_amqp_check(amqp_get_rpc_reply(connection), "opening a channel");
    free(copy);
    return connection;
}

void bare_amqp_logout(amqp_connection_state_t connection)
{
    bare_amqp_check(amqp_connection_close(connection, AMQP_REPLY_SUCCESS), "closing");
    (void)amqp_destroy_connection(connection);
}

void bare_amqp_make_queue(amqp_connection_state_t connection)
{
    amqp_bytes_t name = amqp_cstring_bytes(BARE_AMQP_NAME);

    (void)amqp_exchange_declare(connection, BARE_AMQP_CHANNEL, name, amqp_cstring_bytes("direct"),
                                0, 0, 0, 0, amqp_empty_table);
    bare_amqp_check(amqp_get_rpc_reply(connection), "declaring the exchange");
    (void)amqp_queue_declare(connection, BARE_AMQP_CHANNEL, name, 0, 0, 0, 0, amqp_empty_table);
    bare_amqp_check(amqp_get_rpc_reply(connection), "declaring the queue");
    (void)amqp_queue_bind(connection, BARE_AMQP_CHANNEL, name, name,
                          amqp_cstring_bytes(BARE_AMQP_KEY), amqp_empty_table);
    bare_amqp_check(amqp_get_rpc_reply(connection), "binding the queue");
    (void)amqp_queue_purge(connection, BARE_AMQP_CHANNEL, name);
    bare_amqp_check(amqp_get_rpc_reply(connection), "purging the queue");
}

void bare_amqp_remove_queue(amqp_connection_state_t connection)
{
    amqp_bytes_t name = amqp_cstring_bytes(BARE_AMQP_NAME);

    (void)amqp_queue_delete(connection, BARE_AMQP_CHANNEL, name, 0, 0);
    (void)amqp_exchange_delete(connection, BARE_AMQP_CHANNEL, name, 0);
}

void bare_amqp_subscribe(amqp_connection_state_t connection)
{
    (void)amqp_basic_consume(connection, BARE_AMQP_CHANNEL, amqp_cstring_bytes(BARE_AMQP_NAME),
                             amqp_empty_bytes, 0, 1, 0, amqp_empty_table);
    bare_amqp_check(amqp_get_rpc_reply(connection), "subscribing");
}

void bare_amqp_ask_confirms(amqp_connection_state_t connection)
{
    (void)amqp_confirm_select(connection, BARE_AMQP_CHANNEL);
    bare_amqp_check(amqp_get_rpc_reply(connection), "asking for confirms");
}
