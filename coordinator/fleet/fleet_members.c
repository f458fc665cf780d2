/* fleet_members: the agents of a fleet: found, named, lost for good. */
#include "fleet_inner.h"
#include "mono.h"

#include <stdio.h>
#include <string.h>

void fleet_member_done(struct fleet_member *member)
{
    for (uint32_t i = 0; i < member->commands_count; i++) {
        command_done(&member->commands[i]);
    }
    for (uint32_t i = 0; i < FLEET_ANSWERS; i++) {
        status_done(&member->answers[i]);
    }
    if (member->poll != NULL) {
        channel_request_drop(member->poll);
    }
    clock_relation_free(member->clock.relation);
}

bool fleet_member_is_gone(const struct fleet_member *member)
{
    enum fleet_state state = member->agent.state;

    return member->last_command == 0 &&
           (state == FLEET_LOST || state == FLEET_FENCED || state == FLEET_LEFT);
}

void fleet_member_clear(struct fleet *fleet, struct fleet_member *member)
{
    fleet_clocks_part(fleet, member);
    fleet_member_done(member);
    memset(member, 0, sizeof *member);
}

uint32_t fleet_agents(const struct fleet *fleet)
{
    return fleet->members_count;
}

const struct fleet_agent *fleet_agent(const struct fleet *fleet, uint32_t agent)
{
    return &fleet->members[agent].agent;
}

uint32_t fleet_find(const struct fleet *fleet, uint64_t instance)
{
    uint32_t index = 0;

    while (index < fleet->members_count && fleet->members[index].agent.hello.instance != instance) {
        index++;
    }
    return index;
}

void fleet_lose(struct fleet *fleet, uint32_t agent, const char *reason)
{
    fleet_member_take(&fleet->members[agent], MEMBER_ENDED, mono_ns(), reason);
}

void fleet_member_name(const struct fleet *fleet, const char *wanted, char *ret)
{
    uint32_t number = 1;
    bool taken;

    (void)snprintf(ret, NAME_BYTES, "%s", wanted[0] == '\0' ? "agent" : wanted);
    do {
        taken = false;
        for (uint32_t i = 0; i < fleet->members_count; i++) {
            taken = taken || strcmp(fleet->members[i].agent.name, ret) == 0;
        }
        if (taken) {
            (void)snprintf(ret, NAME_BYTES, "%.50s-%u", wanted, ++number);
        }
    } while (taken);
}
