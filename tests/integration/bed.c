#include "bed.h"

#include "backend_table.h"
#include "revive.h"

#include "random.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 100
#define BATCH 64

static char payload[2 * 1024 * 1024];

void bed_target(struct target *target, const char *driver, const char *address)
{
    size_t name_bytes = strcspn(driver, "/");

    memset(target, 0, sizeof *target);
    target->label = strdup("bed");
    target->backend = strndup(driver, name_bytes);
    target->addresses = calloc(1, sizeof *target->addresses);
    target->addresses[0] = strdup(address);
    target->addresses_count = 1;
    if (driver[name_bytes] == '/') {
        assert_int_equal(target_set_option(target, "client", driver + name_bytes + 1), 0);
    }
}

struct bed *bed_new(const char *driver, const char *address)
{
    static const uint32_t topic_zero;
    struct bed *bed = calloc(1, sizeof *bed);

    assert_non_null(bed);
    bed_target(&bed->target, driver, address);
    bed->ops = backend_find(catalog_entry_of(&bed->target));
    assert_non_null(bed->ops);
    (void)snprintf(bed->name, sizeof bed->name, "millrace-bed-%016" PRIx64, random_entropy());
    bed->delivery = (struct delivery){.publish_ack = PUBLISH_ACK_ALL,
                                      .in_flight = BED_TOKENS,
                                      .consume_ack = CONSUME_ACK_NONE,
                                      .consume_ack_batch = 1,
                                      .persistent = true};
    bed->topic = (struct topic){
        .name = bed->name, .partitions = 1, .subscriptions = 1, .delivery = &bed->delivery};
    for (uint32_t i = 0; i < BED_CLIENTS_MAX; i++) {
        bed->producers[i] =
            (struct endpoint_client){.client = i, .topics = &topic_zero, .topics_count = 1};
        bed->consumers[i] = bed->producers[i];
        bed->consumers[i].client += BED_CLIENTS_MAX;
    }
    bed->producer_config = (struct endpoint_config){.target = &bed->target,
                                                    .role = ROLE_PRODUCER,
                                                    .run_id = "bed",
                                                    .topics = &bed->topic,
                                                    .topics_count = 1,
                                                    .clients = bed->producers,
                                                    .delivery = &bed->delivery,
                                                    .message_bytes_max = MESSAGE_BYTES,
                                                    .drain_ns = 10 * NS_PER_S};
    return bed;
}

void bed_make(struct bed *bed)
{
    struct topic_list list = {.topics = &bed->topic, .topics_count = 1};
    struct errinfo error = {""};

    if (bed->ops->topics_create(&bed->target, &list, mono_ns() + BED_WAIT_NS, &error) < 0) {
        fail_msg("%s", error.text);
    }
}

void bed_open(struct bed *bed, uint32_t producers, uint32_t consumers)
{
    struct errinfo error = {""};

    bed->producer_config.open_deadline_ns = mono_ns() + BED_WAIT_NS;
    if (consumers > 0) {
        bed->consumer_config = bed->producer_config;
        bed->consumer_config.role = ROLE_CONSUMER;
        bed->consumer_config.clients = bed->consumers;
        bed->consumer_config.clients_count = consumers;
        for (uint32_t i = 0; i < consumers; i++) {
            bed->consumers[i].share_index = i;
            bed->consumers[i].shares_count = consumers;
        }
        if (bed->ops->open(&bed->consumer_config, &bed->consumer, &error) < 0) {
            fail_msg("%s", error.text);
        }
    }
    if (producers > 0) {
        bed->producer_config.clients_count = producers;
        if (bed->ops->open(&bed->producer_config, &bed->producer, &error) < 0) {
            fail_msg("%s", error.text);
        }
    }
}

void bed_free(struct bed *bed)
{
    struct topic_list list = {.topics = &bed->topic, .topics_count = 1};
    struct errinfo error = {""};

    bed->ops->close(bed->producer);
    bed->ops->close(bed->consumer);
    if (bed->ops->topics_delete(&bed->target, &list, mono_ns() + BED_WAIT_NS, &error) < 0) {
        fail_msg("%s", error.text);
    }
    target_done(&bed->target);
    free(bed);
}

