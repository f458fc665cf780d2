/* What a RabbitMQ client tells of a connection that breaks; without a broker. */
#include "check.h"

#include "rabbitmq_endpoint_inner.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct bench {
    struct delivery delivery;
    struct endpoint_config config;
    struct rabbitmq_client client;
    struct endpoint endpoint;
};

/* One producer that is up, with a link that has no socket. */
static void begin(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    bench->config = (struct endpoint_config){
        .role = ROLE_PRODUCER, .clients_count = 1, .delivery = &bench->delivery};
    bench->client = (struct rabbitmq_client){.link = {.fd = -1, .peer = "broker:5672"}};
    bench->client.is_up = true;
    bench->endpoint = (struct endpoint){.config = &bench->config, .clients = &bench->client};
    assert_int_equal(turns_init(&bench->endpoint.turns, 1, NULL), 0);
}

static void end(struct bench *bench)
{
    turns_done(&bench->endpoint.turns);
}

static void a_connection_that_breaks_is_told_once_with_its_reason(void **state)
{
    struct bench bench;
    struct event events[4];

    (void)state;
    begin(&bench);
    rabbitmq_client_lost(&bench.endpoint, &bench.client, "publishing failed: %s", "broken pipe");
    rabbitmq_client_lost(&bench.endpoint, &bench.client, "again");
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_string_equal(events[0].text, "broker:5672: publishing failed: broken pipe");
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    end(&bench);
}

/* Bug: one that broke in the first publish after it was adopted was told as down and then as up: it
 * counted as up, took nothing, and was not connected any more. */
static void a_connection_that_breaks_before_it_was_told_of_never_was_up(void **state)
{
    struct bench bench;
    struct event events[4];

    (void)state;
    begin(&bench);
    bench.client.tells_up = true; /* As adopt() leaves it. */
    rabbitmq_client_enqueue(&bench.endpoint, &bench.client);
    rabbitmq_client_lost(&bench.endpoint, &bench.client, "publishing failed");
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_breaks_is_told_once_with_its_reason),
        cmocka_unit_test(a_connection_that_breaks_before_it_was_told_of_never_was_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
