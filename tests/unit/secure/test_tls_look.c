/* Each way in which a connection to a coordinator can fail is told by name: against a coordinator's
 * own channel, and against a server by OpenSSL, as others may stand before one. */
#include "certificate.h"
#include "channel.h"
#include "check.h"
#include "mono.h"
#include "tls_look.h"

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DAY_S INT64_C(86400)
#define PATIENCE_NS (20 * NS_PER_S)

enum validity { NOW, ENDED, LATER };

struct family {
    struct certificate authority;
    struct certificate coordinator;
    struct certificate agent;
};

static struct family ours;
static struct family others; /* Of another coordinator. */
static struct certificate ended;
static struct certificate later;
static struct certificate agent_ended;

static struct certificate make(enum certificate_role role, enum validity validity,
                               const struct certificate *authority)
{
    int64_t now_s = wall_unix_ns() / NS_PER_S;
    struct certificate_request request = {
        .role = role,
        .name = role == CERTIFICATE_COORDINATOR ? CERTIFICATE_COORDINATOR_NAME : "load1",
        .valid_from_s = now_s + (validity == LATER ? 10 : -20) * DAY_S,
        .valid_until_s = now_s + (validity == ENDED ? -10 : 20) * DAY_S};
    struct certificate made = {NULL};

    assert_int_equal(certificate_make(&request, authority, &made, NULL), 0);
    return made;
}

static void make_family(struct family *family)
{
    family->authority = make(CERTIFICATE_AUTHORITY, NOW, NULL);
    family->coordinator = make(CERTIFICATE_COORDINATOR, NOW, &family->authority);
    family->agent = make(CERTIFICATE_AGENT, NOW, &family->authority);
}

static void family_done(struct family *family)
{
    certificate_done(&family->authority);
    certificate_done(&family->coordinator);
    certificate_done(&family->agent);
}

static int make_all(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    make_family(&ours);
    make_family(&others);
    ended = make(CERTIFICATE_COORDINATOR, ENDED, &ours.authority);
    later = make(CERTIFICATE_COORDINATOR, LATER, &ours.authority);
    agent_ended = make(CERTIFICATE_AGENT, ENDED, &ours.authority);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    family_done(&ours);
    family_done(&others);
    certificate_done(&ended);
    certificate_done(&later);
    certificate_done(&agent_ended);
    return 0;
}

/* NULL for both: in clear. */
static enum tls_look_stage look_at(const char *port, const struct certificate *authority,
                                   const struct certificate *own, struct errinfo *ret)
{
    const struct tls_look_config config = {.host = "127.0.0.1",
                                           .port = port,
                                           .server_name = CERTIFICATE_COORDINATOR_NAME,
                                           .authority_pem =
                                               authority == NULL ? NULL : authority->pem,
                                           .certificate_pem = own == NULL ? NULL : own->pem,
                                           .key_pem = own == NULL ? NULL : own->key_pem};

    memset(ret, 0, sizeof *ret);
    return tls_look(&config, mono_ns() + PATIENCE_NS, ret);
}

static void expect(enum tls_look_stage found, enum tls_look_stage wanted, const char *words,
                   const struct errinfo *said)
{
    if (found != wanted || strstr(said->text, words) == NULL) {
        fail_msg("stage %d \"%s\" where %d \"%s\" belongs", found, said->text, wanted, words);
    }
}

/* ---- Against a coordinator's own channel ---- */

/* NNG closes the connection behind its alert, which then may not be read any more: who looks hears
 * that it was hung up, and looks again. */
#define HANG_UPS_MAX 50

/* A row is a look at a channel with `server` (NULL: in clear) by an agent with `client` (likewise).
 */
struct row {
    const struct certificate *server;
    const struct certificate *client;
    enum tls_look_stage stage;
    const char *words;
};

static void look_at_channel(const struct row *row)
{
    const struct channel_security security = {
        .authority_pem = ours.authority.pem,
        .certificate_pem = row->server == NULL ? NULL : row->server->pem,
        .key_pem = row->server == NULL ? NULL : row->server->key_pem};
    const struct channel_server_config config = {.url = "tcp://127.0.0.1:0",
                                                 .requests_max = 4,
                                                 .request_bytes_max = 4096,
                                                 .reply_bytes_max = 4096,
                                                 .connections_max = 4,
                                                 .security =
                                                     row->server == NULL ? NULL : &security};
    struct channel_server *server = NULL;
    struct errinfo said = {""};
    enum tls_look_stage stage;
    uint32_t hung_up = 0;
    char *url = NULL;

    if (channel_server_new(&config, &server, &url, &said) < 0) {
        fail_msg("%s", said.text);
    }
    do {
        stage = look_at(strrchr(url, ':') + 1, row->client == NULL ? NULL : &ours.authority,
                        row->client, &said);
    } while (row->stage == TLS_LOOK_OURS && stage == TLS_LOOK_TLS && ++hung_up < HANG_UPS_MAX);
    expect(stage, row->stage, row->words, &said);
    channel_server_free(server);
    free(url);
}

