#include "kafka_end_inner.h"

#include "mono.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 16

/* Shared by the threads and who waits for them; the last one frees it. */
struct grave {
    atomic_uint users;
    atomic_uint next;
    atomic_uint done;
    uint32_t count;
    rd_kafka_t *clients[];
};

/* Consumers have left their group by now, or the time for it is over. */
static void destroy(rd_kafka_t *client)
{
    if (client != NULL) {
        rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
}

static void leave(struct grave *grave)
{
    if (atomic_fetch_sub(&grave->users, 1) == 1) {
        free(grave);
    }
}

static void *dig(void *argument)
{
    struct grave *grave = argument;
    uint32_t i;

    (void)pthread_setname_np(pthread_self(), "kafka:closer");
    while ((i = atomic_fetch_add(&grave->next, 1)) < grave->count) {
        destroy(grave->clients[i]);
        (void)atomic_fetch_add(&grave->done, 1);
    }
    leave(grave);
    return NULL;
}

static uint32_t start_threads(struct grave *grave)
{
    uint32_t threads = 0;

    while (threads < THREADS_MAX && threads < grave->count) {
        pthread_t thread;

        (void)atomic_fetch_add(&grave->users, 1);
        if (pthread_create(&thread, NULL, dig, grave) != 0) {
            (void)atomic_fetch_sub(&grave->users, 1);
            break;
        }
        (void)pthread_detach(thread);
        threads++;
    }
    return threads;
}

void kafka_end(rd_kafka_t *const *clients, uint32_t count, int64_t deadline_ns)
{
    struct grave *grave = calloc(1, sizeof *grave + count * sizeof(void *));

    if (grave != NULL && count > 0) {
        grave->count = count;
        atomic_init(&grave->users, 1);
        memcpy(grave->clients, clients, count * sizeof(void *));
    }
    if (grave == NULL || start_threads(grave) == 0) {
        free(grave);
        for (uint32_t i = 0; i < count; i++) {
            destroy(clients[i]);
        }
        return;
    }
    while (atomic_load(&grave->done) < count && mono_ns() < deadline_ns) {
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
    leave(grave);
}
