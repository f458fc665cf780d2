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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
