#include "connector_inner.h"

#include "invariant.h"
#include "mono.h"
#include "sync.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* A job is a client's: to connect it, or to hang up the link that it did not take. */
struct job {
    uint32_t client;
    int64_t limit_ns;
    struct link *link; /* To hang up; NULL: to connect. */
};

struct connector {
    const struct backend_ops *ops;
    const struct endpoint_config *config;
    int event_fd;
    pthread_mutex_t lock; /* Guards what follows. */
    pthread_cond_t changed;
    struct job *jobs; /* A ring. A client has one to hang up and one to connect at most. */
    uint32_t jobs_max;
    uint32_t jobs_first;
    uint32_t jobs_count;
    struct connected *ended; /* A ring. */
    uint32_t ended_max;
    uint32_t ended_first;
    uint32_t ended_count;
    pthread_t threads[CONNECTOR_THREADS_MAX];
    uint32_t threads_count;
    uint32_t idle_count;
    bool quit;
};

static void tell(struct connector *connector, const struct connected *connected)
{
    ASSERT(connector->ended_count < connector->ended_max);
    connector->ended[(connector->ended_first + connector->ended_count++) % connector->ended_max] =
        *connected;
    sync_event_set(connector->event_fd);
}

/* Without the lock. */
static void carry_out(struct connector *connector, const struct job *job)
{
    struct connected connected = {.client = job->client};

    if (job->link != NULL) {
        connector->ops->hang_up(job->link);
        return;
    }
    if (connector->ops->connect(connector->config, job->client, mono_ns() + job->limit_ns,
                                &connected.link, &connected.error) < 0) {
        connected.link = NULL;
    }
    sync_lock(&connector->lock);
    tell(connector, &connected);
    sync_unlock(&connector->lock);
}

static void *connector_main(void *argument)
{
    struct connector *connector = argument;

    (void)pthread_setname_np(pthread_self(), "connector");
    sync_lock(&connector->lock);
    while (!connector->quit) {
        struct job job;

        if (connector->jobs_count == 0) {
            connector->idle_count++;
            (void)pthread_cond_wait(&connector->changed, &connector->lock);
            connector->idle_count--;
            continue;
        }
        job = connector->jobs[connector->jobs_first];
        connector->jobs_first = (connector->jobs_first + 1) % connector->jobs_max;
        connector->jobs_count--;
        sync_unlock(&connector->lock);
        carry_out(connector, &job);
        sync_lock(&connector->lock);
    }
    sync_unlock(&connector->lock);
    return NULL;
}

int connector_new(const struct backend_ops *ops, const struct endpoint_config *config,
                  struct connector **ret, struct errinfo *reterr)
{
    struct connector *connector = calloc(1, sizeof *connector);
    int r;

    if (connector == NULL) {
        return errinfo_nomem(reterr);
    }
    connector->ops = ops;
    connector->config = config;
    connector->jobs_max = 2 * config->clients_count + 1;
    connector->ended_max = config->clients_count + 1;
    connector->jobs = calloc(connector->jobs_max, sizeof *connector->jobs);
    connector->ended = calloc(connector->ended_max, sizeof *connector->ended);
    sync_condition_init(&connector->changed);
    ASSERT(pthread_mutex_init(&connector->lock, NULL) == 0);
    connector->event_fd = sync_event_new(reterr);
    r = connector->event_fd < 0 ? connector->event_fd : 0;
    if (connector->jobs == NULL || connector->ended == NULL) {
        r = errinfo_nomem(reterr);
    }
    if (r < 0) {
        connector_free(connector);
        return r;
    }
    *ret = connector;
    return 0;
}

void connector_quit(struct connector *connector)
{
    sync_lock(&connector->lock);
    connector->quit = true;
    (void)pthread_cond_broadcast(&connector->changed);
    sync_unlock(&connector->lock);
}

void connector_free(struct connector *connector)
{
    struct connected connected;

    if (connector == NULL) {
        return;
    }
    connector_quit(connector);
    for (uint32_t i = 0; i < connector->threads_count; i++) {
        (void)pthread_join(connector->threads[i], NULL);
    }
    while (connector->ended_count > 0 && connector_take(connector, &connected)) {
        if (connected.link != NULL) {
            connector->ops->hang_up(connected.link);
        }
    }
    for (uint32_t i = 0; i < connector->jobs_count; i++) {
        struct job *job = &connector->jobs[(connector->jobs_first + i) % connector->jobs_max];

        if (job->link != NULL) {
            connector->ops->hang_up(job->link);
        }
    }
    if (connector->event_fd >= 0) {
        (void)close(connector->event_fd);
    }
    (void)pthread_cond_destroy(&connector->changed);
    (void)pthread_mutex_destroy(&connector->lock);
    free(connector->jobs);
    free(connector->ended);
    free(connector);
}

/* Without a thread there is no attempt: its client waits for the next one. */
static bool has_thread(struct connector *connector)
{
    if (connector->jobs_count > connector->idle_count &&
        connector->threads_count < CONNECTOR_THREADS_MAX &&
        pthread_create(&connector->threads[connector->threads_count], NULL, connector_main,
                       connector) == 0) {
        connector->threads_count++;
    }
    return connector->threads_count > 0;
}

static void add_job(struct connector *connector, const struct job *job)
{
    ASSERT(connector->jobs_count < connector->jobs_max);
    connector->jobs[(connector->jobs_first + connector->jobs_count++) % connector->jobs_max] = *job;
    (void)pthread_cond_signal(&connector->changed);
}

void connector_ask(struct connector *connector, uint32_t client, int64_t limit_ns)
{
    struct job job = {.client = client, .limit_ns = limit_ns};

    sync_lock(&connector->lock);
    add_job(connector, &job);
    if (!has_thread(connector)) {
        struct connected failed = {.client = client};

        connector->jobs_count--; /* The newest. */
        (void)errinfo_set(&failed.error, -EAGAIN, "a thread to reconnect on can't be started");
        tell(connector, &failed);
    }
    sync_unlock(&connector->lock);
}

bool connector_take(struct connector *connector, struct connected *ret)
{
    bool any;

    sync_lock(&connector->lock);
    any = connector->ended_count > 0;
    if (any) {
        *ret = connector->ended[connector->ended_first];
        connector->ended_first = (connector->ended_first + 1) % connector->ended_max;
        connector->ended_count--;
    }
    if (connector->ended_count == 0) {
        sync_event_clear(connector->event_fd);
    }
    sync_unlock(&connector->lock);
    return any;
}

void connector_hang_up(struct connector *connector, uint32_t client, struct link *link)
{
    struct job job = {.client = client, .link = link};

    sync_lock(&connector->lock);
    add_job(connector, &job); /* A thread made the link, so there is one. */
    sync_unlock(&connector->lock);
}

int connector_fd(const struct connector *connector)
{
    return connector->event_fd;
}
