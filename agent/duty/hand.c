#include "hand_inner.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct hand {
    void (*carry_out)(void *context, struct command *command);
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex; /* Guards what follows. */
    pthread_cond_t changed;
    struct command waiting[HAND_COMMANDS_MAX]; /* Oldest first. */
    uint32_t waiting_count;
    bool busy;
    bool quit;
};

static void take_first(struct hand *hand, struct command *ret)
{
    *ret = hand->waiting[0];
    hand->waiting_count--;
    memmove(hand->waiting, hand->waiting + 1, hand->waiting_count * sizeof *hand->waiting);
}

static void *hand_main(void *argument)
{
    struct hand *hand = argument;

    (void)pthread_setname_np(pthread_self(), "hand");
    (void)pthread_mutex_lock(&hand->mutex);
    for (;;) {
        struct command command;

        while (hand->waiting_count == 0 && !hand->quit) {
            (void)pthread_cond_wait(&hand->changed, &hand->mutex);
        }
        if (hand->quit) {
            break;
        }
        take_first(hand, &command);
        hand->busy = true;
        (void)pthread_mutex_unlock(&hand->mutex);
        hand->carry_out(hand->context, &command);
        command_done(&command);
        (void)pthread_mutex_lock(&hand->mutex);
        hand->busy = false;
        (void)pthread_cond_broadcast(&hand->changed);
    }
    (void)pthread_mutex_unlock(&hand->mutex);
    return NULL;
}

int hand_new(void (*carry_out)(void *context, struct command *command), void *context,
             struct hand **ret, struct errinfo *reterr)
{
    struct hand *hand = calloc(1, sizeof *hand);
    int code;

    if (hand == NULL) {
        return errinfo_nomem(reterr);
    }
    hand->carry_out = carry_out;
    hand->context = context;
    (void)pthread_mutex_init(&hand->mutex, NULL);
    (void)pthread_cond_init(&hand->changed, NULL);
    code = pthread_create(&hand->thread, NULL, hand_main, hand);
    if (code != 0) {
        (void)pthread_cond_destroy(&hand->changed);
        (void)pthread_mutex_destroy(&hand->mutex);
        free(hand);
        return errinfo_set(reterr, -code, "a thread can't be started: %s", strerror(code));
    }
    *ret = hand;
    return 0;
}

int hand_give(struct hand *hand, struct command *command, struct errinfo *reterr)
{
    int r = 0;

    (void)pthread_mutex_lock(&hand->mutex);
    if (hand->waiting_count == HAND_COMMANDS_MAX) {
        r = errinfo_set(reterr, -ENOBUFS, "the coordinator gave %d commands before one was done",
                        HAND_COMMANDS_MAX);
    } else {
        hand->waiting[hand->waiting_count++] = *command;
        memset(command, 0, sizeof *command);
        (void)pthread_cond_broadcast(&hand->changed);
    }
    (void)pthread_mutex_unlock(&hand->mutex);
    return r;
}

void hand_finish(struct hand *hand)
{
    (void)pthread_mutex_lock(&hand->mutex);
    while (hand->waiting_count > 0 || hand->busy) {
        (void)pthread_cond_wait(&hand->changed, &hand->mutex);
    }
    (void)pthread_mutex_unlock(&hand->mutex);
}

void hand_free(struct hand *hand)
{
    if (hand == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&hand->mutex);
    hand->quit = true;
    (void)pthread_cond_broadcast(&hand->changed);
    (void)pthread_mutex_unlock(&hand->mutex);
    (void)pthread_join(hand->thread, NULL);
    for (uint32_t i = 0; i < hand->waiting_count; i++) {
        command_done(&hand->waiting[i]);
    }
    (void)pthread_cond_destroy(&hand->changed);
    (void)pthread_mutex_destroy(&hand->mutex);
    free(hand);
}
