/* What load threads add stands in the file, to the byte; what does not fit is counted. */
#include "check.h"

#include "temp.h"
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDED 20000

struct bench {
    char folder[64];
    char path[128];
    unsigned char *bytes;
    size_t bytes_count;
};

static void begin(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    assert_non_null(mkdtemp(temp_name(bench->folder, "trace")));
    (void)snprintf(bench->path, sizeof bench->path, "%s/trace", bench->folder);
}

static void end(struct bench *bench)
{
    free(bench->bytes);
    (void)unlink(bench->path);
    assert_int_equal(rmdir(bench->folder), 0);
}

static struct trace *open_trace(const char *path, uint16_t agent, uint32_t lanes, uint32_t ring)
{
    const struct trace_config config = {
        .path = path, .agent = agent, .trial = 7, .lanes_count = lanes, .ring_records = ring};
    struct errinfo error = {""};
    struct trace *trace = NULL;

    assert_int_equal(trace_new(&config, &trace, &error), 0);
    return trace;
}

/* Everything that is in the file, or comes out of a pipe until its writers have gone. */
static void read_all(struct bench *bench, int fd)
{
    size_t room = 0;
    ssize_t got;

    do {
        if (bench->bytes_count == room) {
            room = room == 0 ? 1 << 16 : room * 2;
            bench->bytes = realloc(bench->bytes, room);
            assert_non_null(bench->bytes);
        }
        got = read(fd, bench->bytes + bench->bytes_count, room - bench->bytes_count);
        bench->bytes_count += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    (void)close(fd);
}

static void read_file(struct bench *bench)
{
    read_all(bench, open(bench->path, O_RDONLY | O_CLOEXEC));
}

static uint64_t number(const unsigned char *at, int bytes)
{
    uint64_t value = 0;

    for (int i = bytes; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return value;
}

/* Walks over the blocks from the given record on; counts what agent's blocks hold. */
static uint64_t records_of(const struct bench *bench, size_t from, uint64_t agent)
{
    uint64_t count = 0;
    size_t at = from;

    assert_int_equal(bench->bytes_count % TRACE_RECORD_BYTES, 0);
    while (at < bench->bytes_count / TRACE_RECORD_BYTES) {
        const unsigned char *record = bench->bytes + at * TRACE_RECORD_BYTES;
        uint64_t follow = record[0] == TRACE_BLOCK ? number(record + 8, 6) : 0;

        assert_true(record[0] == TRACE_BLOCK || record[0] == TRACE_END);
        assert_int_equal(number(record + 4, 4), 7); /* The trial. */
        for (uint64_t i = 1; i <= follow; i++) {
            assert_int_equal(record[i * TRACE_RECORD_BYTES], TRACE_RECEIVED);
        }
        count += number(record + 14, 2) == agent ? follow : 0;
        at += 1 + follow;
    }
    assert_int_equal(at, bench->bytes_count / TRACE_RECORD_BYTES);
    return count;
}

static void trace_writes_each_record_as_forty_bytes_little_endian(void **state)
{
    static const unsigned char wanted[] = {1,    0,    0,    0,    7,    0,    0,    0,    1, 0, 0,
                                           0,    0,    0,    3,    0, /* A block of one record, of
                                                                         agent 3. */
                                           0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0,
                                           0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0,
                                           0,    0,    2,    1,    4,    3,    8,    7,    6, 5, 14,
                                           13,   12,   11,   10,   9,    2,    0, /* The record. */
                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 5, 0, 0,
                                           0,    0,    0,    0,    0,    0,    1,    0,    0, 0, 0,
                                           0,    0,    4,    0,    0,    0,    7,    0,    0, 0, 0,
                                           0,    0,    0,    0,    0,    3,    0, /* The end: one
                                                                                     record, none
                                                                                     dropped. */
                                           1,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0,
                                           0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0,
                                           0,    0};
    const struct trace_record record = {.kind = TRACE_SETTLED,
                                        .outcome = TRACE_REFUSED,
                                        .flow = 4,
                                        .flags = TRACE_PACED | TRACE_CONFIRMED,
                                        .stream = 0x05060708,
                                        .sequence = UINT64_C(0x090a0b0c0d0e),
                                        .subscription = 2,
                                        .intended_ns = -1,
                                        .sent_ns = 5,
                                        .at_ns = 256};
    struct bench bench;
    struct trace *trace;

    (void)state;
    begin(&bench);
    assert_int_equal(trace_create(bench.path, "20261129-1917", NULL), 0);
    trace = open_trace(bench.path, 3, 1, 0);
    trace_add(trace_lane(trace, 0), &record);
    assert_int_equal(trace_finish(trace, NULL), 0);
    assert_int_equal(trace_count(trace).records, 1);
    trace_free(trace);
    read_file(&bench);
    assert_int_equal(bench.bytes_count, TRACE_RECORD_BYTES + sizeof wanted);
    assert_string_equal((const char *)bench.bytes, TRACE_MAGIC "20261129-1917");
    assert_memory_equal(bench.bytes + TRACE_RECORD_BYTES, wanted, sizeof wanted);
    end(&bench);
}

struct adder {
    struct trace_lane *lane;
    pthread_t thread;
};

static void *add(void *argument)
{
    const struct adder *adder = argument;

    for (uint64_t i = 0; i < ADDED; i++) {
        const struct trace_record record = {.kind = TRACE_RECEIVED, .sequence = i};

        trace_add(adder->lane, &record);
    }
    return NULL;
}

static void traces_of_several_agents_share_a_file_block_by_block(void **state)
{
    struct trace *traces[2];
    struct adder adders[4];
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_int_equal(trace_create(bench.path, "run", NULL), 0);
    for (uint32_t i = 0; i < 2; i++) {
        traces[i] = open_trace(bench.path, (uint16_t)i, 2, ADDED);
    }
    for (uint32_t i = 0; i < 4; i++) {
        adders[i].lane = trace_lane(traces[i / 2], i % 2);
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add, &adders[i]), 0);
    }
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(adders[i].thread, NULL), 0);
    }
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(trace_finish(traces[i], NULL), 0);
        assert_int_equal(trace_count(traces[i]).dropped, 0);
        trace_free(traces[i]);
    }
    read_file(&bench);
    assert_int_equal(records_of(&bench, 1, 0), 2 * ADDED);
    assert_int_equal(records_of(&bench, 1, 1), 2 * ADDED);
    end(&bench);
}

