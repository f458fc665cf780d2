/* What a coordinator that is wrong, or somebody who plays one, may ask of a trial: it is refused
 * with a sentence, and what runs goes on. On the memory broker. */
#include "check.h"

#include "mono.h"
#include "trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_NS (20 * NS_PER_S)

struct stand {
    struct coordinator_link *link;
    struct outbox *outbox;
    struct trial *trial;
    struct errinfo error;
};

static void *zeros(size_t items, size_t item_bytes)
{
    void *memory = calloc(items, item_bytes);

    assert_non_null(memory);
    return memory;
}

/* One producer, one consumer, two phases. */
static void fill(struct assignment *a, const char *run_id)
{
    *a = (struct assignment){.tag = 7,
                             .workers_count = 1,
                             .topics_owner = true,
                             .flows = zeros(1, sizeof *a->flows),
                             .flows_count = 1,
                             .topics = zeros(1, sizeof *a->topics),
                             .topics_count = 1,
                             .phases = zeros(2, sizeof *a->phases),
                             .phases_count = 2,
                             .producers = zeros(1, sizeof *a->producers),
                             .producers_count = 1,
                             .consumers = zeros(1, sizeof *a->consumers),
                             .consumers_count = 1,
                             .writers = zeros(1, sizeof *a->writers),
                             .writers_count = 1};
    (void)snprintf(a->run_id, sizeof a->run_id, "%s", run_id);
    a->target.label = strdup("memory");
    a->target.backend = strdup("memory");
    a->flows[0] = (struct assigned_flow){.name = "main",
                                         .message = {.sizes = {{100, 100, 1}}, .sizes_count = 1},
                                         .delivery = {.in_flight = 10, .consume_ack_batch = 1},
                                         .topics_count = 1,
                                         .partitions = 1,
                                         .producers_count = 1,
                                         .subscriptions_count = 1,
                                         .consumers_count = 1,
                                         .streams_count = 1};
    (void)snprintf(a->topics[0].name, sizeof a->topics[0].name, "millrace-%s-0", run_id);
    for (uint32_t i = 0; i < 2; i++) {
        (void)snprintf(a->phases[i].name, sizeof a->phases[i].name, "phase %u", i);
        a->phases[i].duration_ns = 3600 * NS_PER_S;
        a->phases[i].loads[0].load = LOAD_RATE;
        a->phases[i].loads[0].rate = (struct rate){1, NS_PER_MS};
    }
    a->producers[0] = (struct assigned_producer){.topic_stride = 1, .topics_count = 1};
    a->consumers[0] = (struct assigned_consumer){
        .client = 1, .topic_stride = 1, .topics_count = 1, .shares_count = 1};
    a->writers[0] = (struct assigned_writer){.streams_count = 1};
    assert_int_equal(assignment_check(a, NULL), 0);
}

static void begin(struct stand *stand, const char *run_id)
{
    struct assignment assignment;

    memset(stand, 0, sizeof *stand);
    fill(&assignment, run_id);
    /* Nobody is there: what is posted is lost. */
    assert_int_equal(coordinator_link_new("tcp://127.0.0.1:1", -1, &stand->link, NULL), 0);
    coordinator_link_cancel(stand->link);
    assert_int_equal(outbox_new(stand->link, &stand->outbox, NULL), 0);
    assert_int_equal(trial_new(&assignment, stand->outbox, &stand->trial, &stand->error), 0);
}

static void done(struct stand *stand)
{
    assert_int_equal(trial_remove(stand->trial, false, mono_ns() + DEADLINE_NS, NULL), 0);
    trial_free(stand->trial);
    outbox_free(stand->outbox);
    coordinator_link_free(stand->link);
}

static int make_topics(struct stand *stand)
{
    char version[NAME_BYTES] = "";

    return trial_topics(stand->trial, mono_ns() + DEADLINE_NS, version, &stand->error);
}

static int open_role(struct stand *stand, enum endpoint_role role)
{
    return trial_open(stand->trial, role, mono_ns() + DEADLINE_NS, &stand->error);
}

static int start(struct stand *stand, uint32_t phase_first, uint32_t phase_last)
{
    struct segment segment = {
        .phase_first = phase_first, .phase_last = phase_last, .t0_ns = mono_ns()};

    return trial_start(stand->trial, 1, &segment, 1, &stand->error);
}

static int release(struct stand *stand)
{
    return trial_release(stand->trial, mono_ns() + DEADLINE_NS, &stand->error);
}

