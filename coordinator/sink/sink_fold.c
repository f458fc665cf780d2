#include "sink_fold.h"

#include "fold.h"

static int take(void *self, const struct journal_entry *entry, struct errinfo *reterr)
{
    return fold_add(self, entry, reterr);
}

const struct sink_ops sink_fold = {.name = "fold", .take = take};
