#include "fleet_libraries.h"

#include <stdio.h>
#include <string.h>

/* NULL: the agent was built without the driver. */
static const char *library_of(const struct hello *hello, const char *driver)
{
    for (uint32_t i = 0; i < hello->backends_count; i++) {
        if (strcmp(hello->backends[i].name, driver) == 0) {
            return hello->backends[i].library;
        }
    }
    return NULL;
}

bool fleet_libraries_differ(const struct fleet *fleet, const char *driver, char text[REASON_BYTES])
{
    const struct fleet_agent *first = NULL;

    for (uint32_t i = 0; i < fleet_agents(fleet); i++) {
        const struct fleet_agent *agent = fleet_agent(fleet, i);
        const char *library = library_of(&agent->hello, driver);

        if (library == NULL) {
            continue;
        }
        if (first == NULL) {
            first = agent;
        } else if (strcmp(library, library_of(&first->hello, driver)) != 0) {
            (void)snprintf(text, REASON_BYTES, "%s on %s, %s on %s",
                           library_of(&first->hello, driver), first->name, library, agent->name);
            return true;
        }
    }
    return false;
}

void fleet_libraries_text(const struct fleet *fleet, uint32_t agent, char text[REASON_BYTES])
{
    const struct hello *hello = &fleet_agent(fleet, agent)->hello;
    size_t used = 0;
    char ignored[REASON_BYTES];

    text[0] = '\0';
    for (uint32_t i = 0; i < hello->backends_count; i++) {
        const struct backend_version *one = &hello->backends[i];

        if (used + strlen(one->library) + 3 < REASON_BYTES &&
            fleet_libraries_differ(fleet, one->name, ignored)) {
            used += (size_t)snprintf(text + used, REASON_BYTES - used, "%s%s",
                                     used == 0 ? "" : ", ", one->library);
        }
    }
}
