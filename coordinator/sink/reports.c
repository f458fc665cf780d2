#include "reports.h"

#include "sink_fold.h"

#include <errno.h>

/* Windows are made of single seconds, entries may hold ten. */
static int watch_seconds(const struct reports *reports, const struct snapshot *snapshot,
                         struct errinfo *reterr)
{
    struct snapshot *const *parts = NULL;
    uint32_t parts_count = coalesce_parts(reports->coalesce, &parts);
    int r = 0;

    if (parts_count == 0) {
        return watch_snapshot(reports->watch, snapshot, reterr);
    }
    for (uint32_t i = 0; r == 0 && i < parts_count; i++) {
        r = watch_snapshot(reports->watch, parts[i], reterr);
    }
    return r;
}

int reports_next(const struct reports *reports, int64_t at_unix_ns, struct reported *ret,
                 struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_SNAPSHOT, .at_unix_ns = at_unix_ns};
    struct reported next = {.snapshot = coalesce_next(reports->coalesce)};
    int r;

    if (next.snapshot == NULL) {
        *ret = next;
        return 0;
    }
    entry.as.snapshot = next.snapshot;
    r = sinks_take(reports->sinks, &entry, &next.why);
    /* Others, too, say -EBADMSG: of a file, for which no agent is to blame. */
    next.refused = (r == -EBADMSG || r == -EALREADY) && reports->sinks->refused_by == &sink_fold;
    next.follows_refused = next.refused && r == -EALREADY;
    if (next.refused) {
        r = 0;
    } else if (r == 0) {
        r = watch_seconds(reports, next.snapshot, &next.why);
    }
    if (r < 0) {
        snapshot_free(next.snapshot);
        return errinfo_set(reterr, r, "%s", next.why.text);
    }
    *ret = next;
    return 0;
}
