/*
 * fleet_inner: the structs of the fleet and what its files share. Private to this module.
 *
 * Who knows whom: fleet.c (making it, commands, its turn) calls fleet_requests.c (what agents ask,
 * one kind at a time) and fleet_door.c (who reaches the port), the former fleet_hello.c (who
 * comes); all call fleet_members.c, fleet_replies.c and fleet_states.c, which only know the
 * structs.
 */
#ifndef MILLRACE_FLEET_INNER_H
#define MILLRACE_FLEET_INNER_H

#include "channel.h"
#include "file.h"
#include "fleet.h"
#include "fleet_clocks_inner.h"
#include "fleet_hosts_inner.h"
#include "fleet_refusals_inner.h"
#include "fleet_states_inner.h"
#include "own_time.h"
#include "text.h"

#define FLEET_COMMANDS 8
#define FLEET_ANSWERS 16
#define FLEET_DOUBTS 64

struct fleet_member {
    struct fleet_agent agent;
    const struct fleet_host *host; /* That it has proved to be; NULL: nobody asked. */
    int64_t seen_ns; /* When it was heard of last, as time goes that this process was there. */
    bool ended;      /* It can't come back. */
    struct fleet_change changes[MEMBER_CHANGES]; /* Not told yet, oldest first. */
    uint32_t changes_count;
    struct channel_request *poll; /* Waits for a command. */
    uint64_t poll_taken;
    int64_t poll_until_ns;
    struct command commands[FLEET_COMMANDS]; /* Not known to be taken yet, oldest first. */
    uint32_t commands_count;
    uint64_t last_command;
    int64_t told_ns;  /* When it was told its only command that it has not taken; 0: none is. */
    int64_t reach_ns; /* Longest from there until it asked for the next, of this trial. */
    struct status answers[FLEET_ANSWERS];  /* By command modulo. */
    uint32_t targets_asked[FLEET_ANSWERS]; /* Likewise: how many targets the command is about. */
    uint32_t snapshot_trial;
    uint64_t snapshot_next;
    struct member_clock clock;
    uint64_t heard[REQUEST_COUNT]; /* Highest sequence of each kind of request. */
};

struct queued_snapshot {
    struct queued_snapshot *next;
    struct snapshot *snapshot;
};

struct fleet {
    struct channel_server *server;
    uint32_t wanted;
    char run_id[NAME_BYTES];
    char boot_id[NAME_BYTES];
    char time_namespace[NAME_BYTES];
    struct fleet_member *members;
    uint32_t members_count;
    bool trial_begun; /* And is the snapshot_trial of all members. */
    bool has_limits;
    struct snapshot_limits limits; /* Of its snapshots. */
    struct queued_snapshot *snapshots_first;
    struct queued_snapshot *snapshots_last;
    bool secured;
    struct fleet_hosts hosts;
    struct fleet_refusals refusals;
    bool long_hello_told;
    uint64_t dropped[FLEET_DROP_COUNT];
    uint64_t files_taken; /* As in fleet_door. */
    int64_t door_looked_ns;
    uint64_t broken;      /* As they were when it was looked last, and ... */
    uint64_t broken_told; /* ... when it was told. */
    int64_t broken_told_ns;
    uint64_t strangers_gone; /* As they were when it was looked last. */
    int64_t trim_ns;         /* When memory goes back to the system; 0: there is no reason to. */
    struct own_time own;     /* Its turns look for agents that fell silent. */
    struct fleet_stall stall;
    int64_t clocks_at_ns; /* Lines that are told are of this moment, a short while ago. */
    struct fleet_doubt doubts[FLEET_DOUBTS]; /* A ring. */
    uint32_t doubts_head;
    uint32_t doubts_count;
};

/* Frees what a member has. */
void fleet_member_done(struct fleet_member *member);

/* It was lost or left before it was given anything to do: another may have its place. */
bool fleet_member_is_gone(const struct fleet_member *member);

/* Makes that place as it was before anybody had it; no clock is taken for its agent's any more. */
void fleet_member_clear(struct fleet *fleet, struct fleet_member *member);

/* The wanted name, with a number if it is taken. NAME_BYTES. */
void fleet_member_name(const struct fleet *fleet, const char *wanted, char *ret);

/* The member of that instance; members_count: there is none. */
uint32_t fleet_find(const struct fleet *fleet, uint64_t instance);

/* Answers or keeps one request; takes it over. */
void fleet_take_request(struct fleet *fleet, struct channel_request *request,
                        int64_t poll_until_ns);

/* Connections that the fleet takes at once. */
uint32_t fleet_connections_max(uint32_t agents_wanted);

/* What strangers do at the port, and what that takes of this process; looks once a second. */
void fleet_look_at_door(struct fleet *fleet, int64_t now_ns);

/* Answers a hello: the agent is of the run from now on, or refused. Takes the request over; so do
 * those below. */
void fleet_take_hello(struct fleet *fleet, struct channel_request *request);

/* An agent of another protocol can't be decoded, but its version is in the frame's head. */
void fleet_refuse_protocol(struct fleet *fleet, struct channel_request *request, uint32_t protocol);

/* Answers with the frame, if it could be encoded, and frees that. */
void fleet_reply(struct channel_request *request, int encoded, struct text *frame);
void fleet_reply_receipt(struct channel_request *request, bool accepted, const char *reason);

/* Counts garbage, and gives it no answer. */
void fleet_drop(struct fleet *fleet, struct channel_request *request);

/* Answers the waiting poll with the next command, or, if `anyway`, with none. */
void fleet_answer_poll(struct fleet *fleet, struct fleet_member *member, bool anyway);

#endif
