/*
 * bare_sleeps: how late this host's timers alone make a paced load: one thread that sleeps to each
 * due time and does nothing there.
 *
 *     bare_sleeps SECONDS RATE sleep|lead
 *
 * sleep: clock_nanosleep to each time. lead: as a worker of Millrace waits: with a short slice,
 * that much earlier as sleeps end late (rest.c), and the rest of it on the clock. Above 20k/s both
 * go from batch to batch, as a worker does.
 */
#include "bare.h"
#include "rest_inner.h"
#include "slice_inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_US 1000
#define BATCH_GAP_NS (50 * NS_PER_US)
#define BATCH_WAIT_NS (40 * NS_PER_US)
#define SPIN_SHARE 6
#define LAGS_NS_MAX (10 * 1000 * NS_PER_US) /* Counted by 100 ns; later ones in the last. */
#define STEP_NS 100
#define STEPS (LAGS_NS_MAX / STEP_NS)

static uint64_t counts[STEPS];

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void sleep_until(int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};

    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static int64_t spin_until(int64_t at_ns)
{
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);

    while (now_ns < at_ns) {
        now_ns = clock_ns(CLOCK_MONOTONIC);
    }
    return now_ns;
}

static void sleep_exactly(struct rest_lead *lead, int64_t now_ns, int64_t due_ns, int64_t gap_ns)
{
    struct rest_ask ask = {.now_ns = now_ns,
                           .send_ns = due_ns,
                           .is_exact = true,
                           .other_ns = REST_NEVER_NS,
                           .lead_ns = rest_lead_ns(lead)};
    struct rest rest = rest_choose(&ask);

    if (rest.how == REST_NOT) {
        return;
    }
    if (rest.how != REST_SPIN) {
        sleep_until(rest.until_ns);
        now_ns = clock_ns(CLOCK_MONOTONIC);
        rest_lead_slept(lead, now_ns - rest.until_ns);
    }
    rest_lead_spun(lead, spin_until(due_ns) - now_ns, gap_ns / SPIN_SHARE);
}

static void await(const char *how, struct rest_lead *lead, int64_t due_ns, int64_t gap_ns)
{
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);

    if (gap_ns < BATCH_GAP_NS) {
        sleep_until(now_ns + BATCH_WAIT_NS);
    } else if (strcmp(how, "lead") == 0) {
        sleep_exactly(lead, now_ns, due_ns, gap_ns);
    } else {
        sleep_until(due_ns);
    }
}

/* The end of the step in which the sample of that rank is. */
static double percentile_us(uint64_t total, double share)
{
    uint64_t below = 0;
    uint32_t step = 0;

    while (step < STEPS - 1 && (double)(below + counts[step]) < share * (double)total) {
        below += counts[step++];
    }
    return (step + 1) * (double)STEP_NS / NS_PER_US;
}

int main(int argc, char **argv)
{
    double seconds = argc == 4 ? strtod(argv[1], NULL) : 0.0;
    double rate_per_s = argc == 4 ? strtod(argv[2], NULL) : 0.0;
    struct rest_lead lead;
    int64_t start_ns;
    int64_t end_ns;
    int64_t cpu_ns;
    int64_t gap_ns;
    uint64_t sent = 0;

    bare_check(seconds > 0.0 && rate_per_s > 0.0, "usage", "SECONDS RATE sleep|lead");
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    if (strcmp(argv[3], "lead") == 0) {
        slice_shorten();
    }
    rest_lead_init(&lead);
    gap_ns = (int64_t)(1e9 / rate_per_s);
    cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    start_ns = clock_ns(CLOCK_MONOTONIC);
    end_ns = start_ns + (int64_t)(seconds * 1e9);
    while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
        int64_t due_ns = start_ns + (int64_t)((double)sent * 1e9 / rate_per_s);
        int64_t now_ns;

        await(argv[3], &lead, due_ns, gap_ns);
        for (now_ns = clock_ns(CLOCK_MONOTONIC); due_ns <= now_ns;) {
            int64_t step = (now_ns - due_ns) / STEP_NS;

            counts[step < STEPS ? step : STEPS - 1]++;
            sent++;
            due_ns = start_ns + (int64_t)((double)sent * 1e9 / rate_per_s);
        }
    }
    cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    (void)printf("p50_us=%.1f p99_us=%.1f cpu_share=%.3f sent=%" PRIu64 "\n",
                 percentile_us(sent, 0.5), percentile_us(sent, 0.99),
                 (double)cpu_ns / (seconds * 1e9), sent);
    return 0;
}
