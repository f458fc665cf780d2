/*
 * fake_backend: a driver that does what a test tells it and remembers what it was asked to do. One
 * producing and one consuming endpoint at a time.
 *
 * Threads: a worker calls its functions while the test scripts it; everything goes through one
 * lock.
 */
#ifndef MILLRACE_TEST_FAKE_BACKEND_H
#define MILLRACE_TEST_FAKE_BACKEND_H

#include "backend.h"
#include "stamp.h"

#define FAKE_CLIENTS 64
#define FAKE_MESSAGES 65536
#define FAKE_EVENTS 65536
#define FAKE_MESSAGE_BYTES 128

/* A message that submit() took. */
struct fake_message {
    uint32_t client;
    uint32_t topic;
    uint32_t partition;
    uint32_t bytes_count;
    char key[16]; /* "" if it had none. */
    uint64_t token;
    struct stamp stamp;
    uint32_t call; /* Of submit(), from 1. */
};

struct fake_ack {
    uint64_t token;
    bool multiple;
};

/* Zeros are a broker that takes everything and says nothing. */
struct fake_script {
    bool client_blocked[FAKE_CLIENTS]; /* submit() takes nothing. */
    uint64_t full_after;               /* Likewise once so many were taken; 0: never. */
    bool takes_some; /* Each submit() takes a random part of its batch, or nothing or all of it. */
    bool confirms;   /* Each message is confirmed by the next poll. */
    bool answers_acks;
    uint32_t acks_again; /* So many acks get -EAGAIN first. */
    int flush_code;
    uint64_t acks_full_above; /* Acks of tokens above it get -EAGAIN; 0: none do. */
    int connect_code;
    bool connect_hangs; /* Until it is taken back. */
    int open_code;
    struct connect_times connect_times; /* Of each client; zeros: they share one connection. */
};

extern const struct backend_ops fake_backend;
extern const struct backend_ops fake_backend_answering; /* Its acks are answered by events. */
extern const struct backend_ops fake_backend_gathering; /* Its acks are written by flush(). */

/* Forgets everything. */
void fake_reset(void);

/* The script, to be changed between fake_lock() and fake_unlock() where a worker runs. */
struct fake_script *fake_script(void);
void fake_lock(void);
void fake_unlock(void);

/* What was submitted so far. */
uint32_t fake_messages(void);
const struct fake_message *fake_message(uint32_t index);
uint32_t fake_submits(void);         /* Calls. */
uint32_t fake_submits_refused(void); /* That did not take all. */

uint32_t fake_acks(void); /* Written. */
uint32_t fake_flushes(void);
struct fake_ack fake_ack(uint32_t index);
uint32_t fake_connects(void);
bool fake_is_open(enum endpoint_role role);

/* Adds to what poll() of the role's endpoint gives. */
void fake_event(enum endpoint_role role, const struct event *event);
/* The outcome of a message by index. */
void fake_outcome(uint32_t index, enum event_kind kind);
/* Delivers a message with this stamp to a client of the consuming endpoint. */
void fake_deliver(uint32_t client, const struct stamp *stamp, uint64_t token);
void fake_link(enum endpoint_role role, uint32_t client, bool up);

#endif
