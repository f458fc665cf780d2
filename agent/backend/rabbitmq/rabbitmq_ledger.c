#include "mono.h"
#include "rabbitmq_topics_inner.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEDGER "millrace-ledger"
#define LEDGER_CHANNEL 2
/* Bounds on what is read from a queue that anybody could have written to. */
#define ENTRY_LINE_BYTES 320
#define ENTRY_PREFIX "millrace-"

static const char entry_head[] = "millrace ledger 1\n";

static int add_once(struct rabbitmq_link *link, const struct text *entry, bool *ret_done,
                    struct errinfo *reterr)
{
    amqp_connection_state_t connection = link->connection;
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                          .delivery_mode = AMQP_DELIVERY_PERSISTENT};
    amqp_bytes_t body = {.len = entry->bytes_count, .bytes = entry->bytes};
    struct timeval at_once = {0};
    amqp_frame_t frame;
    int r;

    (void)amqp_queue_declare(connection, LEDGER_CHANNEL, amqp_cstring_bytes(LEDGER), 0, 1, 0, 0,
                             amqp_empty_table);
    r = rabbitmq_reply(link, amqp_get_rpc_reply(connection), reterr, "declaring queue " LEDGER);
    if (r < 0) {
        return r;
    }
    if (amqp_basic_publish(connection, LEDGER_CHANNEL, amqp_empty_bytes, amqp_cstring_bytes(LEDGER),
                           1, 0, &properties, body) != AMQP_STATUS_OK) {
        return errinfo_set(reterr, -ECONNRESET, "writing to queue " LEDGER " at %s failed",
                           link->peer);
    }
    (void)amqp_tx_commit(connection, LEDGER_CHANNEL);
    r = rabbitmq_reply(link, amqp_get_rpc_reply(connection), reterr, "writing to queue " LEDGER);
    /* Another run may have removed the ledger between the two: then the message came back before
     * the commit's answer, and the library has queued it. */
    *ret_done = !amqp_frames_enqueued(connection);
    while (amqp_frames_enqueued(connection) &&
           amqp_simple_wait_frame_noblock(connection, &frame, &at_once) == AMQP_STATUS_OK) {
    }
    return r;
}

int rabbitmq_ledger_add(struct rabbitmq_link *link, const struct topic_list *topics,
                        int64_t deadline_ns, struct errinfo *reterr)
{
    struct text entry = {0};
    bool done = false;
    int r;

    text_add(&entry, entry_head);
    for (uint32_t i = 0; i < topics->topics_count; i++) {
        const struct topic *topic = &topics->topics[i];

        text_addf(&entry, "%s %" PRIu32 " %" PRIu32 "\n", topic->name, topic->partitions,
                  topic->subscriptions);
    }
    if (text_failed(&entry)) {
        r = errinfo_nomem(reterr);
        goto out;
    }
    rabbitmq_link_deadline(link, deadline_ns);
    r = rabbitmq_channel_open(link, LEDGER_CHANNEL, reterr);
    if (r == 0) {
        (void)amqp_tx_select(link->connection, LEDGER_CHANNEL);
        r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr,
                           "beginning a transaction");
    }
    while (r == 0 && !done) {
        if (mono_ns() >= deadline_ns) {
            r = errinfo_set(reterr, -ETIMEDOUT, "queue " LEDGER " at %s vanishes again and again",
                            link->peer);
        } else {
            r = add_once(link, &entry, &done, reterr);
        }
    }
    if (r == 0) {
        (void)amqp_channel_close(link->connection, LEDGER_CHANNEL, AMQP_REPLY_SUCCESS);
    }
out:
    text_done(&entry);
    return r;
}

