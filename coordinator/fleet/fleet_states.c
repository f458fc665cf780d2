/* fleet_states: the states of an agent, from its hello to its end. */
#include "fleet_states_inner.h"

#include "fleet_inner.h"
#include "invariant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Who was given up stays so: its share was counted as lost, or others go on without it. And who
 * said goodbye is not looked for any more. */
static const enum fleet_state after[FLEET_STATE_COUNT][MEMBER_EVENT_COUNT] = {
    [FLEET_JOINED] = {[MEMBER_HEARD] = FLEET_JOINED,
                      [MEMBER_QUIET] = FLEET_SUSPECT,
                      [MEMBER_SILENT] = FLEET_LOST,
                      [MEMBER_ENDED] = FLEET_LOST,
                      [MEMBER_LEAVES] = FLEET_LEFT},
    [FLEET_SUSPECT] = {[MEMBER_HEARD] = FLEET_JOINED,
                       [MEMBER_QUIET] = FLEET_SUSPECT,
                       [MEMBER_SILENT] = FLEET_LOST,
                       [MEMBER_ENDED] = FLEET_LOST,
                       [MEMBER_LEAVES] = FLEET_LEFT},
    [FLEET_LOST] = {[MEMBER_HEARD] = FLEET_FENCED,
                    [MEMBER_QUIET] = FLEET_LOST,
                    [MEMBER_SILENT] = FLEET_LOST,
                    [MEMBER_ENDED] = FLEET_LOST,
                    [MEMBER_LEAVES] = FLEET_FENCED},
    [FLEET_FENCED] = {[MEMBER_HEARD] = FLEET_FENCED,
                      [MEMBER_QUIET] = FLEET_FENCED,
                      [MEMBER_SILENT] = FLEET_FENCED,
                      [MEMBER_ENDED] = FLEET_FENCED,
                      [MEMBER_LEAVES] = FLEET_FENCED},
    [FLEET_LEFT] = {[MEMBER_HEARD] = FLEET_LEFT,
                    [MEMBER_QUIET] = FLEET_LEFT,
                    [MEMBER_SILENT] = FLEET_LEFT,
                    [MEMBER_ENDED] = FLEET_LEFT,
                    [MEMBER_LEAVES] = FLEET_LEFT},
};

static const char *const names[FLEET_STATE_COUNT] = {
    [FLEET_JOINED] = "joined", [FLEET_SUSPECT] = "suspect", [FLEET_LOST] = "lost",
    [FLEET_FENCED] = "fenced", [FLEET_LEFT] = "left",
};

const char *fleet_state_name(enum fleet_state state)
{
    ASSERT((size_t)state < FLEET_STATE_COUNT);
    return names[state];
}

enum fleet_state fleet_state_after(enum fleet_state state, enum member_event event)
{
    ASSERT((size_t)state < FLEET_STATE_COUNT && (size_t)event < MEMBER_EVENT_COUNT);
    return after[state][event];
}

static void keep_change(struct fleet_member *member, int64_t now_ns)
{
    if (member->changes_count == MEMBER_CHANGES) {
        member->changes_count--;
        memmove(member->changes, member->changes + 1,
                member->changes_count * sizeof *member->changes);
    }
    member->changes[member->changes_count++] =
        (struct fleet_change){.state = member->agent.state,
                              .at_ns = now_ns,
                              .silent_ns = now_ns > member->seen_ns ? now_ns - member->seen_ns : 0};
}

void fleet_member_take(struct fleet_member *member, enum member_event event, int64_t now_ns,
                       const char *why)
{
    enum fleet_state before = member->agent.state;
    bool heard = event == MEMBER_HEARD || event == MEMBER_LEAVES;

    /* What it sent before its end is no sign of life. */
    if (heard && member->ended) {
        return;
    }
    member->ended = member->ended || event == MEMBER_ENDED;
    member->agent.state = fleet_state_after(before, event);
    if (member->agent.state != before) {
        keep_change(member, now_ns);
    }
    if (member->agent.state == FLEET_LOST && before != FLEET_LOST) {
        member->agent.lost_ns = now_ns;
        (void)snprintf(member->agent.lost_reason, sizeof member->agent.lost_reason, "%s", why);
    }
    if (heard) {
        member->seen_ns = now_ns;
    }
}

bool fleet_next_change(struct fleet *fleet, struct fleet_change *ret)
{
    for (uint32_t i = 0; i < fleet->members_count; i++) {
        struct fleet_member *member = &fleet->members[i];

        if (member->changes_count > 0) {
            *ret = member->changes[0];
            ret->agent = i;
            member->changes_count--;
            memmove(member->changes, member->changes + 1,
                    member->changes_count * sizeof *member->changes);
            return true;
        }
    }
    return false;
}

int64_t fleet_silent_ns(const struct fleet *fleet, uint32_t agent, int64_t now_ns)
{
    int64_t seen_ns = fleet->members[agent].seen_ns;

    return now_ns > seen_ns ? now_ns - seen_ns : 0;
}

bool fleet_is_lost(const struct fleet *fleet, uint32_t agent)
{
    enum fleet_state state = fleet->members[agent].agent.state;

    return state == FLEET_LOST || state == FLEET_FENCED;
}

int fleet_tell_lost(const struct fleet *fleet, uint32_t agent, struct errinfo *reterr)
{
    const struct fleet_agent *lost = &fleet->members[agent].agent;

    return errinfo_set(reterr, -ECONNRESET, "%s was lost: %s", lost->name, lost->lost_reason);
}

uint32_t fleet_lost(const struct fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->members_count; i++) {
        if (fleet_is_lost(fleet, i)) {
            return i;
        }
    }
    return UINT32_MAX;
}

void fleet_presence(const struct fleet *fleet, bool *ret)
{
    channel_server_peers(fleet->server, ret, fleet->members_count);
    for (uint32_t i = 0; i < fleet->members_count; i++) {
        ret[i] = ret[i] && fleet->members[i].agent.state == FLEET_JOINED;
    }
}

uint32_t fleet_present(const struct fleet *fleet)
{
    bool present[AGENTS_MAX];
    uint32_t count = 0;

    fleet_presence(fleet, present);
    for (uint32_t i = 0; i < fleet->members_count; i++) {
        count += present[i] ? 1 : 0;
    }
    return count;
}

uint32_t fleet_lost_count(const struct fleet *fleet)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < fleet->members_count; i++) {
        count += fleet_is_lost(fleet, i) ? 1 : 0;
    }
    return count;
}
