/*
 * kafka_endpoint_inner: what producing and consuming endpoints share: handles, the queue of each,
 * waiting on all of them by one descriptor, and turning the library's events into ours.
 *
 * Private to the Kafka driver; one worker's thread, beside the library's own. A producing handle
 * serves every handles_count-th client, a consuming handle exactly one.
 *
 * A handle's queues write to its eventfd when they were empty before. All of these are in one epoll
 * set, that of the worker or else one of the endpoint's own, which tells the handles that have
 * something, so that hundreds of idle ones cost nothing.
 */
#ifndef MILLRACE_KAFKA_ENDPOINT_INNER_H
#define MILLRACE_KAFKA_ENDPOINT_INNER_H

#include "backend.h"

#include <librdkafka/rdkafka.h>

#define KAFKA_HELD_MAX 4096  /* Events of one poll() that keep library memory borrowed. */
#define KAFKA_TEXTS_MAX 32   /* Errors of one poll() that have a text of their own. */
#define KAFKA_LATER_MAX 1024 /* Messages that the library refused within submit(). */
#define KAFKA_ACKS_MAX 4096  /* Unanswered ones of a consumer; beyond, no messages are taken. */

/* Words about quotas that wait to be told; more are left out, as they say the same. */
#define KAFKA_THROTTLES_MAX 32

struct kafka_throttle {
    uint32_t client;
    int64_t at_ns;
    char text[NAME_BYTES * 2];
};

/* Acknowledgements of a consuming client that are not answered yet; see kafka_commit_inner.h. */
struct kafka_commits {
    uint64_t *tokens; /* A ring of 2 x KAFKA_ACKS_MAX; NULL if nothing is acknowledged. */
    uint64_t first;   /* Number of the oldest unanswered one. */
    uint64_t end;
    uint32_t under_way;
    bool waiting; /* Some acknowledgements are in no commit yet. */
};

struct kafka_handle {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;         /* What the handle says: reports, errors, answers. */
    rd_kafka_queue_t *message_queue; /* Consumers: what it fetched. */
    rd_kafka_queue_t *answer_queue;  /* Where the answer to ask() comes. */
    rd_kafka_event_t *half;    /* An answer to a commit that did not fit into the last poll(). */
    rd_kafka_topic_t **topics; /* By index into endpoint_config.topics; NULL where not used. */
    uint32_t first_client;     /* Of its clients: first_client + n x handles_count. */
    uint32_t reading_first;    /* Consumers: of the endpoint's readings. */
    uint32_t readings_count;
    struct kafka_commits commits; /* Consumers. */
    int event_fd;
    bool down;
    bool broken;                   /* The library gave the handle up; only a new one helps. */
    struct kafka_renewal *renewal; /* That one is being made; NULL: not. */
    int64_t renew_ns;              /* When to try (again), mono_ns(). */
    bool asking;                   /* Whether the broker is back; the answer comes by itself. */
    bool subscribed;               /* Consumers of a group: it may be joining. */
    bool passed_by;                /* The descriptor was cleared, but not its messages looked at. */
    bool is_ready;                 /* Its descriptor is, since the last poll(). */
    bool unsettled;                /* Not to be destroyed, see kafka_consumer_close(). */
};

/* A topic as one consuming client reads it; the opaque of its rd_kafka_topic_t. */
struct kafka_reading {
    uint32_t client;
    uint32_t topic;
    uint32_t slot_first; /* Of its partitions' slots. */
    uint32_t partitions;
};

/* A partition as one consuming client reads it. Tokens name one, see kafka_consumer.c. */
struct kafka_slot {
    uint32_t reading;
    int64_t consumed; /* Offset after the last message that poll() gave. */
    int64_t acked;
    int64_t committed;
};

struct kafka_later {
    uint64_t token;
    uint32_t client;
    const char *text;
};

