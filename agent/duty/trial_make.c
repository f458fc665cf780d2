#include "trial_parts_inner.h"

#include "mono.h"
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_NS_DEFAULT (30 * NS_PER_S)

/* Segments' messages must be settled within the drain phase that follows them. */
static int64_t drain_ns_of(const struct assignment *assignment)
{
    const struct assigned_phase *last = &assignment->phases[assignment->phases_count - 1];

    return last->until_drained && last->duration_ns > 0 ? last->duration_ns : DRAIN_NS_DEFAULT;
}

int trial_make_topics(struct trial *trial, struct errinfo *reterr)
{
    const struct assignment *assignment = &trial->assignment;

    trial->topics = calloc((size_t)assignment->topics_count + 1, sizeof *trial->topics);
    if (trial->topics == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < assignment->topics_count; i++) {
        const struct assigned_flow *flow = &assignment->flows[assignment->topics[i].flow];

        trial->topics[i] = (struct topic){.name = assignment->topics[i].name,
                                          .partitions = flow->partitions,
                                          .subscriptions = flow->subscriptions_count,
                                          .delivery = &flow->delivery};
    }
    return 0;
}

/* What calibrates is no message of the run's. */
static int make_trace(struct trial *trial, struct errinfo *reterr)
{
    const struct trace_config config = {.path = trial->trace_path,
                                        .agent = (uint16_t)trial->assignment.agent,
                                        .trial = trial->assignment.trial,
                                        .lanes_count = trial->assignment.workers_count};

    if (trial->trace_path == NULL || trial->assignment.trial >= CALIBRATION_TRIAL_FIRST) {
        return 0;
    }
    return trace_new(&config, &trial->trace, reterr);
}

/* A worker may spin for a part of the time between two messages; where a broker shares the host for
 * next to none, as it takes the CPU from that: a tenth of it made no message less late there. */
#define SPIN_SHARE 6
#define SPIN_SHARE_BESIDE 100
#define HERE_NS NS_PER_S

/* "amqp://HOST:PORT/VHOST", "mqtt://HOST:PORT", "HOST:PORT". */
static int split_address(const char *address, char host[NET_HOST_BYTES], char port[NET_PORT_BYTES])
{
    const char *scheme_end = strstr(address, "://");
    const char *begin = scheme_end != NULL ? scheme_end + 3 : address;
    char place[NET_HOST_BYTES + NET_PORT_BYTES];

    (void)snprintf(place, sizeof place, "%.*s", (int)strcspn(begin, "/"), begin);
    return net_split(place, host, port);
}

static int64_t spin_share(const struct target *target)
{
    char host[NET_HOST_BYTES];
    char port[NET_PORT_BYTES];

    for (uint32_t i = 0; i < target->addresses_count; i++) {
        if (split_address(target->addresses[i], host, port) == 0 &&
            net_is_here(host, mono_ns() + HERE_NS)) {
            return SPIN_SHARE_BESIDE;
        }
    }
    return SPIN_SHARE;
}

int trial_make_workers(struct trial *trial, struct errinfo *reterr)
{
    uint32_t count = trial->assignment.workers_count;
    struct worker_context context = {.assignment = &trial->assignment,
                                     .ops = trial->ops,
                                     .timeline = &trial->timeline,
                                     .keys = &trial->keys,
                                     .payloads = &trial->payloads,
                                     .topics = trial->topics,
                                     .spin_share = spin_share(&trial->assignment.target),
                                     .drain_ns = drain_ns_of(&trial->assignment),
                                     .heard_ns = outbox_heard_ns(trial->outbox)};
    int r;

    trial->recorders = calloc((size_t)count + 1, sizeof(struct recorder *));
    trial->workers = calloc((size_t)count + 1, sizeof(struct worker *));
    if (trial->recorders == NULL || trial->workers == NULL) {
        return errinfo_nomem(reterr);
    }
    r = make_trace(trial, reterr);
    for (uint32_t i = 0; r == 0 && i < count; i++) {
        r = recorder_new(&trial->assignment, i, &trial->recorders[i], reterr);

        context.worker = i;
        context.recorder = trial->recorders[i];
        context.trace = trial->trace == NULL ? NULL : trace_lane(trial->trace, i);
        if (r == 0) {
            r = worker_new(&context, &trial->gate, &trial->workers[i], reterr);
        }
    }
    return r < 0 ? r
                 : collector_new(&trial->assignment, trial->recorders, count, &trial->collector,
                                 reterr);
}
