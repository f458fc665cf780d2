/* wire_samples: structs with random contents in every field, and whether two are the same. Unused
 * bytes are zero, so that flat structs compare as bytes. */
#ifndef MILLRACE_WIRE_SAMPLES_H
#define MILLRACE_WIRE_SAMPLES_H

#include "control_messages.h"
#include "random.h"

#include <stdbool.h>

void sample_hello(struct random *random, struct hello *ret);
void sample_welcome(struct random *random, struct welcome *ret);
void sample_head(struct random *random, struct request_head *ret);
void sample_poll(struct random *random, struct poll *ret);
void sample_receipt(struct random *random, struct receipt *ret);
void sample_clock_report(struct random *random, struct clock_report *ret);
void sample_clock_answer(struct random *random, struct clock_answer *ret);

/* These own memory: command_done() and so on. */
void sample_command(struct random *random, enum command_kind kind, struct command *ret);
void sample_status(struct random *random, struct status *ret);
void sample_snapshot(struct random *random, struct snapshot *ret);
void sample_target(struct random *random, struct target *ret);
void sample_assignment(struct random *random, struct assignment *ret); /* Passes its check. */

bool same_command(const struct command *a, const struct command *b);
bool same_status(const struct status *a, const struct status *b);
bool same_snapshot(const struct snapshot *a, const struct snapshot *b);

/* Parts that several samples are made of. */
uint32_t sample_below(struct random *random, uint32_t end);
uint64_t sample_number(struct random *random); /* Of all magnitudes. */
int64_t sample_time(struct random *random);    /* Of both signs. */
bool sample_bool(struct random *random);
void sample_text(struct random *random, char *text, size_t text_bytes);
void *sample_zeros(uint32_t count, size_t item_bytes); /* NULL for none. */
bool same_items(const void *a, const void *b, uint32_t count, size_t item_bytes);
bool same_target(const struct target *a, const struct target *b);
bool same_assignment(const struct assignment *a, const struct assignment *b);

#endif
