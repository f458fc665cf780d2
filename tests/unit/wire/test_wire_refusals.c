/* Frames that are well-formed but break a rule, and structs that can't be sent. */
#include "check.h"
#include "packed.h"
#include "wire.h"
#include "wire_samples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void make_command(struct command *command, enum prepare_step step)
{
    struct random random;

    random_seed(&random, 1);
    do {
        command_done(command);
        sample_command(&random, COMMAND_PREPARE, command);
    } while (command->step != step);
}

/* An agent that is not to be trusted sends what its own encoder would let pass. */
static void expect_refusal(const struct command *command, const char *sentence)
{
    struct command back;
    struct command untouched;
    struct errinfo err = {{0}};
    struct text out = {0};

    memset(&back, 7, sizeof back);
    untouched = back;
    assert_int_equal(wire_encode_command(command, &out), 0);
    assert_int_equal(wire_decode_command(out.bytes, out.bytes_count, &back, &err), -EBADMSG);
    assert_memory_equal(&back, &untouched, sizeof back);
    assert_non_null(strstr(err.text, sentence));
    text_done(&out);
}

static void an_assignment_is_checked_before_it_is_handed_over(void **state)
{
    struct command command = {0};

    (void)state;
    make_command(&command, PREPARE_TOPICS);
    command.assignment->workers_count = 0;
    expect_refusal(&command, "workers_count");
    command.assignment->workers_count = 1000;
    command.assignment->producers[0].worker = 1000;
    expect_refusal(&command, "producers[0].worker");
    command_done(&command);
}

static void an_assignment_comes_with_the_command_that_needs_it(void **state)
{
    struct assignment *assignment;
    struct command command = {0};
    struct text out = {0};

    (void)state;
    make_command(&command, PREPARE_TOPICS);
    assignment = command.assignment;
    command.assignment = NULL;
    assert_int_equal(wire_encode_command(&command, &out), -EBADMSG);
    command.assignment = assignment;
    command.step = PREPARE_CONSUMERS;
    assert_int_equal(wire_encode_command(&command, &out), -EBADMSG);
    assert_int_equal(out.bytes_count, 0);
    command_done(&command);
    text_done(&out);
}

static void a_segment_does_not_run_backwards(void **state)
{
    struct command command = {0};
    struct text out = {0};

    (void)state;
    make_command(&command, PREPARE_CONSUMERS);
    command.segment.phase_first = 2;
    command.segment.phase_last = 1;
    assert_int_equal(wire_encode_command(&command, &out), -EBADMSG);
    command_done(&command);
    text_done(&out);
}

