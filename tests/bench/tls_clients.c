/*
 * tls_clients: what TLS costs its clients: the CPU of a handshake, the memory of a connection that
 * rests, and the CPU of small messages. The server is another process, so that nothing of it is in
 * the figures.
 *
 *     tls_clients [HANDSHAKES] [CLIENTS] [MESSAGES]
 */
#include "far_tls.h"
#include "invariant.h"
#include "tls_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define HOUR_S 3600
#define MESSAGE_BYTES 130 /* A PUBLISH with 100 bytes of payload. */
#define BATCH 100

static const char name[] = "localhost";

/* ---- The server: takes what comes, and answers nothing but handshakes ---- */

static void take(int epoll_fd, int listener, struct far_tls_context *context)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct far_tls *far = fd < 0 ? NULL : far_tls_new(context, fd);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = far};

    ASSERT(far != NULL && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void serve(const struct epoll_event *event)
{
    static char heard[1 << 16];
    struct far_tls *far = event->data.ptr;
    size_t bytes;

    (void)far_tls_go(far, SIZE_MAX);
    do {
        bytes = far_tls_hear(far, heard, sizeof heard);
    } while (bytes > 0);
    if ((event->events & EPOLLRDHUP) != 0) {
        far_tls_free(far);
    }
}

_Noreturn static void server_main(int listener, const struct far_tls_config *config)
{
    struct far_tls_context *context = far_tls_context_new(config);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    ASSERT(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) == 0);
    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(epoll_fd, events, 64, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                take(epoll_fd, listener, context);
            } else {
                serve(&events[i]);
            }
        }
    }
}

struct server {
    pid_t process;
    struct sockaddr_in address;
};

static struct server start(const struct far_tls_config *config)
{
    struct server server = {
        .address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof server.address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ASSERT(bind(listener, (struct sockaddr *)&server.address, sizeof server.address) == 0);
    ASSERT(listen(listener, 1024) == 0);
    ASSERT(getsockname(listener, (struct sockaddr *)&server.address, &bytes) == 0);
    server.process = fork();
    ASSERT(server.process >= 0);
    if (server.process == 0) {
        server_main(listener, config);
    }
    (void)close(listener);
    return server;
}

static void stop(const struct server *server)
{
    (void)kill(server->process, SIGKILL);
    (void)waitpid(server->process, NULL, 0);
}

/* ---- The clients ---- */

struct client {
    int fd;
    struct tls_stream *stream;
};

static void await(const struct client *client)
{
    struct pollfd wait = {.fd = client->fd,
                          .events = tls_stream_wants(client->stream) == TLS_WANTS_READ ? POLLIN
                                                                                       : POLLOUT};

    ASSERT(poll(&wait, 1, -1) == 1);
}

static struct client come_in(struct tls_context *context, const struct server *server)
{
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    int r;

    ASSERT(connect(client.fd, (const struct sockaddr *)&server->address, sizeof server->address) ==
           0);
    ASSERT(fcntl(client.fd, F_SETFL, O_NONBLOCK) == 0);
    ASSERT(tls_stream_new(context, client.fd, name, &client.stream, NULL) == 0);
    while ((r = tls_stream_handshake(client.stream)) == -EAGAIN) {
        await(&client);
    }
    if (r < 0) {
        struct errinfo error = {""};

        tls_stream_explain(client.stream, &error);
        (void)fprintf(stderr, "tls_clients: %s\n", error.text);
        exit(1);
    }
    return client;
}

/* In TLS 1.3 a server sends its tickets behind the handshake. */
static void take_tickets(const struct client *client)
{
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    char byte;

    if (strcmp(tls_stream_negotiated(client->stream).version, "TLSv1.3") == 0) {
        ASSERT(poll(&wait, 1, -1) == 1);
    }
    ASSERT(tls_stream_read(client->stream, &byte, 1) == -EAGAIN);
}

static void go(const struct client *client)
{
    tls_stream_end(client->stream);
    tls_stream_free(client->stream);
    (void)close(client->fd);
}

static int64_t cpu_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    int64_t pages = 0;

