/* fleet_clocks_inner: which agents share a clock, how the clocks of others relate, and what of it
 * each agent is told. Private to this module. */
#ifndef MILLRACE_FLEET_CLOCKS_INNER_H
#define MILLRACE_FLEET_CLOCKS_INNER_H

#include "fleet.h"

struct fleet_member;

/* Of one member. It starts in no domain but its own. */
struct member_clock {
    struct clock_relation *relation; /* Of its own probes alone. */
    int64_t last_t4_ns;
    int64_t joined_ns;
    uint32_t
        candidate;    /* The member whose clock it claims to share, FLEET_COORDINATOR, or itself. */
    uint32_t proofs;  /* Probes that agreed with that. */
    bool apart;       /* One did not: from then on it is a domain of its own. */
    int64_t apart_ns; /* Since then, on this process's clock, it has been told otherwise; */
    int64_t apart_size_ns; /* before, it was wrong by up to that. */
    uint32_t epoch_told;
    int64_t changed_ns; /* Since then, on this process's clock, what was told before is wrong. */
    struct clock_estimate estimate; /* At the fleet's clocks_at_ns, if that is ... */
    int64_t estimated_ns;           /* ... this. */
    uint32_t line_next;             /* The member that its next line is about. */
    bool reads[AGENTS_MAX]; /* What these agents write, in the trial that was prepared last. */
};

#define FLEET_COORDINATOR UINT32_MAX

/* Of a new member. 0 or -ENOMEM. */
int fleet_clocks_admit(struct fleet *fleet, struct fleet_member *member);

/* The member goes: whose clock was taken for its has its own. */
void fleet_clocks_part(struct fleet *fleet, const struct fleet_member *member);

/* Takes one burst of a member; of times that can't be nothing is kept. */
void fleet_clocks_take(struct fleet *fleet, struct fleet_member *member,
                       const struct clock_report *report);

/* From the beginning of the member's burst, which it hands in or makes, to that of its next one:
 * all together have a budget. */
int64_t fleet_clocks_pause_ns(const struct fleet *fleet, const struct fleet_member *member,
                              const struct clock_report *report);

/* Remembers whose messages the member will receive. */
void fleet_clocks_prepare(struct fleet_member *member, const struct assignment *assignment);

/* How the member reads the clocks of these now: of all whose messages it receives (at most
 * AGENTS_MAX), or of as many as its share of the fleet's budget allows, each of them in its turn;
 * their number. */
uint32_t fleet_clocks_lines(struct fleet *fleet, struct fleet_member *member, bool all,
                            struct clock_line *ret);

#endif
