/* simulated_probing: the thread of a simulated agent that exchanges times, as clock_probing does,
 * by the agent's own clock. */
#include "simulated_duty_inner.h"

#include "mono.h"
#include "sync.h"

#define BURST 8
#define GAP_NS (2 * NS_PER_MS)

static void show_own(const struct simulated_agent *agent, struct clock_exchange *exchange)
{
    exchange->t1_ns = simulated_clock_at(&agent->clock, exchange->t1_ns);
    exchange->t4_ns = simulated_clock_at(&agent->clock, exchange->t4_ns);
}

/* False once the agent ends. */
static bool rest(struct simulated_agent *agent, int64_t until_ns)
{
    bool quit;

    sync_lock(&agent->lock);
    while (!agent->quit && sync_condition_wait(&agent->changed, &agent->lock, until_ns)) {
    }
    quit = agent->quit;
    sync_unlock(&agent->lock);
    return !quit;
}

void *simulated_probing_main(void *argument)
{
    struct simulated_agent *agent = argument;
    const struct clock_report question = {.exchanges_count = 0};
    int64_t pause_ns = NS_PER_S;
    bool goes_on = true;

    while (goes_on) {
        struct clock_report report = question;
        struct clock_exchange ignored;
        int64_t began_ns = mono_ns();

        for (int i = 0; goes_on && i < BURST; i++) {
            struct clock_exchange *next = &report.exchanges[report.exchanges_count];

            if (coordinator_link_clock(agent->link, &question, next, &pause_ns, NULL) == 0) {
                show_own(agent, next);
                report.exchanges_count++;
            }
            goes_on = rest(agent, mono_ns() + GAP_NS);
        }
        if (goes_on && report.exchanges_count > 0) {
            (void)coordinator_link_clock(agent->link, &report, &ignored, &pause_ns, NULL);
        }
        goes_on = goes_on && rest(agent, began_ns + pause_ns);
    }
    return NULL;
}