static void refused(const struct stand *stand, int code, const char *words)
{
    assert_int_equal(code, -EINVAL);
    assert_non_null(strstr(stand->error.text, words));
}

static void prepare(struct stand *stand)
{
    assert_int_equal(make_topics(stand), 0);
    assert_int_equal(open_role(stand, ROLE_CONSUMER), 0);
    assert_int_equal(open_role(stand, ROLE_PRODUCER), 0);
}

static void steps_out_of_order_are_refused(void **state)
{
    struct stand stand;

    (void)state;
    begin(&stand, "order");
    refused(&stand, open_role(&stand, ROLE_CONSUMER), "consumers can't be opened");
    refused(&stand, start(&stand, 0, 0), "not prepared");
    assert_int_equal(trial_stop(stand.trial, 0, false, NULL), 0);
    assert_int_equal(trial_stop(stand.trial, 1, true, NULL), 0);
    assert_int_equal(make_topics(&stand), 0);
    refused(&stand, make_topics(&stand), "made already");
    refused(&stand, open_role(&stand, ROLE_PRODUCER), "producers can't be opened");
    refused(&stand, start(&stand, 0, 0), "not prepared");
    assert_int_equal(open_role(&stand, ROLE_CONSUMER), 0);
    refused(&stand, open_role(&stand, ROLE_CONSUMER), "consumers can't be opened");
    refused(&stand, start(&stand, 0, 0), "not prepared");
    done(&stand);
}

static void after_a_preparation_that_failed_nothing_starts(void **state)
{
    struct stand first;
    struct stand second;

    (void)state;
    begin(&first, "twice");
    begin(&second, "twice");
    assert_int_equal(make_topics(&first), 0);
    assert_int_equal(make_topics(&second), -EEXIST);
    refused(&second, open_role(&second, ROLE_CONSUMER), "consumers can't be opened");
    refused(&second, start(&second, 0, 0), "not prepared");
    assert_int_equal(trial_stop(second.trial, 0, false, NULL), 0);
    assert_int_equal(release(&second), 0);
    done(&second);
    done(&first);
}

static void a_segment_that_the_trial_does_not_have_is_refused(void **state)
{
    struct stand stand;
    struct segment never = {.t0_ns = INT64_MAX, .start_ns = 1};
    struct peer_clock peers[] = {{.offset_ns = INT64_MAX},
                                 {.offset_ns = INT64_MIN},
                                 {.bound_ns = INT64_MAX},
                                 {.bound_ns = -1}};

    (void)state;
    begin(&stand, "segment");
    prepare(&stand);
    refused(&stand, start(&stand, 0, 2), "the trial has 2");
    refused(&stand, start(&stand, PHASES_MAX - 1, PHASES_MAX - 1), "the trial has 2");
    refused(&stand, start(&stand, 1, 0), "the trial has 2");
    refused(&stand, trial_start(stand.trial, 1, &never, 1, &stand.error), "can't start at");
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        struct segment absurd = {.t0_ns = 1, .peers = &peers[i], .peers_count = 1};

        refused(&stand, trial_start(stand.trial, 1, &absurd, 1, &stand.error), "can't be off by");
    }
    assert_int_equal(start(&stand, 0, 1), 0);
    refused(&stand, start(&stand, 0, 1), "runs already");
    refused(&stand, trial_stop(stand.trial, INT64_MAX, false, &stand.error), "can't stop at");
    refused(&stand, trial_stop(stand.trial, -1, false, &stand.error), "can't stop at");
    assert_int_equal(release(&stand), 0);
    done(&stand);
}

/* Once the ticker was stopped, nobody would empty the rings for workers that hand over again. */
static void what_was_released_is_released_once(void **state)
{
    struct stand stand;

    (void)state;
    begin(&stand, "release");
    prepare(&stand);
    assert_int_equal(start(&stand, 0, 1), 0);
    assert_int_equal(release(&stand), 0);
    assert_int_equal(release(&stand), 0);
    refused(&stand, start(&stand, 0, 1), "not prepared");
    refused(&stand, open_role(&stand, ROLE_CONSUMER), "consumers can't be opened");
    done(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_out_of_order_are_refused),
        cmocka_unit_test(after_a_preparation_that_failed_nothing_starts),
        cmocka_unit_test(a_segment_that_the_trial_does_not_have_is_refused),
        cmocka_unit_test(what_was_released_is_released_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
