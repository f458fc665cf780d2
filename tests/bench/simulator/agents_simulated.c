/*
 * agents_simulated: so many agents in one process, against a coordinator that waits for them.
 *
 *   agents_simulated JOIN_FILE AGENTS
 *
 * Each second a line of what is owed, at the end one of figures as JSON. Exit: 0 all of them were
 * sent home, 1 not.
 */
#include "simulated_agent.h"

#include "join_file.h"
#include "mono.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define STACK_BYTES ((size_t)256 * 1024) /* Of a thread: there are thousands. */
#define URL_BYTES (JOIN_ADDRESS_BYTES + 8)

static int make_figures(struct simulation *simulation, struct errinfo *reterr)
{
    int r = hist_new(&simulation->join, reterr);

    r = r == 0 ? hist_new(&simulation->receipt, reterr) : r;
    r = r == 0 ? hist_new(&simulation->bound, reterr) : r;
    return r == 0 ? simulated_latency_init(&simulation->latency, reterr) : r;
}

/* Until all have gone; each second what they owe the coordinator. */
static void look_on(const struct simulation *simulation, const struct simulated_agent *agents,
                    uint32_t count)
{
    int64_t next_ns = mono_ns();

    while (atomic_load(&simulation->running) > 0) {
        uint64_t owed = 0;
        int64_t now_ns = mono_ns();

        for (uint32_t i = 0; i < count; i++) {
            owed += simulated_agent_owes(&agents[i], now_ns - NS_PER_S / 2);
        }
        (void)fprintf(stderr, "%3lld s: %u joined, %u here, %llu reports owed for 0.5 s\n",
                      (long long)((now_ns - simulation->base_ns) / NS_PER_S),
                      atomic_load(&simulation->joined), atomic_load(&simulation->running),
                      (unsigned long long)owed);
        next_ns += NS_PER_S;
        while (mono_ns() < next_ns && atomic_load(&simulation->running) > 0) {
            mono_sleep_until(mono_ns() + NS_PER_S / 20);
        }
    }
}

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

static double cpu_s(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void tell_hist(const char *name, const struct hist *hist)
{
    (void)printf("\"%s_p50_ms\": %.4f, \"%s_p99_ms\": %.4f, \"%s_max_ms\": %.4f, ", name,
                 ms(hist_percentile(hist, 50.0)), name, ms(hist_percentile(hist, 99.0)), name,
                 ms(hist_max(hist)));
}

/* From the first to the last agent: where T0 was in truth, and when it was noticed. */
static void tell_start(const struct simulated_agent *agents, uint32_t count)
{
    int64_t first_ns = INT64_MAX;
    int64_t last_ns = 0;
    int64_t late_ns = 0;
    uint32_t started = 0;

    for (uint32_t i = 0; i < count; i++) {
        int64_t t0_ns = atomic_load(&agents[i].first_t0_ns);

        if (t0_ns == 0) {
            continue;
        }
        started++;
        first_ns = t0_ns < first_ns ? t0_ns : first_ns;
        last_ns = t0_ns > last_ns ? t0_ns : last_ns;
        late_ns = agents[i].started_ns - t0_ns > late_ns ? agents[i].started_ns - t0_ns : late_ns;
    }
    (void)printf("\"started\": %u, \"t0_apart_ms\": %.4f, \"start_late_max_ms\": %.4f, ", started,
                 started == 0 ? 0.0 : ms(last_ns - first_ns), ms(late_ns));
}

static void tell(const struct simulation *simulation, const struct simulated_agent *agents,
                 uint32_t count)
{
    (void)printf("{\"joined\": %u, \"failures\": %u, \"reports\": %llu, ",
                 atomic_load(&simulation->joined), simulation->failures,
                 (unsigned long long)simulation->reports);
    tell_hist("join", simulation->join);
    tell_hist("receipt", simulation->receipt);
    tell_hist("bound", simulation->bound);
    tell_start(agents, count);
    (void)printf("\"lines\": %llu, \"lines_wrong\": %llu, \"line_error_max_ms\": %.4f, "
                 "\"cpu_s\": %.2f}\n",
                 (unsigned long long)simulation->lines, (unsigned long long)simulation->lines_wrong,
                 ms(simulation->line_error_ns_max), cpu_s());
    if (simulation->failures > 0) {
        (void)fprintf(stderr, "%s\n", simulation->failure.text);
    }
}

static void be_small(void)
{
    pthread_attr_t attributes;

    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    (void)pthread_setattr_default_np(&attributes);
    (void)pthread_attr_destroy(&attributes);
}

/* Their connections stay until the process ends: NNG takes a minute to close a thousand sockets. */
static int simulate(struct simulation *simulation, uint32_t count, struct errinfo *reterr)
{
    static struct simulated_agent *agents;
    uint32_t begun = 0;
    int r;

    agents = calloc(count, sizeof *agents);
    r = agents == NULL ? errinfo_nomem(reterr) : make_figures(simulation, reterr);
    while (r == 0 && begun < count) {
        r = simulated_agent_start(&agents[begun], simulation, begun, reterr);
        begun += r == 0 ? 1 : 0;
    }
    if (r < 0) {
        return r; /* The process ends with it. */
    }
    look_on(simulation, agents, count);
    for (uint32_t i = 0; i < count; i++) {
        simulated_agent_finish(&agents[i]);
    }
    tell(simulation, agents, count);
    return simulation->failures == 0
               ? 0
               : errinfo_set(reterr, -1, "%u agents failed", simulation->failures);
}

int main(int argc, char **argv)
{
    static struct simulation simulation = {.lock = PTHREAD_MUTEX_INITIALIZER};
    static char url[URL_BYTES];
    struct join_file join = {0};
    struct errinfo error = {""};
    uint32_t count = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    int r;

    if (count == 0 || count > AGENTS_MAX) {
        (void)fprintf(stderr, "usage: agents_simulated JOIN_FILE AGENTS\n");
        return 2;
    }
    be_small();
    r = join_file_read(argv[1], &join, &error);
    if (r == 0) {
        (void)snprintf(url, sizeof url, "tcp://%s", join.addresses[0].text);
        simulation.url = url;
        simulation.security = (struct channel_security){.authority_pem = join.authority_pem,
                                                        .certificate_pem = join.certificate_pem,
                                                        .key_pem = join.key_pem};
        simulation.host =
            (struct duty_host){.name = join.name, .fleet = join.fleet, .secret = join.secret};
        simulation.base_ns = mono_ns();
        r = simulate(&simulation, count, &error);
    }
    join_file_done(&join);
    if (r < 0) {
        (void)fprintf(stderr, "agents_simulated: %s\n", error.text);
    }
    return r < 0 ? 1 : 0;
}