    ASSERT(file != NULL && fscanf(file, "%*d %" SCNd64, &pages) == 1);
    (void)fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void measure_handshakes(const char *what, struct tls_context *context,
                               const struct server *server, int64_t count)
{
    struct client client = come_in(context, server);
    int64_t resumed = 0;
    int64_t begin_ns;
    int64_t ns;

    take_tickets(&client);
    go(&client);
    begin_ns = cpu_ns();
    for (int64_t i = 0; i < count; i++) {
        client = come_in(context, server);
        resumed += tls_stream_negotiated(client.stream).resumed ? 1 : 0;
        take_tickets(&client);
        go(&client);
    }
    ns = cpu_ns() - begin_ns;
    (void)printf("%-34s %6.0f connections per CPU second, %3.0f us each, %" PRId64 " of %" PRId64
                 " resumed\n",
                 what, (double)count * (double)NS_PER_S / (double)ns,
                 (double)ns / 1e3 / (double)count, resumed, count);
}

static void measure_memory(struct tls_context *context, const struct server *server, size_t count)
{
    struct client *clients = calloc(count, sizeof *clients);
    int64_t begin_bytes = resident_bytes();

    for (size_t i = 0; i < count; i++) {
        clients[i] = come_in(context, server);
        take_tickets(&clients[i]);
    }
    (void)printf("memory: %.1f KiB resident for each of %zu clients at rest\n",
                 (double)(resident_bytes() - begin_bytes) / 1024 / (double)count, count);
    for (size_t i = 0; i < count; i++) {
        go(&clients[i]);
    }
    free(clients);
}

static void measure_messages(struct tls_context *context, const struct server *server,
                             int64_t count)
{
    static char message[MESSAGE_BYTES];
    struct client client = come_in(context, server);
    struct iovec pieces[BATCH];
    int64_t begin_ns;

    take_tickets(&client);
    for (int i = 0; i < BATCH; i++) {
        pieces[i] = (struct iovec){.iov_base = message, .iov_len = sizeof message};
    }
    begin_ns = cpu_ns();
    for (int64_t left = count / BATCH; left > 0;) {
        ssize_t r = tls_stream_write(client.stream, pieces, BATCH);

        if (r == -EAGAIN) {
            await(&client);
        } else {
            ASSERT(r == (ssize_t)sizeof message * BATCH); /* They fit in one record. */
            left--;
        }
    }
    (void)printf("messages of %d bytes, %d a write:   %.0f per CPU second\n", MESSAGE_BYTES, BATCH,
                 (double)count * (double)NS_PER_S / (double)(cpu_ns() - begin_ns));
    go(&client);
}

/* ---- What is measured ---- */

static char *write_file(const char *text)
{
    char *path = strdup("/tmp/millrace-tls-bench-XXXXXX");
    int fd = mkostemp(path, O_CLOEXEC);

    ASSERT(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    (void)close(fd);
    return path;
}

static struct tls_context *make_context(const struct certificate *authority, bool resume)
{
    char *ca = write_file(authority->pem);
    const struct tls_context_config config = {.ca = ca, .resume = resume};
    struct tls_context *context = NULL;

    ASSERT(tls_context_new(&config, &context, NULL) == 0);
    (void)unlink(ca);
    free(ca);
    return context;
}

int main(int argc, char **argv)
{
    const int64_t handshakes = argc > 1 ? strtoll(argv[1], NULL, 10) : 3000;
    const size_t clients = argc > 2 ? strtoul(argv[2], NULL, 10) : 2000;
    const int64_t messages = argc > 3 ? strtoll(argv[3], NULL, 10) : 5000000;
    const struct rlimit files = {.rlim_cur = clients + 64, .rlim_max = clients + 64};
    const int64_t now_s = time(NULL);
    const struct certificate_request request = {.role = CERTIFICATE_AUTHORITY,
                                                .name = "made for a measurement",
                                                .valid_from_s = now_s - HOUR_S,
                                                .valid_until_s = now_s + HOUR_S};
    struct certificate authority = {NULL, NULL};
    struct far_tls_config config = {
        .authority = &authority, .names = "DNS:localhost", .version = TLS1_3_VERSION};
    struct tls_context *plain;
    struct tls_context *resuming;
    struct server newest;
    struct server older;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    ASSERT(certificate_make(&request, NULL, &authority, NULL) == 0);
    newest = start(&config);
    config.version = TLS1_2_VERSION;
    older = start(&config);
    plain = make_context(&authority, false);
    resuming = make_context(&authority, true);
    measure_memory(plain, &newest, clients);
    measure_handshakes("TLS 1.3", plain, &newest, handshakes);
    measure_handshakes("TLS 1.3, sessions resumed", resuming, &newest, handshakes);
    measure_handshakes("TLS 1.2", plain, &older, handshakes);
    tls_context_free(resuming);
    resuming = make_context(&authority, true);
    measure_handshakes("TLS 1.2, sessions resumed", resuming, &older, handshakes);
    measure_messages(plain, &newest, messages);
    stop(&newest);
    stop(&older);
    tls_context_free(resuming);
    tls_context_free(plain);
    certificate_done(&authority);
    return 0;
}
