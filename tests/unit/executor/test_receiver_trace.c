/* What a trace says of a message that came from another clock. */
#include "check.h"

#include "receiver_parts_inner.h"
#include "temp.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT (2 * TRACE_RECORD_BYTES) /* Behind the file's own record and the block's. */

static void take(const struct latency *latency, struct trace_record *ret)
{
    char folder[TEMP_BYTES];
    struct endpoint_client client = {.subscription = 3};
    struct receiver_group group = {.flow = 2, .clients = &client};
    struct stamp stamp = {.stream = 5, .sequence = 9, .intended_ns = 1000, .sent_ns = 777777};
    struct event event = {.at_ns = 999999};
    struct trace_config config = {.lanes_count = 1};
    struct receiver *receiver = calloc(1, sizeof *receiver);
    struct trace *trace = NULL;
    unsigned char bytes[AT + TRACE_RECORD_BYTES] = {0};
    char path[TEMP_BYTES + 16];
    int fd;

    assert_non_null(receiver);
    assert_non_null(mkdtemp(temp_name(folder, "trace")));
    (void)snprintf(path, sizeof path, "%s/trace", folder);
    config.path = path;
    assert_int_equal(trace_create(path, "run", NULL), 0);
    assert_int_equal(trace_new(&config, &trace, NULL), 0);
    receiver->context.trace = trace_lane(trace, 0);
    receiver_trace(receiver, &group, &event, &stamp, latency);
    assert_int_equal(trace_finish(trace, NULL), 0);
    trace_free(trace);
    free(receiver);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, bytes, sizeof bytes), sizeof bytes);
    (void)close(fd);
    assert_int_equal(unlink(path) + rmdir(folder), 0);
    *ret = (struct trace_record){
        .kind = bytes[AT], .flow = bytes[AT + 2], .flags = bytes[AT + 3], .stream = bytes[AT + 4]};
    ret->sequence = bytes[AT + 8];
    ret->subscription = bytes[AT + 14];
    ret->intended_ns = bytes[AT + 16] | bytes[AT + 17] << 8;
    ret->sent_ns = bytes[AT + 24] | bytes[AT + 25] << 8;
    ret->at_ns = bytes[AT + 32] | bytes[AT + 33] << 8;
}

static void a_trace_has_the_latencies_that_were_recorded_behind_the_intended_time(void **state)
{
    const struct latency latency = {.paced = true, .service_ns = 300, .shown_ns = 400};
    struct trace_record record;

    (void)state;
    take(&latency, &record);
    assert_int_equal(record.kind, TRACE_RECEIVED);
    assert_int_equal(record.flow, 2);
    assert_int_equal(record.flags, TRACE_PACED);
    assert_int_equal(record.stream, 5);
    assert_int_equal(record.sequence, 9);
    assert_int_equal(record.subscription, 3);
    assert_int_equal(record.intended_ns, 1000);
    assert_int_equal(record.at_ns - record.intended_ns, 400);
    assert_int_equal(record.at_ns - record.sent_ns, 300);
}

static void a_trace_has_the_service_latency_alone_where_nothing_was_due(void **state)
{
    const struct latency latency = {.service_ns = 300, .shown_ns = 300};
    struct trace_record record;

    (void)state;
    take(&latency, &record);
    assert_int_equal(record.flags, 0);
    assert_int_equal(record.sent_ns, record.intended_ns);
    assert_int_equal(record.at_ns - record.sent_ns, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_has_the_latencies_that_were_recorded_behind_the_intended_time),
        cmocka_unit_test(a_trace_has_the_service_latency_alone_where_nothing_was_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
