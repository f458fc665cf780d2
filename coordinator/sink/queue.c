#include "queue.h"

#include "mono.h"
#include "sync.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define NEVER_NS (3600 * NS_PER_S) /* So long may a writer sleep. */

struct piece {
    struct piece *next;
    uint64_t number; /* From 1. */
    int64_t put_ns;
    size_t bytes_count;
    uint32_t kind;
    uint8_t bytes[];
};

struct queue {
    struct queue_config config;
    pthread_t thread;
    pthread_mutex_t lock; /* Of all that follows. */
    pthread_cond_t work;  /* For the writer. */
    pthread_cond_t done;  /* For who waits for it. */
    struct piece *first;  /* One that is being written stays until it is. */
    struct piece *last;
    bool writing; /* The first one. */
    uint64_t pieces;
    size_t bytes;
    uint64_t numbers;   /* Of pieces so far. */
    uint64_t synced;    /* Pieces up to this number are written and synced. */
    uint64_t wanted;    /* And shall be, up to this one, before the next sync() is due. */
    int64_t syncing_ns; /* Since when; 0: no. */
    bool closing;
    bool ended;
    bool left; /* Nobody waits for the writer any more: it frees the queue. */
};

static size_t size_of(const struct piece *piece)
{
    return sizeof *piece + piece->bytes_count;
}

/* before: the piece in front of it; NULL: it is the first one. */
static void drop(struct queue *queue, struct piece *before, struct piece *piece)
{
    if (before == NULL) {
        queue->first = piece->next;
    } else {
        before->next = piece->next;
    }
    if (queue->last == piece) {
        queue->last = before;
    }
    queue->pieces--;
    queue->bytes -= size_of(piece);
    free(piece);
}

static uint64_t written(const struct queue *queue)
{
    return queue->first == NULL ? queue->numbers : queue->first->number - 1;
}

static void write_first(struct queue *queue)
{
    struct piece *piece = queue->first;

    queue->writing = true;
    sync_unlock(&queue->lock);
    queue->config.write(queue->config.context, piece->kind, piece->bytes, piece->bytes_count);
    sync_lock(&queue->lock);
    queue->writing = false;
    drop(queue, NULL, piece);
}

static void sync_written(struct queue *queue)
{
    uint64_t until = written(queue);

    if (queue->config.sync != NULL) {
        queue->syncing_ns = mono_ns();
        sync_unlock(&queue->lock);
        queue->config.sync(queue->config.context);
        sync_lock(&queue->lock);
        queue->syncing_ns = 0;
    }
    queue->synced = until;
    (void)pthread_cond_broadcast(&queue->done);
}

/* With the lock held, but while something is written or synced. */
static void write_until_closed(struct queue *queue)
{
    int64_t every_ns = queue->config.sync_ns;
    int64_t due_ns = every_ns > 0 ? mono_ns() + every_ns : INT64_MAX;

    while (!queue->closing || queue->synced < queue->numbers) {
        int64_t now_ns = mono_ns();

        if (now_ns >= due_ns ||
            (queue->wanted > queue->synced && written(queue) >= queue->wanted)) {
            sync_written(queue);
            due_ns = every_ns > 0 ? mono_ns() + every_ns : INT64_MAX;
        } else if (queue->first != NULL) {
            write_first(queue);
        } else {
            (void)sync_condition_wait(&queue->work, &queue->lock,
                                      due_ns < now_ns + NEVER_NS ? due_ns : now_ns + NEVER_NS);
        }
    }
}

static void queue_free(struct queue *queue)
{
    (void)pthread_cond_destroy(&queue->work);
    (void)pthread_cond_destroy(&queue->done);
    (void)pthread_mutex_destroy(&queue->lock);
    free(queue);
}

static void *run_writer(void *context)
{
    struct queue *queue = context;
    bool left;

    sync_lock(&queue->lock);
    write_until_closed(queue);
    sync_unlock(&queue->lock);
    if (queue->config.end != NULL) {
        queue->config.end(queue->config.context);
    }
    sync_lock(&queue->lock);
    queue->ended = true;
    left = queue->left;
    (void)pthread_cond_broadcast(&queue->done);
    sync_unlock(&queue->lock);
    if (left) {
        queue_free(queue);
    }
    return NULL;
}

