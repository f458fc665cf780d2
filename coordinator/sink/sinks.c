#include "sinks.h"

#include "invariant.h"

#include <string.h>

void sinks_add(struct sinks *sinks, const struct sink_ops *ops, void *self)
{
    ASSERT(sinks->count < SINKS_MAX);
    sinks->ops[sinks->count] = ops;
    sinks->selves[sinks->count++] = self;
}

int sinks_take(struct sinks *sinks, const struct journal_entry *entry, struct errinfo *reterr)
{
    for (uint32_t i = 0; i < sinks->count; i++) {
        int r = sinks->ops[i]->take(sinks->selves[i], entry, reterr);

        if (r < 0) {
            sinks->refused_by = sinks->ops[i];
            return r;
        }
    }
    return 0;
}

int sinks_look(struct sinks *sinks, struct errinfo *reterr)
{
    int first = 0;

    for (uint32_t i = 0; i < sinks->count; i++) {
        int r = sinks->ops[i]->look == NULL
                    ? 0
                    : sinks->ops[i]->look(sinks->selves[i], first == 0 ? reterr : NULL);

        first = first < 0 ? first : r;
    }
    return first;
}

int sinks_flush(struct sinks *sinks, int64_t deadline_ns, struct errinfo *reterr)
{
    int first = 0;

    for (uint32_t i = 0; i < sinks->count; i++) {
        int r = sinks->ops[i]->flush == NULL ? 0
                                             : sinks->ops[i]->flush(sinks->selves[i], deadline_ns,
                                                                    first == 0 ? reterr : NULL);

        first = first < 0 ? first : r;
    }
    return first;
}

int sinks_close(struct sinks *sinks, int64_t deadline_ns, struct errinfo *reterr)
{
    int first = 0;

    for (uint32_t i = 0; i < sinks->count; i++) {
        int r = sinks->ops[i]->close == NULL ? 0
                                             : sinks->ops[i]->close(sinks->selves[i], deadline_ns,
                                                                    first == 0 ? reterr : NULL);

        first = first < 0 ? first : r;
    }
    memset(sinks, 0, sizeof *sinks);
    return first;
}
