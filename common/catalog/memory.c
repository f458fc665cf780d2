#include "catalog_entries.h"

#include <stddef.h>

#define HOUR_NS INT64_C(3600000000000)

static const struct catalog_option options[] = {
    {"queue_bytes", OPTION_BYTES, "4MiB", 4096, INT64_C(1) << 32, NULL,
     "Room of each queue (subscription x partition); a full one refuses to take more for the "
     "moment."},
    {"delay", OPTION_DURATION, "0ns", 0, HOUR_NS, NULL, "Time a message stays in the broker."},
    {"lose_every", OPTION_COUNT, "0", 0, INT64_C(1) << 40, NULL,
     "Loses every n-th message of a queue after confirming it; 0 loses none."},
    {"duplicate_every", OPTION_COUNT, "0", 0, INT64_C(1) << 40, NULL,
     "Delivers every n-th message of a queue twice; 0 doubles none."},
    {"reorder_every", OPTION_COUNT, "0", 0, INT64_C(1) << 40, NULL,
     "Delivers every n-th message of a queue after the one that follows it; 0 reorders none."},
    {"corrupt_every", OPTION_COUNT, "0", 0, INT64_C(1) << 40, NULL,
     "Flips one bit of every n-th message of a queue; 0 damages none."},
    {"refuse_every", OPTION_COUNT, "0", 0, INT64_C(1) << 40, NULL,
     "Refuses every n-th message that a producer sends; 0 refuses none."},
    {"outage_after", OPTION_DURATION, "0ns", 0, HOUR_NS, NULL,
     "Drops all clients that long after the topics were made; 0 never does."},
    {"outage_for", OPTION_DURATION, "1s", 0, HOUR_NS, NULL, "How long the broker stays away then."},
    {0},
};

static const char *const equivalences[] = {
    "An in-process broker inside each agent: the generator's own ceiling and a known truth, not a "
    "product.",
    NULL};

const struct catalog_entry catalog_memory = {
    .name = "memory",
    .title = "In-memory broker",
    .client_library = "built in",
    .address_form = "",
    .default_port = 0,
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
