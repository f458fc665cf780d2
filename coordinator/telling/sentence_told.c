/* Which reasons the sentence tells already. There may be thousands of them and of objectives, so
 * nothing here goes through all of one for each of the other. */
#include "sentence.h"

#include "errinfo.h"

#include <stdlib.h>
#include <string.h>

static int compare_reasons(const void *a, const void *b)
{
    const struct result_reason *const *left = a;
    const struct result_reason *const *right = b;
    int r = strcmp((*left)->case_name, (*right)->case_name);

    r = r != 0 ? r : strcmp((*left)->text, (*right)->text);
    return r != 0 ? r : (*left > *right) - (*left < *right);
}

/* All but the first of those that say the same. */
static int find_repeated(const struct result *result, bool *told)
{
    const struct result_reason **sorted =
        calloc((size_t)result->reasons_count + 1, sizeof(const struct result_reason *));

    if (sorted == NULL) {
        return errinfo_nomem(NULL);
    }
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        sorted[i] = &result->reasons[i];
    }
    qsort(sorted, result->reasons_count, sizeof(const struct result_reason *), compare_reasons);
    for (uint32_t i = 1; i < result->reasons_count; i++) {
        if (strcmp(sorted[i]->text, sorted[i - 1]->text) == 0 &&
            strcmp(sorted[i]->case_name, sorted[i - 1]->case_name) == 0) {
            told[sorted[i] - result->reasons] = true;
        }
    }
    free(sorted);
    return 0;
}

/* A missed objective's reason begins with the objective. */
static void find_of_objective(const struct result *result, const struct result_objective *objective,
                              bool *told)
{
    size_t bytes = strlen(objective->text);

    for (uint32_t i = 0; i < result->reasons_count; i++) {
        const struct result_reason *reason = &result->reasons[i];

        told[i] = told[i] || (strcmp(objective->case_name, reason->case_name) == 0 &&
                              strncmp(reason->text, objective->text, bytes) == 0);
    }
}

/* The sentence has room for a few of them. */
static int find_of_objectives(const char *sentence, const struct result *result, bool *told)
{
    struct text text = {0};
    bool failed = false;

    for (uint32_t i = 0; i < result->objectives_count && !failed; i++) {
        const struct result_objective *objective = &result->objectives[i];

        if (objective->met != MET_NO) {
            continue;
        }
        text.bytes_count = 0;
        sentence_objective(objective, &text);
        failed = text_failed(&text);
        if (!failed && strstr(sentence, text.bytes) != NULL) {
            find_of_objective(result, objective, told);
        }
    }
    text_done(&text);
    return failed ? errinfo_nomem(NULL) : 0;
}

int sentence_told(const char *sentence, const struct result *result, bool **ret)
{
    bool *told = calloc((size_t)result->reasons_count + 1, sizeof *told);
    int r;

    if (told == NULL) {
        return errinfo_nomem(NULL);
    }
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        told[i] = strstr(sentence, result->reasons[i].text) != NULL;
    }
    r = find_repeated(result, told);
    r = r < 0 ? r : find_of_objectives(sentence, result, told);
    if (r < 0) {
        free(told);
        return r;
    }
    *ret = told;
    return 0;
}
