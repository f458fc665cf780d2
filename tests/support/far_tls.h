/*
 * far_tls: the server's side of a TLS connection, by OpenSSL, moved on by the test: no thread, no
 * wait, and what it sends reaches the socket in pieces as small as the test wants them.
 */
#ifndef MILLRACE_TEST_FAR_TLS_H
#define MILLRACE_TEST_FAR_TLS_H

#include "certificate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct far_tls_config {
    const struct certificate *authority; /* That signs its certificate; NULL: itself. */
    const char *names;                   /* "DNS:localhost,IP:127.0.0.1" */
    const char *usage;                   /* NULL: "serverAuth". */
    int64_t valid_from_s;                /* From now; both 0: valid now. */
    int64_t valid_until_s;
    const struct certificate
        *clients; /* The authority of certificates that it wants; NULL: none. */
    int version;  /* TLS1_2_VERSION, ...; 0: what both have. */
};

/* A server's certificate, signed as the configuration says, with names and usage. */
void far_tls_certificate(const struct far_tls_config *config, struct certificate *ret);

struct far_tls_context; /* Of a server: its certificate and its tickets. */

struct far_tls_context *far_tls_context_new(const struct far_tls_config *config);
void far_tls_context_free(struct far_tls_context *context);

struct far_tls; /* One connection. */

/* Over that end of a socket pair, which it closes. */
struct far_tls *far_tls_new(struct far_tls_context *context, int fd);
void far_tls_free(struct far_tls *far);

/* Takes what came, answers the handshake, and puts at most bytes_max of what it has to say on the
 * socket. Whether anything moved. */
bool far_tls_go(struct far_tls *far, size_t bytes_max);

/* To say; far_tls_go() sends it. One record each up to 16 KiB. */
void far_tls_say(struct far_tls *far, const void *bytes, size_t bytes_count);
void far_tls_say_goodbye(struct far_tls *far);

/* New keys for both directions, as TLS 1.3 allows at any time. */
void far_tls_renew_keys(struct far_tls *far);

/* What it heard: how many bytes, at most bytes_max. */
size_t far_tls_hear(struct far_tls *far, void *bytes, size_t bytes_max);
bool far_tls_heard_goodbye(struct far_tls *far);

/* How many bytes of the stream are in the socket, which it has not taken. */
size_t far_tls_waiting(struct far_tls *far);

/* Changes the last byte that it has to say. */
void far_tls_garble(struct far_tls *far);

/* Closes the socket, without a word. */
void far_tls_vanish(struct far_tls *far);

#endif
