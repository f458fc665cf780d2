/*
 * made_trial: a trial that nobody ran: tables, what every agent would have reported of it, and the
 * truth. Seeded faults: messages refused, unconfirmed, lost, delivered again by the same or another
 * agent, out of order; an agent that is lost. For tests of whoever unites snapshots.
 *
 * The truth is kept message by message and counted by going through all of them: slow, and with
 * nothing in common with the sets it is held against.
 */
#ifndef MILLRACE_TEST_MADE_TRIAL_H
#define MILLRACE_TEST_MADE_TRIAL_H

#include "delivery.h"
#include "journal_entry.h"
#include "random.h"

#define MADE_CLOCK_BOUND_NS 12345 /* Of the mark of a clock, in the last half second. */
#define MADE_INTERVALS 8          /* A producer sends in all but the last two. */

struct made_options {
    uint32_t agents_count;
    uint32_t flows_count;
    uint32_t topics_count; /* Of each flow; likewise below. */
    uint32_t partitions;
    uint32_t producers_count;
    uint32_t subscriptions_count;
    uint32_t consumers_count; /* Of each subscription; 0: nobody reads. */
    uint32_t phases_count;    /* At most MADE_INTERVALS - 2. */
    uint32_t messages;        /* Of each producer and interval. */
    int64_t ttl_ns;
    bool apart;     /* Producers on the first agent, consumers on the others. */
    double refused; /* Shares of the messages. */
    double unconfirmed;
    double lost; /* Of the deliveries; likewise below. */
    double again;
    double late;
    uint32_t agent_lost;    /* Which; agents_count or more: none is. */
    uint32_t lost_after;    /* How many of its intervals were reported. */
    int64_t latency_ns_max; /* Of the deliveries; 0: anything up to hours. */
    int64_t load_wait_ns; /* In each second a load thread of each agent waited so long for a CPU. */
    uint64_t seed;
};

/* A little of everything, seeded. */
struct made_options made_options_random(uint64_t seed);

enum made_outcome { MADE_ACKED, MADE_REFUSED, MADE_UNCONFIRMED };

struct made_message {
    uint32_t producer; /* Into the entry's producers. */
    uint32_t stream;
    uint64_t seq;
    uint32_t topic;
    uint32_t partition;
    uint32_t phase;
    uint32_t sent_interval;
    enum made_outcome outcome;
    uint32_t outcome_interval;
};

struct made_delivery {
    uint32_t message;
    uint32_t consumer; /* Into the entry's consumers. */
    uint32_t interval;
    uint32_t order; /* Within the interval. */
    int64_t latency_ns;
};

/* What a subscription had of a message, as far as it was reported. */
struct made_arrivals {
    uint32_t copies;
    bool out_of_order;
};

struct made_trial {
    struct made_options options;
    struct entry_trial entry;
    struct made_message *messages;
    uint32_t messages_count;
    struct made_delivery *deliveries; /* In the order of their happening. */
    uint32_t deliveries_count;
    struct made_arrivals *arrivals; /* Message x subscription. */
    struct snapshot *snapshots;     /* Agent x MADE_INTERVALS + interval. */
    struct random random;
};

/* Aborts when memory runs out. */
struct made_trial *made_trial_new(const struct made_options *options);
void made_trial_free(struct made_trial *made);

/* The tables of delivery_new(). */
struct delivery_tables made_tables(const struct made_trial *made);

/* How many snapshots an agent reported. */
uint32_t made_reported(const struct made_trial *made, uint32_t agent);

/* All that were reported, in a random order between agents; the caller frees the list. */
struct snapshot **made_shuffle(struct made_trial *made, uint32_t *ret_count);

/* What delivery_end.unaccounted must be: FLOWS_MAX x SUBSCRIPTIONS_MAX. */
void made_unaccounted(const struct made_trial *made, uint8_t *ret);

/* The truth as far as it was reported. */
void made_count(const struct made_trial *made, const struct delivery_question *question,
                const struct delivery_end *end, struct delivery_counts *ret);

/* Every end-to-end latency that was reported, in one histogram; DELIVERY_ALL for all flows or
 * phases. */
struct hist *made_latency(const struct made_trial *made, uint32_t flow, uint32_t phase);

#endif
