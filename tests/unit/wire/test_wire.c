/* Every kind of frame, there and back, and damaged in every place. */
#include "check.h"
#include "control_messages.h"
#include "random.h"
#include "wire.h"
#include "wire_frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 300
#define FRAMES_DAMAGED 5 /* Of each kind. */
#define FLIPS 2000
#define CUTS_MAX 4000 /* Of one frame; longer ones are cut at random. */

static void every_frame_reads_back_as_it_was(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 1);
    for (size_t kind = 0; kind < frame_kinds_count; kind++) {
        for (int round = 0; round < ROUNDS; round++) {
            struct text out = {0};

            if (!frame_kinds[kind].write(&random, &out)) {
                fail_msg("%s, round %d", frame_kinds[kind].name, round);
            }
            text_done(&out);
        }
    }
}

static void encoders_append(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 2);
    for (size_t kind = 0; kind < frame_kinds_count; kind++) {
        struct text out = {0};

        text_add(&out, "before");
        assert_true(frame_kinds[kind].write(&random, &out));
        assert_memory_equal(out.bytes, "before", 6);
        text_done(&out);
    }
}

/* A copy of just that size, so that AddressSanitizer sees the first byte beyond it. */
static int read_copy(const struct frame_kind *kind, const char *bytes, size_t bytes_count)
{
    char *copy = malloc(bytes_count > 0 ? bytes_count : 1);
    struct errinfo err = {{0}};
    int r;

    assert_non_null(copy);
    memcpy(copy, bytes, bytes_count);
    r = kind->read(copy, bytes_count, &err);
    assert_true((r == 0) == (err.text[0] == '\0'));
    free(copy);
    return r;
}

static void a_frame_cut_off_anywhere_is_refused(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 3);
    for (size_t kind = 0; kind < frame_kinds_count; kind++) {
        for (int i = 0; i < FRAMES_DAMAGED; i++) {
            struct text out = {0};

            assert_true(frame_kinds[kind].write(&random, &out));
            for (size_t cut = 0; cut < out.bytes_count && cut < CUTS_MAX; cut++) {
                assert_int_equal(read_copy(&frame_kinds[kind], out.bytes, cut), -EBADMSG);
            }
            for (size_t n = CUTS_MAX; n < out.bytes_count && n < 2 * (size_t)CUTS_MAX; n++) {
                size_t cut = random_next(&random) % out.bytes_count;

                assert_int_equal(read_copy(&frame_kinds[kind], out.bytes, cut), -EBADMSG);
            }
            text_done(&out);
        }
    }
}

static void a_frame_with_more_behind_it_is_refused(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 4);
    for (size_t kind = 0; kind < frame_kinds_count; kind++) {
        struct text out = {0};

        assert_true(frame_kinds[kind].write(&random, &out));
        text_add_bytes(&out, "", 1);
        assert_int_equal(read_copy(&frame_kinds[kind], out.bytes, out.bytes_count), -EBADMSG);
        text_done(&out);
    }
}

/* What is still taken must be a value like any other: it can be sent on and read again. */
static void a_frame_with_flipped_bits_is_refused_or_read_as_another(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 5);
    for (size_t kind = 0; kind < frame_kinds_count; kind++) {
        struct text frame = {0};

        assert_true(frame_kinds[kind].write(&random, &frame));
        for (int i = 0; i < FLIPS; i++) {
            uint64_t where = random_next(&random) % (frame.bytes_count * 8);
            struct text again = {0};

            frame.bytes[where / 8] ^= (char)(1 << (where % 8));
            if (read_copy(&frame_kinds[kind], frame.bytes, frame.bytes_count) == 0) {
                assert_int_equal(frame_kinds[kind].again(frame.bytes, frame.bytes_count, &again),
                                 0);
                assert_int_equal(frame_kinds[kind].read(again.bytes, again.bytes_count, NULL), 0);
            }
            frame.bytes[where / 8] ^= (char)(1 << (where % 8));
            text_done(&again);
        }
        text_done(&frame);
    }
}

static void a_frame_of_one_kind_is_not_read_as_another(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 6);
    for (size_t kind = 0; kind < frame_kinds_count; kind++) {
        struct text out = {0};

        assert_true(frame_kinds[kind].write(&random, &out));
        for (size_t other = 0; other < frame_kinds_count; other++) {
            assert_int_equal(read_copy(&frame_kinds[other], out.bytes, out.bytes_count),
                             other == kind ? 0 : -EBADMSG);
        }
        text_done(&out);
    }
}