int bed_submit(struct bed *bed, uint32_t client, uint32_t partition, uint32_t bytes_count)
{
    struct message message = {.client = client,
                              .partition = partition,
                              .bytes = payload,
                              .bytes_count = bytes_count,
                              .token = bed->sent % BED_TOKENS};
    int taken;

    assert_true(bed->sent < BED_MESSAGES_MAX && bytes_count <= sizeof payload);
    if (bed->outstanding[message.token]) {
        return -EAGAIN;
    }
    memcpy(payload, &bed->sent, sizeof bed->sent);
    memcpy(payload + sizeof bed->sent, &bytes_count, sizeof bytes_count);
    /* The end counts too: a message put together from parts must have them all. */
    memcpy(payload + bytes_count - sizeof bed->sent, &bed->sent, sizeof bed->sent);
    taken = bed->ops->submit(bed->producer, &message, 1);
    assert_in_range(taken, 0, 1);
    if (taken == 0) {
        return -EAGAIN;
    }
    bed->outstanding[message.token] = true;
    bed->number[message.token] = bed->sent;
    bed->sent++;
    return 0;
}

static void outcome(struct bed *bed, const struct event *event)
{
    assert_true(event->token < BED_TOKENS);
    assert_true(bed->outstanding[event->token]);
    bed->outstanding[event->token] = false;
    bed->is_acked[bed->number[event->token]] = event->kind == EVENT_ACKED;
    bed->acked += event->kind == EVENT_ACKED;
    bed->refused += event->kind == EVENT_REFUSED;
    bed->unconfirmed += event->kind == EVENT_UNCONFIRMED;
}

static void arrival(struct bed *bed, const struct event *event)
{
    uint32_t number = 0;
    uint32_t bytes_count = 0;
    uint32_t end = 0;

    assert_true(event->bytes_count >= 12);
    memcpy(&number, event->bytes, sizeof number);
    memcpy(&bytes_count, (const char *)event->bytes + sizeof number, sizeof bytes_count);
    memcpy(&end, (const char *)event->bytes + event->bytes_count - sizeof end, sizeof end);
    assert_int_equal(event->bytes_count, bytes_count);
    assert_int_equal(end, number);
    assert_true(number < bed->sent);
    bed->seen[number]++;
    bed->received++;
    if (bed->delivery.consume_ack == CONSUME_ACK_EACH) {
        (void)bed->ops->ack(bed->consumer, event->token, false);
    }
}

static int poll_one(struct bed *bed, struct endpoint *endpoint, bool *down)
{
    struct event events[BATCH];
    int64_t start_ns = mono_ns();
    int count = bed->ops->poll(endpoint, events, BATCH);
    int64_t took_ns = mono_ns() - start_ns;

    bed->poll_ns_max = took_ns > bed->poll_ns_max ? took_ns : bed->poll_ns_max;
    for (int i = 0; i < count; i++) {
        if (events[i].text != NULL) {
            (void)snprintf(bed->text, sizeof bed->text, "%s", events[i].text);
        }
        switch (events[i].kind) {
        case EVENT_ACKED:
        case EVENT_REFUSED:
        case EVENT_UNCONFIRMED:
            outcome(bed, &events[i]);
            break;
        case EVENT_MESSAGE:
            arrival(bed, &events[i]);
            break;
        case EVENT_SAYS:
            bed->says++;
            (void)snprintf(bed->said, sizeof bed->said, "%s", events[i].text);
            break;
        default:
            bed->downs += events[i].kind == EVENT_DOWN && !down[events[i].client];
            bed->ups += events[i].kind == EVENT_UP;
            down[events[i].client] = events[i].kind == EVENT_DOWN ||
                                     (events[i].kind != EVENT_UP && down[events[i].client]);
        }
    }
    return count;
}