static long rss_kib_max(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

#define ROWS 46

/* So many cells, each with all histograms over an hour: 200 KiB that became 130 MiB. */
static void a_snapshot_of_more_than_its_trial_has_is_refused_before_memory_is_taken(void **state)
{
    static struct snapshot_row rows[ROWS];
    const struct snapshot_limits limits = {.rows = 6, .streams = 4, .ranges = 12, .readings = 4};
    struct stream_delta streams[5] = {{.stream = 0}};
    struct snapshot snapshot = {.rows = rows, .rows_count = ROWS};
    struct stream_range ranges[13] = {{.stream = 0}};
    struct snapshot *back = NULL;
    struct hist_packed packed = {0};
    struct errinfo err = {{0}};
    struct text out = {0};
    long before_kib;

    (void)state;
    for (int64_t value_ns = 1; value_ns < HIST_NS_MAX; value_ns += 1 + value_ns / 4) {
        packed_record(&packed, value_ns);
    }
    for (uint32_t i = 0; i < snapshot.rows_count; i++) {
        rows[i].flow = i / 64;
        rows[i].phase = i % 64;
        for (int series = 0; series < SERIES_COUNT; series++) {
            rows[i].series[series] = packed;
        }
    }
    assert_int_equal(wire_encode_snapshot(&snapshot, &out), 0);
    before_kib = rss_kib_max();
    assert_int_equal(wire_decode_snapshot_of(out.bytes, out.bytes_count, &limits, &back, &err),
                     -EBADMSG);
    assert_string_equal(err.text, "snapshot: rows has too many items");
    assert_true(rss_kib_max() - before_kib < 50 * 1024);
    text_done(&out);
    hist_packed_done(&packed);
    snapshot = (struct snapshot){.streams = streams, .streams_count = 5};
    assert_int_equal(wire_encode_snapshot(&snapshot, &out), 0);
    assert_int_equal(wire_decode_snapshot_of(out.bytes, out.bytes_count, &limits, &back, NULL),
                     -EBADMSG);
    assert_null(back);
    text_done(&out);
    snapshot = (struct snapshot){.ranges = ranges, .ranges_count = 13};
    assert_int_equal(wire_encode_snapshot(&snapshot, &out), 0);
    assert_int_equal(wire_decode_snapshot_of(out.bytes, out.bytes_count, &limits, &back, &err),
                     -EBADMSG);
    assert_string_equal(err.text, "snapshot: ranges has too many items");
    text_done(&out);
    snapshot = (struct snapshot){.streams = streams, .streams_count = 4};
    assert_int_equal(wire_encode_snapshot(&snapshot, &out), 0);
    assert_int_equal(wire_decode_snapshot_of(out.bytes, out.bytes_count, &limits, &back, NULL), 0);
    snapshot_free(back);
    text_done(&out);
}

static void a_frame_beyond_the_limit_is_not_made(void **state)
{
    const uint32_t runs = REQUEST_BYTES_MAX / 8;
    struct stream_delta stream = {0};
    struct snapshot snapshot = {.streams = &stream, .streams_count = 1};
    struct hello hello = {.backends_count = BACKENDS_MAX + 1};
    struct text out = {0};

    (void)state;
    for (uint64_t i = 0; i < runs; i++) {
        assert_int_equal(seqruns_add(&stream.acked, i << 25, i << 25), 0); /* 6 bytes each. */
    }
    text_add(&out, "before");
    assert_int_equal(wire_encode_snapshot(&snapshot, &out), 0);
    for (uint64_t i = 0; i < runs; i++) {
        assert_int_equal(seqruns_add(&stream.refused, i << 25, i << 25), 0);
    }
    out.bytes_count = 6;
    assert_int_equal(wire_encode_snapshot(&snapshot, &out), -EMSGSIZE);
    assert_int_equal(out.bytes_count, 6);
    assert_string_equal(out.bytes, "before");
    assert_int_equal(wire_encode_hello(&hello, &out), -EMSGSIZE);
    assert_string_equal(out.bytes, "before");
    seqruns_done(&stream.acked);
    seqruns_done(&stream.refused);
    text_done(&out);
}

static void what_is_not_a_frame_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "GET / HTTP/1.1\r\n\r\n",
        "\x94\xa2MX\x01\x00\xc0",         /* Other magic. */
        "\x94\xa3MRX\x01\x01\xc0",        /* Too long a magic. */
        "\x93\xa2MR\x01\x01",             /* No body. */
        "\x94\xa2MR\xff\x01\xc0",         /* Negative version. */
        "\x94\xa2MR\x01\xa1x\xc0",        /* Kind as text. */
        "\xdd\xff\xff\xff\xff\xa2MR\x01", /* Claims 2^32 fields. */
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        enum request_kind kind = REQUEST_POLL;
        uint32_t protocol = 77;
        struct hello hello;

        assert_int_equal(wire_request_kind(wrong[i], strlen(wrong[i]), &protocol, &kind, NULL),
                         -EBADMSG);
        assert_int_equal(protocol, 77);
        assert_int_equal(kind, REQUEST_POLL);
        assert_int_equal(wire_decode_hello(wrong[i], strlen(wrong[i]), &hello, NULL), -EBADMSG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assignment_is_checked_before_it_is_handed_over),
        cmocka_unit_test(an_assignment_comes_with_the_command_that_needs_it),
        cmocka_unit_test(a_segment_does_not_run_backwards),
        cmocka_unit_test(a_snapshot_of_more_than_its_trial_has_is_refused_before_memory_is_taken),
        cmocka_unit_test(a_frame_beyond_the_limit_is_not_made),
        cmocka_unit_test(what_is_not_a_frame_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
