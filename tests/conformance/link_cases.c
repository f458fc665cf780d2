#include "rig.h"

#include "cases.h"
#include "revive.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_NS (NS_PER_S / 2)

/* A client of the rig, at another address: what becomes of it must not take longer than it may. */
static void connect_in_vain(struct rig *rig, enum endpoint_role role, const char *host_port)
{
    const struct backend_ops *ops = rig->suite->ops;
    struct endpoint_config config =
        role == ROLE_PRODUCER ? rig->producer_config : rig->consumer_config;
    char address[128];
    struct target target;
    struct errinfo error = {""};
    struct link *link = NULL;
    int64_t begin_ns = mono_ns();

    rig_address(rig->suite, host_port, address, sizeof address);
    rig_target(rig->suite, address, NULL, &target);
    config.target = &target;
    assert_true(ops->connect(&config, 0, begin_ns + LIMIT_NS, &link, &error) < 0);
    assert_true(mono_ns() - begin_ns < LIMIT_NS + RIG_SLACK_NS);
    assert_null(link);
    assert_non_null(strstr(error.text, host_port));
    target_done(&target);
}

static void require_links(const struct suite *suite)
{
    rig_require_address(suite);
    if (suite->ops->connect == NULL) {
        rig_skip("its library reconnects by itself");
    }
}

/* The port of a listening descriptor, with one connection that nobody takes: there is no room for
 * another, so the kernel leaves it without an answer. */
static int fill(int listener)
{
    struct sockaddr_in address;
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &bytes), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void a_client_whose_broker_swallows_connections_keeps_to_its_deadline(void **state)
{
    struct suite *suite = rig_suite(state);
    struct rig_spec spec = {.delivery = rig_confirmed(suite)};
    struct rig *rig;
    char host_port[64];
    int listener;
    int filling;

    require_links(suite);
    rig = rig_open(state, &spec);
    listener = rig_loopback_port(true, host_port, sizeof host_port);
    filling = fill(listener);
    connect_in_vain(rig, ROLE_PRODUCER, host_port);
    connect_in_vain(rig, ROLE_CONSUMER, host_port);
    (void)close(filling);
    (void)close(listener);
    rig_close(rig);
}

void a_client_whose_broker_never_says_a_word_keeps_to_its_deadline(void **state)
{
    struct suite *suite = rig_suite(state);
    struct rig_spec spec = {.delivery = rig_confirmed(suite)};
    struct rig *rig;
    char host_port[64];
    int listener;

    require_links(suite);
    rig = rig_open(state, &spec);
    listener = rig_loopback_port(true, host_port, sizeof host_port);
    connect_in_vain(rig, ROLE_PRODUCER, host_port);
    connect_in_vain(rig, ROLE_CONSUMER, host_port);
    (void)close(listener);
    rig_send(rig, 10); /* The others go on. */
    rig_settle(rig);
    rig_drain(rig);
    rig_close(rig);
}

/* A link that nobody wants any more leaves nothing behind: its client can connect again. */
void a_link_that_was_made_can_be_hung_up(void **state)
{
    struct suite *suite = rig_suite(state);
    struct rig_spec spec = {.delivery = rig_confirmed(suite)};
    struct errinfo error = {""};
    struct endpoint_client other;
    struct endpoint_config config;
    struct link *link = NULL;
    struct rig *rig;

    require_links(suite);
    rig = rig_open(state, &spec);
    config = rig->producer_config;
    other = config.clients[0];
    other.client += 1000; /* One of its name would be thrown out. */
    config.clients = &other;
    config.clients_count = 1;
    for (int i = 0; i < 2; i++) {
        int64_t begin_ns;

        if (suite->ops->connect(&config, 0, rig_deadline(rig), &link, &error) < 0) {
            fail_msg("%s", error.text);
        }
        begin_ns = mono_ns();
        suite->ops->hang_up(link);
        assert_true(mono_ns() - begin_ns < NS_PER_S + RIG_SLACK_NS);
    }
    rig_send(rig, 10);
    rig_settle(rig);
    rig_drain(rig);
    rig_close(rig);
}
