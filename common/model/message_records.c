/* The tables of what messages look like; see record.h. */
#include "message_shape.h"

#include <stddef.h>

static const char *const payloads[] = {
    [PAYLOAD_RANDOM] = "random",
    [PAYLOAD_ZEROS] = "zeros",
    [PAYLOAD_TEXT] = "text",
    [PAYLOAD_JSON] = "json",
};
static const char *const distributions[] = {
    [KEYS_UNIFORM] = "uniform",
    [KEYS_ZIPF] = "zipf",
    [KEYS_SEQUENTIAL] = "sequential",
};

const char *message_payload_name(enum payload payload)
{
    return payloads[payload];
}

static const struct field message_keys_fields[] = {
    FIELD(message_keys, count, .max = KEYS_MAX),
    FIELD_NAMES_OF(message_keys, distribution, FIELD_ENUM, distributions),
    FIELD(message_keys, exponent_millis, .max = KEY_EXPONENT_MILLIS_MAX),
};

const struct record message_keys_record = RECORD(message_keys);

static const struct field message_size_fields[] = {
    FIELD(message_size, bytes_min, .min = MESSAGE_BYTES_MIN, .max = MESSAGE_BYTES_MAX),
    FIELD(message_size, bytes_max, .min = MESSAGE_BYTES_MIN, .max = MESSAGE_BYTES_MAX),
    FIELD(message_size, weight, .min = 1, .max = MESSAGE_WEIGHT_MAX),
};

static const char *message_size_wrong(const void *item)
{
    const struct message_size *size = item;

    return size->bytes_max < size->bytes_min ? "bytes_max is below bytes_min" : NULL;
}

const struct record message_size_record = RECORD(message_size, .wrong = message_size_wrong);

static const struct field message_shape_fields[] = {
    FIELD_ITEMS_OF(message_shape, sizes, sizes_count, message_size_record, MESSAGE_SIZES_MAX,
                   .min = 1),
    FIELD_NAMES_OF(message_shape, payload, FIELD_ENUM, payloads),
    FIELD(message_shape, compressible_millis, .max = 1000),
    FIELD_RECORD_OF(message_shape, keys, message_keys_record),
};

static const char *message_shape_wrong(const void *item)
{
    const struct message_shape *shape = item;

    if (message_bytes_sum(shape) > MESSAGE_MIX_BYTES_MAX) {
        return "sizes are too large together";
    }
    if (shape->payload != PAYLOAD_RANDOM && shape->compressible_millis > 0) {
        return "compressible_millis is for random payloads";
    }
    return NULL;
}

const struct record message_shape_record = RECORD(message_shape, .wrong = message_shape_wrong);
