#include "tls_pair.h"

#include "check.h"
#include "temp.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS_MAX 100000

char *tls_pair_file(const char *text)
{
    char *path = malloc(TEMP_BYTES);
    int fd = mkstemp(temp_name(path, "tls"));

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
    return path;
}

void tls_pair_file_remove(char *path)
{
    if (path != NULL) {
        (void)unlink(path);
    }
    free(path);
}

struct tls_context *tls_pair_context(const struct certificate *authority,
                                     const struct certificate *own, bool resume)
{
    char *ca = tls_pair_file(authority->pem);
    char *cert = own == NULL ? NULL : tls_pair_file(own->pem);
    char *key = own == NULL ? NULL : tls_pair_file(own->key_pem);
    const struct tls_context_config config = {.ca = ca, .cert = cert, .key = key, .resume = resume};
    struct tls_context *context = NULL;
    struct errinfo error = {""};

    if (tls_context_new(&config, &context, &error) < 0) {
        fail_msg("%s", error.text);
    }
    tls_pair_file_remove(ca);
    tls_pair_file_remove(cert);
    tls_pair_file_remove(key);
    return context;
}

void tls_pair_open(struct tls_context *context, struct far_tls_context *far_context,
                   const char *server_name, struct tls_pair *ret)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    ret->fd = fds[0];
    ret->far = far_tls_new(far_context, fds[1]);
    assert_int_equal(tls_stream_new(context, fds[0], server_name, &ret->stream, NULL), 0);
}

void tls_pair_close(struct tls_pair *pair)
{
    tls_stream_free(pair->stream);
    far_tls_free(pair->far);
    (void)close(pair->fd);
}

int tls_pair_shake_hands(struct tls_pair *pair, size_t bytes_max)
{
    int r = -EAGAIN;

    for (uint32_t turns = 0; r == -EAGAIN; turns++) {
        assert_true(turns < TURNS_MAX);
        r = tls_stream_handshake(pair->stream);
        (void)far_tls_go(pair->far, bytes_max);
    }
    return r;
}

void tls_pair_connect(struct tls_context *context, struct far_tls_context *far_context,
                      const char *server_name, struct tls_pair *ret)
{
    tls_pair_open(context, far_context, server_name, ret);
    if (tls_pair_shake_hands(ret, SIZE_MAX) != 0) {
        struct errinfo error = {""};

        tls_stream_explain(ret->stream, &error);
        fail_msg("%s", error.text);
    }
    while (far_tls_go(ret->far, SIZE_MAX)) {
        /* Its side of the end of the handshake. */
    }
}
