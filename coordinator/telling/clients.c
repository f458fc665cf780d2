#include "clients.h"

#include <stdio.h>
#include <string.h>

const char *clients_driver(const struct result_case *result_case, char *text)
{
    (void)snprintf(text, CLIENTS_DRIVER_BYTES, "%s%s%s", result_case->backend,
                   result_case->client[0] == '\0' ? "" : "/", result_case->client);
    return text;
}

bool clients_differ(const struct result_case *a, const struct result_case *b)
{
    return strcmp(a->backend, b->backend) == 0 && strcmp(a->client, b->client) != 0;
}

static bool is_same(const struct result_case *a, const struct result_case *b)
{
    return strcmp(a->backend, b->backend) == 0 && strcmp(a->client, b->client) == 0;
}

static bool is_told(const struct result_case *result_case)
{
    return result_case->client[0] != '\0' && result_case->trials_count > 0;
}

bool clients_mixed(const struct result *result)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (is_told(&result->cases[i]) && is_told(&result->cases[j]) &&
                clients_differ(&result->cases[i], &result->cases[j])) {
                return true;
            }
        }
    }
    return false;
}

static const char *library_of(const struct result *result, const struct result_case *of)
{
    char driver[CLIENTS_DRIVER_BYTES];

    (void)clients_driver(of, driver);
    for (uint32_t i = 0; i < result->versions_count; i++) {
        if (strcmp(result->versions[i].name, driver) == 0) {
            return result->versions[i].value;
        }
    }
    return NULL;
}

/* Whether a case before that one is of the same client, and of the same target if asked for. */
static bool came_before(const struct result *result, uint32_t index, bool same_target)
{
    const struct result_case *of = &result->cases[index];

    for (uint32_t i = 0; i < index; i++) {
        const struct result_case *before = &result->cases[i];

        if (is_told(before) && is_same(before, of) &&
            (!same_target || strcmp(before->target, of->target) == 0)) {
            return true;
        }
    }
    return false;
}

static void add_targets(const struct result *result, uint32_t first, struct text *out)
{
    for (uint32_t i = first; i < result->cases_count; i++) {
        const struct result_case *of = &result->cases[i];

        if (is_told(of) && is_same(of, &result->cases[first]) && !came_before(result, i, true)) {
            text_addf(out, "%s%s", i == first ? " on " : ", ", of->target);
        }
    }
}

bool clients_line(const struct result *result, struct text *out)
{
    bool any = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *of = &result->cases[i];
        const char *library = library_of(result, of);

        if (!is_told(of) || came_before(result, i, false)) {
            continue;
        }
        text_addf(out, "%sclient %s", any ? "; " : "", of->client);
        if (library != NULL) {
            text_addf(out, " (%s)", library);
        }
        add_targets(result, i, out);
        any = true;
    }
    if (clients_mixed(result)) {
        text_add(out, ": what differs between them may come from the client, not the broker");
    }
    return any;
}
