#include "coordinator_link_inner.h"

#include "channel.h"
#include "deadlines.h"
#include "own_time.h"
#include "sync.h"
#include "wire.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static_assert(CHANNEL_RECONNECT_MS < TRY_MS, "a lost connection is taken up again within a try");

struct coordinator_link {
    struct channel_client *client;
    int stop_fd;
    struct request_head head; /* But for its sequence. */
    _Atomic uint64_t sequence;
    _Atomic int64_t heard_ns;
};

/* A refusal: whatever comes back afterwards, this agent is none of the run's. */
#define HEARD_NEVER_NS (INT64_MIN / 2)

int coordinator_link_new(const struct coordinator_link_config *config,
                         struct coordinator_link **ret, struct errinfo *reterr)
{
    const struct channel_client_config client = {.url = config->url,
                                                 .bytes_max = FRAME_BYTES_MAX,
                                                 .security = config->security,
                                                 .redial_ms_max = config->redial_ms_max};
    struct coordinator_link *link = calloc(1, sizeof *link);
    int r;

    if (link == NULL) {
        return errinfo_nomem(reterr);
    }
    r = channel_client_new(&client, &link->client, reterr);
    if (r < 0) {
        free(link);
        return r;
    }
    link->stop_fd = config->stop_fd;
    atomic_init(&link->heard_ns, mono_ns());
    *ret = link;
    return 0;
}

const _Atomic int64_t *coordinator_link_heard_ns(const struct coordinator_link *link)
{
    return &link->heard_ns;
}

void coordinator_link_free(struct coordinator_link *link)
{
    if (link != NULL) {
        channel_client_free(link->client);
        free(link);
    }
}

void coordinator_link_cancel(struct coordinator_link *link)
{
    channel_client_cancel(link->client);
}

struct request_head coordinator_link_head(struct coordinator_link *link)
{
    struct request_head head = link->head;

    head.sequence = atomic_fetch_add(&link->sequence, 1) + 1;
    return head;
}

/* -EPERM if the answer is that this agent has no business here, whatever it asked. */
static int check_refusal(struct coordinator_link *link, const struct channel_reply *reply,
                         struct errinfo *reterr)
{
    struct receipt receipt = {0};

    if (wire_decode_receipt(reply->bytes, reply->bytes_count, &receipt, NULL) < 0 ||
        receipt.accepted) {
        atomic_store(&link->heard_ns, mono_ns());
        return 0;
    }
    atomic_store(&link->heard_ns, HEARD_NEVER_NS);
    return errinfo_set(reterr, -EPERM, "the coordinator refused it: %s", receipt.reason);
}

/* The last try ends when the coordinator is given up, not later. */
static int within_ms(int timeout_ms, int64_t left_ns)
{
    int64_t left_ms = left_ns <= 0 ? 1 : left_ns / NS_PER_MS + 1;

    return left_ms < timeout_ms ? (int)left_ms : timeout_ms;
}

/* Tries until somebody answers or the coordinator has been silent for too long; a signal ends it
 * too, once nobody answers. */
static int call_until_lost(struct coordinator_link *link, const void *bytes, size_t bytes_count,
                           bool is_poll, struct channel_reply *ret, struct errinfo *reterr)
{
    int timeout_ms = is_poll ? POLL_MS : TRY_MS;
    struct own_time own = {.looked_ns = mono_ns()};
    int64_t lost_ns = own.looked_ns + LINK_LOST_NS;
    int r;

    for (;;) {
        r = channel_call(link->client, bytes, bytes_count,
                         within_ms(timeout_ms, lost_ns - mono_ns()), ret, reterr);
        if (r == 0 || r == -ECANCELED || r == -EMSGSIZE || r == -ENOMEM) {
            return r;
        }
        if (sync_event_wait(link->stop_fd, 0)) {
            return errinfo_set(reterr, -EINTR, "ended by a signal while the coordinator was away");
        }
        lost_ns +=
            own_time_turn(&own, mono_ns(), timeout_ms * NS_PER_MS + CALL_RETRY_NS + STANDSTILL_NS);
        if (r == -ETIMEDOUT && !is_poll && timeout_ms < TRY_MS_MAX) {
            timeout_ms *= 2;
        }
        if (own.looked_ns >= lost_ns) {
            return errinfo_set(reterr, -ECONNABORTED, "the coordinator has not answered for %lld s",
                               (long long)(LINK_LOST_NS / NS_PER_S));
        }
        mono_sleep_until(mono_ns() + CALL_RETRY_NS);
    }
}