static void at_a_coordinator_each_stage_is_told_by_name(void **state)
{
    const struct row rows[] = {
        {&ours.coordinator, &ours.agent, TLS_LOOK_THROUGH, ""},
        {NULL, NULL, TLS_LOOK_THROUGH, ""},
        {NULL, &ours.agent, TLS_LOOK_CLEAR, "it speaks plain TCP there"},
        {&ours.coordinator, NULL, TLS_LOOK_MUTE, "wants a join file"},
        {&others.coordinator, &ours.agent, TLS_LOOK_THEIRS, "of another authority"},
        {&ended, &ours.agent, TLS_LOOK_THEIRS, "certificate ended 20"},
        {&later, &ours.agent, TLS_LOOK_THEIRS, "is not valid before 20"},
        {&ours.coordinator, &others.agent, TLS_LOOK_OURS, "it is of another authority"},
        {&ours.coordinator, &agent_ended, TLS_LOOK_OURS, "it has ended"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        look_at_channel(&rows[i]);
    }
}

static void a_clock_that_is_doubted_is_told_with_its_date(void **state)
{
    const struct row row = {&later, &ours.agent, TLS_LOOK_THEIRS,
                            ", and this host's clock says 20"};

    (void)state;
    look_at_channel(&row);
}

/* ---- Against others ---- */

struct stranger {
    int listener;
    char port[16];
    pthread_t thread;
    const struct certificate *certificate; /* NULL: it only takes the connection, and hangs up. */
};

static void serve_tls(const struct certificate *certificate, int peer)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    BIO *text = BIO_new_mem_buf(ours.authority.pem, -1);
    X509 *authority = PEM_read_bio_X509(text, NULL, NULL, NULL);
    BIO *own_text = BIO_new_mem_buf(certificate->pem, -1);
    X509 *own = PEM_read_bio_X509(own_text, NULL, NULL, NULL);
    BIO *key_text = BIO_new_mem_buf(certificate->key_pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_text, NULL, NULL, NULL);
    SSL *ssl;

    (void)X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
    (void)SSL_CTX_use_certificate(context, own);
    (void)SSL_CTX_use_PrivateKey(context, key);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    ssl = SSL_new(context);
    (void)SSL_set_fd(ssl, peer);
    if (SSL_accept(ssl) == 1) {
        (void)SSL_write(ssl, "x", 1);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    EVP_PKEY_free(key);
    X509_free(own);
    X509_free(authority);
    BIO_free(key_text);
    BIO_free(own_text);
    BIO_free(text);
}

static void *stranger_main(void *argument)
{
    struct stranger *stranger = argument;
    char bytes[512];
    int peer = accept(stranger->listener, NULL, NULL);

    if (stranger->certificate != NULL) {
        serve_tls(stranger->certificate, peer);
    } else {
        (void)!read(peer, bytes, sizeof bytes);
    }
    (void)shutdown(peer, SHUT_WR);
    while (read(peer, bytes, sizeof bytes) > 0) {
        /* So that what was said is read before the connection is reset. */
    }
    (void)close(peer);
    return NULL;
}

static void stranger_listen(struct stranger *stranger)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;

    stranger->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(stranger->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(stranger->listener, 4), 0);
    assert_int_equal(getsockname(stranger->listener, (struct sockaddr *)&address, &bytes), 0);
    (void)snprintf(stranger->port, sizeof stranger->port, "%d", ntohs(address.sin_port));
}

static enum tls_look_stage look_at_stranger(const struct certificate *certificate,
                                            const struct certificate *own, struct errinfo *said)
{
    struct stranger stranger = {.certificate = certificate};
    enum tls_look_stage stage;

    stranger_listen(&stranger);
    assert_int_equal(pthread_create(&stranger.thread, NULL, stranger_main, &stranger), 0);
    stage = look_at(stranger.port, &ours.authority, own, said);
    assert_int_equal(pthread_join(stranger.thread, NULL), 0);
    (void)close(stranger.listener);
    return stage;
}

