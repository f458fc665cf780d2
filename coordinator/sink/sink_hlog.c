#include "hlog.h"
#include "sink_fold.h"

static int take(void *self, const struct journal_entry *entry, struct errinfo *reterr)
{
    return hlog_add(self, entry, reterr);
}

static int end(void *self, int64_t deadline_ns, struct errinfo *reterr)
{
    (void)deadline_ns; /* For who may wait. */
    return hlog_close(self, reterr);
}

const struct sink_ops sink_hlog = {.name = "hlog", .take = take, .close = end};
