/* Bytes over a TLS stream, however they come in pieces, and how it ends. */
#include "check.h"
#include "made_certificates.h"
#include "tls_pair.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LONG_BYTES 300000

static struct certificate authority;
static struct tls_context *context;
static struct far_tls_context *far_context;
static char sent[LONG_BYTES];
static char heard[LONG_BYTES];

static int make_all(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    made_authority(&authority);
    context = tls_pair_context(&authority, NULL, false);
    far_context = far_tls_context_new(
        &(struct far_tls_config){.authority = &authority, .names = "DNS:localhost"});
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (char)(i * 7 + i / 251);
    }
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    far_tls_context_free(far_context);
    tls_context_free(context);
    certificate_done(&authority);
    return 0;
}

static void expect_words(const struct tls_pair *pair, const char *words)
{
    struct errinfo error = {""};

    tls_stream_explain(pair->stream, &error);
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" where \"%s\" belongs", error.text, words);
    }
}

static void a_handshake_in_single_bytes_comes_about(void **state)
{
    struct tls_pair pair;

    (void)state;
    tls_pair_open(context, far_context, "localhost", &pair);
    assert_int_equal(tls_stream_handshake(pair.stream), -EAGAIN);
    assert_int_equal(tls_stream_wants(pair.stream), TLS_WANTS_READ);
    assert_int_equal(tls_pair_shake_hands(&pair, 1), 0);
    assert_string_equal(tls_stream_negotiated(pair.stream).version, "TLSv1.3");
    assert_false(tls_stream_negotiated(pair.stream).resumed);
    assert_non_null(strstr(tls_stream_negotiated(pair.stream).cipher, "TLS_"));
    tls_pair_close(&pair);
}

/* Pieces of 1 to 30,000 bytes, of which one call gets up to 40. */
static uint32_t cut(size_t from, struct iovec pieces[40])
{
    uint32_t count = 0;

    for (size_t bytes = 1; count < 40 && from < LONG_BYTES; count++) {
        bytes = bytes * 13 % 30011;
        bytes = bytes < LONG_BYTES - from ? bytes : LONG_BYTES - from;
        pieces[count] = (struct iovec){.iov_base = sent + from, .iov_len = bytes};
        from += bytes;
    }
    return count;
}

static void what_is_written_in_pieces_arrives_in_order(void **state)
{
    struct iovec pieces[40];
    struct tls_pair pair;
    size_t written = 0;
    size_t arrived = 0;
    size_t waits = 0;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    while (written < LONG_BYTES) {
        ssize_t r = tls_stream_write(pair.stream, pieces, cut(written, pieces));

        if (r == -EAGAIN) {
            waits++;
            assert_int_equal(tls_stream_wants(pair.stream), TLS_WANTS_WRITE);
            assert_true(tls_stream_write_bytes_min(pair.stream) > 0);
            (void)far_tls_go(pair.far, SIZE_MAX);
            arrived += far_tls_hear(pair.far, heard + arrived, sizeof heard - arrived);
        } else {
            assert_true(r > 0);
            written += (size_t)r;
        }
    }
    (void)far_tls_go(pair.far, SIZE_MAX);
    arrived += far_tls_hear(pair.far, heard + arrived, sizeof heard - arrived);
    assert_int_equal(arrived, LONG_BYTES);
    assert_memory_equal(heard, sent, LONG_BYTES);
    assert_true(waits > 0); /* The socket was full in between. */
    tls_pair_close(&pair);
}

static void a_record_that_waits_is_written_from_wherever_its_bytes_are_by_then(void **state)
{
    char *moved = malloc(LONG_BYTES);
    struct iovec piece = {.iov_base = sent, .iov_len = 1000};
    struct tls_pair pair;
    size_t written = 0;
    size_t arrived;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    for (ssize_t r = 0; r != -EAGAIN;) {
        piece.iov_base = sent + written;
        r = tls_stream_write(pair.stream, &piece, 1);
        written += r > 0 ? (size_t)r : 0;
    }
    assert_int_equal(tls_stream_write_bytes_min(pair.stream), 1000);
    (void)far_tls_go(pair.far, SIZE_MAX);
    arrived = far_tls_hear(pair.far, heard, sizeof heard);
    memcpy(moved, sent + written, 3000);
    piece = (struct iovec){.iov_base = moved, .iov_len = 3000};
    assert_int_equal(tls_stream_write(pair.stream, &piece, 1), 3000);
    (void)far_tls_go(pair.far, SIZE_MAX);
    arrived += far_tls_hear(pair.far, heard + arrived, sizeof heard - arrived);
    assert_int_equal(arrived, written + 3000);
    assert_memory_equal(heard, sent, arrived);
    free(moved);
    tls_pair_close(&pair);
}

