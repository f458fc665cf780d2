/*
 * own_topics_inner: which topic and partition of a trial a message is of, by the name that the
 * broker gives it.
 *
 * Private to the MQTT driver over its own codec.
 */
#ifndef MILLRACE_OWN_TOPICS_INNER_H
#define MILLRACE_OWN_TOPICS_INNER_H

#include "own_client_inner.h"

/* 0 or -ENOMEM. */
int own_topics_init(struct endpoint *endpoint);
void own_topics_done(struct endpoint *endpoint);

/* False: none of the trial's. Remembers the last, as messages of one topic come in a row. */
bool own_topics_find(struct endpoint *endpoint, struct mqtt_bytes name, uint32_t *ret_topic,
                     uint32_t *ret_partition);

#endif
