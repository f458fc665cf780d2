/* What an agent has to tell while its coordinator takes nothing. */
#include "check.h"

#include "channel.h"
#include "outbox_inner.h"
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS 40000 /* About 230 KiB on the wire. */

struct stand {
    char folder[64];
    char *url;
    struct channel_server *server; /* Takes requests and answers none. */
    struct coordinator_link *link;
    struct outbox *outbox;
};

static void begin(struct stand *stand)
{
    char url[128];
    const struct coordinator_link_config to = {.url = url, .stop_fd = -1};
    const struct channel_server_config config = {.url = url,
                                                 .requests_max = 8,
                                                 .request_bytes_max = REQUEST_BYTES_MAX,
                                                 .reply_bytes_max = FRAME_BYTES_MAX,
                                                 .connections_max = 8};

    memset(stand, 0, sizeof *stand);
    assert_non_null(mkdtemp(temp_name(stand->folder, "outbox")));
    (void)snprintf(url, sizeof url, "ipc://%s/control", stand->folder);
    assert_int_equal(channel_server_new(&config, &stand->server, &stand->url, NULL), 0);
    assert_int_equal(coordinator_link_new(&to, &stand->link, NULL), 0);
    assert_int_equal(outbox_new(stand->link, &stand->outbox, NULL), 0);
}

static void done(struct stand *stand)
{
    coordinator_link_cancel(stand->link);
    outbox_free(stand->outbox);
    coordinator_link_free(stand->link);
    channel_server_free(stand->server);
    free(stand->url);
    (void)rmdir(stand->folder);
}

/* Large enough that some hundreds fill the room. */
static void fill(struct snapshot *snapshot, struct stream_delta *stream)
{
    *stream = (struct stream_delta){.stream = 0};
    for (uint64_t i = 0; i < RUNS; i++) {
        assert_int_equal(seqruns_add(&stream->acked, i * 10000, i * 10000 + 2000), 0);
    }
    *snapshot = (struct snapshot){.streams = stream, .streams_count = 1, .last_part = true};
}

/* It grew without a bound, until the host had no memory left. */
static void what_waits_has_a_bound_and_what_goes_beyond_it_is_said(void **state)
{
    struct stand stand;
    struct stream_delta stream;
    struct snapshot snapshot;
    struct status status = {.command = 1};
    struct errinfo error = {""};
    uint32_t taken = 0;

    (void)state;
    begin(&stand);
    fill(&snapshot, &stream);
    while (outbox_post_snapshot(stand.outbox, &snapshot, &error) == 0) {
        snapshot.sequence++;
        assert_true(++taken <= OUTBOX_BYTES_MAX / (100 * 1024));
    }
    assert_int_equal(outbox_post_snapshot(stand.outbox, &snapshot, &error), -ENOBUFS);
    assert_non_null(strstr(error.text, "takes reports too slowly"));
    assert_true(taken > 2);
    assert_false(outbox_failed(stand.outbox, NULL));
    outbox_post_status(stand.outbox, &status); /* Answers are small, and waited for. */
    assert_false(outbox_failed(stand.outbox, NULL));
    seqruns_done(&stream.acked);
    done(&stand);
}

/* It was "out of memory", whatever it was. */
static void what_can_not_be_encoded_is_told_as_what_it_is(void **state)
{
    struct stand stand;
    struct stream_range range = {.first = 2, .end = 1};
    struct snapshot broken = {.ranges = &range, .ranges_count = 1, .last_part = true};
    struct errinfo error = {""};
    struct status status = {.command = 1, .code = 1};

    (void)state;
    begin(&stand);
    assert_int_equal(outbox_post_snapshot(stand.outbox, &broken, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "breaks a rule of the protocol"));
    assert_false(outbox_failed(stand.outbox, NULL));
    outbox_post_status(stand.outbox, &status); /* No errno is positive. */
    assert_true(outbox_failed(stand.outbox, &error));
    assert_non_null(strstr(error.text, "the answer to a command"));
    done(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_has_a_bound_and_what_goes_beyond_it_is_said),
        cmocka_unit_test(what_can_not_be_encoded_is_told_as_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
