/* Properties (2.2.2): which there are, of what type, and in which packets. */
#include "mqtt_reader_inner.h"

#define NUMBERS_MAX 4 /* Bytes of a variable byte integer. */

enum type { NONE, FLAG, BYTE, TWO, FOUR, VARIABLE, COUNTED, PAIR };

#define IN(kind) (1u << MQTT_##kind)
#define IN_ANSWERS (IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP) | IN(SUBACK) | IN(UNSUBACK))

/* Table 2-4, the packets that a broker sends. */
static const struct {
    uint8_t type;   /* enum type. */
    uint16_t kinds; /* Bit 1 << kind: may be there. */
    bool may_repeat;
    bool is_positive; /* 0 is a protocol error. */
} known[MQTT_PROPERTIES_END] = {
    [MQTT_PAYLOAD_FORMAT_INDICATOR] = {FLAG, IN(PUBLISH), false, false},
    [MQTT_MESSAGE_EXPIRY_INTERVAL] = {FOUR, IN(PUBLISH), false, false},
    [MQTT_CONTENT_TYPE] = {COUNTED, IN(PUBLISH), false, false},
    [MQTT_RESPONSE_TOPIC] = {COUNTED, IN(PUBLISH), false, false},
    [MQTT_CORRELATION_DATA] = {COUNTED, IN(PUBLISH), false, false},
    [MQTT_SUBSCRIPTION_IDENTIFIER] = {VARIABLE, IN(PUBLISH), true, true},
    [MQTT_SESSION_EXPIRY_INTERVAL] = {FOUR, IN(CONNACK), false, false},
    [MQTT_ASSIGNED_CLIENT_IDENTIFIER] = {COUNTED, IN(CONNACK), false, false},
    [MQTT_SERVER_KEEP_ALIVE] = {TWO, IN(CONNACK), false, false},
    [MQTT_AUTHENTICATION_METHOD] = {COUNTED, IN(CONNACK) | IN(AUTH), false, false},
    [MQTT_AUTHENTICATION_DATA] = {COUNTED, IN(CONNACK) | IN(AUTH), false, false},
    [MQTT_RESPONSE_INFORMATION] = {COUNTED, IN(CONNACK), false, false},
    [MQTT_SERVER_REFERENCE] = {COUNTED, IN(CONNACK) | IN(DISCONNECT), false, false},
    [MQTT_REASON_STRING] = {COUNTED, IN(CONNACK) | IN_ANSWERS | IN(DISCONNECT) | IN(AUTH), false,
                            false},
    [MQTT_RECEIVE_MAXIMUM] = {TWO, IN(CONNACK), false, true},
    [MQTT_TOPIC_ALIAS_MAXIMUM] = {TWO, IN(CONNACK), false, false},
    [MQTT_TOPIC_ALIAS] = {TWO, IN(PUBLISH), false, true},
    [MQTT_MAXIMUM_QOS] = {FLAG, IN(CONNACK), false, false},
    [MQTT_RETAIN_AVAILABLE] = {FLAG, IN(CONNACK), false, false},
    [MQTT_USER_PROPERTY] = {PAIR,
                            IN(CONNACK) | IN(PUBLISH) | IN_ANSWERS | IN(DISCONNECT) | IN(AUTH),
                            true, false},
    [MQTT_MAXIMUM_PACKET_SIZE] = {FOUR, IN(CONNACK), false, true},
    [MQTT_WILDCARD_SUBSCRIPTION_AVAILABLE] = {FLAG, IN(CONNACK), false, false},
    [MQTT_SUBSCRIPTION_IDENTIFIER_AVAILABLE] = {FLAG, IN(CONNACK), false, false},
    [MQTT_SHARED_SUBSCRIPTION_AVAILABLE] = {FLAG, IN(CONNACK), false, false},
};

bool mqtt_read_variable(struct mqtt_reader *reader, uint32_t *ret)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < NUMBERS_MAX; i++) {
        uint8_t byte = mqtt_read_byte(reader);

        value |= (uint32_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static void keep_text(struct mqtt_properties *ret, uint32_t identifier, struct mqtt_bytes text)
{
    if (identifier == MQTT_REASON_STRING) {
        ret->reason = text;
    } else if (identifier == MQTT_ASSIGNED_CLIENT_IDENTIFIER) {
        ret->client_id = text;
    } else if (identifier == MQTT_SERVER_REFERENCE) {
        ret->server = text;
    }
}

/* Its value, and whether the type allows it. */
static bool read_value(struct mqtt_reader *reader, uint32_t identifier, struct mqtt_properties *ret)
{
    uint32_t number = 0;

    switch (known[identifier].type) {
    case FLAG:
        number = mqtt_read_byte(reader);
        if (number > 1) {
            return false;
        }
        break;
    case TWO:
        number = mqtt_read_two(reader);
        break;
    case FOUR:
        number = mqtt_read_four(reader);
        break;
    case VARIABLE:
        if (!mqtt_read_variable(reader, &number)) {
            return false;
        }
        break;
    case PAIR:
        (void)mqtt_read_counted(reader);
        (void)mqtt_read_counted(reader);
        return true;
    default:
        keep_text(ret, identifier, mqtt_read_counted(reader));
        return true;
    }
    ret->numbers[identifier] = number;
    return number > 0 || !known[identifier].is_positive || reader->is_short;
}

static bool read_one(struct mqtt_reader *reader, enum mqtt_kind kind, struct mqtt_properties *ret,
                     const char **reterr)
{
    uint32_t identifier = mqtt_read_byte(reader); /* All of them fit into one byte. */

    if (identifier >= MQTT_PROPERTIES_END || known[identifier].type == NONE ||
        (known[identifier].kinds >> kind & 1) == 0) {
        *reterr = "a property that this packet can't have (2.2.2.2)";
        return false;
    }
    if ((ret->seen >> identifier & 1) != 0 && !known[identifier].may_repeat) {
        *reterr = "a property that is there twice (2.2.2.2)";
        return false;
    }
    ret->seen |= UINT64_C(1) << identifier;
    if (!read_value(reader, identifier, ret)) {
        *reterr = "a property with a value that it can't have (2.2.2.2)";
        return false;
    }
    return true;
}

bool mqtt_read_properties(struct mqtt_reader *reader, enum mqtt_kind kind,
                          struct mqtt_properties *ret, const char **reterr)
{
    uint32_t count = 0;
    struct mqtt_reader own;

    ret->seen = 0;
    ret->reason = (struct mqtt_bytes){0};
    ret->client_id = (struct mqtt_bytes){0};
    ret->server = (struct mqtt_bytes){0};
    if (!mqtt_read_variable(reader, &count)) {
        *reterr = "a length of properties of more than four bytes (1.5.5)";
        return false;
    }
    own.at = reader->at;
    own.is_short = false;
    own.left = mqtt_read_bytes(reader, count).count;
    while (own.left > 0 && !reader->is_short) {
        if (!read_one(&own, kind, ret, reterr)) {
            return false;
        }
        if (own.is_short) {
            *reterr = "properties that end in the middle of one (2.2.2)";
            return false;
        }
    }
    return true;
}
