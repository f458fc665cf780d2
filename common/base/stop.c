#include "stop.h"

#include "headroom.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024) /* Sanitizers need some. */

static struct stop_config watched;
static atomic_bool taken;

void stop_taken(void)
{
    atomic_store(&taken, true);
}

void stop_renew(void)
{
    atomic_store(&taken, false);
}

/* With nothing that could block or wait for a lock: whoever has it may be what hangs. */
static _Noreturn void give_up(void)
{
    static const char words[] = "ended by a signal that was not taken for 5 s\n";
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0 &&
        write(STDERR_FILENO, words, sizeof words - 1) < 0) {
        errno = 0;
    }
    _exit(watched.exit_code);
}

static void *watch(void *argument)
{
    static const struct timespec wait = {.tv_sec = STOP_TAKEN_NS / NS_PER_S};

    (void)argument;
    (void)pthread_setname_np(pthread_self(), "signals");
    while (sigwaitinfo(&watched.signals, NULL) < 0) {
    }
    watched.on_signal();
    for (;;) {
        if (sigtimedwait(&watched.signals, NULL, &wait) > 0) {
            watched.on_signal();
        } else if (errno == EAGAIN && !atomic_load(&taken)) {
            give_up();
        }
    }
    return NULL;
}

int stop_watch(const struct stop_config *config, struct errinfo *reterr)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int code;

    watched = *config;
    (void)pthread_sigmask(SIG_BLOCK, &watched.signals, NULL);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    code = pthread_create(&thread, &attributes, watch, NULL);
    (void)pthread_attr_destroy(&attributes);
    return code == 0 ? 0 : headroom_refused(0, 1, 0, -code, reterr);
}
