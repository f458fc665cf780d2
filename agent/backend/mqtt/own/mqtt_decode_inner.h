/*
 * mqtt_decode_inner: packets of a broker, from bytes as they came. Nothing is copied: what is
 * decoded points into them.
 *
 * Each returns 0, or -EPROTO with a sentence that ends with the section that is broken; a client
 * has to close the connection then (4.13). Of what the standard allows nothing is refused; of what
 * it forbids all that matters to a client is found, but for the well-formedness of UTF-8 texts
 * (1.5.4), which are shown and compared only.
 *
 * Private to the MQTT driver. Pure; bytes beyond the given count are never read.
 */
#ifndef MILLRACE_MQTT_DECODE_INNER_H
#define MILLRACE_MQTT_DECODE_INNER_H

#include "mqtt_packet_inner.h"

/* The fixed header of what stands first. -EAGAIN: more bytes are needed to tell. The body is looked
 * at by those below, once all of it is there. */
int mqtt_decode_frame(const char *bytes, size_t bytes_count, struct mqtt_frame *ret,
                      const char **reterr);

/* `body` has frame.body_bytes. The caller has looked at frame.kind. */
int mqtt_decode_connack(enum mqtt_version version, const struct mqtt_frame *frame, const char *body,
                        struct mqtt_connack *ret, const char **reterr);
int mqtt_decode_publish(enum mqtt_version version, const struct mqtt_frame *frame, const char *body,
                        struct mqtt_publish *ret, const char **reterr);
int mqtt_decode_answer(enum mqtt_version version, const struct mqtt_frame *frame, const char *body,
                       struct mqtt_answer *ret, const char **reterr);
int mqtt_decode_suback(enum mqtt_version version, const struct mqtt_frame *frame, const char *body,
                       struct mqtt_suback *ret, const char **reterr);
int mqtt_decode_disconnect(enum mqtt_version version, const struct mqtt_frame *frame,
                           const char *body, struct mqtt_disconnect *ret, const char **reterr);
/* PINGRESP (3.13): there is nothing in it. */
int mqtt_decode_pingresp(const struct mqtt_frame *frame, const char **reterr);

/* The name that the standard gives a reason code of a packet of that kind ("Quota exceeded"), or of
 * 3.1.1 a return code; "an unknown reason code" if it gives none. (2.4; 3.1.1: 3.2.2.3, 3.9.3) */
const char *mqtt_reason_name(enum mqtt_version version, enum mqtt_kind kind, uint8_t reason);

#endif
