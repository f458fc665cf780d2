/* Who gets through to a channel with certificates, and what becomes of the others: their handshake
 * ends, nothing of them is read, and whoever was there is served on. */
#include "channel.h"
#include "check.h"
#include "made_certificates.h"
#include "random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MAX 65536
#define LONG_MS 60000 /* Only a failing test waits this long. */
#define DAY_S (24 * 3600)
#define IDLE 200
#define SENDERS 500 /* 10,000 malformed records in all. */
#define RECORDS 20

/* What a side shows, and whom it believes. */
struct papers {
    struct certificate own;
    const char *authority_pem;
};

struct fixture {
    struct certificate authority;
    struct certificate stranger; /* An authority as well. */
    struct papers coordinator;
    struct papers agent;
    struct channel_server *server;
    char *url;
};

static struct channel_security security_of(const struct papers *papers)
{
    return (struct channel_security){.authority_pem = papers->authority_pem,
                                     .certificate_pem = papers->own.pem,
                                     .key_pem = papers->own.key_pem};
}

static int serve(struct fixture *fixture, const struct channel_security *security)
{
    struct channel_server_config config = {.url = "tcp://127.0.0.1:0",
                                           .requests_max = 4,
                                           .request_bytes_max = BYTES_MAX,
                                           .reply_bytes_max = BYTES_MAX,
                                           .connections_max = 16,
                                           .security = security};

    return channel_server_new(&config, &fixture->server, &fixture->url, NULL);
}

static int fixture_open(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct channel_security security;

    if (fixture == NULL) {
        return -1;
    }
    made_authority(&fixture->authority);
    made_authority(&fixture->stranger);
    made_certificate(CERTIFICATE_COORDINATOR, &fixture->authority, &fixture->coordinator.own);
    made_certificate(CERTIFICATE_AGENT, &fixture->authority, &fixture->agent.own);
    fixture->coordinator.authority_pem = fixture->authority.pem;
    fixture->agent.authority_pem = fixture->authority.pem;
    security = security_of(&fixture->coordinator);
    *state = fixture;
    return serve(fixture, &security);
}

static int fixture_close(void **state)
{
    struct fixture *fixture = *state;

    channel_server_free(fixture->server);
    free(fixture->url);
    certificate_done(&fixture->authority);
    certificate_done(&fixture->stranger);
    certificate_done(&fixture->coordinator.own);
    certificate_done(&fixture->agent.own);
    free(fixture);
    return 0;
}

static struct channel_client *dial(const struct fixture *fixture,
                                   const struct channel_security *security)
{
    const struct channel_client_config config = {
        .url = fixture->url, .bytes_max = BYTES_MAX, .security = security};
    struct channel_client *client = NULL;
    struct errinfo error = {""};

    if (channel_client_new(&config, &client, &error) != 0) {
        fail_msg("%s", error.text);
    }
    return client;
}

static struct channel_client *dial_with(const struct fixture *fixture, const struct papers *papers)
{
    struct channel_security security = security_of(papers);

    return dial(fixture, &security);
}

/* A call on its way. */
struct asking {
    struct channel_client *client;
    pthread_t thread;
    struct channel_reply reply;
    int r;
};

static void *ask(void *argument)
{
    struct asking *asking = argument;

    asking->r = channel_call(asking->client, "ask", 3, LONG_MS, &asking->reply, NULL);
    return NULL;
}

static void ask_start(struct asking *asking, struct channel_client *client)
{
    memset(asking, 0, sizeof *asking);
    asking->client = client;
    assert_int_equal(pthread_create(&asking->thread, NULL, ask, asking), 0);
}

static int ask_finish(struct asking *asking)
{
    assert_int_equal(pthread_join(asking->thread, NULL), 0);
    free(asking->reply.bytes);
    return asking->r;
}

/* The connection that an honest call came through. */
static uint32_t expect_service(struct fixture *fixture, struct channel_client *client)
{
    struct channel_request *request = NULL;
    struct asking asking;
    size_t bytes_count = 0;
    uint32_t connection;

    ask_start(&asking, client);
    assert_int_equal(channel_server_next(fixture->server, LONG_MS, &request), 0);
    assert_memory_equal(channel_request_bytes(request, &bytes_count), "ask", 3);
    assert_int_equal(bytes_count, 3);
    connection = channel_request_connection(request);
    channel_request_admit(request, 0);
    channel_request_reply(request, "answer", 6);
    assert_int_equal(ask_finish(&asking), 0);
    return connection;
}

