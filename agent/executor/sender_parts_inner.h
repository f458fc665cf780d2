/* sender_parts_inner: the sender's structs, shared by its files: sending (sender.c), handing over
 * (sender_batch.c), making and opening (sender_open.c), the order of its producers (sender_heap.c),
 * what they send next (sender_draw.c), what came due (sender_count.c), what is left of it
 * (sender_owed.c), who can't send (sender_blocked.c), whether the broker answers (sender_signs.c),
 * what a trace has of them (sender_trace.c).
 */
#ifndef MILLRACE_SENDER_PARTS_INNER_H
#define MILLRACE_SENDER_PARTS_INNER_H

#include "gather_inner.h"
#include "key_table.h"
#include "lag_count_inner.h"
#include "payload_inner.h"
#include "reconnect_inner.h"
#include "schedule_inner.h"
#include "sender.h"
#include "stamp.h"
#include "watch_inner.h"

#define SENDER_EVENTS 256

/* A message that waits for its outcome. */
struct outstanding {
    bool used;
    bool paced;         /* It had an intended time. */
    uint32_t next_free; /* Of one that is not used: another one's place, plus 1; 0: none. */
    uint32_t producer;  /* Of the group. */
    uint32_t phase;
    uint32_t stream; /* Of the producer's own. */
    uint32_t bytes_count;
    uint64_t sequence;
    int64_t intended_ns; /* mono_ns(), as is start_ns. */
    int64_t start_ns;
};

enum producer_waiting {
    PRODUCER_SCHEDULED,   /* In the heap. */
    PRODUCER_WINDOW_FULL, /* Until one of its messages is settled. */
    PRODUCER_STALLED,     /* Until its endpoint has an event, or a moment has passed. */
    PRODUCER_DOWN         /* Until its connection is back. */
};

/* What a producer's next message is. */
struct producer_draw {
    struct payload_draw size;
    uint32_t stream;           /* Of the producer's own. */
    const struct key_row *key; /* NULL: none. */
};

struct producer {
    uint32_t group;
    uint32_t client_index; /* Within the group's endpoint. */
    uint32_t record_index; /* Client index and first lane in the recorder. */
    uint32_t lane;
    uint32_t stream_first;
    uint32_t streams_count;
    uint32_t turn; /* Of the draw after the next: streams take turns, with keys topics do. */
    uint32_t turns_count;
    struct key_place key_place;
    uint32_t *topics; /* By ordinal: index into the assignment's topics. */
    uint32_t topics_count;
    uint64_t *next_sequence;
    struct random random; /* Of sizes: same seed, same ones, in the same order. */
    struct producer_draw next;
    struct schedule schedule;
    int64_t key_ns; /* When to look at it; the heap's order. */
    enum producer_waiting waiting;
    bool blocked_load; /* It was blocked while it had a rate to keep. */
    int64_t able_ns; /* When it last could send again: what came due before, it held back itself. */
    int64_t yield_ns;     /* Likewise, after it had been down: what it owes waits for its turn. */
    uint32_t window_left; /* So many more may be on their way. */
};

/* The producers of one flow: one endpoint. */
struct sender_group {
    uint32_t flow;
    uint32_t partitions;
    bool confirms; /* The outcome says when the broker had it. */
    bool is_read;  /* There are consumers. */
    const struct payload_pool *pool;
    struct payload_place *payloads; /* In the pool. */
    const struct key_table *keys;   /* NULL: messages have none. */
    struct endpoint *endpoint;
    struct watch_place *place; /* NULL: it is in no set, and polled all the time. */
    struct endpoint_config config;
    struct endpoint_client *clients;
    /* Of all its producers, by token. One is taken that was in use before, where there is one: what
     * is on its way at once takes memory, not what could be. */
    struct outstanding *slots;
    uint64_t slots_count;
    uint32_t slots_fresh; /* So many were ever used. */
    uint32_t slots_free;  /* Place of one of these that is not in use, plus 1. */
    uint32_t producer_first;
    uint32_t producers_count;
    double producer_per_s;  /* Of each of them now, by schedule. */
    uint32_t blocked_count; /* With a rate, due, and they can't send. */
    bool stalled;           /* Some of its producers are. */
    int64_t stalled_until_ns;
    int64_t stall_ns; /* How long they were at the last refusal; 0: it has taken a message since. */
    int64_t message_ns;   /* What the last call took for each of its messages; 0: not known. */
    struct gather gather; /* Of the broker's answers. */
    struct reconnect reconnect;
};