/* Becomes the only reader. *ret_there is false if there is no ledger. */
static int lock(struct rabbitmq_link *link, int64_t deadline_ns, bool *ret_there,
                struct errinfo *reterr)
{
    *ret_there = true;
    for (;;) {
        struct errinfo error = {""};
        int r;

        (void)amqp_basic_consume(link->connection, LEDGER_CHANNEL, amqp_cstring_bytes(LEDGER),
                                 amqp_cstring_bytes("ledger"), 0, 0, 1, amqp_empty_table);
        r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), &error,
                           "reading queue " LEDGER);
        if (r == -ENOENT) {
            *ret_there = false;
            return rabbitmq_channel_renew(link, LEDGER_CHANNEL, reterr);
        }
        /* Another run reads it; that takes milliseconds. A user who may not read it is refused by
         * the same code. */
        if (r != -EACCES || strstr(error.text, "exclusive use") == NULL ||
            mono_ns() >= deadline_ns) {
            return r < 0 ? errinfo_set(reterr, r, "%s", error.text) : 0;
        }
        mono_sleep_until(mono_ns() + 20 * NS_PER_MS);
        r = rabbitmq_channel_renew(link, LEDGER_CHANNEL, reterr);
        if (r < 0) {
            return r;
        }
    }
}

static bool in_list(const struct topic_list *topics, const char *name, size_t name_bytes)
{
    for (uint32_t i = 0; i < topics->topics_count; i++) {
        if (strncmp(topics->topics[i].name, name, name_bytes) == 0 &&
            topics->topics[i].name[name_bytes] == '\0') {
            return true;
        }
    }
    return false;
}

/* One line of an entry: "NAME PARTITIONS SUBSCRIPTIONS". False if it isn't one that we wrote. */
static bool parse_line(const char *line, size_t line_bytes, char name[static TOPIC_NAME_BYTES],
                       struct topic *ret)
{
    char copy[ENTRY_LINE_BYTES];
    char *space;
    char *end;
    unsigned long partitions;
    unsigned long subscriptions;

    if (line_bytes >= sizeof copy) {
        return false;
    }
    memcpy(copy, line, line_bytes);
    copy[line_bytes] = '\0';
    space = strchr(copy, ' ');
    if (space == NULL || space - copy >= TOPIC_NAME_BYTES ||
        strncmp(copy, ENTRY_PREFIX, strlen(ENTRY_PREFIX)) != 0) {
        return false;
    }
    *space = '\0';
    partitions = strtoul(space + 1, &end, 10);
    if (*end != ' ') {
        return false;
    }
    subscriptions = strtoul(end + 1, &end, 10);
    if (*end != '\0' || partitions > PARTITIONS_MAX || subscriptions > SUBSCRIPTIONS_MAX) {
        return false;
    }
    memcpy(name, copy, strlen(copy) + 1);
    *ret = (struct topic){
        .name = name, .partitions = (uint32_t)partitions, .subscriptions = (uint32_t)subscriptions};
    return true;
}

/* What to do with one entry. Removes what it names if topics is NULL. */
static int judge_entry(struct rabbitmq_link *link, const struct topic_list *topics,
                       amqp_bytes_t body, bool *ret_take, uint32_t *removed, struct errinfo *reterr)
{
    const char *at = (const char *)body.bytes + strlen(entry_head);
    const char *end = (const char *)body.bytes + body.len;
    char name[TOPIC_NAME_BYTES];
    struct topic topic;
    bool take = true;
    int r = 0;

    while (at < end && take && r == 0) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t line_bytes = (size_t)((newline != NULL ? newline : end) - at);

        if (!parse_line(at, line_bytes, name, &topic)) {
            take = topics == NULL; /* Damaged: nobody will ever come for it. */
        } else if (topics != NULL) {
            take = in_list(topics, name, strlen(name));
        } else {
            r = rabbitmq_topic_remove(link, &topic, reterr);
            *removed += r == 0;
        }
        at += line_bytes + 1;
    }
    *ret_take = take;
    return r;
}

static bool is_entry(amqp_bytes_t body)
{
    size_t head_bytes = strlen(entry_head);

    return body.len >= head_bytes && memcmp(body.bytes, entry_head, head_bytes) == 0;
}

