/*
 * deadlines: every time budget of the control plane, with the relations between them. A budget
 * that stands alone ends up contradicting another one: raise it here, and the assertions say what
 * goes with it. What concerns a single driver or the load stays where it is used.
 */
#ifndef MILLRACE_DEADLINES_H
#define MILLRACE_DEADLINES_H

#include "mono.h"

#include <assert.h>

/* ---- Talking: agents ask, the coordinator answers ---- */

#define TURN_MS 20                    /* The coordinator looks around that often. */
#define POLL_ANSWER_NS (NS_PER_S / 2) /* A poll without a command is answered after that. */
#define POLL_MS 3000                  /* An agent waits that long for it. */
#define TRY_MS 2000                   /* And for any other answer. */
/* What is posted again waits longer each time: a coordinator that is overwhelmed would answer only
 * what was given up, and has it again before it. Polls tell that it is there. */
#define TRY_MS_MAX 8000
#define CALL_RETRY_NS (200 * NS_PER_MS) /* Then it asks again. */
#define HELLO_RETRY_NS (500 * NS_PER_MS)

/* Agents poll whatever they are doing, so silence means that the process or its network is gone; a
 * host that is starved of CPU may still take seconds. */
#define SILENCE_NS (10 * NS_PER_S)
#define SUSPECT_NS (3 * NS_PER_S) /* Before that, somebody is told. */
/* The same, seen from the agent, whose load ends then: longer, so that a coordinator that stood
 * still (stopped and continued, moved to another host) finds its agents waiting. Neither counts
 * time in which it stood still itself (own_time.h): what stopped both of them parts nobody. */
#define LINK_LOST_NS (30 * NS_PER_S)
/* What stands still for less is only slow: the coordinator itself, its disk, its terminal. */
#define STANDSTILL_NS (2 * NS_PER_S)

static_assert(POLL_ANSWER_NS + 2 * TURN_MS * NS_PER_MS < POLL_MS * NS_PER_MS,
              "a poll is answered before its agent gives it up");
static_assert(POLL_MS * NS_PER_MS + CALL_RETRY_NS + TRY_MS * NS_PER_MS < SILENCE_NS,
              "an agent whose poll was lost asks again before it counts as silent");
static_assert(2 * POLL_ANSWER_NS + CALL_RETRY_NS + STANDSTILL_NS / 2 < SUSPECT_NS &&
                  SUSPECT_NS < SILENCE_NS,
              "nobody is suspected whose poll is answered and asked again, nor lost at once");
static_assert(LINK_LOST_NS >= SILENCE_NS + POLL_MS * NS_PER_MS + CALL_RETRY_NS,
              "an agent does not give up a coordinator that still takes it for present, and hears "
              "from one that does not that it may go");
static_assert(LINK_LOST_NS >= 12 * NS_PER_S + POLL_MS * NS_PER_MS + CALL_RETRY_NS,
              "a coordinator may stand still for 12 s, and be asked once more after it");
static_assert(POLL_MS * NS_PER_MS + CALL_RETRY_NS + STANDSTILL_NS < SILENCE_NS,
              "a turn of an agent that only waits is told from one in which it stood still");
static_assert(STANDSTILL_NS < SILENCE_NS, "what stalls is told before somebody is lost for it");

/* ---- Coming and going ---- */

#define JOIN_LOCAL_NS (20 * NS_PER_S)   /* Until all agents have said hello. */
#define JOIN_REMOTE_NS (120 * NS_PER_S) /* Unless whoever starts it says another time. */
#define JOIN_TOLD_NS (30 * NS_PER_S)    /* Who is missing is told that often meanwhile. */
#define CLOCKS_NS (10 * NS_PER_S)       /* Until all clocks are related. */
#define HOME_NS (3 * NS_PER_S)          /* Agents have that long to go once they were told. */
#define HOME_AGENT_NS (10 * NS_PER_MS)  /* And for each of them, so much longer. */
#define END_NS (NS_PER_S)               /* For a signal to end an agent, before the next one. */
#define CLEANUP_NS (10 * NS_PER_S)      /* For each step of an agent whose coordinator is gone. */

/* A connection through which no agent of the run has spoken by then is closed. */
#define UNKNOWN_NS (5 * NS_PER_S)
/* So much longer for each agent that is missing: all come at once, and the handshakes of some wait
 * for those of the others. */
#define UNKNOWN_AGENT_NS (10 * NS_PER_MS)
/* Once no more of them come and go for so long, what they took of memory is given back. */
#define TRIM_NS (2 * NS_PER_S)

/* An agent that stays comes back after it was refused; the same words about it are told anew only
 * after that. */
#define REFUSED_AGAIN_NS (30 * NS_PER_S)

/* From Ctrl-C to agents that are called back from preparing; then they are ended. */
#define CALL_BACK_NS (3 * NS_PER_S)

static_assert(CALL_BACK_NS + 2 * END_NS <= 5 * NS_PER_S,
              "a preparation that is stuck ends within five seconds");
