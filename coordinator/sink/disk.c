#include "disk.h"

#include "log.h"
#include "mono.h"
#include "sync.h"

#include <errno.h>
#include <stdlib.h>

#define SYNC_NS NS_PER_S
/* Pieces that are documents have the kind of their entry. */
#define PIECE_LOG_LINE ENTRY_COUNT

/* What went wrong with a file, from the writer to who looks. */
struct failure {
    int code;
    struct errinfo error;
    bool told;
};

struct disk {
    struct queue *queue;
    bool failed; /* As the control thread knows. */
    bool has_log;
    /* The writer's. */
    struct archive_writer *archive;
    struct hlog *hlog;
    bool journal_failed; /* Its last document may be half of one: no other may follow. */
    bool hlog_failed;
    pthread_mutex_t lock; /* Of what follows. */
    struct failure journal;
    struct failure histograms;
};

/* ---- The writer's side ---- */

static void fail(struct disk *disk, struct failure *failure, int code, const struct errinfo *error)
{
    sync_lock(&disk->lock);
    failure->code = code;
    failure->error = *error;
    sync_unlock(&disk->lock);
}

static bool concerns_hlog(uint32_t kind)
{
    return kind == ENTRY_RUN || kind == ENTRY_AGENTS || kind == ENTRY_CASES ||
           kind == ENTRY_TRIAL || kind == ENTRY_SNAPSHOT;
}

static void write_histograms(struct disk *disk, const uint8_t *bytes, uint32_t bytes_count)
{
    struct journal_entry entry;
    struct errinfo error = {""};
    int r = archive_decode(bytes, bytes_count, &entry, &error);

    if (r == 0) {
        r = hlog_add(disk->hlog, &entry, &error);
        journal_entry_done(&entry);
    }
    if (r < 0) {
        disk->hlog_failed = true;
        fail(disk, &disk->histograms, r, &error);
    }
}

static void write_piece(void *context, uint32_t kind, const void *bytes, size_t bytes_count)
{
    struct disk *disk = context;
    struct errinfo error = {""};
    int r;

    if (kind == PIECE_LOG_LINE) {
        log_write(bytes, bytes_count);
        return;
    }
    if (disk->journal_failed) {
        return;
    }
    r = archive_append_document(disk->archive, bytes, (uint32_t)bytes_count, &error);
    if (r < 0) {
        disk->journal_failed = true;
        fail(disk, &disk->journal, r, &error);
    } else if (concerns_hlog(kind) && !disk->hlog_failed) {
        write_histograms(disk, bytes, (uint32_t)bytes_count);
    }
}

static void sync_files(void *context)
{
    struct disk *disk = context;
    struct errinfo error = {""};
    int r = disk->journal_failed ? 0 : archive_sync(disk->archive, &error);

    if (r < 0) {
        disk->journal_failed = true;
        fail(disk, &disk->journal, r, &error);
    }
}

static void end_files(void *context)
{
    struct disk *disk = context;

    (void)archive_writer_close(disk->archive, NULL); /* Synced before, or failed. */
    (void)hlog_close(disk->hlog, NULL);
}

/* ---- The side of those who must not wait ---- */

static void disk_free(struct disk *disk)
{
    (void)pthread_mutex_destroy(&disk->lock);
    free(disk);
}

int disk_go_on(struct archive_writer *archive, struct hlog *hlog, size_t bytes_max,
               struct disk **ret, struct errinfo *reterr)
{
    struct disk *disk = calloc(1, sizeof *disk);
    const struct queue_config config = {.name = "disk",
                                        .bytes_max = bytes_max,
                                        .sync_ns = SYNC_NS,
                                        .context = disk,
                                        .write = write_piece,
                                        .sync = sync_files,
                                        .end = end_files};
    int r;

    if (disk == NULL) {
        (void)archive_writer_close(archive, NULL);
        (void)hlog_close(hlog, NULL);
        return errinfo_nomem(reterr);
    }
    disk->archive = archive;
    disk->hlog = hlog;
    (void)pthread_mutex_init(&disk->lock, NULL);
    r = queue_new(&config, &disk->queue, reterr);
    if (r < 0) {
        end_files(disk);
        disk_free(disk);
        return r;
    }
    *ret = disk;
    return 0;
}