static void wire_request_kind_tells_requests_apart(void **state)
{
    static const struct {
        const char *name;
        enum request_kind kind;
    } requests[] = {
        {"hello", REQUEST_HELLO},        {"poll", REQUEST_POLL},
        {"status", REQUEST_STATUS},      {"snapshot", REQUEST_SNAPSHOT},
        {"clock_report", REQUEST_CLOCK}, {"goodbye", REQUEST_GOODBYE},
    };
    struct random random;

    (void)state;
    random_seed(&random, 7);
    for (size_t kind = 0; kind < frame_kinds_count; kind++) {
        enum request_kind wanted = REQUEST_COUNT; /* Of a reply. */
        enum request_kind got = REQUEST_COUNT;
        struct text out = {0};
        uint32_t protocol = 0;
        int r;

        for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
            wanted =
                strcmp(requests[i].name, frame_kinds[kind].name) == 0 ? requests[i].kind : wanted;
        }
        assert_true(frame_kinds[kind].write(&random, &out));
        r = wire_request_kind(out.bytes, out.bytes_count, &protocol, &got, NULL);
        assert_int_equal(r, wanted == REQUEST_COUNT ? -EBADMSG : 0);
        assert_int_equal(got, wanted);
        assert_int_equal(protocol, r == 0 ? PROTOCOL_VERSION : 0);
        text_done(&out);
    }
}

static void a_frame_of_another_version_is_known_as_such(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 8);
    for (size_t kind = 0; kind < frame_kinds_count; kind++) {
        enum request_kind got = REQUEST_HELLO;
        struct errinfo err = {{0}};
        struct text out = {0};
        uint32_t protocol = 0;

        assert_true(frame_kinds[kind].write(&random, &out));
        assert_int_equal(out.bytes[4], PROTOCOL_VERSION); /* After array, length, M and R. */
        out.bytes[4] = PROTOCOL_VERSION + 1;
        assert_int_equal(wire_request_kind(out.bytes, out.bytes_count, &protocol, &got, NULL), 0);
        assert_int_equal(protocol, PROTOCOL_VERSION + 1);
        assert_int_equal(frame_kinds[kind].read(out.bytes, out.bytes_count, &err),
                         -EPROTONOSUPPORT);
        assert_non_null(strstr(err.text, "same version"));
        text_done(&out);
    }
}

/*
 * A field that is added to a struct and not to its list in common/wire would get lost in silence.
 * If one of these fails: list the field there, fill it in wire_samples*.c, raise PROTOCOL_VERSION,
 * write the new size here, and run write_wire_corpus (tests/fuzz).
 */
static void wire_knows_every_field(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct hello), 2544);
    assert_int_equal(sizeof(struct welcome), 392);
    assert_int_equal(sizeof(struct request_head), 88);
    assert_int_equal(sizeof(struct poll), 96);
    assert_int_equal(sizeof(struct receipt), 257);
    assert_int_equal(sizeof(struct clock_report), 608);
    assert_int_equal(sizeof(struct clock_answer), 24);
    assert_int_equal(sizeof(struct status), 720);
    assert_int_equal(sizeof(struct probe_result), 344 + sizeof(struct broker_limits));
    assert_int_equal(record_bytes_covered(&broker_limit_record), sizeof(struct broker_limit) - 4);
    assert_int_equal(sizeof(struct command), 200);
    assert_int_equal(record_bytes_covered(&look_request_record), sizeof(struct look_request));
    assert_int_equal(sizeof(struct segment), 40);
    assert_int_equal(record_bytes_covered(&peer_start_record), 12);
    assert_int_equal(sizeof(struct peer_start), 16);
    assert_int_equal(record_bytes_covered(&clock_line_record), 60);
    assert_int_equal(sizeof(struct clock_line), 64);
    assert_int_equal(sizeof(struct target), 104);
    assert_int_equal(sizeof(struct assignment), 296);
    assert_int_equal(sizeof(struct assigned_flow), 352);
    assert_int_equal(sizeof(struct message_shape), 216);
    assert_int_equal(sizeof(struct message_keys), 12);
    assert_int_equal(sizeof(struct message_size), 12);
    assert_int_equal(sizeof(struct delivery), 40);
    assert_int_equal(sizeof(struct assigned_topic), 132);
    assert_int_equal(sizeof(struct assigned_phase), 1560);
    assert_int_equal(sizeof(struct assigned_producer), 32);
    assert_int_equal(sizeof(struct assigned_consumer), 40);
    assert_int_equal(sizeof(struct assigned_writer), 12);
    assert_int_equal(sizeof(struct snapshot), 456);
    assert_int_equal(sizeof(struct health), 200);
    assert_int_equal(sizeof(struct strain), 64);
    assert_int_equal(sizeof(struct snapshot_row), 496);
    assert_int_equal(sizeof(struct stream_delta), 56);
    assert_int_equal(sizeof(struct stream_range), 32);
    assert_int_equal(sizeof(struct reading_delta), 56);
    assert_int_equal(sizeof(struct client_delta), 48);
    assert_int_equal(sizeof(struct error_delta), 264);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_reads_back_as_it_was),
        cmocka_unit_test(encoders_append),
        cmocka_unit_test(a_frame_cut_off_anywhere_is_refused),
        cmocka_unit_test(a_frame_with_more_behind_it_is_refused),
        cmocka_unit_test(a_frame_with_flipped_bits_is_refused_or_read_as_another),
        cmocka_unit_test(a_frame_of_one_kind_is_not_read_as_another),
        cmocka_unit_test(wire_request_kind_tells_requests_apart),
        cmocka_unit_test(a_frame_of_another_version_is_known_as_such),
        cmocka_unit_test(wire_knows_every_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
