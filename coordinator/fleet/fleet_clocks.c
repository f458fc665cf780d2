#include "fleet_clocks_inner.h"

#include "deadlines.h"
#include "fleet_inner.h"
#include "mono.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROOFS 8 /* One burst. */
#define BURST 8
#define PROBES_PER_S_MAX 2000
#define PAUSE_NS NS_PER_S
#define EAGER_NS (3 * NS_PER_S)
#define EAGER_PAUSE_NS (100 * NS_PER_MS)
#define EAGER_AGENTS_MAX                                                                           \
    (PROBES_PER_S_MAX * EAGER_PAUSE_NS / BURST / NS_PER_S) /* More would exceed the budget. */
#define PPB_MAX 1e9
/* That all agents together are told in a second, once the load runs: each takes 60 bytes. Those of
 * a fleet whose agents all read each other would take all of the coordinator's time: the bound of
 * one that is some seconds old is wider by some microseconds. */
#define LINES_PER_S_MAX INT64_C(65536)
#define MOMENT_NS (10 * NS_PER_MS)
#define URGENT_NS (2 * NS_PER_S) /* All agents have asked by then. */
#define VALID_ALWAYS_NS (-INT64_MAX / 4)

static uint32_t index_of(const struct fleet *fleet, const struct fleet_member *member)
{
    return (uint32_t)(member - fleet->members);
}

static bool same_place(const struct hello *a, const char *boot_id, const char *time_namespace)
{
    return a->boot_id[0] != '\0' && strcmp(a->boot_id, boot_id) == 0 &&
           strcmp(a->time_namespace, time_namespace) == 0;
}

/* The coordinator's clock, or that of the first agent of the same host; a claim, so far. */
static uint32_t candidate_of(const struct fleet *fleet, uint32_t index)
{
    const struct hello *hello = &fleet->members[index].agent.hello;

    if (same_place(hello, fleet->boot_id, fleet->time_namespace)) {
        return FLEET_COORDINATOR;
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct fleet_member *other = &fleet->members[i];

        if (other->clock.candidate == i &&
            same_place(hello, other->agent.hello.boot_id, other->agent.hello.time_namespace)) {
            return i;
        }
    }
    return index;
}

int fleet_clocks_admit(struct fleet *fleet, struct fleet_member *member)
{
    struct member_clock *clock = &member->clock;
    int r = clock_relation_new(&clock->relation, NULL);

    if (r == 0) {
        clock->joined_ns = mono_ns();
        clock->candidate = candidate_of(fleet, index_of(fleet, member));
    }
    return r;
}

void fleet_clocks_part(struct fleet *fleet, const struct fleet_member *member)
{
    for (uint32_t i = 0; i < fleet->members_count; i++) {
        struct member_clock *clock = &fleet->members[i].clock;

        clock->candidate = clock->candidate == index_of(fleet, member) ? i : clock->candidate;
    }
}

/* The member whose relation holds for this one, itself if there is no other; or the coordinator. An
 * agent that went probes no more: who shared its relation has its own. */
static uint32_t domain_of(const struct fleet *fleet, uint32_t index)
{
    const struct member_clock *clock = &fleet->members[index].clock;
    uint32_t candidate = clock->candidate;

    if (clock->apart || clock->proofs < PROOFS) {
        return index;
    }
    return candidate != FLEET_COORDINATOR && (fleet_is_lost(fleet, candidate) ||
                                              fleet->members[candidate].agent.state == FLEET_LEFT)
               ? index
               : candidate;
}

static struct clock_estimate own_estimate(const struct member_clock *clock, int64_t now_ns)
{
    /* The relation is kept in the agent's time; a first estimate says what that is now. */
    struct clock_estimate estimate = clock_relation_at(clock->relation, clock->last_t4_ns);

    if (!estimate.known) {
        return estimate;
    }
    estimate = clock_relation_at(clock->relation, now_ns - estimate.offset_ns);
    if (clock->apart_size_ns > 0) {
        int64_t from_ns = clock->apart_ns - estimate.offset_ns;

        estimate.valid_from_ns =
            from_ns > estimate.valid_from_ns ? from_ns : estimate.valid_from_ns;
        estimate.before_ns += clock->apart_size_ns;
    }
    return estimate;
}

