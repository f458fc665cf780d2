/* The driver's row in the table of backends; rabbitmq_*.c hold its parts. */
#include "backend_drivers.h"
#include "catalog_entries.h"
#include "mono.h"
#include "rabbitmq_endpoint_inner.h"
#include "rabbitmq_topics_inner.h"

static const char *library_version(void)
{
    return "rabbitmq-c " AMQP_VERSION_STRING;
}

static int probe(const struct target *target, int64_t deadline_ns, struct probe *ret,
                 struct errinfo *reterr)
{
    struct rabbitmq_link link = {.fd = -1};
    struct rabbitmq_link_config config = {
        .target = target, .name = "millrace: probe", .deadline_ns = deadline_ns};
    int r = rabbitmq_link_open(&config, &link, ret, reterr);

    rabbitmq_link_close(&link, deadline_ns);
    return r;
}

const struct backend_ops backend_rabbitmq = {
    .entry = &catalog_rabbitmq,
    .library_version = library_version,
    .probe = probe,
    .topics_create = rabbitmq_topics_create,
    .topics_delete = rabbitmq_topics_delete,
    .clean = rabbitmq_clean,
    .open = rabbitmq_open,
    .connect = rabbitmq_connect,
    .adopt = rabbitmq_adopt,
    .hang_up = rabbitmq_hang_up,
    .close = rabbitmq_close,
    .submit = rabbitmq_submit,
    .poll = rabbitmq_poll,
    .poll_held = rabbitmq_poll_held,
    .ack = rabbitmq_ack,
    .flush = rabbitmq_flush,
    .wait_fd = rabbitmq_wait_fd,
    .watch = rabbitmq_watch,
    .ready = rabbitmq_ready,
    .ack_answers = false,
    .held_fd = false,
};
