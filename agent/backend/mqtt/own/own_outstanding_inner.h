/*
 * own_outstanding_inner: the messages of a client that are under way. Of a producer: each has a
 * slot, whose number is its packet identifier; what the broker answers, or a lost connection, turns
 * it into one outcome, and then the slot is free. Of a consumer: those that wait for an ack.
 *
 * Private to the MQTT driver over its own codec. Pure: no input or output, no memory of its own.
 */
#ifndef MILLRACE_OWN_OUTSTANDING_INNER_H
#define MILLRACE_OWN_OUTSTANDING_INNER_H

#include <stdbool.h>
#include <stdint.h>

enum own_slot_state {
    SLOT_FREE,
    SLOT_WAITING,  /* For PUBACK or PUBREC; at QoS 0 to be written. */
    SLOT_RELEASED, /* For PUBCOMP (4.3.3). */
    SLOT_ACKED,    /* From here on: to be told. */
    SLOT_UNCONFIRMED,
    SLOT_TOO_LARGE
};

/* A message of a producer; its place is its packet identifier (2.2.1). */
struct own_slot {
    uint64_t token;
    int64_t at_ns;        /* ACKED, TOO_LARGE: when. */
    uint32_t whole_bytes; /* TOO_LARGE: of its packet. */
    uint16_t next;        /* In the list that it stands in; 0: last. */
    uint8_t state;        /* enum own_slot_state. */
};

/* Slots one behind the other. */
struct own_list {
    uint16_t first; /* 0: none. */
    uint16_t last;
};

struct own_producer {
    struct own_slot *slots; /* [1, window]. */
    uint16_t window;
    uint32_t fresh;         /* Slots from here on were never used, so their pages are not real. */
    uint16_t free;          /* The one that was freed last; 0: none. */
    uint16_t waiting;       /* Slots that the broker has to answer. */
    struct own_list told;   /* To be told. */
    struct own_list unsent; /* QoS 0: with bytes in the client's unsent ones. */
};

/* A message that was received at QoS 1 or 2. */
struct own_received {
    uint16_t id;
    uint8_t qos;
    bool is_lent; /* It waits for an ack. */
};

#define OWN_IDS_COUNT 65536
#define OWN_IDS_PER_WORD 64

/* Of the messages of QoS 2 by their packet identifiers (2.2.1), a bit each: a broker may not use
 * one for another message before its PUBREL (4.3.3), and before that may have all of them under
 * way: Mosquitto stops counting a message sooner. */
struct own_ids {
    uint64_t lent[OWN_IDS_COUNT / OWN_IDS_PER_WORD];       /* They wait for an ack. */
    uint64_t unreleased[OWN_IDS_COUNT / OWN_IDS_PER_WORD]; /* For a PUBREL. */
};

static inline bool own_id_is_in(const uint64_t *ids, uint16_t id)
{
    return (ids[id / OWN_IDS_PER_WORD] >> id % OWN_IDS_PER_WORD & 1) != 0;
}

static inline void own_id_add(uint64_t *ids, uint16_t id)
{
    ids[id / OWN_IDS_PER_WORD] |= UINT64_C(1) << id % OWN_IDS_PER_WORD;
}

static inline void own_id_remove(uint64_t *ids, uint16_t id)
{
    ids[id / OWN_IDS_PER_WORD] &= ~(UINT64_C(1) << id % OWN_IDS_PER_WORD);
}

/* The messages that wait for an ack are among [oldest, next) of a numbering that goes on over
 * connections. */
struct own_consumer {
    struct own_received *received;
    struct own_ids *ids; /* QoS 2; NULL: below. */
    uint32_t first; /* Number that has the first place; moves on when nothing is outstanding. */
    uint32_t oldest;
    uint32_t next;
    uint8_t epoch; /* Counts connections: acks of an old one must not reach the new one. */
};

bool own_slot_is_left(const struct own_producer *producer);
/* The packet identifier of a message that will be written; one is left. */
uint16_t own_slot_take(struct own_producer *producer, uint64_t token);
/* Its outcome was told. */
void own_slot_free(struct own_producer *producer, uint16_t id);
/* Likewise of the first of those that were to be told. */
void own_slot_free_told(struct own_producer *producer);
/* Its outcome is to be told. */
void own_slot_tell(struct own_producer *producer, uint16_t id, enum own_slot_state state,
                   int64_t at_ns);
/* QoS 0: it stands in bytes that are not written yet; and then they are. */
void own_slot_unsent(struct own_producer *producer, uint16_t id);
void own_slots_written(struct own_producer *producer, int64_t at_ns);
/* The connection is lost: what waits is unconfirmed, and to be told. */
void own_slots_lost(struct own_producer *producer, int64_t at_ns);

/* Likewise: nothing waits for an ack any more, and the next connection's identifiers are new. */
void own_received_lost(struct own_consumer *consumer);

#endif
