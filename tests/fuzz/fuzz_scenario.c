/*
 * Scenarios: whatever is taken has an effective text that means the same, and a plan that its
 * agents would take. NUL bytes part the input into the scenario, an overlay, a --set and a
 * --target.
 */
#include "fuzz_target.h"
#include "invariant.h"
#include "plan.h"
#include "scenario_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PARTS 4
#define AGENTS 3
#define PLANNED_CLIENTS_MAX 2000 /* Larger plans are right too, but take their time. */

/* Files in memory: the scenario, then the overlay. */
static char paths[2][32];
static int files[2] = {-1, -1};

static void write_file(size_t index, const char *bytes, size_t bytes_count)
{
    if (files[index] < 0) {
        files[index] = memfd_create("scenario", MFD_CLOEXEC);
        ASSERT(files[index] >= 0);
        (void)snprintf(paths[index], sizeof paths[index], "/proc/self/fd/%d", files[index]);
    }
    ASSERT(ftruncate(files[index], 0) == 0);
    ASSERT(pwrite(files[index], bytes, bytes_count, 0) == (ssize_t)bytes_count);
}

static int load(char *const parts[PARTS], struct scenario **ret)
{
    const char *with[] = {paths[1]};
    const char *set[] = {parts[2]};
    const char *targets[] = {parts[3]};
    const struct scenario_sources sources = {.path = paths[0],
                                             .with = with,
                                             .with_count = parts[1] != NULL,
                                             .set = set,
                                             .set_count = parts[2] != NULL,
                                             .targets = targets,
                                             .targets_count = parts[3] != NULL};
    struct text problems = {0};
    struct text warnings = {0};
    int r = scenario_load(&sources, ret, &problems, &warnings);

    ASSERT((r == 0) == (problems.bytes == NULL));
    text_done(&problems);
    text_done(&warnings);
    return r;
}

static void check_effective(const struct scenario *scenario)
{
    char *const nothing[PARTS] = {NULL};
    struct scenario *again = NULL;

    write_file(0, scenario->effective, strlen(scenario->effective));
    ASSERT(load(nothing, &again) == 0);
    ASSERT(strcmp(again->effective, scenario->effective) == 0);
    ASSERT(again->targets_count == scenario->targets_count);
    ASSERT(again->setups_count == scenario->setups_count);
    scenario_free(again);
}

static uint64_t clients_of(const struct scenario_setup *setup)
{
    uint64_t clients = 0;

    for (uint32_t i = 0; i < setup->flows_count; i++) {
        const struct scenario_topology *t = &setup->flows[i].topology;

        clients += t->topics + t->producers + (uint64_t)t->subscriptions * t->consumers;
    }
    return clients;
}

static void check_plan(const struct scenario *scenario)
{
    const struct plan_agent agents[AGENTS] = {{.cpus = 1}, {.cpus = 2}, {.cpus = 8}};
    const struct plan_request request = {.scenario = scenario,
                                         .agents = agents,
                                         .agents_count = AGENTS,
                                         .run_id = "fuzz",
                                         .seed = 1};
    struct plan *plan = NULL;
    uint64_t clients = 0;

    for (uint32_t s = 0; s < scenario->setups_count; s++) {
        clients += clients_of(&scenario->setups[s]);
    }
    if (clients > PLANNED_CLIENTS_MAX || plan_make(&request, &plan, NULL) < 0) {
        return;
    }
    /* Repetitions differ in their number alone. */
    for (uint32_t t = 0; t < plan->trials_count && plan->trials[t].repetition < 2; t++) {
        ASSERT(plan_trial_fill(&request, plan, NULL, &plan->trials[t], NULL) == 0);
        for (uint32_t a = 0; a < AGENTS; a++) {
            ASSERT(assignment_check(&plan->trials[t].assignments[a], NULL) == 0);
        }
        plan_trial_clear(&plan->trials[t]);
    }
    plan_free(plan);
}

/* libfyaml 0.7.12 forgets a buffer when it gives up on an overlong key. NOLINTBEGIN: LSan's name.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}
/* NOLINTEND */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count)
{
    char *input = malloc(bytes_count + 1);
    char *parts[PARTS] = {NULL};
    char *at = input;
    struct scenario *scenario = NULL;

    ASSERT(input != NULL);
    memcpy(input, bytes, bytes_count);
    input[bytes_count] = '\0';
    for (size_t i = 0; i < PARTS && at < input + bytes_count; i++) {
        parts[i] = at;
        at += strlen(at) + 1;
    }
    write_file(0, input, strlen(input));
    if (parts[1] != NULL) {
        write_file(1, parts[1], strlen(parts[1]));
    }
    if (load(parts, &scenario) == 0) {
        check_effective(scenario);
        check_plan(scenario);
    }
    scenario_free(scenario);
    free(input);
    return 0;
}
