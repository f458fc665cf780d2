#include "gather_inner.h"

#define MEAN_OF 8
#define RISE_OF 16
/* A pause says nothing about the rate after it. */
#define SPAN_NS_MAX 10000000

static double mean(double before, double value)
{
    return before + (value - before) / MEAN_OF;
}

void gather_polled(struct gather *gather, int64_t now_ns, bool has_more)
{
    int64_t span_ns = now_ns - gather->last_ns;
    int64_t longer_ns = gather->here.youngest_ns - gather->youngest_ns;

    gather->has_more = has_more;
    if (gather->here.events == 0) {
        return;
    }
    gather->youngest_ns += longer_ns < 0 ? longer_ns : longer_ns / RISE_OF;
    gather->last_ns = now_ns;
    gather->span_ns = mean(gather->span_ns, span_ns < SPAN_NS_MAX ? (double)span_ns : SPAN_NS_MAX);
    gather->events = mean(gather->events, gather->here.events);
    gather->bytes = mean(gather->bytes, (double)gather->here.bytes);
    gather->here.events = 0;
    gather->here.bytes = 0;
}

/* Until so much has come. */
static int64_t shorter(int64_t wait_ns, const struct gather *gather, double most, double mean_of)
{
    double fill_ns = mean_of > 0.0 ? gather->span_ns * most / mean_of : (double)GATHER_NS_MAX;

    return fill_ns < (double)wait_ns ? (int64_t)fill_ns : wait_ns;
}

void gather_sum_init(struct gather_sum *sum)
{
    *sum = (struct gather_sum){.wait_ns = GATHER_NS_MAX};
}

void gather_sum_add(struct gather_sum *sum, const struct gather *gather)
{
    int64_t wait_ns = gather->has_more ? 0 : gather->youngest_ns / GATHER_SHARE;

    sum->wait_ns = wait_ns < sum->wait_ns ? wait_ns : sum->wait_ns;
    sum->wait_ns = shorter(sum->wait_ns, gather, GATHER_EVENTS_MAX, gather->events);
    sum->wait_ns = shorter(sum->wait_ns, gather, GATHER_BYTES_MAX, gather->bytes);
    sum->from_ns = gather->last_ns > sum->from_ns ? gather->last_ns : sum->from_ns;
    sum->events_per_ns += gather->span_ns > 0.0 ? gather->events / gather->span_ns : 0.0;
}

int64_t gather_sum_until_ns(const struct gather_sum *sum)
{
    bool pays = sum->wait_ns >= GATHER_NS_MIN &&
                (double)sum->wait_ns * sum->events_per_ns >= GATHER_EVENTS_MIN;

    return pays ? sum->from_ns + sum->wait_ns : 0;
}