/* Its handshakes end, and of what it wants to say nothing arrives. */
static void expect_no_way_in(struct fixture *fixture, struct channel_client *client)
{
    uint64_t before = channel_server_broken(fixture->server);
    struct channel_request *request = NULL;
    struct asking asking;

    ask_start(&asking, client);
    while (channel_server_broken(fixture->server) == before) {
        assert_int_equal(channel_server_next(fixture->server, 10, &request), -EAGAIN);
    }
    assert_int_equal(channel_server_next(fixture->server, 0, &request), -EAGAIN);
    channel_client_cancel(client);
    assert_int_equal(ask_finish(&asking), -ECANCELED);
    channel_client_free(client);
}

static void an_agent_of_the_same_authority_is_served(void **state)
{
    struct fixture *fixture = *state;
    struct channel_client *client = dial_with(fixture, &fixture->agent);
    struct channel_request *request = NULL;
    char peer[CHANNEL_PEER_BYTES];
    struct asking asking;

    assert_ptr_equal(strstr(fixture->url, "tcp://127.0.0.1:"), fixture->url);
    ask_start(&asking, client);
    assert_int_equal(channel_server_next(fixture->server, LONG_MS, &request), 0);
    assert_ptr_equal(strstr(channel_request_peer(request, peer), "127.0.0.1:"), peer);
    channel_request_reply(request, "answer", 6);
    assert_int_equal(ask_finish(&asking), 0);
    assert_int_equal(channel_server_broken(fixture->server), 0);
    channel_client_free(client);
}

static void the_name_that_is_asked_for_is_the_one_in_certificates(void **state)
{
    (void)state;
    assert_string_equal(CHANNEL_SERVER_NAME, CERTIFICATE_COORDINATOR_NAME);
}

static void a_certificate_of_another_authority_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct papers papers = {.authority_pem = fixture->authority.pem};

    made_certificate(CERTIFICATE_AGENT, &fixture->stranger, &papers.own);
    expect_no_way_in(fixture, dial_with(fixture, &papers));
    certificate_done(&papers.own);
}

static void a_coordinator_of_another_authority_is_not_believed(void **state)
{
    struct fixture *fixture = *state;
    struct papers papers = {.own = fixture->agent.own, .authority_pem = fixture->stranger.pem};

    expect_no_way_in(fixture, dial_with(fixture, &papers));
}

static void a_certificate_out_of_its_time_is_refused(void **state)
{
    static const int64_t times_s[][2] = {{-2 * DAY_S, -DAY_S}, {DAY_S, 2 * DAY_S}};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 2; i++) {
        struct papers papers = {.authority_pem = fixture->authority.pem};

        made_certificate_of(CERTIFICATE_AGENT, &fixture->authority, times_s[i][0], times_s[i][1],
                            &papers.own);
        expect_no_way_in(fixture, dial_with(fixture, &papers));
        certificate_done(&papers.own);
    }
}

/* Nor the other way: who has one join file can't stand for the coordinator of all others. */
static void a_certificate_serves_for_its_own_side_only(void **state)
{
    struct fixture *fixture = *state;
    struct papers papers = {.authority_pem = fixture->authority.pem};
    struct channel_security security = security_of(&fixture->agent);

    made_certificate(CERTIFICATE_COORDINATOR, &fixture->authority, &papers.own);
    expect_no_way_in(fixture, dial_with(fixture, &papers));
    certificate_done(&papers.own);

    channel_server_free(fixture->server);
    free(fixture->url);
    fixture->server = NULL;
    fixture->url = NULL;
    assert_int_equal(serve(fixture, &security), 0);
    expect_no_way_in(fixture, dial_with(fixture, &fixture->agent));
}

static void plain_tcp_finds_no_way_into_the_port_of_tls(void **state)
{
    struct fixture *fixture = *state;

    expect_no_way_in(fixture, dial(fixture, NULL));
}

