#include "plan_labels_inner.h"

#include "nearest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LIST_BYTES 256

bool plan_labels_have(const struct plan_agent *agent, const char *label)
{
    for (uint32_t i = 0; i < agent->labels_count; i++) {
        if (strcmp(agent->labels[i].text, label) == 0) {
            return true;
        }
    }
    return false;
}

/* Did an agent before this one have it? */
static bool is_told(const struct plan_agent *agents, uint32_t agents_count, const char *label)
{
    for (uint32_t a = 0; a < agents_count; a++) {
        if (plan_labels_have(&agents[a], label)) {
            return true;
        }
    }
    return false;
}

/* Adds one to the list, or "..." once there is no room. */
static size_t add_label(char *list, size_t used, const char *label)
{
    size_t bytes = strlen(label) + 2;

    if (used == 0) {
        return (size_t)snprintf(list, LIST_BYTES, "%s", label);
    }
    if (used + bytes + sizeof ", ..." > LIST_BYTES) {
        (void)snprintf(list + used, LIST_BYTES - used, ", ...");
        return LIST_BYTES;
    }
    return used + (size_t)snprintf(list + used, LIST_BYTES - used, ", %s", label);
}

int plan_labels_tell_missing(const struct plan_agent *agents, uint32_t agents_count,
                             const char *key, const char *label, struct errinfo *reterr)
{
    struct nearest nearest;
    char list[LIST_BYTES] = "";
    size_t used = 0;

    nearest_init(&nearest, label);
    for (uint32_t a = 0; a < agents_count; a++) {
        for (uint32_t i = 0; i < agents[a].labels_count; i++) {
            const char *known = agents[a].labels[i].text;

            nearest_offer(&nearest, known);
            if (used < LIST_BYTES && !is_told(agents, a, known)) {
                used = add_label(list, used, known);
            }
        }
    }
    if (used == 0) {
        return errinfo_set(
            reterr, -EINVAL,
            "placement.%s: no host has the label %s, nor any other: give it one with "
            "`millrace hosts add NAME --label %s`",
            key, label, label);
    }
    return errinfo_set(reterr, -EINVAL, "placement.%s: no host has the label %s (%s%s%s%s)", key,
                       label, nearest.best != NULL ? "did you mean " : "there are ",
                       nearest.best != NULL ? nearest.best : list,
                       nearest.best != NULL ? "? There are " : "",
                       nearest.best != NULL ? list : "");
}
