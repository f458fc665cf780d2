#include "intake_inner.h"

#include "mono.h"

#include <math.h>
#include <string.h>

/* Gaps below this are taken together, but no more at once than any poll gives. */
#define TOGETHER_NS ((double)NS_PER_MS)
#define TOGETHER_MAX 1e6
/* Seventy years: beyond it no time is, and sums with it do not overflow. */
#define FAR_NS ((double)(INT64_MAX / 4))

static double gap_of(const struct phase_consume *consume, uint32_t consumers_count,
                     uint32_t subscription_consumers)
{
    if (consume->pace == CONSUME_THINK) {
        return (double)consume->think_ns / consumers_count;
    }
    /* The rate is that of a subscription, shared evenly by its consumers. */
    return (double)consume->rate.per_ns / (double)consume->rate.messages * subscription_consumers /
           consumers_count;
}

void intake_begin(struct intake *intake, const struct phase_consume *consume,
                  uint32_t consumers_count, uint32_t subscription_consumers, int64_t now_ns)
{
    memset(intake, 0, sizeof *intake);
    intake->pace = consume->pace;
    intake->since_ns = now_ns;
    if (intake->pace != CONSUME_RATE && intake->pace != CONSUME_THINK) {
        return;
    }
    intake->gap_ns = gap_of(consume, consumers_count, subscription_consumers);
    intake->burst = fmin(TOGETHER_MAX, fmax(1.0, floor(TOGETHER_NS / intake->gap_ns)));
    if (intake->pace == CONSUME_THINK) {
        intake->burst = fmax(intake->burst, consumers_count);
    }
}

uint32_t intake_room(const struct intake *intake, int64_t now_ns)
{
    double ahead_ns = (double)(now_ns - intake->since_ns) - intake->next_ns;

    if (intake->pace == CONSUME_FREE) {
        return UINT32_MAX;
    }
    if (intake->pace == CONSUME_PAUSED || ahead_ns < 0.0) {
        return 0;
    }
    return (uint32_t)fmin(intake->burst, floor(ahead_ns / intake->gap_ns) + 1.0);
}

void intake_take(struct intake *intake, uint32_t count, int64_t now_ns)
{
    double now = (double)(now_ns - intake->since_ns);
    /* A limited consumer that looked late may be early next time, or lateness would add up. */
    double behind = intake->pace == CONSUME_RATE ? intake->burst : intake->burst - 1.0;

    intake->next_ns = fmax(intake->next_ns, now - behind * intake->gap_ns) + count * intake->gap_ns;
}

int64_t intake_next_ns(const struct intake *intake)
{
    if (intake->pace == CONSUME_PAUSED || intake->next_ns > FAR_NS) {
        return INTAKE_NEVER_NS;
    }
    return intake->since_ns + (int64_t)ceil(intake->next_ns);
}
