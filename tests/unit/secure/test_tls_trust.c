/* Whom a TLS stream trusts, what it shows, and each way in which a handshake fails, by its words.
 */
#include "check.h"
#include "made_certificates.h"
#include "tls_pair.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DAY_S 86400
#define SHARED_CONNECTIONS 100u

static struct certificate authority;
static struct certificate others; /* Another authority. */
static struct certificate own;
static struct certificate foreign; /* Of the other authority. */
static struct tls_context *context;

static int make_all(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    made_authority(&authority);
    made_authority(&others);
    made_certificate(CERTIFICATE_AGENT, &authority, &own);
    made_certificate(CERTIFICATE_AGENT, &others, &foreign);
    context = tls_pair_context(&authority, NULL, false);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    tls_context_free(context);
    certificate_done(&authority);
    certificate_done(&others);
    certificate_done(&own);
    certificate_done(&foreign);
    return 0;
}

static void expect(const struct tls_pair *pair, int found, int wanted, const char *words)
{
    struct errinfo error = {""};

    if (found < 0) {
        tls_stream_explain(pair->stream, &error);
    }
    if (found != wanted || strstr(error.text, words) == NULL) {
        fail_msg("%d \"%s\" where %d \"%s\" belongs", found, error.text, wanted, words);
    }
}

/* A handshake with such a server, that is expected to be `name`. */
static void meet(const struct far_tls_config *far, const char *name, int code, const char *words)
{
    struct far_tls_context *far_context = far_tls_context_new(far);
    struct tls_pair pair;

    tls_pair_open(context, far_context, name, &pair);
    expect(&pair, tls_pair_shake_hands(&pair, SIZE_MAX), code, words);
    expect(&pair, tls_stream_handshake(pair.stream), code, words); /* It lasts. */
    tls_pair_close(&pair);
    far_tls_context_free(far_context);
}

static void meet_named(const char *names, const char *name, int code, const char *words)
{
    const struct far_tls_config far = {.authority = &authority, .names = names};

    meet(&far, name, code, words);
}

static void a_server_is_who_its_certificate_names(void **state)
{
    (void)state;
    meet_named("DNS:localhost,IP:127.0.0.1", "localhost", 0, "");
    meet_named("DNS:localhost,IP:127.0.0.1", "127.0.0.1", 0, "");
    meet_named("DNS:*.example.com", "mqtt.example.com", 0, "");
    meet_named("IP:2001:db8::1", "2001:db8::1", 0, "");
    meet_named("DNS:localhost,IP:127.0.0.1", "127.0.0.2", -EKEYREJECTED,
               "its certificate is not for 127.0.0.2, but for localhost, 127.0.0.1");
    /* A number among the names of hosts is no number. */
    meet_named("DNS:127.0.0.1,IP:2001:db8::1", "127.0.0.1", -EKEYREJECTED,
               "not for 127.0.0.1, but for 127.0.0.1, 2001:db8:0:0:0:0:0:1");
    meet_named("DNS:localhost", "mqtt.example.com", -EKEYREJECTED,
               "its certificate is not for mqtt.example.com, but for localhost");
    meet_named(NULL, "localhost", -EKEYREJECTED,
               "its certificate is not for localhost, but for far side");
}

static void each_certificate_that_is_wrong_is_told(void **state)
{
    struct far_tls_config far = {.authority = &others, .names = "DNS:localhost"};

    (void)state;
    meet(&far, "localhost", -EKEYREJECTED,
         "its certificate is not trusted: no authority in tls.ca signed it");
    far.authority = NULL;
    meet(&far, "localhost", -EKEYREJECTED, "no authority in tls.ca signed it");
    far.authority = &authority;
    far.valid_from_s = -20 * DAY_S;
    far.valid_until_s = -10 * DAY_S;
    meet(&far, "localhost", -EKEYREJECTED, "its certificate ended 20");
    far.valid_from_s = 10 * DAY_S;
    far.valid_until_s = 20 * DAY_S;
    meet(&far, "localhost", -EKEYREJECTED, "its certificate is not valid before 20");
    far.valid_from_s = 0;
    far.valid_until_s = 0;
    far.usage = "clientAuth";
    meet(&far, "localhost", -EKEYREJECTED, "its certificate is none of a server");
}

