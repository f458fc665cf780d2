/*
 * rabbitmq_kept_inner: bytes of a connection that wait: those that its socket did not take yet, and
 * those that were read and can't be looked at yet. Most of the time there are none, so they are in
 * pages that are real while they are used.
 *
 * Private to the RabbitMQ driver. A client has its own; its worker's thread.
 */
#ifndef MILLRACE_RABBITMQ_KEPT_INNER_H
#define MILLRACE_RABBITMQ_KEPT_INNER_H

#include <stddef.h>

struct rabbitmq_kept {
    char *bytes; /* Of them [begin, end) wait. */
    size_t bytes_max;
    size_t touched; /* So many may be more than zeros. */
    size_t begin;
    size_t end; /* 0: none wait. */
};

/* 0 or -ENOMEM. */
int rabbitmq_kept_init(struct rabbitmq_kept *kept, size_t bytes_max);
void rabbitmq_kept_done(struct rabbitmq_kept *kept);

/* Keeps a copy of up to bytes_max; none wait. */
void rabbitmq_kept_put(struct rabbitmq_kept *kept, const char *bytes, size_t count);
/* The first so many wait no longer. */
void rabbitmq_kept_took(struct rabbitmq_kept *kept, size_t count);
/* Likewise all of them. */
void rabbitmq_kept_drop(struct rabbitmq_kept *kept);
/* Gives the pages back if none wait. */
void rabbitmq_kept_shrink(struct rabbitmq_kept *kept);

#endif
