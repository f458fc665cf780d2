/*
 * payload_text_inner: contents that look like what people send: words, and JSON documents of an
 * exact length. Made ahead, so they may take their time. Pure; same numbers, same contents.
 */
#ifndef MILLRACE_PAYLOAD_TEXT_INNER_H
#define MILLRACE_PAYLOAD_TEXT_INNER_H

#include "random.h"

#include <stddef.h>

/* English words in lines of some 80 characters; it may be cut anywhere. */
void payload_fill_text(char *text, size_t bytes, struct random *random);

/* One valid document of exactly so many bytes: a list of records, or, where there is no room for
 * one, an empty object or a digit. */
void payload_fill_json(char *text, size_t bytes, struct random *random);

#endif
