#include "doctor_host_inner.h"

#include "address.h"
#include "cli_plan_inner.h"
#include "explain_needs_inner.h"
#include "hist.h"
#include "host_limits.h"
#include "mono.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_NS NS_PER_S
#define TICK_NS NS_PER_MS

/* The self-check calls a second late whose messages left later than that. */
#define LATE_NS (10 * NS_PER_MS)

/* Others that want more than half of the CPUs take turns with the load threads. */
#define LOAD_SHARE_MAX 0.5

static void line(const char *mark, const char *what, const char *detail)
{
    (void)printf("  %-5s %-22s %s\n", mark, what, detail);
}

static void show_load(long cpus)
{
    double load = host_load_average();
    bool high = load > LOAD_SHARE_MAX * (double)cpus;
    char text[160];

    if (load < 0.0) {
        return;
    }
    (void)snprintf(text, sizeof text, "%.2f on %ld CPUs%s", load, cpus,
                   high ? ": what runs here besides takes turns with the load threads, so end it "
                          "first"
                        : "");
    line(high ? "busy" : "ok", "load average", text);
}

/* Sleeps as a load thread does between messages, and looks how late it wakes. */
static void show_ticks(void)
{
    struct hist *late = NULL;
    int64_t begin_ns = mono_ns();
    char median[UNITS_TEXT_BYTES];
    char most[UNITS_TEXT_BYTES];
    char text[200];
    bool bad;

    if (hist_new(&late, NULL) < 0) {
        return;
    }
    for (int64_t due_ns = begin_ns + TICK_NS; due_ns < begin_ns + LOOK_NS; due_ns += TICK_NS) {
        mono_sleep_until(due_ns);
        hist_record(late, mono_ns() - due_ns);
    }
    bad = hist_max(late) > LATE_NS;
    (void)snprintf(text, sizeof text, "a thread woke late by %s at the median, %s at most%s",
                   units_format_ns((double)hist_percentile(late, 50.0), median),
                   units_format_ns((double)hist_max(late), most),
                   bad ? ": messages will be sent late, so use a quieter host" : "");
    line(bad ? "late" : "ok", "a second of ticks", text);
    hist_free(late);
}

static bool is_here(const struct target *target)
{
    const struct catalog_entry *entry = catalog_entry_of(target);

    for (uint32_t i = 0; !entry->local && i < target->addresses_count; i++) {
        struct address address;

        if (address_parse(entry, target->addresses[i], &address, NULL) == 0 &&
            (strncmp(address.host, "127.", 4) == 0 || strcmp(address.host, "::1") == 0 ||
             strcmp(address.host, "localhost") == 0)) {
            return true;
        }
    }
    return false;
}

/* Load threads beside a broker on the same host: each has a CPU, or they take turns. */
static void show_cpus(const struct plan_trial *trial, const char *name, long cpus)
{
    uint32_t workers = 0;
    bool broker = is_here(&trial->assignments[0].target);
    bool few;
    char text[200];

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        const struct assignment *of = &trial->assignments[i];

        workers += of->producers_count + of->consumers_count > 0 ? of->workers_count : 0;
    }
    few = (long)workers + (broker ? 1 : 0) > cpus;
    (void)snprintf(text, sizeof text, "%ld for %" PRIu32 " load thread%s%s%s", cpus, workers,
                   workers == 1 ? "" : "s", broker ? " and the broker, which is on this host" : "",
                   few ? ": they take turns, so a high rate will be called late or busy" : "");
    line(few ? "few" : "ok", name, text);
}

static void show_case(const struct cli_plan *plan, uint32_t index, long cpus)
{
    struct plan_trial trial = {.case_index = index};
    char what[NAME_BYTES + 16];

    if (plan_trial_fill(&plan->request, plan->plan, NULL, &trial, NULL) == 0) {
        (void)snprintf(what, sizeof what, "CPUs, %s", plan->plan->cases[index].name);
        show_cpus(&trial, what, cpus);
        explain_limits(&trial);
    }
    plan_trial_clear(&trial);
}

/* The first case of each target that would be run: others differ in their setup. */
static void show_cases(const struct scenario *scenario, uint32_t agents_count, long cpus)
{
    bool seen[TARGETS_MAX] = {false};
    struct cli_plan plan;

    if (cli_plan_make(scenario, agents_count, 0, &plan, NULL) == 0) {
        for (uint32_t i = 0; i < plan.plan->cases_count; i++) {
            const struct plan_case *of = &plan.plan->cases[i];

            if (of->status == CASE_MEASURED && !seen[of->target]) {
                seen[of->target] = true;
                show_case(&plan, i, cpus);
            }
        }
    }
    cli_plan_done(&plan);
}

void doctor_host_show(const struct scenario *scenario, uint32_t agents_count)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    (void)printf("this host, before a run (what the self-check will look at)\n");
    show_load(cpus);
    show_ticks();
    if (scenario != NULL) {
        show_cases(scenario, agents_count, cpus);
    }
}
