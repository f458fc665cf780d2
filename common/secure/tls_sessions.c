#include "invariant.h"
#include "tls_inner.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct tls_server {
    struct tls_sessions *sessions;
    char *name;
    SSL_SESSION *session; /* NULL: none yet. */
};

struct tls_sessions {
    pthread_mutex_t lock;
    struct tls_server *servers[TLS_SERVERS_MAX]; /* Only added to. */
    uint32_t servers_count;
};

struct tls_sessions *tls_sessions_new(void)
{
    struct tls_sessions *sessions = calloc(1, sizeof *sessions);

    if (sessions != NULL) {
        ASSERT(pthread_mutex_init(&sessions->lock, NULL) == 0);
    }
    return sessions;
}

void tls_sessions_free(struct tls_sessions *sessions)
{
    if (sessions == NULL) {
        return;
    }
    for (uint32_t i = 0; i < sessions->servers_count; i++) {
        SSL_SESSION_free(sessions->servers[i]->session);
        free(sessions->servers[i]->name);
        free(sessions->servers[i]);
    }
    (void)pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}

static struct tls_server *server_new(struct tls_sessions *sessions, const char *name)
{
    struct tls_server *server = calloc(1, sizeof *server);

    if (server != NULL) {
        server->sessions = sessions;
        server->name = strdup(name);
    }
    if (server != NULL && server->name == NULL) {
        free(server);
        server = NULL;
    }
    return server;
}

struct tls_server *tls_sessions_server(struct tls_sessions *sessions, const char *name)
{
    struct tls_server *server = NULL;

    ASSERT(pthread_mutex_lock(&sessions->lock) == 0);
    for (uint32_t i = 0; i < sessions->servers_count && server == NULL; i++) {
        server = strcmp(sessions->servers[i]->name, name) == 0 ? sessions->servers[i] : NULL;
    }
    if (server == NULL && sessions->servers_count < TLS_SERVERS_MAX) {
        server = server_new(sessions, name); /* Without memory for it nothing is resumed. */
        if (server != NULL) {
            sessions->servers[sessions->servers_count++] = server;
        }
    }
    ASSERT(pthread_mutex_unlock(&sessions->lock) == 0);
    return server;
}

void tls_server_offer(struct tls_server *server, SSL *ssl)
{
    SSL_SESSION *copy = NULL;

    ASSERT(pthread_mutex_lock(&server->sessions->lock) == 0);
    if (server->session != NULL) {
        copy = SSL_SESSION_dup(server->session);
    }
    ASSERT(pthread_mutex_unlock(&server->sessions->lock) == 0);
    if (copy != NULL) {
        (void)SSL_set_session(ssl, copy); /* One that is not taken is not offered. */
        SSL_SESSION_free(copy);
    }
}

void tls_server_keep(struct tls_server *server, const SSL_SESSION *session)
{
    SSL_SESSION *copy = session == NULL ? NULL : SSL_SESSION_dup(session);
    SSL_SESSION *old;

    ASSERT(pthread_mutex_lock(&server->sessions->lock) == 0);
    old = server->session;
    server->session = copy;
    ASSERT(pthread_mutex_unlock(&server->sessions->lock) == 0);
    SSL_SESSION_free(old);
}