/* Waits until everything that the ledger holds has been delivered to its only reader. The broker's
 * channel works in order: the first question goes through the queue, so its answer comes after the
 * queue has handed all entries to the channel, and the answer to the second comes after the channel
 * has sent them. Not a marker message at the end: while its memory alarm is on, a broker stops to
 * read from whoever publishes, and that is just when somebody may want to clean. */
static int await_entries(struct rabbitmq_link *link, struct errinfo *reterr)
{
    int r;

    (void)amqp_queue_declare(link->connection, LEDGER_CHANNEL, amqp_cstring_bytes(LEDGER), 1, 1, 0,
                             0, amqp_empty_table);
    r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr, "reading " LEDGER);
    if (r == 0) {
        (void)amqp_basic_qos(link->connection, LEDGER_CHANNEL, 0, 0, 0);
        r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr, "reading " LEDGER);
    }
    return r;
}

/* Reads all entries that came. Those that stay are given back by closing the channel. */
static int read_entries(struct rabbitmq_link *link, const struct topic_list *topics,
                        uint32_t *removed, struct errinfo *reterr)
{
    int r = await_entries(link, reterr);

    while (r == 0 && amqp_frames_enqueued(link->connection)) {
        amqp_envelope_t envelope;
        bool take = false;

        r = rabbitmq_reply(link,
                           amqp_consume_message(link->connection, &envelope,
                                                amqp_get_rpc_timeout(link->connection), 0),
                           reterr, "reading " LEDGER);
        if (r < 0) {
            break;
        }
        if (is_entry(envelope.message.body)) {
            r = judge_entry(link, topics, envelope.message.body, &take, removed, reterr);
        }
        if (r == 0 && take &&
            amqp_basic_ack(link->connection, LEDGER_CHANNEL, envelope.delivery_tag, 0) < 0) {
            r = errinfo_set(reterr, -ECONNRESET, "writing to %s failed", link->peer);
        }
        amqp_destroy_envelope(&envelope);
    }
    return r;
}

/* Removes the ledger unless something is in it, or somebody reads it. */
static int remove_if_empty(struct rabbitmq_link *link, struct errinfo *reterr)
{
    struct errinfo ignored;
    int r;

    (void)amqp_queue_delete(link->connection, LEDGER_CHANNEL, amqp_cstring_bytes(LEDGER), 1, 1);
    r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), &ignored, "removing " LEDGER);
    if (r == -EEXIST || r == -ENOENT) {
        return rabbitmq_channel_renew(link, LEDGER_CHANNEL, reterr);
    }
    return r == 0 ? 0 : errinfo_set(reterr, r, "%s", ignored.text);
}

int rabbitmq_ledger_take(struct rabbitmq_link *link, const struct topic_list *topics,
                         int64_t deadline_ns, uint32_t *ret_removed, struct errinfo *reterr)
{
    uint32_t removed = 0;
    bool there = false;
    int r;

    rabbitmq_link_deadline(link, deadline_ns);
    r = rabbitmq_channel_open(link, LEDGER_CHANNEL, reterr);
    if (r == 0) {
        r = lock(link, deadline_ns, &there, reterr);
    }
    if (r == 0 && there) {
        rabbitmq_link_deadline(link, deadline_ns);
        r = read_entries(link, topics, &removed, reterr);
    }
    if (r == 0 && there) {
        /* One step for the broker: the lock is given up and what was not taken is back in place. */
        r = rabbitmq_reply(link,
                           amqp_channel_close(link->connection, LEDGER_CHANNEL, AMQP_REPLY_SUCCESS),
                           reterr, "closing a channel");
        if (r == 0) {
            r = rabbitmq_channel_open(link, LEDGER_CHANNEL, reterr);
        }
        if (r == 0) {
            r = remove_if_empty(link, reterr);
        }
    }
    if (r == 0) {
        (void)amqp_channel_close(link->connection, LEDGER_CHANNEL, AMQP_REPLY_SUCCESS);
        if (ret_removed != NULL) {
            *ret_removed = removed;
        }
    }
    return r;
}
