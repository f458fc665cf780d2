/* A broker that forbids one step after the other. */
#include "check.h"
#include "deadlines.h"
#include "look.h"
#include "mono.h"

#include <errno.h>
#include <string.h>

struct endpoint {
    enum endpoint_role role;
};

enum fault {
    FAULT_NONE,
    FAULT_REFUSED,
    FAULT_SILENT_CONFIRM,
    FAULT_SILENT_READ,
    FAULT_BLOCKED,
    FAULT_FULL
};

static struct {
    enum look_stage forbidden; /* LOOK_DONE: none. */
    enum fault fault;
    bool topic_is_there;
    uint32_t open;
    char bytes[8192];
    uint32_t bytes_count;
    bool confirm_waits;
    bool message_waits;
    uint32_t acks;
    bool quorum; /* All that it has is persistent. */
    int64_t drain_ns;
    struct delivery delivery;
    struct look_request request;
    atomic_bool called_back;
    enum look_stage calls_back; /* At that stage somebody else calls the look back. */
    struct endpoint endpoints[2];
} broker;

static int forbid(enum look_stage stage, struct errinfo *reterr)
{
    if (broker.calls_back == stage) {
        atomic_store(&broker.called_back, true);
    }
    return broker.forbidden == stage ? errinfo_set(reterr, -EACCES, "access refused") : 0;
}

static int topics_create(const struct target *target, const struct topic_list *topics,
                         int64_t deadline_ns, struct errinfo *reterr)
{
    int r = forbid(LOOK_MAKE, reterr);

    (void)target;
    (void)deadline_ns;
    assert_int_equal(topics->topics_count, 1);
    assert_memory_equal(topics->topics[0].name, "millrace-look-run-agent-1", 25);
    if (broker.quorum && !topics->topics[0].delivery->persistent) {
        return errinfo_set(reterr, -ENOTSUP, "quorum queues are always durable");
    }
    broker.topic_is_there = r == 0;
    return r;
}

static int topics_delete(const struct target *target, const struct topic_list *topics,
                         int64_t deadline_ns, struct errinfo *reterr)
{
    int r = forbid(LOOK_REMOVE, reterr);

    (void)target;
    (void)topics;
    assert_int_equal(broker.open, 0); /* A client that is open could make it anew. */
    assert_true(deadline_ns > mono_ns());
    broker.topic_is_there = broker.topic_is_there && r < 0;
    return r;
}

static int open_one(const struct endpoint_config *config, struct endpoint **ret,
                    struct errinfo *reterr)
{
    int r = forbid(config->role == ROLE_CONSUMER ? LOOK_OPEN_CONSUMER : LOOK_OPEN_PRODUCER, reterr);

    assert_true(broker.topic_is_there);
    broker.drain_ns = config->drain_ns;
    broker.delivery = *config->delivery;
    assert_true(config->message_bytes_max >= broker.request.message_bytes);
    if (r == 0) {
        broker.endpoints[config->role].role = config->role;
        *ret = &broker.endpoints[config->role];
        broker.open++;
    }
    return r;
}

static void close_one(struct endpoint *endpoint)
{
    broker.open -= endpoint != NULL ? 1 : 0;
}

static int submit(struct endpoint *endpoint, const struct message *message, uint32_t messages_count)
{
    assert_int_equal(endpoint->role, ROLE_PRODUCER);
    assert_int_equal(messages_count, 1);
    if (broker.fault == FAULT_FULL) {
        return 0;
    }
    assert_true(message_whole_bytes(message) <= sizeof broker.bytes);
    message_write(message, broker.bytes);
    broker.bytes_count = message_whole_bytes(message);
    (void)forbid(LOOK_WRITE, NULL);
    broker.confirm_waits = broker.fault != FAULT_SILENT_CONFIRM;
    broker.message_waits = broker.fault != FAULT_SILENT_READ;
    return 1;
}

static int poll_producer(struct event *event)
{
    if (broker.fault == FAULT_BLOCKED) {
        *event = (struct event){.kind = EVENT_ERROR, .text = "blocked: low on memory"};
        return 1;
    }
    if (!broker.confirm_waits) {
        return 0;
    }
    broker.confirm_waits = false;
    *event = (struct event){.kind = broker.fault == FAULT_REFUSED ? EVENT_REFUSED : EVENT_ACKED,
                            .text = broker.fault == FAULT_REFUSED ? "not leader" : NULL};
    return 1;
}

static int poll_one(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    assert_true(events_max > 0);
    if (endpoint->role == ROLE_PRODUCER) {
        return poll_producer(events);
    }
    if (!broker.message_waits) {
        return 0;
    }
    broker.message_waits = false;
    *events = (struct event){.kind = EVENT_MESSAGE,
                             .token = 7,
                             .bytes = broker.bytes,
                             .bytes_count = broker.bytes_count};
    return 1;
}

