/* launch_plan: where the agents are to be that were asked for. */
#include "launch.h"

#include "invariant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_taken(const struct launch_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->places[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

int launch_plan_add(struct launch_plan *plan, const char *name, const char *where,
                    struct errinfo *reterr)
{
    struct launch_place place;
    struct launch_place *places;
    uint32_t number = 1;

    ASSERT(strlen(name) < sizeof place.name && strlen(where) < sizeof place.where);
    if (plan->count == AGENTS_MAX) {
        return errinfo_set(reterr, -EINVAL, "more agents than the %d that a run has at most",
                           AGENTS_MAX);
    }
    (void)snprintf(place.name, sizeof place.name, "%s", name);
    (void)snprintf(place.where, sizeof place.where, "%s", where);
    while (is_taken(plan, place.name)) {
        (void)snprintf(place.name, sizeof place.name, "%.50s-%u", name, ++number);
    }
    places = realloc(plan->places, (plan->count + 1) * sizeof *places);
    if (places == NULL) {
        return errinfo_nomem(reterr);
    }
    places[plan->count++] = place;
    plan->places = places;
    return 0;
}

void launch_plan_done(struct launch_plan *plan)
{
    free(plan->places);
    memset(plan, 0, sizeof *plan);
}