struct clock_estimate fleet_clock(const struct fleet *fleet, uint32_t agent, int64_t now_ns)
{
    uint32_t domain = domain_of(fleet, agent);

    return domain == FLEET_COORDINATOR ? clock_estimate_same()
                                       : own_estimate(&fleet->members[domain].clock, now_ns);
}

bool fleet_clock_is_own(const struct fleet *fleet, uint32_t agent)
{
    return domain_of(fleet, agent) == FLEET_COORDINATOR;
}

/* Also tells the agents that read it, before its turn. */
static void queue_doubt(struct fleet *fleet, const struct fleet_doubt *doubt)
{
    uint32_t at = (fleet->doubts_head + fleet->doubts_count) % FLEET_DOUBTS;

    if (fleet->doubts_count == FLEET_DOUBTS) { /* A clock that steps all the time: the last ones. */
        fleet->doubts_head = (fleet->doubts_head + 1) % FLEET_DOUBTS;
    } else {
        fleet->doubts_count++;
    }
    fleet->doubts[at] = *doubt;
    fleet->members[doubt->agent].clock.changed_ns = mono_ns();
}

bool fleet_next_doubt(struct fleet *fleet, struct fleet_doubt *ret)
{
    if (fleet->doubts_count == 0) {
        return false;
    }
    *ret = fleet->doubts[fleet->doubts_head];
    fleet->doubts_head = (fleet->doubts_head + 1) % FLEET_DOUBTS;
    fleet->doubts_count--;
    return true;
}

/* What was told of a clock that was taken for another's was wrong since it joined, for all that is
 * known. */
static void end_domain(struct fleet *fleet, uint32_t index)
{
    struct member_clock *clock = &fleet->members[index].clock;
    struct clock_estimate told = fleet_clock(fleet, index, mono_ns());
    struct clock_estimate own;

    clock->apart = true;
    if (clock->proofs < PROOFS) {
        return; /* Nobody was told. */
    }
    own = own_estimate(clock, mono_ns());
    clock->apart_ns = mono_ns();
    clock->apart_size_ns = llabs(own.offset_ns - told.offset_ns) + own.bound_ns + told.bound_ns;
    queue_doubt(fleet, &(struct fleet_doubt){.agent = index,
                                             .kind = FLEET_DOUBT_APART,
                                             .from_ns = clock->joined_ns,
                                             .until_ns = clock->apart_ns,
                                             .size_ns = clock->apart_size_ns});
}

static void look_for_proof(struct fleet *fleet, struct fleet_member *member,
                           const struct clock_probe *probe)
{
    struct member_clock *clock = &member->clock;
    const struct clock_relation *claimed = NULL;

    if (clock->apart || clock->candidate == index_of(fleet, member)) {
        return;
    }
    if (clock->candidate != FLEET_COORDINATOR) {
        const struct member_clock *other = &fleet->members[clock->candidate].clock;

        if (!clock_relation_at(other->relation, other->last_t4_ns).known) {
            return; /* There is nothing to agree with yet. */
        }
        claimed = other->relation;
    }
    if (!clock_relation_allows(claimed, probe)) {
        end_domain(fleet, index_of(fleet, member));
    } else if (clock->proofs < PROOFS) {
        clock->proofs++;
    }
}

static void look_for_step(struct fleet *fleet, struct fleet_member *member)
{
    struct clock_step step = clock_relation_step(member->clock.relation);
    uint32_t index = index_of(fleet, member);

    if (step.epoch == member->clock.epoch_told) {
        return;
    }
    member->clock.epoch_told = step.epoch;
    if (domain_of(fleet, index) == index) { /* Else nobody was told of its relation. */
        queue_doubt(fleet, &(struct fleet_doubt){.agent = index,
                                                 .kind = FLEET_DOUBT_STEP,
                                                 .from_ns = step.from_ns,
                                                 .until_ns = step.until_ns,
                                                 .size_ns = step.size_ns});
    }
}

