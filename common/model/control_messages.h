/*
 * control_messages: what agents and coordinator say to each other, as structs; wire turns them into
 * bytes.
 *
 * Agents ask, the coordinator answers (REQ/REP). Every request names run, agent, instance and a
 * sequence (request_head.h), so that a repeated one changes nothing and one of another run is told
 * to go. Commands are numbered; an agent polls with the number of the last one it took.
 */
#ifndef MILLRACE_CONTROL_MESSAGES_H
#define MILLRACE_CONTROL_MESSAGES_H

#include "assignment.h"
#include "broker_limits.h"
#include "request_head.h"
#include "snapshot.h"

/* Rises with every change of a struct that travels; both sides must have the same. */
#define PROTOCOL_VERSION 6

enum request_kind {
    REQUEST_HELLO,
    REQUEST_POLL,
    REQUEST_STATUS,
    REQUEST_SNAPSHOT,
    REQUEST_CLOCK,
    REQUEST_GOODBYE,
    REQUEST_COUNT
};

struct backend_version {
    char name[NAME_BYTES];    /* The driver's in the catalog: "kafka", "mqtt/own". */
    char library[NAME_BYTES]; /* "librdkafka 2.0.2" */
};

#define BACKENDS_MAX 16
#define PROOF_BYTES 32 /* A nonce, and what a secret makes of two of them. */

struct hello {
    /* These three stay first, so that one of another protocol can be told who it is. */
    uint32_t protocol;
    char version[NAME_BYTES]; /* Of Millrace. */
    char name[NAME_BYTES];    /* Wanted name; the coordinator may add a number. */
    /* Of its join file, "": none. With one it says hello twice: first for the coordinator's nonce,
     * and then with its proof. The host goes by it; in a fleet by `name`, as others have the file,
     * too. The proof is about that one. */
    char host_name[NAME_BYTES];
    uint64_t instance; /* Random per process: the same name after a restart is another instance. */
    char host[NAME_BYTES];
    char kernel[NAME_BYTES];
    char boot_id[NAME_BYTES];        /* Same boot id and ... */
    char time_namespace[NAME_BYTES]; /* ... same time namespace: same clock. */
    uint32_t pid;
    uint32_t cpus;       /* That it may run on. */
    uint32_t cpus_milli; /* Thousandths that it can use of them; fewer in a control group. */
    uint64_t memory_bytes;
    uint64_t open_files_max;
    uint32_t ports_count; /* Local ports that connections to one address can have; 0: unknown. */
    char clock_source[NAME_BYTES];
    struct backend_version backends[BACKENDS_MAX];
    uint32_t backends_count;
    uint8_t nonce[PROOF_BYTES]; /* Random for each two hellos. */
    uint8_t proof[PROOF_BYTES]; /* That it has the host's secret; zeros: not yet. */
    char busy[REASON_BYTES];    /* Why it can't come now; "": it can. */
};

extern const struct record backend_version_record;
extern const struct record hello_record;

struct welcome {
    bool accepted;
    char reason[REASON_BYTES]; /* If not accepted. */
    uint32_t agent;            /* Index to use in everything else. */
    char name[NAME_BYTES];
    char run_id[NAME_BYTES];
    /* Not accepted, and without a reason: the hello has to be said again, with the proof over this
     * nonce and that run. */
    uint8_t nonce[PROOF_BYTES];
    uint8_t proof[PROOF_BYTES]; /* Accepted: that the coordinator has the secret, too. */
};

extern const struct record welcome_record;

enum command_kind {
    COMMAND_NONE,    /* The poll timed out. */
    COMMAND_PROBE,   /* Probe targets; answer with REPLY_PROBED. */
    COMMAND_PREPARE, /* Take the assignment: create topics if owner, open consumers then producers,
                        allocate. */
    COMMAND_START,   /* Run the phases of a segment from a given time. */
    COMMAND_STOP,    /* End the running segment now (drained, interrupted, gave up). */
    COMMAND_RELEASE, /* Close the clients and hand in the final snapshot. */
    COMMAND_REMOVE,  /* Delete the topics, if owner: after every agent has released. With an
                        assignment: those of that trial, which another run's agents may have left. */
    COMMAND_CLEAN,   /* Remove left-behind topics of targets. */
    COMMAND_GOODBYE, /* End the process. */
    COMMAND_COUNT
};

/* Preparation has an order over all agents: topics exist before anyone opens, consumers read before
 * anyone sends. */
enum prepare_step {
    PREPARE_TOPICS,
    PREPARE_CONSUMERS,
    PREPARE_PRODUCERS,
    PREPARE_ROOM /* Before all of them, if at all: has the agent room for its clients? Keeps
                    nothing. */
};

/*
 * How times of an agent that writes are read on the clock of the one that receives: a line through
 * two readings of the same moment. It goes along with every answer to a poll, as clocks drift: 20
 * ppm are 72 ms in an hour.
 */
struct clock_line {
    uint32_t agent;        /* That writes. */
    int64_t own_ns;        /* The receiving agent's clock, when ... */
    int64_t peer_ns;       /* ... the writing agent's shows this. */
    double skew_ppb;       /* What the receiving agent's clock gains on the other one. */
    int64_t bound_ns;      /* The truth lies within this, at that moment, */
    double growth_ppb;     /* which grows by that much, away from it; */
    int64_t valid_from_ns; /* and before that time of the receiving agent's clock, as one of the */
    int64_t before_ns;     /* clocks stepped, by this at once. */
};