static void without_a_file_the_system_says_whom_to_trust(void **state)
{
    const struct far_tls_config config = {.authority = &authority, .names = "DNS:localhost"};
    struct far_tls_context *far_context = far_tls_context_new(&config);
    struct tls_context *plain = NULL;
    struct tls_pair pair;

    (void)state;
    assert_int_equal(tls_context_new(&(struct tls_context_config){.ca = NULL}, &plain, NULL), 0);
    tls_pair_open(plain, far_context, "localhost", &pair);
    expect(&pair, tls_pair_shake_hands(&pair, SIZE_MAX), -EKEYREJECTED, "name its own by tls.ca");
    tls_pair_close(&pair);
    tls_context_free(plain);
    far_tls_context_free(far_context);
}

/* Until the server has said what it thinks of our certificate: in TLS 1.3 after our handshake. */
static int come_in(struct tls_pair *pair)
{
    int r = tls_pair_shake_hands(pair, SIZE_MAX);
    bool moved = true;
    char byte;

    while (r == 0 && moved) {
        ssize_t got;

        moved = far_tls_go(pair->far, SIZE_MAX);
        got = tls_stream_read(pair->stream, &byte, 1);
        r = got == -EAGAIN ? 0 : (int)got;
    }
    return r;
}

static void a_certificate_that_is_asked_for_is_shown(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const struct {
        const struct certificate *shown;
        int code;
        const char *words;
    } rows[] = {
        {&own, 0, ""},
        {NULL, -EACCES, "it wants a certificate of its clients: give tls.cert and tls.key"},
        {&foreign, -EACCES, "it refuses this client's certificate: it is of another authority"},
    };

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        const struct far_tls_config config = {.authority = &authority,
                                              .names = "DNS:localhost",
                                              .clients = &authority,
                                              .version = versions[i % 2]};
        struct far_tls_context *far_context = far_tls_context_new(&config);
        struct tls_context *showing = tls_pair_context(&authority, rows[i / 2].shown, false);
        struct tls_pair pair;

        tls_pair_open(showing, far_context, "localhost", &pair);
        expect(&pair, come_in(&pair), rows[i / 2].code, rows[i / 2].words);
        tls_pair_close(&pair);
        tls_context_free(showing);
        far_tls_context_free(far_context);
    }
}

static void a_server_of_tls_1_1_is_too_old(void **state)
{
    const struct far_tls_config config = {
        .authority = &authority, .names = "DNS:localhost", .version = TLS1_1_VERSION};
    struct far_tls_context *far_context = far_tls_context_new(&config);
    struct tls_pair pair;

    (void)state;
    tls_pair_open(context, far_context, "localhost", &pair);
    expect(&pair, tls_pair_shake_hands(&pair, SIZE_MAX), -EPROTO,
           "it speaks no TLS of version 1.2 or newer");
    tls_pair_close(&pair);
    far_tls_context_free(far_context);
}

/* What answers speaks no TLS: says `words`, if any, and hangs up. */
static void meet_a_stranger(const char *words, int code, const char *told)
{
    struct tls_pair pair = {.far = NULL};
    int fds[2];
    char bytes[1024];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(tls_stream_new(context, fds[0], "localhost", &pair.stream, NULL), 0);
    assert_int_equal(tls_stream_handshake(pair.stream), -EAGAIN);
    assert_true(read(fds[1], bytes, sizeof bytes) > 0);
    assert_int_equal(write(fds[1], words, strlen(words)), strlen(words));
    (void)close(fds[1]);
    expect(&pair, tls_stream_handshake(pair.stream), code, told);
    tls_stream_free(pair.stream);
    (void)close(fds[0]);
}

static void who_speaks_no_tls_is_told(void **state)
{
    (void)state;
    meet_a_stranger("220 mail.example.com\r\n", -EPROTO, "it does not speak TLS");
    meet_a_stranger("\x20\x02", -ECONNRESET, "in the middle of the TLS handshake");
    meet_a_stranger("", -ECONNRESET, "before the TLS handshake: is it a port without TLS?");
}

