#include "busy_inner.h"

#include "coordinator_link_inner.h"
#include "introduction_inner.h"
#include "mono.h"
#include "random.h"
#include "sync.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Between two rounds: a coordinator waits for two minutes for its hosts. */
#define PAUSE_MS 5000

struct busy {
    const struct duty_config *config;
    struct hello hello;
    char run_id[NAME_BYTES];
    int quit_fd;
    pthread_t thread;
    pthread_mutex_t lock; /* Guards what follows. */
    struct coordinator_link *link;
    bool quit;
};

/* The link that the thread waits in, so that it can be called back; NULL: none. */
static void set_link(struct busy *busy, struct coordinator_link *link)
{
    sync_lock(&busy->lock);
    busy->link = link;
    if (busy->quit && link != NULL) {
        coordinator_link_cancel(link);
    }
    sync_unlock(&busy->lock);
}

static void tell(struct busy *busy, const char *url)
{
    const struct coordinator_link_config config = {
        .url = url, .security = busy->config->security, .stop_fd = busy->quit_fd};
    struct coordinator_link *link = NULL;
    struct welcome welcome;

    if (coordinator_link_new(&config, &link, NULL) < 0) {
        return;
    }
    set_link(busy, link);
    /* Whatever is answered: it will wait, or not. */
    (void)introduction_make(link, &busy->hello, busy->config->host, busy->run_id, &welcome, NULL);
    set_link(busy, NULL);
    coordinator_link_free(link);
}

static bool is_elsewhere(const struct duty_config *config, uint32_t address)
{
    return strcmp(config->urls[address], config->url) != 0;
}

static void *busy_main(void *argument)
{
    struct busy *busy = argument;

    (void)pthread_setname_np(pthread_self(), "busy");
    do {
        for (uint32_t i = 0; i < busy->config->urls_count; i++) {
            if (is_elsewhere(busy->config, i) && !sync_event_wait(busy->quit_fd, 0)) {
                tell(busy, busy->config->urls[i]);
            }
        }
    } while (!sync_event_wait(busy->quit_fd, PAUSE_MS));
    return NULL;
}

static int start(struct busy *busy, struct errinfo *reterr)
{
    int code;

    busy->quit_fd = sync_event_new(reterr);
    if (busy->quit_fd < 0) {
        return busy->quit_fd;
    }
    code = pthread_create(&busy->thread, NULL, busy_main, busy);
    if (code != 0) {
        (void)close(busy->quit_fd);
        return errinfo_set(reterr, -code, "a thread can't be started: %s", strerror(code));
    }
    return 0;
}

int busy_new(const struct duty_config *config, const struct hello *hello, const char *run_id,
             struct busy **ret, struct errinfo *reterr)
{
    struct busy *busy;
    uint32_t elsewhere_count = 0;
    int r;

    for (uint32_t i = 0; i < config->urls_count; i++) {
        elsewhere_count += is_elsewhere(config, i) ? 1 : 0;
    }
    if (elsewhere_count == 0) {
        *ret = NULL;
        return 0;
    }
    busy = calloc(1, sizeof *busy);
    if (busy == NULL) {
        return errinfo_nomem(reterr);
    }
    busy->config = config;
    busy->hello = *hello;
    busy->hello.instance = random_entropy(); /* It is no member's there, nor to be taken for one. */
    (void)snprintf(busy->run_id, sizeof busy->run_id, "%s", run_id);
    (void)snprintf(busy->hello.busy, sizeof busy->hello.busy,
                   "busy with run %.64s of coordinator %.128s", run_id,
                   strncmp(config->url, "tcp://", 6) == 0 ? config->url + 6 : config->url);
    (void)pthread_mutex_init(&busy->lock, NULL);
    r = start(busy, reterr);
    if (r < 0) {
        (void)pthread_mutex_destroy(&busy->lock);
        free(busy);
        return r;
    }
    *ret = busy;
    return 0;
}

void busy_free(struct busy *busy)
{
    if (busy == NULL) {
        return;
    }
    sync_lock(&busy->lock);
    busy->quit = true;
    if (busy->link != NULL) {
        coordinator_link_cancel(busy->link);
    }
    sync_unlock(&busy->lock);
    sync_event_set(busy->quit_fd);
    (void)pthread_join(busy->thread, NULL);
    (void)close(busy->quit_fd);
    (void)pthread_mutex_destroy(&busy->lock);
    free(busy);
}
