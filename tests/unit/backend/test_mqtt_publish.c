/* Who may hand paho one more message; without a broker. */
#include "check.h"

#include "mqtt_endpoint_inner.h"

#include <stdlib.h>
#include <string.h>

#define CLIENTS 25

struct bench {
    struct target target;
    struct delivery delivery;
    struct endpoint_config config;
    struct endpoint endpoint;
};

static void begin(struct bench *bench, int qos)
{
    memset(bench, 0, sizeof *bench);
    bench->delivery.in_flight = 1000;
    bench->config = (struct endpoint_config){.target = &bench->target,
                                             .role = ROLE_PRODUCER,
                                             .delivery = &bench->delivery,
                                             .clients_count = CLIENTS};
    bench->endpoint.config = &bench->config;
    bench->endpoint.qos = qos;
    bench->endpoint.links = calloc(CLIENTS, sizeof *bench->endpoint.links);
    assert_non_null(bench->endpoint.links);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        bench->endpoint.links[i].endpoint = &bench->endpoint;
    }
    assert_int_equal(mqtt_publish_init(&bench->endpoint, NULL), 0);
}

static void end(struct bench *bench)
{
    mqtt_publish_done(&bench->endpoint);
    free(bench->endpoint.links);
}

static uint32_t fill(struct bench *bench, uint32_t client)
{
    struct mqtt_link *link = &bench->endpoint.links[client];

    while (mqtt_publish_has_room(link)) {
        link->outstanding++;
        bench->endpoint.outstanding++;
    }
    return link->outstanding;
}

/* Bug: one of many that was not answered any more took the whole queue, and until its keep_alive
 * was over nobody sent. */
static void a_client_that_fills_the_queue_leaves_the_others_a_share(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, 1);
    assert_int_equal(fill(&bench, 3), 1000);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(fill(&bench, i), i == 3 ? 1000 : 10);
    }
    assert_true(bench.endpoint.outstanding <= 1250);
    bench.endpoint.links[7].outstanding--; /* One is confirmed. */
    assert_true(mqtt_publish_has_room(&bench.endpoint.links[7]));
    assert_false(mqtt_publish_has_room(&bench.endpoint.links[8]));
    end(&bench);
}

static void clients_share_a_queue_that_is_not_full_as_they_come(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, 1);
    bench.endpoint.links[0].outstanding = 600;
    bench.endpoint.outstanding = 600;
    assert_int_equal(fill(&bench, 1), 400);
    assert_false(mqtt_publish_has_room(&bench.endpoint.links[0]));
    end(&bench);
}

/* Where all that it holds is unsent, it holds little: what is shared out comes on top of that. */
static void the_queue_of_qos_0_is_short(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, 0);
    assert_int_equal(fill(&bench, 3), 256);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(fill(&bench, i), i == 3 ? 256 : 10);
    }
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_fills_the_queue_leaves_the_others_a_share),
        cmocka_unit_test(clients_share_a_queue_that_is_not_full_as_they_come),
        cmocka_unit_test(the_queue_of_qos_0_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
