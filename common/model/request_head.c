#include "request_head.h"

static const struct field request_head_fields[] = {
    FIELD(request_head, run_id),
    FIELD(request_head, agent, .max = AGENTS_MAX - 1),
    FIELD_OF_TYPE(request_head, instance, FIELD_ID),
    FIELD(request_head, sequence),
};

const struct record request_head_record = RECORD(request_head);
