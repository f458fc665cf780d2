#include "leash_inner.h"

#include "headroom.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024) /* Sanitizers need some. */

static void *wait_for_end(void *argument)
{
    char dropped[256];
    ssize_t got;

    (void)argument;
    (void)pthread_setname_np(pthread_self(), "leash");
    do {
        got = read(STDIN_FILENO, dropped, sizeof dropped);
    } while (got > 0 || (got < 0 && errno == EINTR));
    (void)kill(getpid(), SIGTERM);
    return NULL;
}

int leash_hold(struct errinfo *reterr)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int code;

    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    code = pthread_create(&thread, &attributes, wait_for_end, NULL);
    (void)pthread_attr_destroy(&attributes);
    return code == 0 ? 0 : headroom_refused(0, 1, 0, -code, reterr);
}
