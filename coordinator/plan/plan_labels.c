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

/* Has an agent before that place it? */
static bool is_told(const struct layout *layout, uint32_t places_count, const char *label)
{
    for (uint32_t place = 0; place < places_count; place++) {
        if (plan_labels_have(&layout->agents[layout_agent_at(layout, place)], label)) {
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

int plan_labels_tell_missing(const struct layout *layout, const char *key, const char *label,
                             struct errinfo *reterr)
{
    struct nearest nearest;
    char list[LIST_BYTES] = "";
    size_t used = 0;

    nearest_init(&nearest, label);
    for (uint32_t place = 0; place < layout->agents_count; place++) {
        const struct plan_agent *agent = &layout->agents[layout_agent_at(layout, place)];

        for (uint32_t i = 0; i < agent->labels_count; i++) {
            const char *known = agent->labels[i].text;

            nearest_offer(&nearest, known);
            if (used < LIST_BYTES && !is_told(layout, place, known)) {
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
