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

enum own_received_state { RECEIVED_SETTLED, RECEIVED_LENT, RECEIVED_UNRELEASED };

/* A message that was received at QoS 1 or 2 and is not acknowledged in full. */
struct own_received {
    uint16_t id;
    uint8_t qos;
    uint8_t state; /* enum own_received_state. */
};

/* Those are [oldest, next) of a numbering that goes on over connections. */
struct own_consumer {
    struct own_received *received;
    uint32_t received_max; /* A power of two. */
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

#endif
