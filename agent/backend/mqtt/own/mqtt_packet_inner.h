/*
 * mqtt_packet_inner: the packets of MQTT 3.1.1 and 5 as a client sees them, decoded. Numbers in
 * parentheses are sections of the standard: of MQTT Version 5.0 (OASIS, 7 March 2019), and with
 * "3.1.1:" in front of MQTT Version 3.1.1 (OASIS, 29 October 2014).
 *
 * Private to the MQTT driver. Pure.
 */
#ifndef MILLRACE_MQTT_PACKET_INNER_H
#define MILLRACE_MQTT_PACKET_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The protocol's own number of it (3.1.2.2). */
enum mqtt_version { MQTT_3_1_1 = 4, MQTT_5 = 5 };

/* (2.1.2) */
enum mqtt_kind {
    MQTT_CONNECT = 1,
    MQTT_CONNACK,
    MQTT_PUBLISH,
    MQTT_PUBACK,
    MQTT_PUBREC,
    MQTT_PUBREL,
    MQTT_PUBCOMP,
    MQTT_SUBSCRIBE,
    MQTT_SUBACK,
    MQTT_UNSUBSCRIBE,
    MQTT_UNSUBACK,
    MQTT_PINGREQ,
    MQTT_PINGRESP,
    MQTT_DISCONNECT,
    MQTT_AUTH
};

/* Of "MQTT 5" reason codes (2.4) those from here on are failures. */
#define MQTT_REASON_FAILURE 0x80

/* The largest remaining length (1.5.5), and the most bytes that stand before what it counts. */
#define MQTT_REMAINING_BYTES_MAX 268435455u
#define MQTT_FIXED_HEADER_BYTES_MAX 5

/* Borrowed from the bytes that were decoded. Texts are UTF-8 without a NUL at their end (1.5.4). */
struct mqtt_bytes {
    const char *bytes; /* NULL: there are none. */
    uint32_t count;
};

/* What stands before each packet. */
struct mqtt_frame {
    enum mqtt_kind kind;
    uint8_t flags; /* The low four bits (2.1.3). */
    uint32_t header_bytes;
    uint32_t body_bytes; /* The remaining length. */
};

/* Property identifiers (2.2.2.2). Bit 1 << identifier of `seen` says that it was there. */
enum mqtt_property {
    MQTT_PAYLOAD_FORMAT_INDICATOR = 1,
    MQTT_MESSAGE_EXPIRY_INTERVAL = 2,
    MQTT_CONTENT_TYPE = 3,
    MQTT_RESPONSE_TOPIC = 8,
    MQTT_CORRELATION_DATA = 9,
    MQTT_SUBSCRIPTION_IDENTIFIER = 11,
    MQTT_SESSION_EXPIRY_INTERVAL = 17,
    MQTT_ASSIGNED_CLIENT_IDENTIFIER = 18,
    MQTT_SERVER_KEEP_ALIVE = 19,
    MQTT_AUTHENTICATION_METHOD = 21,
    MQTT_AUTHENTICATION_DATA = 22,
    MQTT_REQUEST_PROBLEM_INFORMATION = 23,
    MQTT_WILL_DELAY_INTERVAL = 24,
    MQTT_REQUEST_RESPONSE_INFORMATION = 25,
    MQTT_RESPONSE_INFORMATION = 26,
    MQTT_SERVER_REFERENCE = 28,
    MQTT_REASON_STRING = 31,
    MQTT_RECEIVE_MAXIMUM = 33,
    MQTT_TOPIC_ALIAS_MAXIMUM = 34,
    MQTT_TOPIC_ALIAS = 35,
    MQTT_MAXIMUM_QOS = 36,
    MQTT_RETAIN_AVAILABLE = 37,
    MQTT_USER_PROPERTY = 38,
    MQTT_MAXIMUM_PACKET_SIZE = 39,
    MQTT_WILDCARD_SUBSCRIPTION_AVAILABLE = 40,
    MQTT_SUBSCRIPTION_IDENTIFIER_AVAILABLE = 41,
    MQTT_SHARED_SUBSCRIPTION_AVAILABLE = 42
};

#define MQTT_PROPERTIES_END 43

/* Those that a client has use for; the others are checked and passed over. */
struct mqtt_properties {
    uint64_t seen;
    uint32_t numbers[MQTT_PROPERTIES_END]; /* By identifier, of those that are a number. */
    struct mqtt_bytes reason;              /* Reason String. */
    struct mqtt_bytes client_id;           /* Assigned Client Identifier. */
    struct mqtt_bytes server;              /* Server Reference. */
};

static inline bool mqtt_property_seen(const struct mqtt_properties *properties,
                                      enum mqtt_property identifier)
{
    return (properties->seen >> identifier & 1) != 0;
}

/* CONNACK (3.2). */
struct mqtt_connack {
    bool session_present;
    uint8_t reason; /* Of 3.1.1: its return code, 0 to 5. */
    struct mqtt_properties properties;
};

/* PUBLISH (3.3). */
struct mqtt_publish {
    struct mqtt_bytes topic; /* Empty where an alias stands for it. */
    struct mqtt_bytes payload;
    uint16_t id; /* QoS 1 and 2. */
    uint16_t alias;
    uint8_t qos;
    bool is_duplicate;
    bool is_retained;
};

/* PUBACK, PUBREC, PUBREL, PUBCOMP (3.4 to 3.7). */
struct mqtt_answer {
    uint16_t id;
    uint8_t reason;
    struct mqtt_bytes reason_text;
};

/* SUBACK and UNSUBACK (3.9, 3.11): a reason code for each filter, in their order. */
struct mqtt_suback {
    uint16_t id;
    struct mqtt_bytes reasons; /* UNSUBACK of 3.1.1: none. */
    struct mqtt_bytes reason_text;
};

/* DISCONNECT from the broker (3.14), MQTT 5 only; AUTH (3.15) likewise. */
struct mqtt_disconnect {
    uint8_t reason;
    struct mqtt_properties properties;
};

#endif