extern const struct record clock_line_record;

/* T0 on the clock of an agent that writes: its intended times count from there. */
struct peer_start {
    uint32_t agent;
    int64_t t0_ns;
};

extern const struct record peer_start_record;

/* Phases first .. last run without a barrier between them. */
struct segment {
    uint32_t phase_first;
    uint32_t phase_last;
    int64_t
        t0_ns; /* The trial's T0 on this agent's clock, as it is known when the segment begins. */
    int64_t start_ns; /* When phase_first starts, as offset from T0. */
    struct peer_start *peers;
    uint32_t peers_count;
};

/* What a look (agent/look) does once on a target: what the flows of its run ask of their brokers.
 */
struct look_request {
    char name[NAME_BYTES];        /* Of its topic; "": none. */
    enum publish_ack publish_ack; /* The most of all flows, */
    enum consume_ack consume_ack; /* likewise, */
    uint32_t message_bytes;       /* and the largest message. 0: a short one. */
};

extern const struct record look_request_record;
extern const struct record segment_record;

struct command {
    uint64_t sequence; /* From 1. */
    enum command_kind kind;
    uint32_t trial;
    enum prepare_step step; /* PREPARE. */
    struct assignment
        *assignment;        /* PREPARE with PREPARE_TOPICS or PREPARE_ROOM, maybe REMOVE; owned. */
    struct segment segment; /* START. */
    bool as_owner;     /* REMOVE: delete the topics though another agent made them: it was lost. */
    bool sending_only; /* STOP: producers stop, consumers go on until the segment's end. */
    int64_t stop_ns;   /* STOP: offset from T0; 0: at once. */
    struct target *targets; /* PROBE, CLEAN; owned. */
    uint32_t targets_count;
    /* PROBE: does once on each target what a trial does, with a topic of that name and the target's
     * number; without a name it only connects and logs in. */
    struct look_request look;
    int64_t deadline_ns; /* How long a blocking command may take, as a duration of a day at most. */
    struct clock_line *lines; /* Of all agents that write what this one reads, now; owned. */
    uint32_t lines_count;
};

extern const struct record command_record;

struct poll {
    struct request_head head;
    uint64_t taken; /* Sequence of the last command taken. */
};

extern const struct record poll_record;

enum probe_failure {
    PROBE_OK,
    PROBE_NAME,    /* The host's name doesn't resolve. */
    PROBE_REFUSED, /* Nothing listens there. */
    PROBE_TIMEOUT,
    PROBE_TLS,
    PROBE_LOGIN,
    PROBE_PROTOCOL, /* Something answers, but not that protocol. */
    PROBE_BACKEND,  /* This agent was built without the backend. */
    PROBE_LOOK,     /* It is there, but does not allow what a trial does. */
    PROBE_OTHER
};

/* "refused", "login", ... */
const char *probe_failure_name(enum probe_failure failure);

struct probe_result {
    enum probe_failure failure;
    char reason[REASON_BYTES]; /* Sentence; also what was found, if OK. */
    char broker_version[NAME_BYTES];
    int64_t took_ns;
    uint32_t removed; /* CLEAN: topics removed. */
    struct broker_limits limits;
};

extern const struct record probe_result_record;

/* How the last command ended. */
struct status {
    struct request_head head;
    uint64_t command; /* Sequence of the command this answers. */
    int32_t code;     /* 0 or a negative errno. */
    char text[ERRINFO_BYTES];
    int64_t start_skew_ns; /* START: when the first worker began, minus when it should have. */
    int64_t ended_ns;      /* START: offset from T0 at which the segment ended here. */
    int64_t last_ns;       /* START: same, of the last message that came or was settled. */
    char broker_version[NAME_BYTES]; /* PREPARE. */
    bool is_full;                    /* PREPARE_ROOM: it has too little, text says of what, ... */
    uint32_t clients_max;            /* ... and room for so many clients of that kind. */
    struct probe_result *results;    /* PROBE, CLEAN: one per target; owned. */
    uint32_t results_count;
};

extern const struct record status_record;

/* Answer to STATUS, SNAPSHOT and GOODBYE; and to any request that is not of this run, or of an
 * agent that is not in it: not accepted. */
struct receipt {
    bool accepted;
    char reason[REASON_BYTES];
};

extern const struct record receipt_record;

#define CLOCK_BURST_MAX 16

/* One exchange of REQUEST_CLOCK: t1 and t4 on the agent's clock, t2 and t3 on the coordinator's. */
struct clock_exchange {
    int64_t t1_ns;
    int64_t t2_ns;
    int64_t t3_ns;
    int64_t t4_ns;
};

extern const struct record clock_exchange_record;

/* With no exchanges it only asks for the time; with them it hands in a finished burst. */
struct clock_report {
    struct request_head head;
    uint32_t exchanges_count;
    struct clock_exchange exchanges[CLOCK_BURST_MAX];
};

extern const struct record clock_report_record;

struct clock_answer {
    int64_t t2_ns;
    int64_t t3_ns;
    int64_t pause_ns; /* From the beginning of a burst to that of the next. */
};

extern const struct record clock_answer_record;

void command_done(struct command *command);
void status_done(struct status *status);

#endif
