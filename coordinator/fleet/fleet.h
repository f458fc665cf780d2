/*
 * fleet: the agents of a run: who is present, what they were told and answered, how their clocks
 * relate, who was lost.
 *
 * Agents ask, the fleet answers; everything happens in fleet_turn(), on the caller's one thread. A
 * command stays with its agent until it was answered or the agent is lost. What can't be decoded,
 * and what is not of an agent of this run, is refused and counted; of the latter nothing but the
 * head is read. Connections are bounded, and those that no agent of the run speaks through are
 * closed.
 */
#ifndef MILLRACE_FLEET_H
#define MILLRACE_FLEET_H

#include "clock_relation.h"
#include "control_messages.h"
#include "errinfo.h"
#include "hmac.h"

#include <stdbool.h>
#include <stdint.h>

struct channel_security;

/* Who may join with the join file of that name. */
struct fleet_host {
    char name[NAME_BYTES];
    uint8_t secret[HMAC_BYTES];
    uint32_t fleet_count; /* So many agents, each with a name of its own; 0: one, of that name. */
    bool is_numbered;     /* Of those names: they are "NAME/1" and so on, processes of one host. */
};

/* Who may reach a fleet, and be of it. Of zeros: whoever says hello, on this host. */
struct fleet_access {
    const struct channel_security *security; /* NULL: in clear. */
    bool insecure; /* In clear beyond loopback, as whoever started it has asked for. */
    /* With any, an agent has to prove that it has the secret of one of them, and is given nothing
     * before; without, whoever says hello is an agent. */
    const struct fleet_host *hosts;
    uint32_t hosts_count;
    bool by_token; /* Certificates are of an own PKI: all who may join share the one secret. */
    /* Asked at each request: once false, the host is sent away. NULL: they stay. */
    bool (*is_enrolled)(const void *context, const char *name);
    const void *context;
};

struct fleet_config {
    const char *url;
    uint32_t agents_wanted; /* Later ones are refused. */
    const char *run_id;
    struct fleet_access access; /* Copied, but for the context; with its hosts. */
};

enum fleet_state {
    FLEET_JOINED,
    FLEET_SUSPECT, /* Not heard of for SUSPECT_NS. */
    FLEET_LOST,    /* Nor for SILENCE_NS, or its process ended: given up, for good. */
    FLEET_FENCED,  /* Was lost, and came back: told to go, and nothing of it is taken. */
    FLEET_LEFT,    /* Said goodbye after it was told to go. */
    FLEET_STATE_COUNT
};

/* "joined", "suspect", ... */
const char *fleet_state_name(enum fleet_state state);

#define FLEET_PEER_BYTES 64

struct fleet_agent {
    struct hello hello;
    char name[NAME_BYTES];       /* Unique within the fleet. */
    char peer[FLEET_PEER_BYTES]; /* Where its hello came from: "10.83.0.2:51234", or "". */
    enum fleet_state state;
    char lost_reason[REASON_BYTES]; /* Of a lost or fenced one. */
    int64_t lost_ns;                /* Likewise: when it was given up; this process's clock. */
};

struct fleet;

/*
 * May a fleet listen there? Without certificates whoever reaches it and says hello is taken for an
 * agent: he would be given the targets and their passwords, in clear. So only this host may reach
 * it. 0; -EPERM for an address beyond loopback unless it is secured, -EINVAL for what is no
 * address, with the sentence for whoever asked for it. A name is beyond loopback, but for
 * localhost: who it leads to is others' to say.
 */
int fleet_may_listen(const char *url, bool secured, struct errinfo *reterr);

/* Listens, where fleet_may_listen() lets it. *ret_url is the url to join; the caller frees it. */
int fleet_new(const struct fleet_config *config, struct fleet **ret, char **ret_url,
              struct errinfo *reterr);
void fleet_free(struct fleet *fleet);

/* Answers what has come, waiting at most timeout_ms for the first; finds agents that fell silent.
 */
void fleet_turn(struct fleet *fleet, int timeout_ms);

/* This process stood still: stopped and continued, or its host was. Agents may have been heard of
 * since, or will be: silence counts from then on. */
struct fleet_stall {
    int64_t from_ns;
    int64_t until_ns; /* 0: there was none. */
};

/* The last one that lasted STANDSTILL_NS or longer, once; false if there is none. */
bool fleet_take_stall(struct fleet *fleet, struct fleet_stall *ret);

/* For how long this process stood still in all: time that is nobody's delay. */
int64_t fleet_stood_ns(const struct fleet *fleet);

uint32_t fleet_agents(const struct fleet *fleet);
const struct fleet_agent *fleet_agent(const struct fleet *fleet, uint32_t agent);

/* Why an agent was refused, who can't get in, or that nobody can as all open files are taken: the
 * next such sentence, "" if there is none. Valid until the next call. */
const char *fleet_refusal(struct fleet *fleet);

/* That a host waits for another run, as it is not among those of this one: the next such sentence,
 * "" if there is none. Valid until the next call. */
const char *fleet_bystander(struct fleet *fleet);

/* Why an agent of that host, by its number in fleet_access, was refused last; "": none was. */
const char *fleet_host_refusal(const struct fleet *fleet, uint32_t host);