static void small_pieces_share_a_record(void **state)
{
    struct iovec pieces[100];
    struct tls_pair pair;
    char bytes[8192];

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    for (uint32_t i = 0; i < 100; i++) {
        pieces[i] = (struct iovec){.iov_base = sent, .iov_len = i % 10 == 3 ? 0 : 20};
    }
    assert_int_equal(tls_stream_write(pair.stream, pieces, 100), 90 * 20);
    /* 5 bytes of header, 1 of type, 16 of tag (RFC 8446, 5.2). */
    assert_int_equal(far_tls_waiting(pair.far), 90 * 20 + 22);
    assert_true(far_tls_go(pair.far, SIZE_MAX));
    assert_int_equal(far_tls_hear(pair.far, bytes, sizeof bytes), 90 * 20);
    tls_pair_close(&pair);
}

static void what_comes_in_any_pieces_is_read_in_order(void **state)
{
    static const size_t pieces[] = {1, 7, 100, 5000, SIZE_MAX};
    struct tls_pair pair;

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const size_t bytes = pieces[i] < 100 ? 3000 : LONG_BYTES;
        size_t arrived = 0;

        tls_pair_connect(context, far_context, "localhost", &pair);
        far_tls_say(pair.far, sent, bytes);
        while (arrived < bytes) {
            ssize_t r = tls_stream_read(pair.stream, heard + arrived, 1 + arrived % 20000);

            assert_true(r > 0 || r == -EAGAIN);
            arrived += r > 0 ? (size_t)r : 0;
            (void)far_tls_go(pair.far, pieces[i]);
        }
        assert_memory_equal(heard, sent, bytes);
        assert_int_equal(tls_stream_read(pair.stream, heard, 10), -EAGAIN);
        tls_pair_close(&pair);
    }
}

static bool readable(const struct tls_pair *pair)
{
    struct pollfd look = {.fd = pair->fd, .events = POLLIN};

    return poll(&look, 1, 0) == 1;
}

/* epoll does not tell of what OpenSSL has read already. */
static void what_was_read_from_the_socket_already_is_told(void **state)
{
    struct tls_pair pair;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    assert_int_equal(tls_stream_read(pair.stream, heard, 1000), -EAGAIN); /* Its tickets. */
    for (int i = 0; i < 3; i++) {
        far_tls_say(pair.far, sent, 1000);
    }
    assert_true(far_tls_go(pair.far, SIZE_MAX));
    assert_int_equal(tls_stream_read(pair.stream, heard, 10), 10);
    assert_false(readable(&pair));
    assert_true(tls_stream_pending(pair.stream));
    assert_int_equal(tls_stream_read(pair.stream, heard, 10000), 2990);
    assert_false(tls_stream_pending(pair.stream));
    tls_pair_close(&pair);
}

static void half_a_record_is_nothing_to_read(void **state)
{
    struct tls_pair pair;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    far_tls_say(pair.far, sent, 1000);
    while (far_tls_go(pair.far, 700)) {
        if (tls_stream_read(pair.stream, heard, 1000) == -EAGAIN) {
            assert_false(tls_stream_pending(pair.stream));
        }
    }
    assert_memory_equal(heard, sent, 1000);
    tls_pair_close(&pair);
}

static void an_end_in_words_of_tls_is_an_end(void **state)
{
    struct tls_pair pair;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    far_tls_say(pair.far, sent, 10);
    far_tls_say_goodbye(pair.far);
    (void)far_tls_go(pair.far, SIZE_MAX);
    far_tls_vanish(pair.far);
    assert_int_equal(tls_stream_read(pair.stream, heard, 1000), 10);
    assert_true(tls_stream_pending(pair.stream)); /* Its end. */
    assert_int_equal(tls_stream_read(pair.stream, heard, 1000), 0);
    assert_int_equal(tls_stream_read(pair.stream, heard, 1000), 0);
    tls_pair_close(&pair);
}

