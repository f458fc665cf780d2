/* small_delivery: a trial by hand, of one producer and one topic, whose sets have a few numbers. */
#ifndef MILLRACE_TEST_SMALL_DELIVERY_H
#define MILLRACE_TEST_SMALL_DELIVERY_H

#include "check.h"

#include "delivery_inner.h"

struct assigned_flow small_flow_of(uint32_t subscriptions);

/* The caller frees it. */
struct delivery_audit *small_audit_of(const struct assigned_flow *flow);

/* What delivery_add() says to messages first..last that were confirmed. */
int small_add_sent(struct delivery_audit *audit, uint64_t first, uint64_t last);

/* Likewise to what one agent saw of one subscription; which is 0 for seen, 1 for again, 2 for out
 * of order. */
int small_add_read(struct delivery_audit *audit, uint32_t subscription, int which, uint64_t first,
                   uint64_t last);

struct delivery_counts small_count_all(const struct delivery_audit *audit);

#endif
