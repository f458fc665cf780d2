#include "clock_probing.h"

#include "mono.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BURST 8
#define GAP_NS (2 * NS_PER_MS)
#define EAGER_NS (3 * NS_PER_S)
#define EAGER_PAUSE_NS (100 * NS_PER_MS)
#define PAUSE_NS NS_PER_S

struct clock_probing {
    struct coordinator_link *link;
    pthread_t thread;
    _Atomic bool quit;
};

static void one_burst(struct clock_probing *probing)
{
    struct clock_report question = {.exchanges_count = 0};
    struct clock_report report = question;
    struct clock_exchange ignored;

    for (int i = 0; i < BURST && !atomic_load(&probing->quit); i++) {
        if (coordinator_link_clock(probing->link, &question,
                                   &report.exchanges[report.exchanges_count], NULL) == 0) {
            report.exchanges_count++;
        }
        mono_sleep_until(mono_ns() + GAP_NS);
    }
    if (report.exchanges_count > 0) {
        (void)coordinator_link_clock(probing->link, &report, &ignored, NULL);
    }
}

static void *probing_main(void *argument)
{
    struct clock_probing *probing = argument;
    int64_t begin_ns = mono_ns();
    int64_t next_ns = begin_ns;

    while (!atomic_load(&probing->quit)) {
        if (mono_ns() >= next_ns) {
            one_burst(probing);
            next_ns += mono_ns() - begin_ns < EAGER_NS ? EAGER_PAUSE_NS : PAUSE_NS;
        }
        mono_sleep_until(mono_ns() + 10 * NS_PER_MS);
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
