#include "clock_probing_inner.h"

#include "mono.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BURST 8
#define GAP_NS (2 * NS_PER_MS)
#define PAUSE_NS NS_PER_S /* Until the coordinator has told another one. */
#define PAUSE_NS_MIN (50 * NS_PER_MS)
#define PAUSE_NS_MAX (60 * NS_PER_S)
#define LOOK_NS (10 * NS_PER_MS)

struct clock_probing {
    struct coordinator_link *link;
    pthread_t thread;
    _Atomic bool quit;
};

/* Exchanges times and hands them in; the pause until the next burst. */
static int64_t one_burst(struct clock_probing *probing)
{
    struct clock_report question = {.exchanges_count = 0};
    struct clock_report report = question;
    struct clock_exchange ignored;
    int64_t pause_ns = PAUSE_NS;

    for (int i = 0; i < BURST && !atomic_load(&probing->quit); i++) {
        if (coordinator_link_clock(probing->link, &question,
                                   &report.exchanges[report.exchanges_count], &pause_ns,
                                   NULL) == 0) {
            report.exchanges_count++;
        }
        mono_sleep_until(mono_ns() + GAP_NS);
    }
    if (report.exchanges_count > 0) {
        (void)coordinator_link_clock(probing->link, &report, &ignored, &pause_ns, NULL);
    }
    return pause_ns;
}

int64_t clock_probing_next_ns(int64_t due_ns, int64_t now_ns, int64_t pause_ns)
{
    int64_t next_ns;

    pause_ns = pause_ns < PAUSE_NS_MIN   ? PAUSE_NS_MIN
               : pause_ns > PAUSE_NS_MAX ? PAUSE_NS_MAX
                                         : pause_ns;
    next_ns = due_ns + pause_ns;
    return next_ns > now_ns ? next_ns : now_ns + pause_ns;
}

static void *probing_main(void *argument)
{
    struct clock_probing *probing = argument;
    int64_t next_ns = mono_ns();

    (void)pthread_setname_np(pthread_self(), "prober");
    while (!atomic_load(&probing->quit)) {
        if (mono_ns() >= next_ns) {
            int64_t pause_ns = one_burst(probing);

            next_ns = clock_probing_next_ns(next_ns, mono_ns(), pause_ns);
        }
        mono_sleep_until(mono_ns() + LOOK_NS);
    }
    return NULL;
}

int clock_probing_new(struct coordinator_link *link, struct clock_probing **ret,
                      struct errinfo *reterr)
{
    struct clock_probing *probing = calloc(1, sizeof *probing);
    int code;

    if (probing == NULL) {
        return errinfo_nomem(reterr);
    }
    probing->link = link;
    code = pthread_create(&probing->thread, NULL, probing_main, probing);
    if (code != 0) {
        free(probing);
        return errinfo_set(reterr, -code, "a thread can't be started: %s", strerror(code));
    }
    *ret = probing;
    return 0;
}

void clock_probing_free(struct clock_probing *probing)
{
    if (probing != NULL) {
        atomic_store(&probing->quit, true);
        (void)pthread_join(probing->thread, NULL);
        free(probing);
    }
}