void fleet_clocks_take(struct fleet *fleet, struct fleet_member *member,
                       const struct clock_report *report)
{
    struct clock_probe probes[CLOCK_BURST_MAX];

    for (uint32_t i = 0; i < report->exchanges_count; i++) {
        probes[i] = (struct clock_probe){.t1_ns = report->exchanges[i].t1_ns,
                                         .t2_ns = report->exchanges[i].t2_ns,
                                         .t3_ns = report->exchanges[i].t3_ns,
                                         .t4_ns = report->exchanges[i].t4_ns};
    }
    /* Of times that can't be nothing is kept: the fleet asks for the relation at the last one. */
    if (report->exchanges_count == 0 ||
        clock_relation_add(member->clock.relation, probes, report->exchanges_count, NULL) < 0) {
        return;
    }
    member->clock.last_t4_ns = probes[report->exchanges_count - 1].t4_ns;
    for (uint32_t i = 0; i < report->exchanges_count; i++) {
        look_for_proof(fleet, member, &probes[i]);
    }
    look_for_step(fleet, member);
    member->clock.estimated_ns = 0;
}

/* A large fleet joins at once, and would go on in step: a thousand probes that come together wait
 * for each other, and the bounds are as wide as that. So each member has a time of its own within
 * the pause. Counted from the beginning of the burst that was handed in. */
static int64_t pause_in_turn_ns(const struct fleet *fleet, uint32_t index, int64_t pause_ns,
                                const struct clock_report *report)
{
    int64_t own_ns = pause_ns * index / fleet->wanted;
    int64_t from_ns = mono_ns() + pause_ns / 2;
    int64_t next_ns = from_ns + (own_ns - from_ns % pause_ns + pause_ns) % pause_ns;
    int64_t began_ns = report->exchanges[0].t2_ns;

    return began_ns > from_ns - 2 * pause_ns && began_ns < from_ns ? next_ns - began_ns : pause_ns;
}

int64_t fleet_clocks_pause_ns(const struct fleet *fleet, const struct fleet_member *member,
                              const struct clock_report *report)
{
    int64_t fair_ns = BURST * NS_PER_S / PROBES_PER_S_MAX * fleet->wanted;
    /* Of one that has the coordinator's clock nothing is to be learned: it is watched only. */
    bool is_own = fleet_clock_is_own(fleet, index_of(fleet, member));
    bool is_large = fleet->wanted > EAGER_AGENTS_MAX;

    if (!is_own && !is_large && mono_ns() - member->clock.joined_ns < EAGER_NS) {
        return EAGER_PAUSE_NS;
    }
    fair_ns = fair_ns > PAUSE_NS ? fair_ns : PAUSE_NS;
    return is_large && report->exchanges_count > 0
               ? pause_in_turn_ns(fleet, index_of(fleet, member), fair_ns, report)
               : fair_ns;
}

void fleet_clocks_prepare(struct fleet_member *member, const struct assignment *assignment)
{
    memset(member->clock.reads, 0, sizeof member->clock.reads);
    for (uint32_t i = 0; assignment->consumers_count > 0 && i < assignment->writers_count; i++) {
        member->clock.reads[assignment->writers[i].agent] = true;
    }
}

static bool has_changed(const struct member_clock *clock, int64_t now_ns)
{
    return clock->changed_ns != 0 && now_ns - clock->changed_ns < URGENT_NS;
}

/* What was told of its clock is wrong: of itself, or of the one that it shares. */
static bool is_urgent(const struct fleet *fleet, uint32_t index, int64_t now_ns)
{
    uint32_t domain = domain_of(fleet, index);

    return has_changed(&fleet->members[index].clock, now_ns) ||
           (domain != FLEET_COORDINATOR && has_changed(&fleet->members[domain].clock, now_ns));
}

/* Both estimates are of one moment; times of the writer's clock d later are d * (1 + skew) later on
 * the reader's. */