static void tls_finds_no_way_into_a_plain_port(void **state)
{
    struct fixture *fixture = *state;

    channel_server_free(fixture->server);
    free(fixture->url);
    fixture->server = NULL;
    fixture->url = NULL;
    assert_int_equal(serve(fixture, NULL), 0);
    expect_no_way_in(fixture, dial_with(fixture, &fixture->agent));
}

static void what_is_no_certificate_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct channel_security security = security_of(&fixture->agent);
    struct channel_client_config config = {
        .url = fixture->url, .bytes_max = BYTES_MAX, .security = &security};
    struct channel_client *client = NULL;
    struct errinfo error = {""};

    security.authority_pem = "no certificate";
    assert_int_equal(channel_client_new(&config, &client, &error), -EINVAL);
    assert_non_null(strstr(error.text, "the authority's certificate can't be read"));
    security = security_of(&fixture->agent);
    security.key_pem = "no key";
    assert_int_equal(channel_client_new(&config, &client, &error), -EINVAL);
    assert_non_null(strstr(error.text, "the certificate or its key can't be read"));
    security = security_of(&fixture->agent);
    config.url = "ipc:///tmp/nowhere";
    assert_int_equal(channel_client_new(&config, &client, &error), -EINVAL);
    assert_null(client);
}

static int stranger_connect(const struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)atoi(strrchr(fixture->url, ':') + 1));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Records of TLS by their heads; or what begins like none. */
static void send_malformed(int fd, struct random *random)
{
    static const unsigned char handshake[] = {0x16, 3, 1, 0, 59}; /* Of so many bytes. */
    unsigned char record[64];

    for (int i = 0; i < RECORDS; i++) {
        random_fill(random, record, sizeof record);
        if (i % 2 == 0) {
            memcpy(record, handshake, sizeof handshake);
        }
        (void)send(fd, record, sizeof record, MSG_NOSIGNAL);
    }
}

static void a_call_goes_on_while_strangers_do_what_they_like(void **state)
{
    struct fixture *fixture = *state;
    struct channel_client *client = dial_with(fixture, &fixture->agent);
    uint32_t connection = expect_service(fixture, client);
    struct channel_request *request = NULL;
    struct asking asking;
    struct random random;
    int idle[IDLE];

    random_seed(&random, 7);
    ask_start(&asking, client);
    assert_int_equal(channel_server_next(fixture->server, LONG_MS, &request), 0);
    for (int i = 0; i < IDLE; i++) {
        idle[i] = stranger_connect(fixture);
    }
    for (int i = 0; i < SENDERS; i++) {
        int fd = stranger_connect(fixture);

        send_malformed(fd, &random);
        assert_int_equal(close(fd), 0);
        if (i % 100 == 0) { /* By the same connection as ever. */
            channel_request_reply(request, "answer", 6);
            assert_int_equal(ask_finish(&asking), 0);
            assert_int_equal(expect_service(fixture, client), connection);
            ask_start(&asking, client);
            assert_int_equal(channel_server_next(fixture->server, LONG_MS, &request), 0);
        }
    }
    channel_request_reply(request, "answer", 6);
    assert_int_equal(ask_finish(&asking), 0);
    assert_int_equal(expect_service(fixture, client), connection);
    assert_true(channel_server_broken(fixture->server) > 0);
    channel_client_free(client);
    client = dial_with(fixture, &fixture->agent); /* Who comes now gets in as well. */
    (void)expect_service(fixture, client);
    for (int i = 0; i < IDLE; i++) {
        assert_int_equal(close(idle[i]), 0);
    }
    channel_client_free(client);
}

/* As of test_channel_hostile: connections that are in their handshake when the listener closes. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libnng.so";
}

#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TLS_TEST(an_agent_of_the_same_authority_is_served),
        cmocka_unit_test(the_name_that_is_asked_for_is_the_one_in_certificates),
        TLS_TEST(a_certificate_of_another_authority_is_refused),
        TLS_TEST(a_coordinator_of_another_authority_is_not_believed),
        TLS_TEST(a_certificate_out_of_its_time_is_refused),
        TLS_TEST(a_certificate_serves_for_its_own_side_only),
        TLS_TEST(plain_tcp_finds_no_way_into_the_port_of_tls),
        TLS_TEST(tls_finds_no_way_into_a_plain_port),
        TLS_TEST(what_is_no_certificate_is_told),
        TLS_TEST(a_call_goes_on_while_strangers_do_what_they_like),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
