#include "rest_inner.h"

#define NS_PER_US 1000
#define LEAD_NS_START (20 * NS_PER_US)
#define LEAD_NS_MAX (80 * NS_PER_US)
#define STEP_NS 50
#define STEPS_UP 49 /* For one down: settles where 2 % are above. */
#define MEAN_OF 16
/* A sleep shorter than that takes as long as a spin. */
#define SLEEP_NS_MIN (5 * NS_PER_US)

static int64_t between(int64_t low, int64_t value, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* What there is to wait for, and how if nobody looks at what arrives. */
static struct rest choose(const struct rest_ask *ask)
{
    int64_t lead_ns = ask->is_exact ? ask->lead_ns : 0;
    int64_t left_ns = ask->send_ns == REST_NEVER_NS ? REST_NEVER_NS : ask->send_ns - ask->now_ns;

    if (left_ns <= 0 || ask->other_ns <= ask->now_ns) {
        return (struct rest){.how = REST_NOT, .until_ns = ask->now_ns};
    }
    if (ask->other_ns < ask->send_ns && ask->other_ns - ask->now_ns < left_ns - lead_ns) {
        return (struct rest){.how = left_ns <= ask->together_ns ? REST_CLOCK : REST_EVENTS,
                             .until_ns = ask->other_ns};
    }
    if (left_ns < lead_ns + SLEEP_NS_MIN && ask->is_exact) {
        return (struct rest){.how = REST_SPIN, .until_ns = ask->send_ns, .is_exact = true};
    }
    return (struct rest){.how = left_ns <= ask->together_ns ? REST_CLOCK : REST_EVENTS,
                         .until_ns = ask->send_ns - lead_ns,
                         .is_exact = ask->is_exact};
}

struct rest rest_choose(const struct rest_ask *ask)
{
    struct rest rest = choose(ask);

    if (rest.how == REST_EVENTS && ask->gather_ns > ask->now_ns) {
        rest.how = REST_CLOCK;
        if (ask->gather_ns < rest.until_ns) {
            rest.until_ns = ask->gather_ns;
            rest.is_exact = false;
        }
    }
    return rest;
}

void rest_lead_init(struct rest_lead *lead)
{
    *lead = (struct rest_lead){.late_ns = LEAD_NS_START, .most_ns = LEAD_NS_START};
}

int64_t rest_lead_ns(const struct rest_lead *lead)
{
    return lead->late_ns < lead->most_ns ? lead->late_ns : lead->most_ns;
}

void rest_lead_slept(struct rest_lead *lead, int64_t late_ns)
{
    lead->late_ns += late_ns > lead->late_ns ? STEPS_UP * STEP_NS : -STEP_NS;
    lead->late_ns = between(0, lead->late_ns, LEAD_NS_MAX);
}

void rest_lead_spun(struct rest_lead *lead, int64_t spun_ns, int64_t most_ns)
{
    lead->spun_ns += (spun_ns - lead->spun_ns) / MEAN_OF;
    lead->most_ns += lead->spun_ns > most_ns ? -STEP_NS : STEP_NS;
    /* Above late_ns it would have no effect, and be far away when it was to have one. */
    lead->most_ns = between(0, lead->most_ns, lead->late_ns + LEAD_NS_START);
}
