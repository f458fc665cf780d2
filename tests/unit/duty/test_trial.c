/* What a coordinator that is wrong, or somebody who plays one, may ask of a trial: it is refused
 * with a sentence, and what runs goes on. On the memory broker. */
#include "check.h"

#include "backend_table.h"
#include "deadlines.h"
#include "mono.h"
#include "outbox_inner.h"
#include "small_assignment.h"
#include "sync.h"
#include "trial_inner.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_NS (20 * NS_PER_S)

/*
 * A driver whose clients are not closed before the test lets them, as with a broker that does not
 * answer, and what was posted.
 */
const struct backend_ops *__real_backend_find(const struct catalog_entry *entry);
const struct backend_ops *__wrap_backend_find(const struct catalog_entry *entry);
int __wrap_outbox_post_snapshot(struct outbox *outbox, struct snapshot *snapshot,
                                struct errinfo *reterr);
void __real_outbox_post_status(struct outbox *outbox, struct status *status);
void __wrap_outbox_post_status(struct outbox *outbox, struct status *status);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_stuck;
static uint32_t closed_count;
static uint32_t finals_count;
static uint32_t room = UINT32_MAX; /* For so many reports. */
static uint32_t refused_count;
static struct status answer; /* The last one; command 0: none. */
static struct backend_ops ops;
static int make_code; /* Of who makes topics; 0: they are made. */
static uint32_t removed_count;

static int make_or_fail(const struct target *target, const struct topic_list *topics,
                        int64_t deadline_ns, struct errinfo *reterr)
{
    if (make_code < 0) {
        return errinfo_set(reterr, make_code, "not all of them");
    }
    return __real_backend_find(catalog_find("memory"))
        ->topics_create(target, topics, deadline_ns, reterr);
}

static int remove_and_count(const struct target *target, const struct topic_list *topics,
                            int64_t deadline_ns, struct errinfo *reterr)
{
    removed_count++;
    return __real_backend_find(catalog_find("memory"))
        ->topics_delete(target, topics, deadline_ns, reterr);
}

static void close_when_let(struct endpoint *endpoint)
{
    sync_lock(&lock);
    while (is_stuck) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    closed_count++;
    sync_unlock(&lock);
    __real_backend_find(catalog_find("memory"))->close(endpoint);
}

const struct backend_ops *__wrap_backend_find(const struct catalog_entry *entry)
{
    ops = *__real_backend_find(entry);
    ops.close = close_when_let;
    ops.topics_create = make_or_fail;
    ops.topics_delete = remove_and_count;
    return &ops;
}

int __wrap_outbox_post_snapshot(struct outbox *outbox, struct snapshot *snapshot,
                                struct errinfo *reterr)
{
    int r = 0;

    (void)outbox;
    sync_lock(&lock);
    if (room == 0) {
        refused_count++;
        r = errinfo_set(reterr, -ENOBUFS, "too slowly");
    } else {
        room--;
        finals_count += snapshot->final ? 1 : 0;
    }
    sync_unlock(&lock);
    return r;
}

void __wrap_outbox_post_status(struct outbox *outbox, struct status *status)
{
    __real_outbox_post_status(outbox, status);
    sync_lock(&lock);
    answer = *status;
    (void)pthread_cond_broadcast(&changed);
    sync_unlock(&lock);
}

struct stand {
    struct coordinator_link *link;
    struct outbox *outbox;
    struct trial *trial;
    struct errinfo error;
};

/* writer: the agent that writes what the trial reads; itself it is agent 0. */
static void begin_with_writer(struct stand *stand, const char *run_id, uint32_t writer)
{
    const struct coordinator_link_config to = {.url = "tcp://127.0.0.1:1", .stop_fd = -1};
    struct assignment assignment;

    memset(stand, 0, sizeof *stand);
    small_assignment(&assignment, run_id);
    assignment.writers[0].agent = writer;
    /* Nobody is there: what is posted is lost. */
    assert_int_equal(coordinator_link_new(&to, &stand->link, NULL), 0);
    coordinator_link_cancel(stand->link);
    assert_int_equal(outbox_new(stand->link, &stand->outbox, NULL), 0);
    assert_int_equal(trial_new(&assignment, stand->outbox, &stand->trial, &stand->error), 0);
}

