#include "bare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

atomic_bool bare_over;
atomic_uint_fast64_t bare_received;
atomic_uint_fast64_t bare_expected;
atomic_uint_fast64_t bare_outstanding;

static double now_s(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void sleep_s(double seconds)
{
    struct timespec gap = {.tv_sec = (time_t)seconds};

    gap.tv_nsec = (long)((seconds - (double)gap.tv_sec) * 1e9);
    (void)nanosleep(&gap, NULL);
}

void bare_check(bool good, const char *what, const char *why)
{
    if (!good) {
        (void)fprintf(stderr, "bare: %s: %s\n", what, why);
        exit(1);
    }
}

struct bare_job bare_job_read(int argc, char **argv)
{
    struct bare_job job = {.seconds = 3.0, .bytes = 100, .window = 1000};

    bare_check(argc >= 3 && (strcmp(argv[2], "publish") == 0 || strcmp(argv[2], "confirm") == 0),
               "usage", "ADDRESS publish|confirm [SECONDS [BYTES [WINDOW]]]");
    job.address = argv[1];
    job.confirms = strcmp(argv[2], "confirm") == 0;
    job.seconds = argc > 3 ? strtod(argv[3], NULL) : job.seconds;
    job.bytes = argc > 4 ? strtoul(argv[4], NULL, 10) : job.bytes;
    job.window = argc > 5 ? strtoul(argv[5], NULL, 10) : job.window;
    bare_check(job.seconds > 0.0 && job.bytes > 0 && job.window > 0, "usage",
               "numbers must be above 0");
    return job;
}

void bare_sent(uint64_t messages)
{
    bare_check(messages > 0, "publishing", "nothing was sent");
    atomic_store_explicit(&bare_expected, messages, memory_order_release);
}

void bare_measure(const struct bare_job *job)
{
    uint64_t before;
    uint64_t messages;
    double start_s;
    double took_s;
    double cpu_s;
    double deadline_s;

    sleep_s(BARE_WARM_S);
    start_s = now_s(CLOCK_MONOTONIC);
    cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
    before = atomic_load(&bare_received);
    sleep_s(job->seconds);
    messages = atomic_load(&bare_received) - before;
    took_s = now_s(CLOCK_MONOTONIC) - start_s;
    cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
    atomic_store(&bare_over, true);
    deadline_s = now_s(CLOCK_MONOTONIC) + BARE_PATIENCE_S;
    while (bare_receiving()) {
        sleep_s(0.001);
        bare_check(now_s(CLOCK_MONOTONIC) < deadline_s, "consuming", "messages are missing");
    }
    bare_check(messages > 0, "consuming", "nothing came in the measured stretch");
    (void)printf("messages=%" PRIu64 " seconds=%.2f rate_per_s=%.0f cpu_ns_per_message=%.0f\n",
                 messages, took_s, (double)messages / took_s, cpu_s * 1e9 / (double)messages);
}
