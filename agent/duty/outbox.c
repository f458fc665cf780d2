#include "outbox_inner.h"

#include "wire.h"

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
    pthread_mutex_t order; /* From taking a head until its letter is queued. */
    pthread_mutex_t mutex; /* Guards what follows. */
    pthread_cond_t changed;
    struct letter *first;
    struct letter *last;
    uint64_t waiting_bytes;
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

    (void)pthread_setname_np(pthread_self(), "outbox");
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
        outbox->waiting_bytes -= letter->frame.bytes_count;
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

static void outbox_done(struct outbox *outbox)
{
    (void)pthread_cond_destroy(&outbox->changed);
    (void)pthread_mutex_destroy(&outbox->mutex);
    (void)pthread_mutex_destroy(&outbox->order);
    free(outbox);
}

int outbox_new(struct coordinator_link *link, struct outbox **ret, struct errinfo *reterr)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    int code;

    if (outbox == NULL) {
        return errinfo_nomem(reterr);
    }
    outbox->link = link;
    (void)pthread_mutex_init(&outbox->order, NULL);
    (void)pthread_mutex_init(&outbox->mutex, NULL);
    (void)pthread_cond_init(&outbox->changed, NULL);
    code = pthread_create(&outbox->thread, NULL, outbox_main, outbox);
    if (code != 0) {
        outbox_done(outbox);
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
    outbox_done(outbox);
}

/* Takes the frame over if there is room for it. */
static int queue_frame(struct outbox *outbox, struct text *frame, bool bounded,
                       struct errinfo *reterr)
{
    struct letter *letter = calloc(1, sizeof *letter);
    int r = 0;

    if (letter == NULL) {
        return errinfo_nomem(reterr);
    }
    (void)pthread_mutex_lock(&outbox->mutex);
    if (bounded && outbox->waiting_bytes + frame->bytes_count > OUTBOX_BYTES_MAX) {
        r = errinfo_set(reterr, -ENOBUFS,
                        "the coordinator takes reports too slowly: %llu MiB of them wait here",
                        (unsigned long long)(outbox->waiting_bytes >> 20));
        free(letter);
    } else {
        letter->frame = *frame;
        memset(frame, 0, sizeof *frame);
        outbox->waiting_bytes += letter->frame.bytes_count;
        if (outbox->last == NULL) {
            outbox->first = letter;
        } else {
            outbox->last->next = letter;
        }
        outbox->last = letter;
        (void)pthread_cond_broadcast(&outbox->changed);
    }
    (void)pthread_mutex_unlock(&outbox->mutex);
    return r;
}

static int explain_encoding(int code, const char *what, struct errinfo *reterr)
{
    switch (code) {
    case -ENOMEM:
        return errinfo_nomem(reterr);
    case -EMSGSIZE:
        return errinfo_set(reterr, code, "%s is larger than a message may be (%d KiB)", what,
                           REQUEST_BYTES_MAX >> 10);
    default:
        return errinfo_set(reterr, code, "%s breaks a rule of the protocol: a bug of Millrace",
                           what);
    }
}

const _Atomic int64_t *outbox_heard_ns(const struct outbox *outbox)
{
    return coordinator_link_heard_ns(outbox->link);
}

void outbox_post_status(struct outbox *outbox, struct status *status)
{
    struct text frame = {0};
    struct errinfo error = {""};
    int r;

    (void)pthread_mutex_lock(&outbox->order);
    status->head = coordinator_link_head(outbox->link);
    r = wire_encode_status(status, &frame);
    r = r < 0 ? explain_encoding(r, "the answer to a command", &error)
              : queue_frame(outbox, &frame, false, &error);
    (void)pthread_mutex_unlock(&outbox->order);
    text_done(&frame);
    if (r < 0) {
        (void)pthread_mutex_lock(&outbox->mutex);
        if (outbox->code == 0) {
            outbox->code = r;
            outbox->error = error;
        }
        (void)pthread_cond_broadcast(&outbox->changed);
        (void)pthread_mutex_unlock(&outbox->mutex);
    }
}

int outbox_post_snapshot(struct outbox *outbox, struct snapshot *snapshot, struct errinfo *reterr)
{
    struct text frame = {0};
    int r;

    (void)pthread_mutex_lock(&outbox->order);
    snapshot->head = coordinator_link_head(outbox->link);
    r = wire_encode_snapshot(snapshot, &frame);
    r = r < 0 ? explain_encoding(r, "a report of a second", reterr)
              : queue_frame(outbox, &frame, true, reterr);
    (void)pthread_mutex_unlock(&outbox->order);
    text_done(&frame);
    return r;
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