static int ack(struct endpoint *endpoint, uint64_t token, bool multiple)
{
    assert_int_equal(endpoint->role, ROLE_CONSUMER);
    assert_int_equal(token, 7);
    assert_false(multiple);
    if (broker.forbidden == LOOK_ACKNOWLEDGE) {
        return -ENOTCONN;
    }
    return 1;
}

static int flush(struct endpoint *endpoint)
{
    assert_int_equal(endpoint->role, ROLE_CONSUMER);
    broker.acks++;
    return 0;
}

static struct catalog_entry entry;

static const struct backend_ops ops = {.entry = &entry,
                                       .topics_create = topics_create,
                                       .topics_delete = topics_delete,
                                       .open = open_one,
                                       .close = close_one,
                                       .submit = submit,
                                       .poll = poll_one,
                                       .ack = ack,
                                       .flush = flush};

static void begin(enum look_stage forbidden, enum fault fault)
{
    memset(&broker, 0, sizeof broker);
    memset(&entry, 0, sizeof entry);
    broker.forbidden = forbidden;
    broker.fault = fault;
    broker.calls_back = LOOK_DONE;
    broker.request = (struct look_request){
        .name = "run-agent-1", .publish_ack = PUBLISH_ACK_ALL, .consume_ack = CONSUME_ACK_EACH};
}

static int look(int64_t allowed_ns, enum look_stage *ret_stage, struct errinfo *reterr)
{
    static const struct target target = {0};

    const struct look_config config = {.ops = &ops,
                                       .target = &target,
                                       .request = &broker.request,
                                       .deadline_ns = mono_ns() + allowed_ns,
                                       .called_back = &broker.called_back};

    return look_at_target(&config, ret_stage, reterr);
}

static void assert_stops_at(enum look_stage stage, int64_t allowed_ns, const char *sentence)
{
    struct errinfo error = {""};
    enum look_stage stopped = LOOK_DONE;

    assert_true(look(allowed_ns, &stopped, &error) < 0);
    assert_int_equal(stopped, stage);
    assert_string_equal(error.text, sentence);
    assert_int_equal(broker.open, 0);
}

static void a_broker_that_allows_all_is_left_as_it_was(void **state)
{
    enum look_stage stage = LOOK_MAKE;

    (void)state;
    begin(LOOK_DONE, FAULT_NONE);
    assert_int_equal(look(NS_PER_S, &stage, NULL), 0);
    assert_int_equal(stage, LOOK_DONE);
    assert_int_equal(broker.acks, 1);
    assert_int_equal(broker.open, 0);
    assert_false(broker.topic_is_there);
}

/* As on RabbitMQ with `queue_type: quorum`. */
static void a_broker_whose_queues_are_all_durable_is_asked_for_one(void **state)
{
    enum look_stage stage = LOOK_MAKE;

    (void)state;
    begin(LOOK_DONE, FAULT_NONE);
    broker.quorum = true;
    entry.capabilities[CAPABILITY_PERSISTENT].available = true;
    assert_int_equal(look(NS_PER_S, &stage, NULL), 0);
    assert_int_equal(stage, LOOK_DONE);
}

/* Kafka's library gives a message up when the drain is over. */
static void a_slow_broker_may_take_as_long_as_the_look(void **state)
{
    enum look_stage stage = LOOK_MAKE;

    (void)state;
    begin(LOOK_DONE, FAULT_NONE);
    assert_int_equal(look(LOOK_NS, &stage, NULL), 0);
    assert_true(broker.drain_ns > LOOK_NS / 2);
}

static void each_step_that_is_forbidden_is_named_and_nothing_is_left(void **state)
{
    static const char *const sentences[] = {
        [LOOK_MAKE] = "can't make a topic: access refused",
        [LOOK_OPEN_CONSUMER] = "can't open a consumer: access refused",
        [LOOK_OPEN_PRODUCER] = "can't open a producer: access refused",
        [LOOK_ACKNOWLEDGE] = "can't acknowledge a message: the client is down",
    };

    (void)state;
    for (int stage = LOOK_MAKE; stage <= LOOK_ACKNOWLEDGE; stage++) {
        if (stage != LOOK_WRITE && stage != LOOK_CONFIRM && stage != LOOK_READ) {
            begin((enum look_stage)stage, FAULT_NONE);
            assert_stops_at((enum look_stage)stage, NS_PER_S, sentences[stage]);
            assert_false(broker.topic_is_there);
        }
    }
}