int bed_poll(struct bed *bed)
{
    int count = 0;

    if (bed->producer != NULL) {
        count += poll_one(bed, bed->producer, bed->producer_down);
    }
    if (bed->consumer != NULL) {
        count += poll_one(bed, bed->consumer, bed->consumer_down);
    }
    return count;
}

/* Sleeps on the descriptors as a worker does: a driver that leaves something in its library while
 * they are silent makes the tests slow enough to fail. */
static void sleep_on(const struct bed *bed)
{
    struct pollfd fds[2] = {{.fd = -1, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

    if (bed->producer != NULL) {
        fds[0].fd = bed->ops->wait_fd(bed->producer);
    }
    if (bed->consumer != NULL) {
        fds[1].fd = bed->ops->wait_fd(bed->consumer);
    }
    (void)poll(fds, 2, 1000);
}

void bed_send(struct bed *bed, uint32_t count)
{
    uint32_t end = bed->sent + count;
    int64_t deadline_ns = mono_ns() + BED_WAIT_NS;

    while (bed->sent < end) {
        if (bed_submit(bed, 0, bed->sent % bed->topic.partitions, MESSAGE_BYTES) == 0) {
            continue;
        }
        if (bed_poll(bed) == 0) {
            sleep_on(bed);
        }
        if (mono_ns() > deadline_ns) {
            fail_msg("only %u of %u messages could be sent", bed->sent, end);
        }
    }
}

void bed_wait(struct bed *bed, const uint32_t *counter, uint32_t value)
{
    int64_t deadline_ns = mono_ns() + BED_WAIT_NS;

    while (*counter < value) {
        if (bed_poll(bed) == 0) {
            sleep_on(bed);
        }
        if (mono_ns() > deadline_ns) {
            fail_msg("waited in vain: %u of %u (sent %u, acked %u, received %u; %s)", *counter,
                     value, bed->sent, bed->acked, bed->received, bed->text);
        }
    }
}

void bed_settle(struct bed *bed)
{
    int64_t deadline_ns = mono_ns() + BED_WAIT_NS;

    while (bed->acked + bed->refused + bed->unconfirmed < bed->sent) {
        if (bed_poll(bed) == 0) {
            sleep_on(bed);
        }
        if (mono_ns() > deadline_ns) {
            fail_msg("%u sent, but only %u acked, %u refused, %u unconfirmed", bed->sent,
                     bed->acked, bed->refused, bed->unconfirmed);
        }
    }
}

void bed_drain(struct bed *bed)
{
    for (uint32_t i = 0; i < bed->sent; i++) {
        while (bed->is_acked[i] && bed->seen[i] == 0) {
            bed_wait(bed, &bed->received, bed->received + 1);
        }
    }
}

/* Each client that is down once a round. */
static void revive_all(struct bed *bed, struct endpoint *endpoint,
                       const struct endpoint_config *config, bool *down, struct errinfo *error)
{
    for (uint32_t i = 0; endpoint != NULL && i < config->clients_count; i++) {
        if (down[i] && revive(bed->ops, endpoint, config, i, error) == 0) {
            while (bed->ops->connect != NULL && down[i]) {
                (void)bed_poll(bed);
            }
        }
    }
}

static bool is_any_down(const struct bed *bed)
{
    for (uint32_t i = 0; i < BED_CLIENTS_MAX; i++) {
        if (bed->producer_down[i] || bed->consumer_down[i]) {
            return true;
        }
    }
    return false;
}

void bed_reopen(struct bed *bed)
{
    int64_t deadline_ns = mono_ns() + BED_WAIT_NS;
    struct errinfo error = {""};

    do {
        (void)bed_poll(bed);
        revive_all(bed, bed->producer, &bed->producer_config, bed->producer_down, &error);
        revive_all(bed, bed->consumer, &bed->consumer_config, bed->consumer_down, &error);
        if (mono_ns() > deadline_ns) {
            fail_msg("%s", error.text);
        }
    } while (is_any_down(bed));
}
