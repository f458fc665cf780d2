#include "rabbitmq_topics_inner.h"

#include "catalog_entries.h"

#include <errno.h>
#include <string.h>

/* -EEXIST if one of the topics' exchanges is there. */
static int expect_none(struct rabbitmq_link *link, const struct topic_list *topics,
                       struct errinfo *reterr)
{
    struct errinfo ignored;
    int r;

    for (uint32_t i = 0; i < topics->topics_count; i++) {
        const char *name = topics->topics[i].name;

        (void)amqp_exchange_declare(link->connection, RABBITMQ_CHANNEL, amqp_cstring_bytes(name),
                                    amqp_cstring_bytes("direct"), 1, 0, 0, 0, amqp_empty_table);
        r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), &ignored, "looking for %s",
                           name);
        if (r == 0) {
            return errinfo_set(reterr, -EEXIST, "exchange %s exists already at %s", name,
                               link->peer);
        }
        if (r != -ENOENT) {
            return errinfo_set(reterr, r, "%s", ignored.text);
        }
        r = rabbitmq_channel_renew(link, RABBITMQ_CHANNEL, reterr);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static int open_link(const struct target *target, const char *name, int64_t deadline_ns,
                     struct rabbitmq_link *ret, struct errinfo *reterr)
{
    struct rabbitmq_link_config config = {
        .target = target, .name = name, .deadline_ns = deadline_ns};
    int r = rabbitmq_link_open(&config, ret, NULL, reterr);

    if (r == 0) {
        rabbitmq_link_deadline(ret, deadline_ns);
    }
    return r;
}

static int check_delivery(const struct target *target, const struct topic_list *topics,
                          struct errinfo *reterr)
{
    bool quorum =
        strcmp(catalog_option_text(&catalog_rabbitmq, target, "queue_type"), "quorum") == 0;

    for (uint32_t i = 0; i < topics->topics_count; i++) {
        if (quorum && !topics->topics[i].delivery->persistent) {
            return errinfo_set(reterr, -ENOTSUP,
                               "persistent: false is not available with queue_type: quorum "
                               "(quorum queues are always durable)");
        }
    }
    return 0;
}

static int remove_all(struct rabbitmq_link *link, const struct topic_list *topics,
                      int64_t deadline_ns, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; i < topics->topics_count && r == 0; i++) {
        rabbitmq_link_deadline(link, deadline_ns);
        r = rabbitmq_topic_remove(link, &topics->topics[i], reterr);
    }
    return r < 0 ? r : rabbitmq_ledger_take(link, topics, deadline_ns, NULL, reterr);
}

int rabbitmq_topics_create(const struct target *target, const struct topic_list *topics,
                           int64_t deadline_ns, struct errinfo *reterr)
{
    struct rabbitmq_link link = {.fd = -1};
    struct errinfo ignored;
    int r;

    r = check_delivery(target, topics, reterr);
    if (r < 0) {
        return r;
    }
    r = open_link(target, "millrace: making topics", deadline_ns, &link, reterr);
    if (r < 0) {
        return r;
    }
    r = expect_none(&link, topics, reterr);
    if (r == 0) {
        r = rabbitmq_ledger_add(&link, topics, deadline_ns, reterr);
    }
    if (r < 0) {
        goto out;
    }
    for (uint32_t i = 0; i < topics->topics_count && r == 0; i++) {
        rabbitmq_link_deadline(&link, deadline_ns);
        r = rabbitmq_topic_declare(&link, target, &topics->topics[i], reterr);
    }
    if (r < 0 && rabbitmq_channel_renew(&link, RABBITMQ_CHANNEL, &ignored) == 0) {
        (void)remove_all(&link, topics, deadline_ns, &ignored);
    }
out:
    rabbitmq_link_close(&link, deadline_ns);
    return r;
}

int rabbitmq_topics_delete(const struct target *target, const struct topic_list *topics,
                           int64_t deadline_ns, struct errinfo *reterr)
{
    struct rabbitmq_link link = {.fd = -1};
    int r = open_link(target, "millrace: removing topics", deadline_ns, &link, reterr);

    if (r == 0) {
        r = remove_all(&link, topics, deadline_ns, reterr);
        rabbitmq_link_close(&link, deadline_ns);
    }
    return r;
}

int rabbitmq_clean(const struct target *target, int64_t deadline_ns, uint32_t *ret_removed,
                   struct errinfo *reterr)
{
    struct rabbitmq_link link = {.fd = -1};
    uint32_t removed = 0;
    int r = open_link(target, "millrace: clean", deadline_ns, &link, reterr);

    if (r == 0) {
        r = rabbitmq_ledger_take(&link, NULL, deadline_ns, &removed, reterr);
        rabbitmq_link_close(&link, deadline_ns);
    }
    if (r == 0) {
        *ret_removed = removed;
    }
    return r;
}
