/*
 * The agents of a run. One that was resumed has them part by part: an agent that looks the same as
 * one of before is the same row, any other stands behind them. So does one that was lost before:
 * what it had then is missing all the same. Trials know theirs by the order in which the part told
 * them.
 */
#include "fold_inner.h"

#include "invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_same(const struct result_agent *a, const struct result_agent *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->host, b->host) == 0 &&
           strcmp(a->kernel, b->kernel) == 0 && strcmp(a->version, b->version) == 0 &&
           a->cpus == b->cpus && a->memory_bytes == b->memory_bytes;
}

static bool is_taken(const struct fold_part *part, uint32_t row)
{
    for (uint32_t i = 0; i < part->agents_count; i++) {
        if (part->agents[i] == row) {
            return true;
        }
    }
    return false;
}

/* Where the agent has been before this part; behind all of them: nowhere. */
static uint32_t row_of(const struct fold *fold, const struct fold_part *part,
                       const struct result_agent *agent)
{
    uint32_t row = 0;

    while (row < fold->agents_count &&
           (is_taken(part, row) || fold->agents[row].lost || !is_same(&fold->agents[row], agent))) {
        row++;
    }
    return row;
}

static bool was_in(const uint32_t *agents, uint32_t agents_count, uint32_t row)
{
    for (uint32_t i = 0; i < agents_count; i++) {
        if (agents[i] == row) {
            return true;
        }
    }
    return false;
}

/* How the part differs from the one before it that had agents. */
static void compare_parts(struct fold *fold)
{
    struct fold_part *part = &fold->part;
    struct result_resume *resume;

    if (fold->resumes_count == 0) {
        return;
    }
    resume = &fold->resumes[fold->resumes_count - 1];
    resume->agents_count = part->agents_count;
    resume->agents_new = 0;
    resume->agents_gone = 0;
    for (uint32_t i = 0; fold->before.agents_count > 0 && i < part->agents_count; i++) {
        resume->agents_new +=
            was_in(fold->before.agents, fold->before.agents_count, part->agents[i]) ? 0 : 1;
    }
    for (uint32_t i = 0; i < fold->before.agents_count; i++) {
        resume->agents_gone +=
            was_in(part->agents, part->agents_count, fold->before.agents[i]) ? 0 : 1;
    }
}

/* What is told last is the most, but for what is of the part alone. Its share can't be put together
 * of those of the parts: they say nothing of each other. */
static void take_agent(struct fold *fold, uint32_t row, const struct result_agent *agent)
{
    uint32_t clients = row < fold->part.rows_before ? fold->agents[row].clients : 0;

    fold->agents[row] = *agent;
    fold->agents[row].clients = clients > agent->clients ? clients : agent->clients;
}

int fold_add_agents(struct fold *fold, const struct entry_agents *entry, struct errinfo *reterr)
{
    struct fold_part *part = &fold->part;
    bool begun = fold->trials_count > part->trials_before;
    uint32_t known = begun ? part->agents_count : 0;
    struct result_agent *grown;
    uint32_t *rows;

    if (entry->agents_count > AGENTS_MAX || entry->agents_count < known ||
        (begun ? fold->agents_count : part->rows_before) + entry->agents_count - known >
            AGENTS_MAX) {
        return errinfo_set(reterr, -EBADMSG, "a list of %u agents, which can't be",
                           entry->agents_count);
    }
    grown = realloc(fold->agents,
                    ((size_t)fold->agents_count + entry->agents_count + 1) * sizeof *grown);
    fold->agents = grown == NULL ? fold->agents : grown;
    rows = realloc(part->agents, ((size_t)entry->agents_count + 1) * sizeof *rows);
    part->agents = rows == NULL ? part->agents : rows;
    if (grown == NULL || rows == NULL) {
        return errinfo_nomem(reterr);
    }
    if (!begun) { /* No trial points into what was told before of this part. */
        fold->agents_count = part->rows_before;
    }
    part->agents_count = known;
    for (uint32_t i = 0; i < entry->agents_count; i++) {
        uint32_t row = i < known ? part->agents[i] : row_of(fold, part, &entry->agents[i]);

        fold->agents_count += row == fold->agents_count ? 1 : 0;
        take_agent(fold, row, &entry->agents[i]);
        part->agents[i] = row;
        part->agents_count = i < known ? known : i + 1;
    }
    compare_parts(fold);
    return 0;
}

int fold_add_resumed(struct fold *fold, const struct result_resume *entry, struct errinfo *reterr)
{
    struct result_resume *grown;

    if (fold->has_close || fold->part_closes) {
        return errinfo_set(reterr, -EBADMSG, "the run was resumed after its end");
    }
    if (fold_check_unix_time(entry->left_unix_ns, "the end of a part", reterr) < 0 ||
        fold_check_unix_time(entry->resumed_unix_ns, "a resumption", reterr) < 0) {
        return -EBADMSG;
    }
    if (fold->trials_count > 0 && !fold->trials[fold->trials_count - 1].has_end) {
        return errinfo_set(reterr, -EBADMSG, "the run was resumed within a trial");
    }
    if (fold->resumes_count >= RESUMES_MAX) {
        return errinfo_set(reterr, -EBADMSG, "the run was resumed more than %d times", RESUMES_MAX);
    }
    grown = realloc(fold->resumes, ((size_t)fold->resumes_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    fold->resumes = grown;
    fold->resumes[fold->resumes_count] = *entry;
    fold->resumes[fold->resumes_count].agents_count = 0;
    fold->resumes[fold->resumes_count].agents_new = 0;
    fold->resumes[fold->resumes_count].agents_gone = 0;
    fold->resumes_count++;
    if (fold->part.agents_count > 0) { /* One that ended while it waited for agents has none. */
        free(fold->before.agents);
        fold->before = fold->part;
    } else {
        free(fold->part.agents);
    }
    fold->part =
        (struct fold_part){.rows_before = fold->agents_count, .trials_before = fold->trials_count};
    return 0;
}

int fold_name_agents(const struct fold *fold, const struct fold_trial *trial,
                     struct result_agent **ret, struct errinfo *reterr)
{
    struct result_agent *agents = calloc((size_t)trial->entry.agents_count + 1, sizeof *agents);

    if (agents == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        ASSERT(trial->agent_rows[i] < fold->agents_count);
        agents[i] = fold->agents[trial->agent_rows[i]];
    }
    *ret = agents;
    return 0;
}

void fold_live_agents(const struct fold *fold, uint32_t agents_count, struct fold_live_agent *ret)
{
    const struct fold_trial *trial =
        fold->trials_count == 0 ? NULL : &fold->trials[fold->trials_count - 1];

    memset(ret, 0, agents_count * sizeof *ret);
    for (uint32_t i = 0; trial != NULL && i < agents_count && i < trial->entry.agents_count; i++) {
        ret[i] = trial->agents[i].live;
    }
}
