#include "catalog_entries.h"

#include <stddef.h>

#define HOUR_NS INT64_C(3600000000000)

#define EVERY_MAX (INT64_C(1) << 40)

static const char *const outages[] = {"away", "frozen", NULL};

static const struct catalog_option options[] = {
    {"queue_bytes", OPTION_BYTES, "4MiB", 4096, INT64_C(1) << 32, NULL,
     "Message bytes that each queue (subscription x partition) holds, those given to consumers but "
     "not acknowledged included; what is beyond is not taken for the moment."},
    {"prefetch", OPTION_COUNT, "1000", 1, INT64_C(1) << 20, NULL,
     "Messages that a consumer may hold unacknowledged; at least two batches of consume_ack."},
    {"delay", OPTION_DURATION, "0ns", 0, HOUR_NS, NULL,
     "Time a message stays in the broker before consumers get it."},
    {"capacity", OPTION_COUNT, "0", 0, INT64_C(1000000000), NULL,
     "Messages a second that each partition serves, one after another, before consumers get them "
     "(and before `delay` and ttl begin); what comes faster waits in the queue. 0: no limit."},
    {"confirm_delay", OPTION_DURATION, "0ns", 0, HOUR_NS, NULL,
     "Time from taking a message to confirming or refusing it."},
    {"call_time", OPTION_DURATION, "0ns", 0, INT64_C(1000000000), NULL,
     "Time for which handing over a message blocks, as a client library does whose broker takes "
     "nothing."},
    {"lose_every", OPTION_COUNT, "0", 0, EVERY_MAX, NULL,
     "Loses every n-th message of a partition after confirming it; 0 loses none."},
    {"duplicate_every", OPTION_COUNT, "0", 0, EVERY_MAX, NULL,
     "Delivers every n-th message of a partition twice, to each subscription; 0 doubles none."},
    {"reorder_every", OPTION_COUNT, "0", 0, EVERY_MAX, NULL,
     "Delivers every n-th message of a partition after the next one of the same producer; if none "
     "comes within 1 s it keeps its place. 0 reorders none."},
    {"corrupt_every", OPTION_COUNT, "0", 0, EVERY_MAX, NULL,
     "Flips one bit of every n-th message of a partition; 0 damages none."},
    {"refuse_every", OPTION_COUNT, "0", 0, EVERY_MAX, NULL,
     "Refuses every n-th message that a producer sends; 0 refuses none."},
    {"outage_after", OPTION_DURATION, "0ns", 0, HOUR_NS, NULL,
     "An outage begins that long after the topics were made; 0: there is none."},
    {"outage_for", OPTION_DURATION, "1s", 0, HOUR_NS, NULL, "How long the outage lasts."},
    {"outage", OPTION_CHOICE, "away", 0, 0, outages,
     "away: the broker drops its clients, who can come back afterwards; frozen: they stay "
     "connected, but nothing is taken, confirmed or delivered. Messages survive both."},
    {0},
};

static const char *const equivalences[] = {
    "An in-process broker inside each agent: the generator's own ceiling and a known truth, not a "
    "product.",
    "Messages have no keys here; message.keys only choose the partition, as Kafka's clients would.",
    NULL};

const struct catalog_entry catalog_memory = {
    .name = "memory",
    .driver = "memory",
    .title = "In-memory broker",
    .client_library = "built in",
    .address_form = "",
    .default_port = 0,
    .producer_bytes = 256,
    .consumer_bytes = 256,
    .local = true,
    .topic_note = "topic, partition, inside one agent: the plan pins a topic and all its clients "
                  "to one agent",
    .subscription_note = "its own queue per partition",
    .capabilities =
        {
            [CAPABILITY_PUBLISH_ACK_NONE] = {true, "no confirms"},
            [CAPABILITY_PUBLISH_ACK_LEADER] = {false, "there are no replicas"},
            [CAPABILITY_PUBLISH_ACK_ALL] = {true, "confirmed once it is in every queue"},
            [CAPABILITY_CONSUME_ACK_NONE] = {true, "done at delivery"},
            [CAPABILITY_CONSUME_ACK_EACH] = {true, "one by one"},
            [CAPABILITY_CONSUME_ACK_BATCH] = {true, "every N"},
            [CAPABILITY_CONSUME_PACE] = {true, "messages wait in the broker"},
            [CAPABILITY_ORDERED] = {true, "one consumer per partition"},
            [CAPABILITY_ORDERED_SHARED] = {true, "one consumer per partition"},
            [CAPABILITY_TTL] = {true, "dropped when older"},
            [CAPABILITY_PERSISTENT] = {false, "nothing outlives the process"},
            [CAPABILITY_NOT_PERSISTENT] = {true, "always"},
            [CAPABILITY_APART] = {false, "a topic lives inside one agent"},
            [CAPABILITY_TLS] = {false, "there is no connection"},
            [CAPABILITY_AUTH] = {false, "there is no login"},
        },
    .options = options,
    .equivalences = equivalences,
    .clean_note = "nothing outlives an agent",
};
