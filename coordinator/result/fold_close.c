/* What judging made of a run: searches as they go on, and the closing entry. */
#include "fold_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool has_case(const struct fold *fold, const char *name)
{
    for (uint32_t i = 0; i < fold->cases_count; i++) {
        if (strcmp(fold->cases[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static struct result_search *search_of(struct fold *fold, const char *case_name)
{
    for (uint32_t i = 0; i < fold->searched.searches_count; i++) {
        if (strcmp(fold->searched.searches[i].case_name, case_name) == 0) {
            return &fold->searched.searches[i];
        }
    }
    return NULL;
}

/* Each case is searched once, each step is a trial, and they are told in the order in which they
 * were run: whoever looks up one of many relies on it, and a journal from disk may say anything. */
static int check_searches(const struct fold *fold, const struct findings *findings,
                          struct errinfo *reterr)
{
    if (findings->searches_count > fold->cases_count) {
        return errinfo_set(reterr, -EBADMSG, "%u searches in %u cases, which can't be",
                           findings->searches_count, fold->cases_count);
    }
    if (findings->search_steps_count > fold->trials_count) {
        return errinfo_set(reterr, -EBADMSG, "%u steps of searches in %u trials, which can't be",
                           findings->search_steps_count, fold->trials_count);
    }
    for (uint32_t i = 1; i < findings->search_steps_count; i++) {
        if (findings->search_steps[i].trial <= findings->search_steps[i - 1].trial) {
            return errinfo_set(reterr, -EBADMSG, "a search's step of trial %u after one of %u",
                               findings->search_steps[i].trial,
                               findings->search_steps[i - 1].trial);
        }
    }
    return 0;
}

int fold_add_search(struct fold *fold, const struct entry_search *entry, struct errinfo *reterr)
{
    struct result_search answer = entry->answer;
    struct result_search_step step = entry->step;
    struct result_search *known = search_of(fold, answer.case_name);
    uint32_t steps = fold->searched.search_steps_count;
    const struct findings more = {.searches = &answer,
                                  .searches_count = known == NULL ? 1 : 0,
                                  .search_steps = &step,
                                  .search_steps_count = entry->has_step ? 1 : 0};

    if (!has_case(fold, answer.case_name)) {
        return errinfo_set(reterr, -EBADMSG, "a search in case %s, which the run does not have",
                           answer.case_name);
    }
    if (entry->has_step &&
        (fold->trials_count == 0 ||
         step.trial != fold->trials[fold->trials_count - 1].entry.number ||
         (steps > 0 && step.trial <= fold->searched.search_steps[steps - 1].trial) ||
         strcmp(step.case_name, answer.case_name) != 0)) {
        return errinfo_set(reterr, -EBADMSG, "a search's step of trial %u, which does not fit",
                           step.trial);
    }
    if (known != NULL) {
        *known = answer;
    }
    return findings_append(&fold->searched, &more, reterr);
}

/* Puts copies of from behind the list whose address is given. */
static int append(void *list, uint32_t *count, const void *from, uint32_t more,
                  size_t element_bytes, struct errinfo *reterr)
{
    void **address = list;
    char *grown = realloc(*address, ((size_t)*count + more + 1) * element_bytes);

    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    if (more > 0) {
        memcpy(grown + *count * element_bytes, from, more * element_bytes);
    }
    *address = grown;
    *count += more;
    return 0;
}

int fold_add_close(struct fold *fold, const struct entry_close *close, struct errinfo *reterr)
{
    struct entry_close *own = &fold->close;
    int r;

    if (fold->has_close) {
        return errinfo_set(reterr, -EBADMSG, "the journal ends a second time");
    }
    if (fold_check_unix_time(close->ended_unix_ns, "the end of a run", reterr) < 0) {
        return -EBADMSG;
    }
    fold->part_closes = true;
    r = append(&own->reasons, &own->reasons_count, close->reasons, close->reasons_count,
               sizeof *close->reasons, reterr);
    if (r == 0) {
        r = append(&own->objectives, &own->objectives_count, close->objectives,
                   close->objectives_count, sizeof *close->objectives, reterr);
    }
    if (r == 0) {
        r = findings_append(&own->findings, &close->findings, reterr);
    }
    if (r == 0 && !close->more) {
        r = check_searches(fold, &own->findings, reterr);
        fold->has_close = r == 0;
        own->verdict = close->verdict;
        own->ended_unix_ns = close->ended_unix_ns;
    }
    return r;
}