int disk_new(const char *folder, size_t bytes_max, struct disk **ret, struct errinfo *reterr)
{
    struct archive_writer *archive = NULL;
    struct hlog *hlog = NULL;
    int r = archive_writer_new(folder, &archive, reterr);

    if (r < 0) {
        return r;
    }
    r = hlog_new(folder, &hlog, reterr);
    if (r < 0) {
        (void)archive_writer_close(archive, NULL);
        return r;
    }
    return disk_go_on(archive, hlog, bytes_max, ret, reterr);
}

static void put_line(void *context, const char *line, size_t line_bytes)
{
    const struct disk *disk = context;

    (void)queue_put(disk->queue, PIECE_LOG_LINE, line, line_bytes);
}

void disk_take_log(struct disk *disk)
{
    disk->has_log = true;
    log_defer(put_line, disk);
}

static int tell(struct disk *disk, struct failure *failure, struct errinfo *reterr)
{
    int r = 0;

    sync_lock(&disk->lock);
    if (failure->code < 0 && !failure->told) {
        failure->told = true;
        r = errinfo_set(reterr, failure->code, "%s", failure->error.text);
    }
    sync_unlock(&disk->lock);
    return r;
}

static int look_at_journal(struct disk *disk, struct errinfo *reterr)
{
    int r = disk->failed ? 0 : tell(disk, &disk->journal, reterr);

    disk->failed = disk->failed || r < 0;
    return r;
}

static int look(void *self, struct errinfo *reterr)
{
    struct disk *disk = self;
    int r = look_at_journal(disk, reterr);

    return r < 0 ? r : tell(disk, &disk->histograms, reterr);
}

/* Nothing that comes after what was left out may follow in the journal. */
static int overflow(struct disk *disk, struct errinfo *reterr)
{
    struct queue_state state;

    disk->failed = true;
    queue_look(disk->queue, &state);
    return errinfo_set(
        reterr, -ENOBUFS,
        "the disk has been too slow for %.0f s. %llu entries (%.1f MiB) wait for it, which is all "
        "the memory reserved. Stop what slows the disk, or use another one (--out)",
        (double)(mono_ns() - state.since_ns) / 1e9, (unsigned long long)state.pieces,
        (double)state.bytes / 1024 / 1024);
}

/* Without histograms the journal goes on, without a gap: who looks tells them. */
static int take(void *self, const struct journal_entry *entry, struct errinfo *reterr)
{
    struct disk *disk = self;
    uint8_t *document = NULL;
    uint32_t document_bytes = 0;
    int r = look_at_journal(disk, reterr);

    if (r < 0 || disk->failed) {
        return r;
    }
    r = archive_encode(entry, &document, &document_bytes, reterr);
    if (r < 0) {
        disk->failed = true;
        return errinfo_prefix(reterr, r, ARCHIVE_JOURNAL_NAME);
    }
    r = queue_put(disk->queue, entry->kind, document, document_bytes);
    free(document);
    if (r == -ENOMEM) {
        disk->failed = true;
        return errinfo_nomem(reterr);
    }
    return r < 0 ? overflow(disk, reterr) : 0;
}

static int flush(void *self, int64_t deadline_ns, struct errinfo *reterr)
{
    struct disk *disk = self;

    if (!queue_flush(disk->queue, deadline_ns)) {
        return errinfo_set(reterr, -EAGAIN, "the disk is behind");
    }
    return look(disk, reterr);
}

static int end(void *self, int64_t deadline_ns, struct errinfo *reterr)
{
    struct disk *disk = self;
    int r;

    if (disk->has_log) {
        log_defer(NULL, NULL);
    }
    if (!queue_close(disk->queue, deadline_ns)) {
        return errinfo_set(reterr, -EAGAIN, "the disk is behind"); /* The writer has it still. */
    }
    r = look(disk, reterr);
    disk_free(disk);
    return r;
}

const struct sink_ops disk_sink = {
    .name = "disk", .take = take, .look = look, .flush = flush, .close = end};

bool disk_failed(const struct disk *disk)
{
    return disk != NULL && disk->failed;
}

void disk_look(const struct disk *disk, struct queue_state *ret)
{
    *ret = (struct queue_state){0};
    if (disk != NULL) {
        queue_look(disk->queue, ret);
    }
}