struct ending {
    struct trace *trace;
    struct trace_counts counts;
};

static void *finish(void *argument)
{
    struct ending *ending = argument;

    assert_int_equal(trace_finish(ending->trace, NULL), 0);
    ending->counts = trace_count(ending->trace);
    trace_free(ending->trace);
    return NULL;
}

/* A pipe that nobody reads is a disk that is slow: its writer waits, the load thread must not. */
static void trace_drops_and_counts_what_the_file_is_too_slow_for(void **state)
{
    struct ending ending = {NULL};
    struct adder adder = {NULL};
    struct bench bench;
    pthread_t finishing;
    int fd;

    (void)state;
    begin(&bench);
    assert_int_equal(mkfifo(bench.path, 0600), 0);
    fd = open(bench.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ending.trace = open_trace(bench.path, 1, 1, 64);
    assert_true(fd >= 0 && fcntl(fd, F_SETFL, 0) == 0);
    adder.lane = trace_lane(ending.trace, 0);
    (void)add(&adder);
    assert_true(trace_count(ending.trace).dropped > 0);
    assert_int_equal(pthread_create(&finishing, NULL, finish, &ending), 0);
    read_all(&bench, fd);
    assert_int_equal(pthread_join(finishing, NULL), 0);
    assert_int_equal(ending.counts.records + ending.counts.dropped, ADDED);
    assert_int_equal(records_of(&bench, 0, 1), ending.counts.records);
    assert_int_equal(number(bench.bytes + bench.bytes_count - 16, 8), ending.counts.dropped);
    end(&bench);
}

static void trace_counts_what_a_full_disk_takes_no_more(void **state)
{
    struct trace *trace = open_trace("/dev/full", 0, 1, 0);
    struct adder adder = {.lane = trace_lane(trace, 0)};
    struct errinfo error = {""};

    (void)state;
    (void)add(&adder);
    assert_int_equal(trace_finish(trace, &error), -ENOSPC);
    assert_string_equal(error.text, "/dev/full: No space left on device; 20000 records are missing "
                                    "in it");
    assert_int_equal(trace_count(trace).records, 0);
    assert_int_equal(trace_count(trace).dropped, ADDED);
    trace_free(trace);
}

static void trace_create_leaves_a_file_alone_that_is_there(void **state)
{
    struct errinfo error = {""};
    struct bench bench;

    (void)state;
    begin(&bench);
    assert_int_equal(trace_create(bench.path, "one", NULL), 0);
    assert_int_equal(trace_create(bench.path, "two", &error), -EEXIST);
    assert_non_null(strstr(error.text, bench.path));
    read_file(&bench);
    assert_string_equal((const char *)bench.bytes, TRACE_MAGIC "one");
    end(&bench);
}

static void trace_new_refuses_a_file_that_is_not_there(void **state)
{
    const struct trace_config config = {.path = "/nowhere/trace", .lanes_count = 1};
    struct trace *trace = NULL;

    (void)state;
    assert_int_equal(trace_new(&config, &trace, NULL), -ENOENT);
    assert_null(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace_writes_each_record_as_forty_bytes_little_endian),
        cmocka_unit_test(traces_of_several_agents_share_a_file_block_by_block),
        cmocka_unit_test(trace_drops_and_counts_what_the_file_is_too_slow_for),
        cmocka_unit_test(trace_counts_what_a_full_disk_takes_no_more),
        cmocka_unit_test(trace_create_leaves_a_file_alone_that_is_there),
        cmocka_unit_test(trace_new_refuses_a_file_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
