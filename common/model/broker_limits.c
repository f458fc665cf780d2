#include "broker_limits.h"

#include <stdio.h>

static const char *const kind_names[] = {
    [LIMIT_CONNECTIONS] = "connections",
    [LIMIT_HOST_CONNECTIONS] = "host connections",
    [LIMIT_MESSAGE_BYTES] = "message bytes",
    [LIMIT_OTHER] = "other",
};

static const struct field broker_limit_fields[] = {
    FIELD_OF_TYPE(broker_limit, kind, FIELD_ENUM, .names = kind_names,
                  .names_count = LIMIT_OTHER + 1),
    FIELD(broker_limit, name),
    FIELD(broker_limit, value),
};

const struct record broker_limit_record = RECORD(broker_limit);

void broker_limits_add(struct broker_limits *limits, enum broker_limit_kind kind, const char *name,
                       uint64_t value)
{
    if (limits->count < BROKER_LIMITS_MAX) {
        struct broker_limit *limit = &limits->items[limits->count++];

        *limit = (struct broker_limit){.kind = kind, .value = value};
        (void)snprintf(limit->name, sizeof limit->name, "%s", name);
    }
}