int coordinator_link_hello(struct coordinator_link *link, const struct hello *hello,
                           struct welcome *ret, struct errinfo *reterr)
{
    struct text frame = {0};
    struct channel_reply reply = {0};
    int r = wire_encode_hello(hello, &frame);

    if (r == 0) {
        r = channel_call(link->client, frame.bytes, frame.bytes_count, TRY_MS, &reply, reterr);
    }
    if (r == 0) {
        r = wire_decode_welcome(reply.bytes, reply.bytes_count, ret, reterr);
    }
    if (r == 0) {
        memcpy(link->head.run_id, ret->run_id, sizeof link->head.run_id);
        link->head.agent = ret->agent;
        link->head.instance = hello->instance;
    }
    free(reply.bytes);
    text_done(&frame);
    return r;
}

/* A command holds the targets' passwords. */
static void wipe_reply(struct channel_reply *reply)
{
    if (reply->bytes != NULL) {
        explicit_bzero(reply->bytes, reply->bytes_count);
    }
    free(reply->bytes);
}

int coordinator_link_poll(struct coordinator_link *link, uint64_t taken, struct command *ret,
                          struct errinfo *reterr)
{
    struct poll poll = {.head = coordinator_link_head(link), .taken = taken};
    struct text frame = {0};
    struct channel_reply reply = {0};
    int r = wire_encode_poll(&poll, &frame);

    if (r == 0) {
        r = call_until_lost(link, frame.bytes, frame.bytes_count, true, &reply, reterr);
    }
    if (r == 0) {
        r = check_refusal(link, &reply, reterr);
    }
    if (r == 0) {
        r = wire_decode_command(reply.bytes, reply.bytes_count, ret, reterr);
    }
    wipe_reply(&reply);
    text_done(&frame);
    return r;
}

int coordinator_link_post(struct coordinator_link *link, const void *bytes, size_t bytes_count,
                          struct errinfo *reterr)
{
    struct channel_reply reply = {0};
    struct receipt receipt = {0};
    int r = call_until_lost(link, bytes, bytes_count, false, &reply, reterr);

    if (r == 0) {
        r = check_refusal(link, &reply, reterr);
    }
    if (r == 0) {
        r = wire_decode_receipt(reply.bytes, reply.bytes_count, &receipt, reterr);
    }
    free(reply.bytes);
    return r;
}

int coordinator_link_clock(struct coordinator_link *link, const struct clock_report *report,
                           struct clock_exchange *ret, int64_t *ret_pause_ns,
                           struct errinfo *reterr)
{
    struct text frame = {0};
    struct channel_reply reply = {0};
    struct clock_answer answer = {0};
    struct clock_report copy = *report;
    int r;

    copy.head = coordinator_link_head(link);
    r = wire_encode_clock_report(&copy, &frame);
    if (r == 0) {
        r = channel_call(link->client, frame.bytes, frame.bytes_count, TRY_MS, &reply, reterr);
    }
    if (r == 0) {
        r = wire_decode_clock_answer(reply.bytes, reply.bytes_count, &answer, reterr);
    }
    if (r == 0) {
        *ret = (struct clock_exchange){.t1_ns = reply.sent_ns,
                                       .t2_ns = answer.t2_ns,
                                       .t3_ns = answer.t3_ns,
                                       .t4_ns = reply.received_ns};
        *ret_pause_ns = answer.pause_ns;
    }
    free(reply.bytes);
    text_done(&frame);
    return r;
}

void coordinator_link_goodbye(struct coordinator_link *link)
{
    struct poll poll = {.head = coordinator_link_head(link)};
    struct text frame = {0};
    struct channel_reply reply = {0};

    if (wire_encode_goodbye(&poll, &frame) == 0) {
        (void)channel_call(link->client, frame.bytes, frame.bytes_count, TRY_MS, &reply, NULL);
    }
    free(reply.bytes);
    text_done(&frame);
}