/* ---- Sessions ---- */

static bool resumes(struct tls_context *from, struct far_tls_context *far_context, const char *name)
{
    struct tls_pair pair;
    bool resumed;
    char byte;

    tls_pair_connect(from, far_context, name, &pair);
    resumed = tls_stream_negotiated(pair.stream).resumed;
    assert_int_equal(tls_stream_read(pair.stream, &byte, 1), -EAGAIN); /* Tickets. */
    tls_pair_close(&pair);
    return resumed;
}

static void a_session_goes_on_where_that_is_asked_for(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct far_tls_config config = {
            .authority = &authority, .names = "DNS:localhost,IP:127.0.0.1", .version = versions[i]};
        struct far_tls_context *far_context = far_tls_context_new(&config);
        struct tls_context *resuming = tls_pair_context(&authority, NULL, true);

        assert_false(resumes(resuming, far_context, "localhost"));
        for (int j = 0; j < 3; j++) {
            assert_true(resumes(resuming, far_context, "localhost"));
        }
        assert_false(resumes(resuming, far_context, "127.0.0.1")); /* Not known by that name. */
        assert_true(resumes(resuming, far_context, "127.0.0.1"));
        assert_false(resumes(context, far_context, "localhost"));
        assert_false(resumes(context, far_context, "localhost"));
        tls_context_free(resuming);
        far_tls_context_free(far_context);
    }
}

static void a_session_goes_on_after_a_connection_that_broke(void **state)
{
    const struct far_tls_config config = {.authority = &authority, .names = "DNS:localhost"};
    struct far_tls_context *far_context = far_tls_context_new(&config);
    struct tls_context *resuming = tls_pair_context(&authority, NULL, true);
    struct tls_pair pair;
    char byte;

    (void)state;
    tls_pair_connect(resuming, far_context, "localhost", &pair);
    assert_int_equal(tls_stream_read(pair.stream, &byte, 1), -EAGAIN); /* Tickets. */
    far_tls_vanish(pair.far);
    assert_int_equal(tls_stream_read(pair.stream, &byte, 1), -ECONNRESET);
    tls_pair_close(&pair);
    assert_true(resumes(resuming, far_context, "localhost"));
    tls_context_free(resuming);
    far_tls_context_free(far_context);
}

static void a_session_that_the_server_forgot_begins_anew(void **state)
{
    const struct far_tls_config config = {.authority = &authority, .names = "DNS:localhost"};
    struct tls_context *resuming = tls_pair_context(&authority, NULL, true);
    struct far_tls_context *before = far_tls_context_new(&config);
    struct far_tls_context *after = far_tls_context_new(&config); /* As after a restart. */

    (void)state;
    assert_false(resumes(resuming, before, "localhost"));
    assert_true(resumes(resuming, before, "localhost"));
    assert_false(resumes(resuming, after, "localhost"));
    assert_true(resumes(resuming, after, "localhost"));
    far_tls_context_free(after);
    far_tls_context_free(before);
    tls_context_free(resuming);
}

static void servers_beyond_the_bound_begin_anew_each_time(void **state)
{
    const struct far_tls_config config = {.authority = &authority, .names = "DNS:*.example.com"};
    struct tls_context *resuming = tls_pair_context(&authority, NULL, true);
    struct far_tls_context *far_context = far_tls_context_new(&config);
    char name[32];

    (void)state;
    for (int i = 0; i <= TLS_SERVERS_MAX; i++) {
        (void)snprintf(name, sizeof name, "s%d.example.com", i);
        assert_false(resumes(resuming, far_context, name));
    }
    assert_true(resumes(resuming, far_context, "s0.example.com"));
    assert_false(resumes(resuming, far_context, name));
    far_tls_context_free(far_context);
    tls_context_free(resuming);
}

/* What workers have in common, if they share it. */
struct sharer {
    struct tls_context *resuming;
    struct far_tls_context *far_context;
    const char *names[2];
    uint32_t resumed;
};

