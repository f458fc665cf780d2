#include "journal_entry.h"

#include <stdlib.h>
#include <string.h>

static void run_done(struct entry_run *run)
{
    free(run->name);
    free(run->description);
    free(run->command);
    free(run->scenario);
    free(run->versions);
}

bool entry_agent_lost(const struct entry_trial_end *end, uint32_t agent)
{
    for (uint32_t i = 0; i < end->agents_count; i++) {
        if (end->agents[i].agent == agent && end->agents[i].lost) {
            return true;
        }
    }
    return false;
}

void entry_trial_done(struct entry_trial *trial)
{
    free(trial->flows);
    free(trial->topics);
    free(trial->phases);
    free(trial->producers);
    free(trial->consumers);
    free(trial->producer_agents);
    free(trial->consumer_agents);
    memset(trial, 0, sizeof *trial);
}

void journal_entry_done(struct journal_entry *entry)
{
    switch (entry->kind) {
    case ENTRY_RUN:
        run_done(&entry->as.run);
        break;
    case ENTRY_AGENTS:
        free(entry->as.agents.agents);
        break;
    case ENTRY_CASES:
        free(entry->as.cases.cases);
        break;
    case ENTRY_TRIAL:
        entry_trial_done(&entry->as.trial);
        break;
    case ENTRY_SNAPSHOT:
        snapshot_free(entry->as.snapshot);
        break;
    case ENTRY_CLOSE:
        free(entry->as.close.reasons);
        free(entry->as.close.objectives);
        findings_done(&entry->as.close.findings);
        break;
    default:
        break;
    }
    memset(entry, 0, sizeof *entry);
}

/* A copy of count elements, or NULL; an empty list is one of no elements. */
static void *copy_list(const void *from, uint32_t count, size_t element_bytes)
{
    void *to = calloc((size_t)count + 1, element_bytes);

    if (to != NULL && count > 0) {
        memcpy(to, from, count * element_bytes);
    }
    return to;
}

int entry_trial_copy(const struct entry_trial *from, struct entry_trial *to, struct errinfo *reterr)
{
    *to = *from;
    to->flows = copy_list(from->flows, from->flows_count, sizeof *from->flows);
    to->topics = copy_list(from->topics, from->topics_count, sizeof *from->topics);
    to->phases = copy_list(from->phases, from->phases_count, sizeof *from->phases);
    to->producers = copy_list(from->producers, from->producers_count, sizeof *from->producers);
    to->consumers = copy_list(from->consumers, from->consumers_count, sizeof *from->consumers);
    to->producer_agents =
        copy_list(from->producer_agents, from->producers_count, sizeof *from->producer_agents);
    to->consumer_agents =
        copy_list(from->consumer_agents, from->consumers_count, sizeof *from->consumer_agents);
    if (to->flows == NULL || to->topics == NULL || to->phases == NULL || to->producers == NULL ||
        to->consumers == NULL || to->producer_agents == NULL || to->consumer_agents == NULL) {
        entry_trial_done(to);
        return errinfo_nomem(reterr);
    }
    return 0;
}
