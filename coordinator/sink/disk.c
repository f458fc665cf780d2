#include "disk.h"

#include "archive.h"
#include "hlog.h"

#include <stdlib.h>

struct disk {
    struct archive_writer *archive;
    struct hlog *hlog;
    bool failed;
};

static int end(void *self, struct errinfo *reterr)
{
    struct disk *disk = self;
    int r = archive_writer_close(disk->archive, reterr);
    int closed = hlog_close(disk->hlog, r == 0 ? reterr : NULL);

    free(disk);
    return r < 0 ? r : closed;
}

int disk_new(const char *folder, struct disk **ret, struct errinfo *reterr)
{
    struct disk *disk = calloc(1, sizeof *disk);
    int r;

    if (disk == NULL) {
        return errinfo_nomem(reterr);
    }
    r = archive_writer_new(folder, &disk->archive, reterr);
    r = r < 0 ? r : hlog_new(folder, &disk->hlog, reterr);
    if (r < 0) {
        (void)end(disk, NULL);
        return r;
    }
    *ret = disk;
    return 0;
}

static int take(void *self, const struct journal_entry *entry, struct errinfo *reterr)
{
    struct disk *disk = self;
    int r;

    if (disk->failed) {
        return 0;
    }
    r = archive_append(disk->archive, entry, reterr);
    disk->failed = r < 0; /* Its last document may be half of one: no other may follow. */
    return r < 0 ? r : hlog_add(disk->hlog, entry, reterr);
}

static int sync(void *self, struct errinfo *reterr)
{
    struct disk *disk = self;
    int r = disk->failed ? 0 : archive_sync(disk->archive, reterr);

    disk->failed = disk->failed || r < 0;
    return r;
}

const struct sink_ops disk_sink = {.name = "disk", .take = take, .sync = sync, .close = end};

bool disk_failed(const struct disk *disk)
{
    return disk != NULL && disk->failed;
}
