/*
 * mqtt_encode_inner: the packets that a client sends, as bytes.
 *
 * Each function writes one packet into `to`, which has room for what its _bytes function says, and
 * returns its bytes. Texts are UTF-8 of at most 65,535 bytes (1.5.4); the caller has seen to it.
 *
 * Private to the MQTT driver. Pure: no input or output, no memory of its own.
 */
#ifndef MILLRACE_MQTT_ENCODE_INNER_H
#define MILLRACE_MQTT_ENCODE_INNER_H

#include "mqtt_packet_inner.h"

#define MQTT_ANSWER_BYTES 4
#define MQTT_PINGREQ_BYTES 2
#define MQTT_DISCONNECT_BYTES 2

/* CONNECT (3.1). All borrowed for the call. */
struct mqtt_connect {
    enum mqtt_version version;
    struct mqtt_bytes client_id;
    struct mqtt_bytes user;     /* bytes NULL: none is sent (3.1.2.8). */
    struct mqtt_bytes password; /* Likewise (3.1.2.9); 3.1.1 allows none without a user. */
    uint16_t keep_alive_s;      /* 0: none is wanted (3.1.2.10). */
    uint16_t receive_maximum;   /* MQTT 5 (3.1.2.11.3); 0: not said. */
    bool keeps_session;         /* Else a session is begun anew, and ends with the connection
                                 * (3.1.2.4, 3.1.2.11.2). */
};

size_t mqtt_connect_bytes(const struct mqtt_connect *connect);
size_t mqtt_encode_connect(const struct mqtt_connect *connect, char *to);

/* PUBLISH (3.3). */
struct mqtt_outgoing {
    struct mqtt_bytes topic;
    struct mqtt_bytes head; /* What the payload begins with. */
    struct mqtt_bytes payload;
    uint32_t expiry_s; /* MQTT 5: Message Expiry Interval; 0: none. */
    uint16_t id;       /* QoS 1 and 2; not 0 (2.2.1). */
    uint8_t qos;
};

size_t mqtt_publish_bytes(enum mqtt_version version, const struct mqtt_outgoing *message);
size_t mqtt_encode_publish(enum mqtt_version version, const struct mqtt_outgoing *message,
                           char *to);

/* PUBACK, PUBREC, PUBREL or PUBCOMP that says success (3.4 to 3.7); MQTT_ANSWER_BYTES. */
size_t mqtt_encode_answer(enum mqtt_kind kind, uint16_t id, char to[static MQTT_ANSWER_BYTES]);

/* SUBSCRIBE (3.8): all filters with one QoS, and without what brokers retain (3.8.3.1; 3.1.1 can't
 * ask for that). */
size_t mqtt_subscribe_bytes(enum mqtt_version version, const struct mqtt_bytes *filters,
                            uint32_t filters_count);
size_t mqtt_encode_subscribe(enum mqtt_version version, uint16_t id,
                             const struct mqtt_bytes *filters, uint32_t filters_count, uint8_t qos,
                             char *to);

/* UNSUBSCRIBE (3.10). */
size_t mqtt_unsubscribe_bytes(enum mqtt_version version, const struct mqtt_bytes *filters,
                              uint32_t filters_count);
size_t mqtt_encode_unsubscribe(enum mqtt_version version, uint16_t id,
                               const struct mqtt_bytes *filters, uint32_t filters_count, char *to);

size_t mqtt_encode_pingreq(char to[static MQTT_PINGREQ_BYTES]);       /* (3.12) */
size_t mqtt_encode_disconnect(char to[static MQTT_DISCONNECT_BYTES]); /* Normal (3.14). */

#endif