static void *connect_many(void *argument)
{
    struct sharer *sharer = argument;

    for (uint32_t i = 0; i < SHARED_CONNECTIONS; i++) {
        sharer->resumed += resumes(sharer->resuming, sharer->far_context, sharer->names[i % 2]);
    }
    return NULL;
}

static void threads_that_share_a_context_resume_each_others_sessions(void **state)
{
    const struct far_tls_config config = {.authority = &authority,
                                          .names = "DNS:localhost,DNS:*.example.com"};
    struct tls_context *resuming = tls_pair_context(&authority, NULL, true);
    struct far_tls_context *far_context = far_tls_context_new(&config);
    struct sharer sharers[2] = {
        {.resuming = resuming, .far_context = far_context, .names = {"localhost", "a.example.com"}},
        {.resuming = resuming, .far_context = far_context, .names = {"b.example.com", "localhost"}},
    };
    pthread_t threads[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, connect_many, &sharers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    /* Of each name the first is new, and for both threads if they come at the same moment. */
    assert_in_range(sharers[0].resumed + sharers[1].resumed, 2 * SHARED_CONNECTIONS - 4,
                    2 * SHARED_CONNECTIONS - 3);
    tls_context_free(resuming);
    far_tls_context_free(far_context);
}

/* ---- Files ---- */

static void expect_files(const char *ca, const char *cert, const char *key, int code,
                         const char *words)
{
    const struct tls_context_config config = {.ca = ca, .cert = cert, .key = key};
    struct tls_context *made = NULL;
    struct errinfo error = {""};
    int r = tls_context_new(&config, &made, &error);

    tls_context_free(made);
    if (r != code || strstr(error.text, words) == NULL) {
        fail_msg("%d \"%s\" where %d \"%s\" belongs", r, error.text, code, words);
    }
}

static void files_that_are_wrong_are_told_by_name(void **state)
{
    char *ca = tls_pair_file(authority.pem);
    char *cert = tls_pair_file(own.pem);
    char *key = tls_pair_file(own.key_pem);
    char *other_key = tls_pair_file(foreign.key_pem);
    char *garbage = tls_pair_file("no PEM\n");

    (void)state;
    expect_files(ca, cert, key, 0, "");
    expect_files(NULL, cert, key, 0, "");
    expect_files("/no/such.pem", NULL, NULL, -ENOENT, "/no/such.pem");
    expect_files(ca, "/no/such.pem", key, -ENOENT, "/no/such.pem");
    expect_files(ca, cert, "/no/such.pem", -ENOENT, "/no/such.pem");
    expect_files(garbage, NULL, NULL, -EBADMSG, garbage);
    expect_files(ca, garbage, key, -EBADMSG, garbage);
    expect_files(ca, cert, garbage, -EBADMSG, garbage);
    expect_files(ca, cert, other_key, -EKEYREJECTED, "is not the key of the certificate in");
    expect_files(ca, cert, NULL, -EINVAL, "go together");
    expect_files(ca, NULL, key, -EINVAL, "go together");
    tls_pair_file_remove(ca);
    tls_pair_file_remove(cert);
    tls_pair_file_remove(key);
    tls_pair_file_remove(other_key);
    tls_pair_file_remove(garbage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_who_its_certificate_names),
        cmocka_unit_test(each_certificate_that_is_wrong_is_told),
        cmocka_unit_test(without_a_file_the_system_says_whom_to_trust),
        cmocka_unit_test(a_certificate_that_is_asked_for_is_shown),
        cmocka_unit_test(a_server_of_tls_1_1_is_too_old),
        cmocka_unit_test(who_speaks_no_tls_is_told),
        cmocka_unit_test(a_session_goes_on_where_that_is_asked_for),
        cmocka_unit_test(a_session_goes_on_after_a_connection_that_broke),
        cmocka_unit_test(a_session_that_the_server_forgot_begins_anew),
        cmocka_unit_test(servers_beyond_the_bound_begin_anew_each_time),
        cmocka_unit_test(threads_that_share_a_context_resume_each_others_sessions),
        cmocka_unit_test(files_that_are_wrong_are_told_by_name),
    };

    return cmocka_run_group_tests(tests, make_all, free_all);
}
