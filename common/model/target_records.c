/* The tables of a target; see record.h. */
#include "target.h"

#define ADDRESSES_MAX 1024 /* Of one target; likewise below. */
#define OPTIONS_MAX 1024

/* An item of the list of addresses is a string. */
static const struct field address_fields[] = {
    {.name = "text", .type = FIELD_STRING, .bytes = sizeof(char *)},
};

static const struct record address_record = {
    .name = "address", .bytes = sizeof(char *), .fields = address_fields, .fields_count = 1};

static const struct field option_value_fields[] = {
    FIELD(option_value, key),
    FIELD(option_value, value),
};

const struct record option_value_record = RECORD(option_value);

static const struct field target_fields[] = {
    FIELD(target, label),
    FIELD(target, backend),
    FIELD_LIST_OF(target, addresses, addresses_count, address_record, ADDRESSES_MAX),
    FIELD(target, username, .optional = true),
    FIELD(target, password, .optional = true, .secret = true),
    FIELD(target, mechanism, .optional = true),
    FIELD(target, tls),
    FIELD(target, tls_ca, .optional = true),
    FIELD(target, tls_cert, .optional = true),
    FIELD(target, tls_key, .optional = true),
    FIELD_LIST_OF(target, options, options_count, option_value_record, OPTIONS_MAX),
};

const struct record target_record = RECORD(target);
