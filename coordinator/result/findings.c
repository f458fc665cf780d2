#include "findings.h"

#include "invariant.h"

#include <stdlib.h>
#include <string.h>

const char *check_status_name(enum check_status status)
{
    static const char *const names[] = {
        [CHECK_OK] = "ok", [CHECK_SUSPECT] = "suspect", [CHECK_INVALID] = "invalid"};

    ASSERT((size_t)status < sizeof names / sizeof names[0]);
    return names[status];
}

const char *comparison_verdict_name(enum comparison_verdict verdict)
{
    static const char *const names[] = {[COMPARISON_SAME] = "same",
                                        [COMPARISON_BETTER] = "better",
                                        [COMPARISON_WORSE] = "worse",
                                        [COMPARISON_INCONCLUSIVE] = "inconclusive"};

    ASSERT((size_t)verdict < sizeof names / sizeof names[0]);
    return names[verdict];
}

const char *step_outcome_name(enum step_outcome outcome)
{
    static const char *const names[] = {
        [STEP_GOOD] = "good", [STEP_BAD] = "bad", [STEP_VOID] = "void"};

    ASSERT((size_t)outcome < sizeof names / sizeof names[0]);
    return names[outcome];
}

/* A copy of count elements; an empty list is one of no elements. */
static void *copy_of(const void *from, uint32_t count, size_t element_bytes)
{
    void *to = calloc((size_t)count + 1, element_bytes);

    if (to != NULL && count > 0) {
        memcpy(to, from, count * element_bytes);
    }
    return to;
}

int findings_copy(const struct findings *from, struct findings *to, struct errinfo *reterr)
{
    struct findings copy = *from;

    copy.checks = copy_of(from->checks, from->checks_count, sizeof *from->checks);
    copy.comparisons =
        copy_of(from->comparisons, from->comparisons_count, sizeof *from->comparisons);
    copy.searches = copy_of(from->searches, from->searches_count, sizeof *from->searches);
    copy.search_steps =
        copy_of(from->search_steps, from->search_steps_count, sizeof *from->search_steps);
    copy.insights = copy_of(from->insights, from->insights_count, sizeof *from->insights);
    copy.noise = copy_of(from->noise, from->noise_count, sizeof *from->noise);
    findings_done(to);
    if (copy.checks == NULL || copy.comparisons == NULL || copy.searches == NULL ||
        copy.search_steps == NULL || copy.insights == NULL || copy.noise == NULL) {
        findings_done(&copy);
        return errinfo_nomem(reterr);
    }
    *to = copy;
    return 0;
}

void findings_done(struct findings *findings)
{
    free(findings->checks);
    free(findings->comparisons);
    free(findings->searches);
    free(findings->search_steps);
    free(findings->insights);
    free(findings->noise);
    memset(findings, 0, sizeof *findings);
}