static void an_end_without_words_is_a_connection_lost(void **state)
{
    struct tls_pair pair;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    far_tls_say(pair.far, sent, 10);
    (void)far_tls_go(pair.far, SIZE_MAX);
    far_tls_vanish(pair.far);
    assert_int_equal(tls_stream_read(pair.stream, heard, 1000), 10);
    assert_true(tls_stream_pending(pair.stream));
    assert_int_equal(tls_stream_read(pair.stream, heard, 1000), -ECONNRESET);
    assert_int_equal(tls_stream_read(pair.stream, heard, 1000), -ECONNRESET);
    expect_words(&pair, "it closed the connection");
    tls_pair_close(&pair);
}

static void writing_to_who_has_gone_is_a_connection_lost(void **state)
{
    const struct iovec piece = {.iov_base = sent, .iov_len = 100};
    struct tls_pair pair;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    far_tls_vanish(pair.far);
    assert_int_equal(tls_stream_write(pair.stream, &piece, 1), -ECONNRESET);
    assert_int_equal(tls_stream_read(pair.stream, heard, 10), -ECONNRESET);
    tls_pair_close(&pair);
}

static void bytes_that_were_changed_on_their_way_are_no_bytes(void **state)
{
    struct tls_pair pair;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    far_tls_say(pair.far, sent, 1000);
    far_tls_garble(pair.far);
    (void)far_tls_go(pair.far, SIZE_MAX);
    assert_int_equal(tls_stream_read(pair.stream, heard, 1000), -EPROTO);
    expect_words(&pair, "TLS failed: ");
    tls_pair_close(&pair);
}

static void the_end_is_told_to_the_other_side(void **state)
{
    struct tls_pair pair;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    assert_false(far_tls_heard_goodbye(pair.far));
    tls_stream_end(pair.stream);
    (void)far_tls_go(pair.far, SIZE_MAX);
    assert_true(far_tls_heard_goodbye(pair.far));
    tls_pair_close(&pair);
}

static void an_end_before_the_handshake_is_none(void **state)
{
    struct tls_pair pair;

    (void)state;
    tls_pair_open(context, far_context, "localhost", &pair);
    tls_stream_end(pair.stream);
    assert_false(far_tls_go(pair.far, SIZE_MAX));
    tls_pair_close(&pair);
}

static void keys_that_are_renewed_lose_nothing(void **state)
{
    const struct iovec piece = {.iov_base = sent, .iov_len = 5000};
    struct tls_pair pair;

    (void)state;
    tls_pair_connect(context, far_context, "localhost", &pair);
    for (int i = 0; i < 3; i++) {
        far_tls_renew_keys(pair.far);
        far_tls_say(pair.far, sent, 3000);
        (void)far_tls_go(pair.far, SIZE_MAX);
        assert_int_equal(tls_stream_read(pair.stream, heard, sizeof heard), 3000);
        assert_memory_equal(heard, sent, 3000);
        assert_int_equal(tls_stream_write(pair.stream, &piece, 1), 5000);
        (void)far_tls_go(pair.far, SIZE_MAX);
        assert_int_equal(far_tls_hear(pair.far, heard, sizeof heard), 5000);
        assert_memory_equal(heard, sent, 5000);
    }
    tls_pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_in_single_bytes_comes_about),
        cmocka_unit_test(what_is_written_in_pieces_arrives_in_order),
        cmocka_unit_test(a_record_that_waits_is_written_from_wherever_its_bytes_are_by_then),
        cmocka_unit_test(small_pieces_share_a_record),
        cmocka_unit_test(what_comes_in_any_pieces_is_read_in_order),
        cmocka_unit_test(what_was_read_from_the_socket_already_is_told),
        cmocka_unit_test(half_a_record_is_nothing_to_read),
        cmocka_unit_test(an_end_in_words_of_tls_is_an_end),
        cmocka_unit_test(an_end_without_words_is_a_connection_lost),
        cmocka_unit_test(writing_to_who_has_gone_is_a_connection_lost),
        cmocka_unit_test(bytes_that_were_changed_on_their_way_are_no_bytes),
        cmocka_unit_test(the_end_is_told_to_the_other_side),
        cmocka_unit_test(an_end_before_the_handshake_is_none),
        cmocka_unit_test(keys_that_are_renewed_lose_nothing),
    };

    return cmocka_run_group_tests(tests, make_all, free_all);
}