static_assert(HELLO_RETRY_NS + TRY_MS * NS_PER_MS < UNKNOWN_NS,
              "an agent whose first hello was lost is known before its connection is closed");
static_assert(HELLO_RETRY_NS + TRY_MS * NS_PER_MS < JOIN_LOCAL_NS,
              "an agent whose first hello was lost still comes in time");

/* ---- Commands: how long their agent may take, and the coordinator waits for the answer ---- */

#define LAST_CALL_NS (5 * NS_PER_S) /* A library's last call may return that late. */
#define ANSWER_NS (5 * NS_PER_S)    /* For an answer to arrive on a busy host. */
#define PROBE_NS (5 * NS_PER_S)     /* All targets at once. */
#define LOOK_NS (15 * NS_PER_S)     /* After the probe; a group's first join may take 3 s. */
#define CLEAN_NS (60 * NS_PER_S)    /* Kafka keeps dead consumers for their session, 45 s. */
#define PREPARE_NS (60 * NS_PER_S)  /* Each of its three steps. */
#define ROOM_NS (5 * NS_PER_S)      /* To look whether there is room for a trial. */
#define LOOK_REMOVE_NS (5 * NS_PER_S)
#define ENDPOINT_CLOSE_NS (5 * NS_PER_S)      /* What a driver's close() may take. */
#define RELEASE_NS (20 * NS_PER_S)            /* All clients closed, all of the trial handed in. */
#define COMMAND_NS_MAX (24 * 3600 * NS_PER_S) /* So that sums don't overflow. */

/* A look closes two clients and removes its topic whatever came before. */
#define LOOK_END_NS (2 * ENDPOINT_CLOSE_NS + LOOK_REMOVE_NS)
#define PROBE_ANSWER_NS (PROBE_NS + LOOK_NS + LOOK_END_NS + LAST_CALL_NS + ANSWER_NS)
#define CLEAN_ANSWER_NS (CLEAN_NS + LAST_CALL_NS + PROBE_ANSWER_NS)
#define ROOM_ANSWER_NS (ROOM_NS + LAST_CALL_NS + ANSWER_NS)
#define PREPARE_ANSWER_NS (PREPARE_NS + LAST_CALL_NS + ANSWER_NS)
/* REMOVE releases first what was not released, then deletes the topics. */
#define RELEASE_ANSWER_NS (2 * (RELEASE_NS + LAST_CALL_NS) + ANSWER_NS)

static_assert(ENDPOINT_CLOSE_NS + LAST_CALL_NS <= RELEASE_NS,
              "clients that are closed side by side are closed within the release");
static_assert(ENDPOINT_CLOSE_NS < CLEANUP_NS, "so are those of an agent that is left alone");
static_assert(CLEAN_ANSWER_NS < COMMAND_NS_MAX && PREPARE_ANSWER_NS < COMMAND_NS_MAX,
              "no command takes longer than a command may");

/* ---- Disk and terminal: they have threads of their own, and are waited for only here ---- */

#define DISK_END_NS (60 * NS_PER_S)    /* For all of the journal to be on the disk, at the end. */
#define DISK_CALLED_NS (10 * NS_PER_S) /* The same, once Ctrl-C was pressed. */
#define DISK_MARK_NS NS_PER_S          /* For the mark of Ctrl-C, as the next one ends it all. */
#define TERMINAL_CALLED_NS (3 * NS_PER_S) /* For the terminal to be read, after Ctrl-C. */

static_assert(DISK_MARK_NS < SILENCE_NS, "agents are heard again before they count as silent");
static_assert(DISK_CALLED_NS < DISK_END_NS, "who presses Ctrl-C waits less");

/* ---- Segments of a trial ---- */

/* From the command to its start: long enough for every agent to have it. That is so many times what
 * the slowest command of the trial took there and back; preparing told each agent three. */
#define LEAD_REACHES 5
#define LEAD_NS_MIN (100 * NS_PER_MS) /* A host that is busy may be slower once. */
#define LEAD_NS (400 * NS_PER_MS)     /* At most: long enough whatever its poll was doing. */
/* And for each agent so much more: where all read each other, each command has a line of all. */
#define LEAD_AGENT_NS (2 * NS_PER_MS)
#define STOP_GRACE_NS (10 * NS_PER_S) /* From a segment's end to the last agent's word of it. */

static_assert(CALL_RETRY_NS + 2 * TURN_MS * NS_PER_MS < LEAD_NS,
              "agents of which one had to ask again start in time if it has to again");
static_assert(LEAD_NS_MIN <= LEAD_NS, "the least is no more than the most");

/* reach_ns: what the slowest command took; 0: nobody knows. */
static inline int64_t deadlines_lead_ns(int64_t reach_ns, uint32_t agents)
{
    int64_t lead_ns = LEAD_NS;

    if (reach_ns > 0 && reach_ns < LEAD_NS / LEAD_REACHES) {
        lead_ns = reach_ns * LEAD_REACHES > LEAD_NS_MIN ? reach_ns * LEAD_REACHES : LEAD_NS_MIN;
    }
    return lead_ns + agents * LEAD_AGENT_NS;
}

#endif