struct sender {
    struct worker_context context;
    struct watch *watch; /* NULL: none. */
    struct sender_group groups[FLOWS_MAX];
    uint32_t groups_count;
    struct producer *producers; /* In the order of the groups. */
    uint32_t producers_count;
    uint32_t *heap;
    uint32_t heap_count;
    uint32_t phase_now;
    int64_t t0_ns; /* 0 before the first segment. */
    int64_t turn_ns;
    int64_t settled_ns; /* When the last outcome came, or the segment began. */
    int64_t stop_ns;
    int64_t gap_ns; /* By schedule, in the current phase. */
    bool is_paced;  /* Some flow of the phase has a rate, here or elsewhere. */
    int64_t gap_look_ns;
    int64_t count_look_ns; /* When to count ahead again. */
    uint64_t outstanding;
    uint32_t blocked_count;    /* Over the groups. */
    double blocked_ns;         /* Time, by the share of the rate that was blocked. */
    struct lag_count lag;      /* Of messages that their own client did not hold back. */
    int64_t driver_ns_max;     /* Longest poll of an endpoint. */
    int64_t answered_first_ns; /* Since the last interval's end; 0: nothing. As all times here,
                                * mono_ns(). */
    int64_t answered_last_ns;
    int64_t waiting_since_ns; /* 0: nothing waits. */
    int64_t handed_ns;        /* The last message that nobody confirms. */
    int64_t message_cost_ns; /* CPU that each message costs more, for tests of what a slow generator
                              * reaches; 0: none. */
    struct event events[SENDER_EVENTS];
    struct message messages[SUBMIT_MESSAGES_MAX];           /* Of the batch at work, */
    unsigned char stamps[SUBMIT_MESSAGES_MAX][STAMP_BYTES]; /* and their stamps. */
};

/* What happens now, whatever it belongs to: mostly in the same phase, whose cell is at hand. */
struct counters *sender_counters_now(struct sender *sender, const struct sender_group *group,
                                     uint32_t phase, struct recorder_cell *cell);

/* The heap of producers, by key_ns. down: after the key of the one at this place has risen. */
void sender_heap_down(struct sender *sender, uint32_t at);
void sender_heap_push(struct sender *sender, uint32_t producer);
void sender_heap_pop(struct sender *sender);

/* Counts what came due until a moment ago, in small pieces, where that takes long: in each poll. */
void sender_count_ahead(struct sender *sender, int64_t now_ns);

/* For broker_signs: the broker confirmed or refused a message; in each poll, whether something
 * waits for it. */
void sender_note_answer(struct sender *sender, int64_t at_ns);
void sender_note_waiting(struct sender *sender, int64_t now_ns);

/* Hands them over at an interval's end. */
void sender_account_signs(struct sender *sender, struct broker_signs *signs);

/* Takes EVENT_DOWN and EVENT_UP. */
void sender_link_event(struct sender *sender, struct sender_group *group,
                       const struct event *event);

/* A moment as offset from T0, at least 1; 0: there is none, or no T0 yet. */
int64_t sender_offset_ns(const struct sender *sender, int64_t at_ns);

/* Writes a message that was settled into the trace, which there is. */
void sender_trace(const struct sender *sender, const struct sender_group *group,
                  const struct outstanding *slot, const struct event *event);

/* A producer that could not send is taken out of the heap until something changes for it, and put
 * back. */
void sender_block(struct sender *sender, struct producer *producer, enum producer_waiting why);
void sender_unblock(struct sender *sender, struct producer *producer);
/* The group's endpoint took nothing; its stalled producers may try again. */
void sender_stall(struct sender_group *group, int64_t now_ns);
void sender_unstall(struct sender *sender, struct sender_group *group, int64_t now_ns);
/* A client was lost or is back. */
void sender_look_at_link(struct sender *sender, struct sender_group *group, uint32_t client);
/* The part of the rate that is due and can't be sent, in [0, 1]. */
double sender_blocked_share(const struct sender *sender);

/* Draws what the producer's next message is; after the one before it was sent. */
void sender_draw(const struct sender_group *group, struct producer *producer);

#endif