static void begin(struct stand *stand, const char *run_id)
{
    begin_with_writer(stand, run_id, 0);
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

    return trial_start(stand->trial, 1, &segment, &stand->error);
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

/* They stayed on a broker whose connection broke while they were made, and nobody said so. */
static void what_a_broken_connection_left_of_topics_is_removed(void **state)
{
    static const struct {
        int code;
        uint32_t removals;
    } cases[] = {{-ECONNRESET, 1}, {-ETIMEDOUT, 1}, {-EACCES, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stand stand;

        begin(&stand, "broken");
        removed_count = 0;
        make_code = cases[i].code;
        assert_int_equal(make_topics(&stand), cases[i].code);
        make_code = 0;
        done(&stand);
        assert_int_equal(removed_count, cases[i].removals);
    }
}

static void a_segment_that_the_trial_does_not_have_is_refused(void **state)
{
    struct stand stand;
    struct segment never = {.t0_ns = INT64_MAX, .start_ns = 1};
    struct peer_start peers[] = {{.t0_ns = INT64_MAX}, {.t0_ns = INT64_MIN}};

    (void)state;
    begin(&stand, "segment");
    prepare(&stand);
    refused(&stand, start(&stand, 0, 2), "the trial has 2");
    refused(&stand, start(&stand, PHASES_MAX - 1, PHASES_MAX - 1), "the trial has 2");
    refused(&stand, start(&stand, 1, 0), "the trial has 2");
    refused(&stand, trial_start(stand.trial, 1, &never, &stand.error), "can't start at");
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        struct segment absurd = {.t0_ns = 1, .peers = &peers[i], .peers_count = 1};

        refused(&stand, trial_start(stand.trial, 1, &absurd, &stand.error), "of its clock");
    }
    assert_int_equal(start(&stand, 0, 1), 0);
    refused(&stand, start(&stand, 0, 1), "runs already");
    refused(&stand, trial_stop(stand.trial, INT64_MAX, false, &stand.error), "can't stop at");
    refused(&stand, trial_stop(stand.trial, -1, false, &stand.error), "can't stop at");
    assert_int_equal(release(&stand), 0);
    done(&stand);
}

static void a_segment_without_the_clock_of_who_writes_is_refused(void **state)
{
    const struct clock_line good = {.agent = 3, .own_ns = 1, .peer_ns = 5, .bound_ns = 5};
    struct clock_line absurd[] = {
        {.own_ns = INT64_MAX},  {.own_ns = INT64_MIN},    {.peer_ns = INT64_MAX},
        {.peer_ns = INT64_MIN}, {.bound_ns = -1},         {.bound_ns = INT64_MAX},
        {.before_ns = -1},      {.before_ns = INT64_MAX}, {.skew_ppb = 2e9},
        {.skew_ppb = -2e9},     {.growth_ppb = -1.0},     {.growth_ppb = 2e9}};
    struct stand stand;
    struct peer_start wrong[] = {{.agent = 0}, {.agent = 2}};
    struct segment lacking = {.t0_ns = 1, .peers = wrong, .peers_count = 2};
    struct segment whole = {
        .t0_ns = mono_ns(), .peers = calloc(1, sizeof *wrong), .peers_count = 1};

    (void)state;
    assert_non_null(whole.peers);
    whole.peers[0] = (struct peer_start){.agent = 3, .t0_ns = 5};
    begin_with_writer(&stand, "writer", 3);
    prepare(&stand);
    refused(&stand, start(&stand, 0, 1), "agent 3, which writes, was not told");
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        absurd[i].agent = 3;
        trial_tell_clock(stand.trial, &absurd[i]);
    }
    refused(&stand, trial_start(stand.trial, 1, &whole, &stand.error), "was not told");
    trial_tell_clock(stand.trial, &good);
    refused(&stand, trial_start(stand.trial, 1, &lacking, &stand.error), "was not told");
    assert_int_equal(trial_start(stand.trial, 1, &whole, &stand.error), 0);
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

/* Bug: a close that took too long was the end of the trial, its last interval was never sent, and a
 * second try did nothing. */
static void what_was_measured_is_handed_in_though_no_client_can_be_closed(void **state)
{
    /* The grace for a library's last call comes on top. */
    int64_t soon_ns = mono_ns() - LAST_CALL_NS + NS_PER_S / 4;
    struct stand stand;

    (void)state;
    begin(&stand, "stuck");
    prepare(&stand);
    assert_int_equal(start(&stand, 0, 1), 0);
    is_stuck = true;
    closed_count = 0;
    finals_count = 0;
    assert_int_equal(trial_release(stand.trial, soon_ns, &stand.error), 0);
    assert_int_equal(finals_count, 1);
    assert_int_equal(closed_count, 0);
    assert_int_equal(trial_release(stand.trial, mono_ns() + NS_PER_MS, &stand.error), -ETIMEDOUT);
    sync_lock(&lock);
    is_stuck = false;
    (void)pthread_cond_broadcast(&changed);
    sync_unlock(&lock);
    assert_int_equal(release(&stand), 0);
    assert_int_equal(closed_count, 2); /* Producers and consumers. */
    assert_int_equal(finals_count, 1);
    done(&stand);
}

/* Waits for the end of the segment. */
static struct status answered(void)
{
    int64_t deadline_ns = mono_ns() + DEADLINE_NS;
    struct status ret;

    sync_lock(&lock);
    while (answer.command == 0 && sync_condition_wait(&changed, &lock, deadline_ns)) {
    }
    ret = answer;
    sync_unlock(&lock);
    return ret;
}

static unsigned long left_out(const char *text)
{
    static const char before[] = "too slowly (reports left out: ";

    assert_true(strncmp(text, before, strlen(before)) == 0);
    return strtoul(text + strlen(before), NULL, 10);
}

/* Bug: the load went on to its end, for hours, with nothing of it told, and how much was not. */
static void load_that_can_not_be_reported_ends_and_says_what_was_left_out(void **state)
{
    struct stand stand;
    struct status ended;

    (void)state;
    begin(&stand, "left-out");
    prepare(&stand);
    memset(&answer, 0, sizeof answer);
    sync_condition_init(&changed);
    refused_count = 0;
    room = 1;
    assert_int_equal(start(&stand, 0, 1), 0); /* Of two hours. */
    ended = answered();
    assert_int_equal(ended.command, 1);
    assert_int_equal(ended.code, -ENOBUFS);
    assert_true(left_out(ended.text) > 0);
    assert_int_equal(release(&stand), -ENOBUFS);
    assert_int_equal(refused_count, 1); /* No other was tried. */
    assert_true(left_out(stand.error.text) > left_out(ended.text));
    room = UINT32_MAX;
    done(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_out_of_order_are_refused),
        cmocka_unit_test(after_a_preparation_that_failed_nothing_starts),
        cmocka_unit_test(what_a_broken_connection_left_of_topics_is_removed),
        cmocka_unit_test(a_segment_that_the_trial_does_not_have_is_refused),
        cmocka_unit_test(a_segment_without_the_clock_of_who_writes_is_refused),
        cmocka_unit_test(what_was_released_is_released_once),
        cmocka_unit_test(what_was_measured_is_handed_in_though_no_client_can_be_closed),
        cmocka_unit_test(load_that_can_not_be_reported_ends_and_says_what_was_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