struct endpoint {
    const struct endpoint_config *config;
    struct kafka_handle *handles;
    uint32_t handles_count;
    bool is_mock; /* See kafka_is_mock(). */
    int epoll_fd;
    int set_fd;       /* The worker's, has all descriptors too; -1: none. */
    uint64_t set_tag; /* Before the numbers in set_fd: those of the handles. */
    uint32_t *ready;  /* Handles that are, each once. */
    uint32_t ready_count;
    bool *told_down;     /* Per client: what the caller knows. */
    uint32_t down_count; /* Handles. */
    int64_t ask_ns;      /* When to ask those that are down again. */
    bool has_broken;     /* Some handle may be. */
    bool tell_pending;   /* Some client's told_down is not its handle's down. */
    rd_kafka_event_t **held;
    uint32_t held_count;
    char (*texts)[REASON_BYTES];
    uint32_t texts_count;
    struct kafka_later *later;
    uint32_t later_count;
    struct kafka_throttle throttles[KAFKA_THROTTLES_MAX];
    uint32_t throttles_count;
    uint32_t throttles_told;
    char *whole; /* Producers: messages put together, as the library copies each as one. */
    size_t whole_bytes_max;
    /* Consumers only. */
    bool is_held;   /* The poll at work takes no messages. */
    bool passed_by; /* That of some handle is set. */
    bool settled;   /* Its groups have been stable: every member has had an assignment. */
    struct kafka_reading *readings;
    uint32_t readings_count;
    struct kafka_slot *slots;
    uint32_t slots_count;
};

/* Room for poll()'s events. */
struct kafka_out {
    struct event *events;
    uint32_t count;
    uint32_t max;
};

/* Takes what a handle's queues have while out has room: no more if it became full, all otherwise.
 */
typedef void (*kafka_serve_fn)(struct endpoint *endpoint, struct kafka_handle *handle,
                               struct kafka_out *out);

/* An endpoint with handles_count empty handles. */
int kafka_endpoint_new(const struct endpoint_config *config, uint32_t handles_count,
                       struct endpoint **ret, struct errinfo *reterr);

/* Frees everything but the handles' clients, which must be gone or are destroyed here at once. */
void kafka_endpoint_free(struct endpoint *endpoint);

/* Gives a handle its client (taken, also on failure) and watches its queues. */
int kafka_handle_init(struct endpoint *endpoint, uint32_t index, rd_kafka_t *client,
                      struct errinfo *reterr);

/* poll() with the role's way to take what a handle has. */
int kafka_endpoint_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max,
                        kafka_serve_fn serve);

struct kafka_error {
    rd_kafka_resp_err_t code;
    bool is_fatal;
    const char *words;
};

/* Errors, as both roles know them; among them that all brokers are down. Needs room for one event.
 */
void kafka_take_error(struct endpoint *endpoint, struct kafka_handle *handle,
                      const struct kafka_error *error, struct kafka_out *out);

/* kafka_watch.c: the descriptors of handles in epoll sets; see backend_ops. A handle's is put into
 * those where the others are: 0, or a negative errno. */
int kafka_descriptor_add(struct endpoint *endpoint, uint32_t index);
int kafka_watch(struct endpoint *endpoint, int set_fd, uint64_t tag);
void kafka_ready(struct endpoint *endpoint, uint32_t number, uint32_t events);
/* By the endpoint's own set. */
void kafka_ask_who_is_ready(struct endpoint *endpoint);

/* kafka_throttle.c: makes a client listen to what brokers say of quotas. */
void kafka_throttle_conf(rd_kafka_conf_t *conf);
/* What this thread's polls hear is the endpoint's from now on; NULL: nobody's. */
void kafka_throttle_listen(struct endpoint *endpoint);
/* Tells what was heard; false: there was no room for all of it. The texts last until
 * kafka_throttle_forget(), in the next poll(). */
bool kafka_throttle_tell(struct endpoint *endpoint, struct kafka_out *out);
void kafka_throttle_forget(struct endpoint *endpoint);

/* The handle has heard from its broker. Cheap while it is up. */
void kafka_handle_lives(struct endpoint *endpoint, struct kafka_handle *handle);

/* Makes wait_fd readable. */
void kafka_handle_wake(const struct kafka_handle *handle);

/* Ends a handle so that kafka_handle_init() can begin it anew; it stays down. Its old client ends
 * on threads of its own. */
void kafka_handle_renew(struct endpoint *endpoint, struct kafka_handle *handle);

#endif
