#include "findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Appends to the list whose address is given. */
static int append(void *list, uint32_t *count, const void *from, uint32_t more,
                  size_t element_bytes)
{
    void **address = list;
    char *grown = realloc(*address, ((size_t)*count + more + 1) * element_bytes);

    if (grown == NULL) {
        return -ENOMEM;
    }
    if (more > 0) {
        memcpy(grown + *count * element_bytes, from, more * element_bytes);
    }
    *address = grown;
    *count += more;
    return 0;
}

int findings_append(struct findings *to, const struct findings *from, struct errinfo *reterr)
{
    bool done = append(&to->checks, &to->checks_count, from->checks, from->checks_count,
                       sizeof *from->checks) == 0 &&
                append(&to->comparisons, &to->comparisons_count, from->comparisons,
                       from->comparisons_count, sizeof *from->comparisons) == 0 &&
                append(&to->searches, &to->searches_count, from->searches, from->searches_count,
                       sizeof *from->searches) == 0 &&
                append(&to->search_steps, &to->search_steps_count, from->search_steps,
                       from->search_steps_count, sizeof *from->search_steps) == 0 &&
                append(&to->insights, &to->insights_count, from->insights, from->insights_count,
                       sizeof *from->insights) == 0 &&
                append(&to->noise, &to->noise_count, from->noise, from->noise_count,
                       sizeof *from->noise) == 0;

    return done ? 0 : errinfo_nomem(reterr);
}

int findings_copy(const struct findings *from, struct findings *to, struct errinfo *reterr)
{
    struct findings copy = {0};
    int r = findings_append(&copy, from, reterr);

    findings_done(to);
    if (r < 0) {
        findings_done(&copy);
        return r;
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