int queue_new(const struct queue_config *config, struct queue **ret, struct errinfo *reterr)
{
    struct queue *queue = calloc(1, sizeof *queue);
    sigset_t asked;
    sigset_t before;
    int code;

    if (queue == NULL) {
        return errinfo_nomem(reterr);
    }
    queue->config = *config;
    (void)pthread_mutex_init(&queue->lock, NULL);
    sync_condition_init(&queue->work);
    sync_condition_init(&queue->done);
    /* Whoever wants the process to end shall not interrupt a write. */
    (void)sigemptyset(&asked);
    (void)sigaddset(&asked, SIGINT);
    (void)sigaddset(&asked, SIGTERM);
    (void)sigaddset(&asked, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &asked, &before);
    code = pthread_create(&queue->thread, NULL, run_writer, queue);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        queue_free(queue);
        return errinfo_set(reterr, -code, "a thread that writes can't be started: %s",
                           strerror(code));
    }
    (void)pthread_setname_np(queue->thread, config->name);
    *ret = queue;
    return 0;
}

static struct piece *new_piece(uint32_t kind, const void *bytes, size_t bytes_count)
{
    struct piece *piece = malloc(sizeof *piece + bytes_count);

    if (piece != NULL) {
        *piece = (struct piece){.kind = kind, .bytes_count = bytes_count, .put_ns = mono_ns()};
        if (bytes_count > 0) {
            memcpy(piece->bytes, bytes, bytes_count);
        }
    }
    return piece;
}

static int append(struct queue *queue, struct piece *piece)
{
    if (size_of(piece) > queue->config.bytes_max - queue->bytes) {
        return -ENOBUFS;
    }
    piece->number = ++queue->numbers;
    if (queue->last == NULL) {
        queue->first = piece;
    } else {
        queue->last->next = piece;
    }
    queue->last = piece;
    queue->pieces++;
    queue->bytes += size_of(piece);
    (void)pthread_cond_signal(&queue->work);
    return 0;
}

int queue_put(struct queue *queue, uint32_t kind, const void *bytes, size_t bytes_count)
{
    struct piece *piece = new_piece(kind, bytes, bytes_count);
    int r = -ENOMEM;

    if (piece != NULL) {
        sync_lock(&queue->lock);
        r = append(queue, piece);
        sync_unlock(&queue->lock);
    }
    if (r < 0) {
        free(piece);
    }
    return r;
}

/* 1 if there was one. */
static int drop_waiting(struct queue *queue, uint32_t kind)
{
    struct piece *before = queue->writing ? queue->first : NULL;
    struct piece *piece = before == NULL ? queue->first : before->next;

    while (piece != NULL && piece->kind != kind) {
        before = piece;
        piece = piece->next;
    }
    if (piece == NULL) {
        return 0;
    }
    drop(queue, before, piece);
    return 1;
}

int queue_put_newest(struct queue *queue, uint32_t kind, const void *bytes, size_t bytes_count)
{
    struct piece *piece = new_piece(kind, bytes, bytes_count);
    int dropped;
    int r;

    if (piece == NULL) {
        return -ENOMEM;
    }
    sync_lock(&queue->lock);
    dropped = drop_waiting(queue, kind);
    r = append(queue, piece);
    sync_unlock(&queue->lock);
    if (r < 0) {
        free(piece);
    }
    return r < 0 ? r : dropped;
}

void queue_look(struct queue *queue, struct queue_state *ret)
{
    sync_lock(&queue->lock);
    *ret = (struct queue_state){
        .pieces = queue->pieces, .bytes = queue->bytes, .since_ns = queue->syncing_ns};
    if (queue->first != NULL && (ret->since_ns == 0 || queue->first->put_ns < ret->since_ns)) {
        ret->since_ns = queue->first->put_ns;
    }
    sync_unlock(&queue->lock);
}

bool queue_flush(struct queue *queue, int64_t deadline_ns)
{
    uint64_t number;
    bool done;

    sync_lock(&queue->lock);
    number = queue->numbers;
    queue->wanted = number;
    (void)pthread_cond_signal(&queue->work);
    while (queue->synced < number && sync_condition_wait(&queue->done, &queue->lock, deadline_ns)) {
    }
    done = queue->synced >= number;
    sync_unlock(&queue->lock);
    return done;
}

bool queue_close(struct queue *queue, int64_t deadline_ns)
{
    bool ended;

    if (queue == NULL) {
        return true;
    }
    sync_lock(&queue->lock);
    queue->closing = true;
    queue->wanted = queue->numbers;
    (void)pthread_cond_signal(&queue->work);
    while (!queue->ended && sync_condition_wait(&queue->done, &queue->lock, deadline_ns)) {
    }
    ended = queue->ended;
    queue->left = !ended;
    if (!ended) {
        (void)pthread_detach(queue->thread);
    }
    sync_unlock(&queue->lock);
    if (!ended) {
        return false;
    }
    (void)pthread_join(queue->thread, NULL);
    queue_free(queue);
    return true;
}