/* Why a request was not taken. */
enum fleet_drop {
    FLEET_DROP_GARBAGE,   /* Not ours at all, or not what its head says. */
    FLEET_DROP_OTHER_RUN, /* Of an agent that was another coordinator's, at this address before;
                           * hosts by their join files are sent to say hello, and not counted. */
    FLEET_DROP_STRANGER,  /* Of no agent of this run, or of an earlier instance of one. */
    FLEET_DROP_LOST,      /* Of an agent that was declared lost. */
    FLEET_DROP_LATE,      /* A copy that was overtaken by a later request. */
    FLEET_DROP_REMOVED,   /* Of a host that was removed since the run began. */
    FLEET_DROP_COUNT
};

/* "came from agents of another run", ...: goes on "N requests ...". */
const char *fleet_drop_words(enum fleet_drop reason);

/* Requests that were not taken, for this reason. */
uint64_t fleet_dropped(const struct fleet *fleet, enum fleet_drop reason);

/* Connections that were closed: whoever reaches the port can make some. */
struct fleet_door {
    uint32_t connections_max; /* At once: twice the agents, and some more. */
    uint64_t surplus;         /* Came beyond them, and were closed at once. */
    uint64_t unknown;         /* Had not said a valid hello in UNKNOWN_NS. */
    uint64_t broken; /* Ended in the handshake of TLS; there may be more that NNG told nobody. */
    uint64_t files_taken; /* That many open files there may be, and all were taken once; or 0. */
};

struct fleet_door fleet_door(const struct fleet *fleet);

/* Declares an agent lost that can't come back (its process ended). */
void fleet_lose(struct fleet *fleet, uint32_t agent, const char *reason);

/* Is the agent lost, fenced or not? */
bool fleet_is_lost(const struct fleet *fleet, uint32_t agent);

/* Who is there: not gone, not unheard of for a while, and connected. ret: of fleet_agents(). */
void fleet_presence(const struct fleet *fleet, bool *ret);

/* How many of them. */
uint32_t fleet_present(const struct fleet *fleet);

/* -ECONNRESET, with "load2 was lost: it has fallen silent". */
int fleet_tell_lost(const struct fleet *fleet, uint32_t agent, struct errinfo *reterr);

/* First agent that was lost, or UINT32_MAX; and how many were. */
uint32_t fleet_lost(const struct fleet *fleet);
uint32_t fleet_lost_count(const struct fleet *fleet);

/* An agent came into another state. */
struct fleet_change {
    uint32_t agent;
    enum fleet_state state; /* JOINED: it was suspect, and is back. */
    int64_t at_ns;          /* This process's clock. */
    int64_t silent_ns;      /* For how long it had not been heard of by then. */
};

/* For how long the agent has not been heard of by now_ns. */
int64_t fleet_silent_ns(const struct fleet *fleet, uint32_t agent, int64_t now_ns);

/* The next one, each once; of one agent in their order. */
bool fleet_next_change(struct fleet *fleet, struct fleet_change *ret);

/* Gives an agent a command and takes over what it owns; returns its number. A lost agent gets none
 * (0). */
uint64_t fleet_command(struct fleet *fleet, uint32_t agent, struct command *command);

/* The answer to that command; NULL while there is none. Without an error it has a result for each
 * of the command's targets: one that lacks some is -EBADMSG. Valid until 16 later commands of this
 * agent. */
const struct status *fleet_answer(const struct fleet *fleet, uint32_t agent, uint64_t command);

/* A trial begins: from now on snapshots are taken of it alone, counted from 0 again, and with lists
 * within its limits (NULL: not known). Before the first call none is taken. Before its first
 * command, and after all snapshots of the trial before it were taken out. */
void fleet_begin_trial(struct fleet *fleet, uint32_t trial, const struct snapshot_limits *limits);

/* The longest that a command of this trial took, of any agent, from being told until the agent had
 * it and asked for the next: what way there and back, both hosts and all other agents cost. 0: none
 * was told yet. */
int64_t fleet_reach_ns(const struct fleet *fleet);

/* Next snapshot in order of arrival, each once; the caller owns it. NULL if there is none. */
struct snapshot *fleet_next_snapshot(struct fleet *fleet);

/*
 * Clock of the agent against this process's at now_ns: coordinator's minus the agent's. Agents with
 * equal boot id and time namespace that eight probes agree with have one clock, and one relation;
 * so has the coordinator with those of its host, with offset 0 and bound 0. The first probe that
 * does not agree ends that for good.
 */
struct clock_estimate fleet_clock(const struct fleet *fleet, uint32_t agent, int64_t now_ns);

/* Is the agent's clock proven to be this process's own? */
bool fleet_clock_is_own(const struct fleet *fleet, uint32_t agent);

enum fleet_doubt_kind {
    FLEET_DOUBT_STEP, /* It stepped, or its pace jumped. */
    FLEET_DOUBT_APART /* It was taken for another agent's or this process's, and is not. */
};

/* What was told of an agent's clock was wrong for a while. */
struct fleet_doubt {
    uint32_t agent;
    enum fleet_doubt_kind kind;
    int64_t from_ns; /* This process's clock. */
    int64_t until_ns;
    int64_t size_ns; /* By that much at most. */
};

/* The next one that was found out, each once; the last 64 are kept. */
bool fleet_next_doubt(struct fleet *fleet, struct fleet_doubt *ret);

#endif
