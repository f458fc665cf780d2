#include "fold_threads_inner.h"

#include <stdlib.h>
#include <string.h>

int fold_threads_take(struct fold_trial *trial, const struct snapshot *snapshot,
                      struct errinfo *reterr)
{
    struct fold_agent *agent = &trial->agents[snapshot->agent];

    if (snapshot->threads_count == 0 || agent->threads != NULL) {
        return 0;
    }
    agent->threads = calloc(snapshot->threads_count, sizeof *agent->threads);
    if (agent->threads == NULL) {
        return errinfo_nomem(reterr);
    }
    memcpy(agent->threads, snapshot->threads, snapshot->threads_count * sizeof *agent->threads);
    agent->threads_count = snapshot->threads_count;
    return 0;
}

int fold_threads_make(const struct fold_trial *trial, struct result_trial *ret,
                      struct errinfo *reterr)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        count += trial->agents[i].threads_count;
    }
    ret->threads = calloc((size_t)count + 1, sizeof *ret->threads);
    if (ret->threads == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        const struct fold_agent *agent = &trial->agents[i];

        for (uint32_t t = 0; t < agent->threads_count; t++) {
            ret->threads[ret->threads_count++] =
                (struct result_threads){.agent = trial->agent_rows[i], .of = agent->threads[t]};
        }
    }
    return 0;
}
