#include "outbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct letter {
    struct letter *next;
    struct text frame;
};

struct outbox {
    struct coordinator_link *link;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct letter *first;
    struct letter *last;
    bool sending;
    bool quit;
    int code;
    struct errinfo error;
};

static void letter_free(struct letter *letter)
{
    text_done(&letter->frame);
    free(letter);
}

static void *outbox_main(void *argument)
{
    struct outbox *outbox = argument;

    (void)pthread_mutex_lock(&outbox->mutex);
    for (;;) {
        struct letter *letter;
        struct errinfo error = {""};
        int r;
        int failed;

        while (outbox->first == NULL && !outbox->quit) {
            (void)pthread_cond_wait(&outbox->changed, &outbox->mutex);
        }
        if (outbox->quit) {
            break;
        }
        letter = outbox->first;
        outbox->first = letter->next;
        outbox->last = outbox->first == NULL ? NULL : outbox->last;
        outbox->sending = true;
        failed = outbox->code;
        (void)pthread_mutex_unlock(&outbox->mutex);
        r = failed < 0 ? failed
                       : coordinator_link_post(outbox->link, letter->frame.bytes,
                                               letter->frame.bytes_count, &error);
        letter_free(letter);
        (void)pthread_mutex_lock(&outbox->mutex);
        outbox->sending = false;
        if (r < 0 && outbox->code == 0) {
            outbox->code = r;
            outbox->error = error;
        }
        (void)pthread_cond_broadcast(&outbox->changed);
    }
    (void)pthread_mutex_unlock(&outbox->mutex);
    return NULL;
}

int outbox_new(struct coordinator_link *link, struct outbox **ret, struct errinfo *reterr)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    int code;

    if (outbox == NULL) {
        return errinfo_nomem(reterr);
    }
    outbox->link = link;
    (void)pthread_mutex_init(&outbox->mutex, NULL);
    (void)pthread_cond_init(&outbox->changed, NULL);
    code = pthread_create(&outbox->thread, NULL, outbox_main, outbox);
    if (code != 0) {
        free(outbox);
        return errinfo_set(reterr, -code, "a thread can't be started: %s", strerror(code));
    }
    *ret = outbox;
    return 0;
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->quit = true;
    (void)pthread_cond_broadcast(&outbox->changed);
    (void)pthread_mutex_unlock(&outbox->mutex);
    (void)pthread_join(outbox->thread, NULL);
    while (outbox->first != NULL) {
        struct letter *letter = outbox->first;

        outbox->first = letter->next;
        letter_free(letter);
    }
    (void)pthread_mutex_destroy(&outbox->mutex);
    (void)pthread_cond_destroy(&outbox->changed);
    free(outbox);
}

void outbox_post(struct outbox *outbox, struct text *frame)
{
    struct letter *letter = calloc(1, sizeof *letter);

    (void)pthread_mutex_lock(&outbox->mutex);
    if (letter == NULL) {
        outbox->code = outbox->code == 0 ? errinfo_nomem(&outbox->error) : outbox->code;
        text_done(frame);
    } else {
        letter->frame = *frame;
        memset(frame, 0, sizeof *frame);
        if (outbox->last == NULL) {
            outbox->first = letter;
        } else {
            outbox->last->next = letter;
        }
        outbox->last = letter;
    }
    (void)pthread_cond_broadcast(&outbox->changed);
    (void)pthread_mutex_unlock(&outbox->mutex);
}

int outbox_flush(struct outbox *outbox, struct errinfo *reterr)
{
    int r;

    (void)pthread_mutex_lock(&outbox->mutex);
    while ((outbox->first != NULL || outbox->sending) && outbox->code == 0) {
        (void)pthread_cond_wait(&outbox->changed, &outbox->mutex);
    }
    r = outbox->code;
    if (r < 0 && reterr != NULL) {
        *reterr = outbox->error;
    }
    (void)pthread_mutex_unlock(&outbox->mutex);
    return r;
}

bool outbox_failed(struct outbox *outbox, struct errinfo *reterr)
{
    bool failed;

    (void)pthread_mutex_lock(&outbox->mutex);
    failed = outbox->code < 0;
    if (failed && reterr != NULL) {
        *reterr = outbox->error;
    }
    (void)pthread_mutex_unlock(&outbox->mutex);
    return failed;
}