static void a_certificate_of_an_agent_makes_no_coordinator(void **state)
{
    struct errinfo said = {""};

    (void)state;
    expect(look_at_stranger(&ours.agent, &ours.agent, &said), TLS_LOOK_THEIRS,
           "none of a coordinator", &said);
}

/* In TLS 1.3 a client is through before its certificate is refused. */
static void a_refusal_that_comes_after_the_handshake_is_heard(void **state)
{
    struct errinfo said = {""};

    (void)state;
    expect(look_at_stranger(&ours.coordinator, &ours.agent, &said), TLS_LOOK_THROUGH, "", &said);
    expect(look_at_stranger(&ours.coordinator, &others.agent, &said), TLS_LOOK_OURS,
           "of another authority", &said);
    expect(look_at_stranger(&ours.coordinator, &agent_ended, &said), TLS_LOOK_OURS, "it has ended",
           &said);
    expect(look_at_stranger(&ours.coordinator, &ours.coordinator, &said), TLS_LOOK_OURS,
           "none of an agent", &said);
}

static void who_hangs_up_in_the_handshake_is_told(void **state)
{
    struct errinfo said = {""};

    (void)state;
    expect(look_at_stranger(NULL, &ours.agent, &said), TLS_LOOK_TLS,
           "hung up in the middle of the handshake", &said);
}

static void without_a_listener_or_a_name_there_is_no_handshake(void **state)
{
    struct stranger stranger = {.listener = -1};
    const struct tls_look_config nowhere = {.host = "no.such.host.invalid",
                                            .port = "7700",
                                            .server_name = CERTIFICATE_COORDINATOR_NAME};
    struct errinfo said = {""};

    (void)state;
    stranger_listen(&stranger);
    (void)close(stranger.listener);
    expect(look_at(stranger.port, &ours.authority, &ours.agent, &said), TLS_LOOK_REFUSED,
           "nothing listens there", &said);
    expect(tls_look(&nowhere, mono_ns() + PATIENCE_NS, &said), TLS_LOOK_NAME, "can't be resolved",
           &said);
}

/* Takes connections into its backlog, and says nothing. */
static void who_says_nothing_is_not_waited_for_beyond_the_deadline(void **state)
{
    struct stranger stranger = {.listener = -1};
    const struct tls_look_config config = {.host = "127.0.0.1",
                                           .port = stranger.port,
                                           .server_name = CERTIFICATE_COORDINATOR_NAME,
                                           .authority_pem = ours.authority.pem,
                                           .certificate_pem = ours.agent.pem,
                                           .key_pem = ours.agent.key_pem};
    struct errinfo said = {""};

    (void)state;
    stranger_listen(&stranger);
    expect(tls_look(&config, mono_ns() + NS_PER_S / 10, &said), TLS_LOOK_TLS,
           "no answer to the handshake", &said);
    (void)close(stranger.listener);
}

static void certificates_that_are_none_are_told(void **state)
{
    struct stranger stranger = {.listener = -1};
    struct certificate garbage = {.pem = (char *)(uintptr_t) "x", .key_pem = ours.agent.key_pem};
    struct errinfo said = {""};

    (void)state;
    stranger_listen(&stranger);
    expect(look_at(stranger.port, &garbage, &ours.agent, &said), TLS_LOOK_OWN, "can't be read",
           &said);
    expect(look_at(stranger.port, &ours.authority, &garbage, &said), TLS_LOOK_OWN, "can't be read",
           &said);
    (void)close(stranger.listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_a_coordinator_each_stage_is_told_by_name),
        cmocka_unit_test(a_clock_that_is_doubted_is_told_with_its_date),
        cmocka_unit_test(a_certificate_of_an_agent_makes_no_coordinator),
        cmocka_unit_test(a_refusal_that_comes_after_the_handshake_is_heard),
        cmocka_unit_test(who_hangs_up_in_the_handshake_is_told),
        cmocka_unit_test(without_a_listener_or_a_name_there_is_no_handshake),
        cmocka_unit_test(who_says_nothing_is_not_waited_for_beyond_the_deadline),
        cmocka_unit_test(certificates_that_are_none_are_told),
    };

    return cmocka_run_group_tests(tests, make_all, free_all);
}
