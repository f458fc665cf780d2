/* tls_pair: a stream and the server's side of it, over a socket pair, in one thread. */
#ifndef MILLRACE_TEST_TLS_PAIR_H
#define MILLRACE_TEST_TLS_PAIR_H

#include "far_tls.h"
#include "tls_stream.h"

struct tls_pair {
    struct tls_stream *stream;
    struct far_tls *far;
    int fd; /* The stream's. */
};

/* A file of a test that holds the text: its path, which the caller frees. */
char *tls_pair_file(const char *text);
void tls_pair_file_remove(char *path);

/* A context that trusts the authority, and shows `own` (NULL: nothing). */
struct tls_context *tls_pair_context(const struct certificate *authority,
                                     const struct certificate *own, bool resume);

void tls_pair_open(struct tls_context *context, struct far_tls_context *far_context,
                   const char *server_name, struct tls_pair *ret);
void tls_pair_close(struct tls_pair *pair);

/* Until the stream's side of the handshake is over: 0, or what failed. The other side sends at most
 * bytes_max at a time. */
int tls_pair_shake_hands(struct tls_pair *pair, size_t bytes_max);

/* Moves all that both sides have to say about the handshake, and fails if it failed. */
void tls_pair_connect(struct tls_context *context, struct far_tls_context *far_context,
                      const char *server_name, struct tls_pair *ret);

#endif