static void a_topic_that_can_not_be_removed_is_told(void **state)
{
    (void)state;
    begin(LOOK_REMOVE, FAULT_NONE);
    assert_stops_at(LOOK_REMOVE, NS_PER_S, "can't remove a topic: access refused");
    begin(LOOK_REMOVE, FAULT_REFUSED);
    assert_stops_at(LOOK_CONFIRM, NS_PER_S,
                    "can't have a message confirmed: not leader; a topic may be left behind, "
                    "`millrace clean` removes it");
}

static void a_refused_message_is_told_in_the_brokers_words(void **state)
{
    (void)state;
    begin(LOOK_DONE, FAULT_REFUSED);
    assert_stops_at(LOOK_CONFIRM, NS_PER_S, "can't have a message confirmed: not leader");
}

/* Those below wait for the deadline: it has passed already, so that no test waits. */
static void what_never_comes_ends_at_the_deadline(void **state)
{
    (void)state;
    begin(LOOK_DONE, FAULT_FULL);
    assert_stops_at(LOOK_WRITE, 0, "can't write a message: the client could not take it in time");
    begin(LOOK_DONE, FAULT_SILENT_CONFIRM);
    assert_stops_at(LOOK_CONFIRM, 0, "can't have a message confirmed: no answer in time");
    begin(LOOK_DONE, FAULT_SILENT_READ);
    assert_stops_at(LOOK_READ, 0, "can't read a message: no answer in time");
}

static void an_alarm_of_the_broker_is_the_reason(void **state)
{
    (void)state;
    begin(LOOK_DONE, FAULT_BLOCKED);
    assert_stops_at(LOOK_CONFIRM, 0, "can't have a message confirmed: blocked: low on memory");
}

/* A broker with too few replicas in sync refuses acks=all, and one may refuse QoS 1, which nobody
 * asks for. */
static void a_look_asks_for_what_the_flows_ask_for(void **state)
{
    enum look_stage stage = LOOK_MAKE;

    (void)state;
    begin(LOOK_DONE, FAULT_NONE);
    assert_int_equal(look(NS_PER_S, &stage, NULL), 0);
    assert_int_equal(broker.delivery.publish_ack, PUBLISH_ACK_ALL);
    assert_int_equal(broker.delivery.consume_ack, CONSUME_ACK_EACH);
    begin(LOOK_ACKNOWLEDGE, FAULT_NONE);
    broker.request.publish_ack = PUBLISH_ACK_NONE;
    broker.request.consume_ack = CONSUME_ACK_NONE;
    assert_int_equal(look(NS_PER_S, &stage, NULL), 0);
    assert_int_equal(broker.delivery.publish_ack, PUBLISH_ACK_NONE);
    assert_int_equal(broker.delivery.consume_ack, CONSUME_ACK_NONE);
    assert_int_equal(broker.acks, 0);
}

static void a_look_writes_a_message_as_large_as_the_largest(void **state)
{
    enum look_stage stage = LOOK_MAKE;

    (void)state;
    begin(LOOK_DONE, FAULT_NONE);
    broker.request.message_bytes = 5000;
    assert_int_equal(look(NS_PER_S, &stage, NULL), 0);
    assert_int_equal(broker.bytes_count, 5000);
}

/* Ctrl-C: the broker has all the time of the look, and nobody waits. */
static void a_look_that_is_called_back_ends_and_leaves_nothing(void **state)
{
    (void)state;
    begin(LOOK_DONE, FAULT_SILENT_CONFIRM);
    broker.calls_back = LOOK_WRITE;
    assert_stops_at(LOOK_CONFIRM, COMMAND_NS_MAX, "can't have a message confirmed: called back");
    assert_false(broker.topic_is_there);
    begin(LOOK_DONE, FAULT_NONE);
    broker.calls_back = LOOK_MAKE;
    assert_stops_at(LOOK_OPEN_CONSUMER, COMMAND_NS_MAX, "can't open a consumer: called back");
    assert_false(broker.topic_is_there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_that_allows_all_is_left_as_it_was),
        cmocka_unit_test(a_broker_whose_queues_are_all_durable_is_asked_for_one),
        cmocka_unit_test(a_slow_broker_may_take_as_long_as_the_look),
        cmocka_unit_test(each_step_that_is_forbidden_is_named_and_nothing_is_left),
        cmocka_unit_test(a_topic_that_can_not_be_removed_is_told),
        cmocka_unit_test(a_refused_message_is_told_in_the_brokers_words),
        cmocka_unit_test(what_never_comes_ends_at_the_deadline),
        cmocka_unit_test(an_alarm_of_the_broker_is_the_reason),
        cmocka_unit_test(a_look_asks_for_what_the_flows_ask_for),
        cmocka_unit_test(a_look_writes_a_message_as_large_as_the_largest),
        cmocka_unit_test(a_look_that_is_called_back_ends_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