static struct clock_line line_between(uint32_t writer, const struct clock_estimate *own,
                                      const struct clock_estimate *peer, int64_t now_ns)
{
    double own_drift = own->drift_ppb * 1e-9;
    double peer_drift = peer->drift_ppb * 1e-9;
    struct clock_line line = {.agent = writer,
                              .own_ns = now_ns - own->offset_ns,
                              .peer_ns = now_ns - peer->offset_ns,
                              .bound_ns = own->bound_ns + peer->bound_ns,
                              .before_ns = own->before_ns + peer->before_ns,
                              .valid_from_ns = own->valid_from_ns};
    double skew = own_drift > -1.0 ? (peer_drift - own_drift) / (1.0 + own_drift) : 1.0;
    int64_t peer_from_ns;

    line.skew_ppb = fmax(fmin(skew, 1.0), -1.0) * 1e9;
    line.growth_ppb = fmin((own->growth_ppb + peer->growth_ppb) * (1.0 + fabs(skew)), PPB_MAX);
    /* A step is long past, or so near that the drift in between is nothing beside it. */
    peer_from_ns = line.own_ns + (peer->valid_from_ns - line.peer_ns);
    if (peer->before_ns > 0 && peer_from_ns > line.valid_from_ns) {
        line.valid_from_ns = peer_from_ns;
    }
    return line;
}

/* All lines of a moment are made of the same estimates: a thousand agents that read each other have
 * a million. */
static struct clock_estimate estimate_of_moment(struct fleet *fleet, uint32_t index)
{
    uint32_t domain = domain_of(fleet, index);
    struct member_clock *clock;

    if (domain == FLEET_COORDINATOR) {
        return clock_estimate_same();
    }
    clock = &fleet->members[domain].clock;
    if (clock->estimated_ns != fleet->clocks_at_ns) {
        clock->estimate = own_estimate(clock, fleet->clocks_at_ns);
        clock->estimated_ns = fleet->clocks_at_ns;
    }
    return clock->estimate;
}

/* 0 or 1: nothing can be told yet of a clock that is not known. */
static uint32_t line_to(struct fleet *fleet, uint32_t reader, uint32_t writer,
                        struct clock_line *ret)
{
    struct clock_estimate own;
    struct clock_estimate peer;

    if (domain_of(fleet, writer) == domain_of(fleet, reader)) {
        *ret = (struct clock_line){.agent = writer, .valid_from_ns = VALID_ALWAYS_NS};
        return 1;
    }
    own = estimate_of_moment(fleet, reader);
    peer = estimate_of_moment(fleet, writer);
    if (!own.known || !peer.known) {
        return 0;
    }
    *ret = line_between(writer, &own, &peer, fleet->clocks_at_ns);
    return 1;
}

static uint32_t lines_in_turn(const struct fleet *fleet)
{
    uint32_t lines = (uint32_t)(LINES_PER_S_MAX * POLL_ANSWER_NS / NS_PER_S) / fleet->wanted;

    return lines > 0 ? lines : 1;
}

uint32_t fleet_clocks_lines(struct fleet *fleet, struct fleet_member *member, bool all,
                            struct clock_line *ret)
{
    uint32_t reader = index_of(fleet, member);
    uint32_t members = fleet->members_count;
    uint32_t first = member->clock.line_next;
    uint32_t count = 0;
    int64_t now_ns = mono_ns();
    uint32_t room = all || is_urgent(fleet, reader, now_ns) ? members : lines_in_turn(fleet);

    if (now_ns - fleet->clocks_at_ns >= MOMENT_NS) {
        fleet->clocks_at_ns = now_ns;
    }
    for (uint32_t passed = 0; passed < members; passed++) {
        uint32_t i = (first + passed) % members;

        if (!member->clock.reads[i] || i == reader) {
            continue;
        }
        if (room > 0) {
            count += line_to(fleet, reader, i, &ret[count]);
            member->clock.line_next = i + 1;
            room--;
        } else if (is_urgent(fleet, i, now_ns)) {
            count += line_to(fleet, reader, i, &ret[count]);
        }
    }
    return count;
}
