/* fleet_states_inner: how an agent comes, falls silent, comes back and goes: one table. Private to
 * this module. */
#ifndef MILLRACE_FLEET_STATES_INNER_H
#define MILLRACE_FLEET_STATES_INNER_H

#include "fleet.h"

struct fleet_member;

enum member_event {
    MEMBER_HEARD,  /* A request of it came. */
    MEMBER_QUIET,  /* None for SUSPECT_NS. */
    MEMBER_SILENT, /* None for SILENCE_NS. */
    MEMBER_ENDED,  /* It can't come back: its process ended, or can't be spoken to. */
    MEMBER_LEAVES, /* It said goodbye after it was told to go. */
    MEMBER_EVENT_COUNT
};

/* The state that follows; the same one: the event changes nothing. */
enum fleet_state fleet_state_after(enum fleet_state state, enum member_event event);

/* Of a member that has not changed since it was looked at last; more than it can go through within
 * a turn are not kept, the last ones are. */
#define MEMBER_CHANGES 4

/* Takes an event at now_ns; a change is kept until it is told. why: of one that loses the member;
 * else NULL. */
void fleet_member_take(struct fleet_member *member, enum member_event event, int64_t now_ns,
                       const char *why);

#endif
