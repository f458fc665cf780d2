/* How long an agent waits for its coordinator, in a time that the test makes. */
#include "check.h"

#include "channel.h"
#include "coordinator_link_inner.h"
#include "deadlines.h"
#include "text.h"
#include "wire.h"

#include <errno.h>
#include <string.h>

struct stand {
    int64_t now_ns;
    uint32_t calls_count;
    uint32_t stands_still_in; /* This call; 0: in none. */
    int64_t stands_still_ns;
    uint32_t answered;    /* This call; 0: none is. */
    int answers_after_ms; /* Each call that waits for so long; 0: none. */
};

static struct stand *stand;

int64_t __wrap_mono_ns(void);
void __wrap_mono_sleep_until(int64_t at_ns);
int __wrap_channel_call(struct channel_client *client, const void *bytes, size_t bytes_count,
                        int timeout_ms, struct channel_reply *ret, struct errinfo *reterr);

int64_t __wrap_mono_ns(void)
{
    return stand->now_ns;
}

void __wrap_mono_sleep_until(int64_t at_ns)
{
    stand->now_ns = at_ns;
}

static void answer(struct channel_reply *ret)
{
    struct receipt receipt = {.accepted = true};
    struct text frame = {0};

    assert_int_equal(wire_encode_receipt(&receipt, &frame), 0);
    ret->bytes = frame.bytes;
    ret->bytes_count = frame.bytes_count;
}

int __wrap_channel_call(struct channel_client *client, const void *bytes, size_t bytes_count,
                        int timeout_ms, struct channel_reply *ret, struct errinfo *reterr)
{
    (void)client;
    (void)bytes;
    (void)bytes_count;
    stand->calls_count++;
    if (stand->calls_count == stand->answered) {
        answer(ret);
        return 0;
    }
    if (stand->answers_after_ms > 0 && timeout_ms > stand->answers_after_ms) {
        stand->now_ns += stand->answers_after_ms * NS_PER_MS;
        answer(ret);
        return 0;
    }
    stand->now_ns += timeout_ms * NS_PER_MS;
    stand->now_ns += stand->calls_count == stand->stands_still_in ? stand->stands_still_ns : 0;
    return errinfo_set(reterr, -ETIMEDOUT, "nobody answers");
}

/* Posts something; how long that took. */
static int64_t post(struct stand *made, int code)
{
    const struct coordinator_link_config to = {.url = "ipc:///tmp/millrace-nobody", .stop_fd = -1};
    struct coordinator_link *link = NULL;
    int64_t began_ns = made->now_ns = NS_PER_S;

    stand = made;
    assert_int_equal(coordinator_link_new(&to, &link, NULL), 0);
    assert_int_equal(coordinator_link_post(link, "x", 1, NULL), code);
    coordinator_link_free(link);
    return stand->now_ns - began_ns;
}

static void a_coordinator_that_never_answers_is_lost_in_time(void **state)
{
    struct stand silent = {0};

    (void)state;
    assert_in_range(post(&silent, -ECONNABORTED), LINK_LOST_NS,
                    LINK_LOST_NS + NS_PER_MS + CALL_RETRY_NS);
}

/* A paused virtual machine: coordinator and agents stood still alike, and lost each other when they
 * went on.
 */
static void an_agent_that_stood_still_itself_asks_once_more(void **state)
{
    struct stand stopped = {
        .stands_still_in = 1, .stands_still_ns = 3600 * NS_PER_S, .answered = 2};

    (void)state;
    assert_in_range(post(&stopped, 0), 3600 * NS_PER_S, 3605 * NS_PER_S);
}

static void an_agent_that_stood_still_loses_a_coordinator_that_is_gone(void **state)
{
    struct stand stopped = {.stands_still_in = 3, .stands_still_ns = 60 * NS_PER_S};

    (void)state;
    assert_in_range(post(&stopped, -ECONNABORTED), 60 * NS_PER_S + LINK_LOST_NS,
                    60 * NS_PER_S + LINK_LOST_NS + 2 * (TRY_MS_MAX * NS_PER_MS + CALL_RETRY_NS));
}

/* A thousand agents whose reports take it five seconds had them answered after each was given up,
 * and sent anew, for ever. */
static void an_overwhelmed_coordinator_is_waited_for_longer(void **state)
{
    struct stand overwhelmed = {.answers_after_ms = 5000};

    (void)state;
    assert_in_range(post(&overwhelmed, 0), 5 * NS_PER_S, 12 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coordinator_that_never_answers_is_lost_in_time),
        cmocka_unit_test(an_overwhelmed_coordinator_is_waited_for_longer),
        cmocka_unit_test(an_agent_that_stood_still_itself_asks_once_more),
        cmocka_unit_test(an_agent_that_stood_still_loses_a_coordinator_that_is_gone),
    };

    return cmocka_run_group_tests_name("coordinator_link", tests, NULL, NULL);
}
