#include "plan.h"

#include "invariant.h"
#include "plan_inner.h"
#include "random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const case_status_names[CASE_STATUSES_COUNT] = {
    [CASE_MEASURED] = "measured",
    [CASE_SKIPPED] = "skipped",
    [CASE_NOT_AVAILABLE] = "not available",
    [CASE_FAILED] = "failed",
};

const char *case_status_name(enum case_status status)
{
    return case_status_names[status];
}

void plan_trial_clear(struct plan_trial *trial)
{
    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        assignment_done(&trial->assignments[a]);
    }
    free(trial->assignments);
    trial->assignments = NULL;
    trial->assignments_count = 0;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (uint32_t i = 0; i < plan->trials_count; i++) {
        plan_trial_clear(&plan->trials[i]);
    }
    free(plan->trials);
    free(plan->cases);
    free(plan);
}

/* Of run and trial (FNV-1a, 32 bits): tells our messages from another run's. */
static uint32_t tag_of(const char *prefix)
{
    uint32_t hash = UINT32_C(2166136261);

    for (; *prefix != '\0'; prefix++) {
        hash = (hash ^ (unsigned char)*prefix) * UINT32_C(16777619);
    }
    return hash;
}

static void *copy_of(const void *list, uint32_t count, size_t element_bytes)
{
    void *copy = calloc((size_t)count + 1, element_bytes);

    if (copy != NULL && count > 0) {
        memcpy(copy, list, count * element_bytes);
    }
    return copy;
}

/* The part of the layout's clients that live on this agent. */
static int cut_clients(const struct layout *layout, struct assignment *ret)
{
    uint32_t producers = 0;
    uint32_t consumers = 0;

    for (uint32_t i = 0; i < layout->producers_count; i++) {
        producers += layout->producer_agents[i] == ret->agent;
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        consumers += layout->consumer_agents[i] == ret->agent;
    }
    ret->producers = calloc((size_t)producers + 1, sizeof ret->producers[0]);
    ret->consumers = calloc((size_t)consumers + 1, sizeof ret->consumers[0]);
    if (ret->producers == NULL || ret->consumers == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        if (layout->producer_agents[i] == ret->agent) {
            ret->producers[ret->producers_count++] = layout->producers[i];
        }
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        if (layout->consumer_agents[i] == ret->agent) {
            ret->consumers[ret->consumers_count++] = layout->consumers[i];
        }
    }
    return 0;
}

static int cut_assignment(const struct layout *layout, const struct target *target,
                          struct assignment *ret)
{
    ret->workers_count = layout->workers_counts[ret->agent];
    ret->flows = copy_of(layout->flows, layout->flows_count, sizeof layout->flows[0]);
    ret->topics = copy_of(layout->topics, layout->topics_count, sizeof layout->topics[0]);
    ret->phases = copy_of(layout->phases, layout->phases_count, sizeof layout->phases[0]);
    ret->points = copy_of(layout->setup->points, layout->setup->points_count,
                          sizeof layout->setup->points[0]);
    ret->writers = copy_of(layout->writers, layout->writers_count, sizeof layout->writers[0]);
    if (ret->flows == NULL || ret->topics == NULL || ret->phases == NULL || ret->points == NULL ||
        ret->writers == NULL || target_copy(target, &ret->target) < 0 ||
        cut_clients(layout, ret) < 0) {
        return -ENOMEM;
    }
    ret->flows_count = layout->flows_count;
    ret->topics_count = layout->topics_count;
    ret->phases_count = layout->phases_count;
    ret->points_count = layout->setup->points_count;
    ret->writers_count = layout->writers_count;
    /* A broker inside an agent has only the topics that this agent made. */
    ret->topics_owner = layout->entry->local ? ret->producers_count + ret->consumers_count > 0
                                             : ret->agent == layout->producer_agents[0];
    return 0;
}

static int cut_assignments(const struct plan_request *request, const struct layout *layout,
                           const struct target *target, const char *prefix,
                           struct plan_trial *trial)
{
    int r = 0;

    trial->assignments = calloc(request->agents_count, sizeof trial->assignments[0]);
    if (trial->assignments == NULL) {
        return -ENOMEM;
    }
    for (uint32_t a = 0; r == 0 && a < request->agents_count; a++) {
        struct assignment *assignment = &trial->assignments[trial->assignments_count++];

        (void)snprintf(assignment->run_id, sizeof assignment->run_id, "%.63s", request->run_id);
        assignment->trial = trial->number;
        assignment->tag = tag_of(prefix);
        /* The same in every case: targets get the same load. */
        assignment->seed = random_derive(request->seed, trial->repetition);
        assignment->agent = a;
        r = cut_assignment(layout, target, assignment);
    }
    return r;
}

int plan_trial_fill(const struct plan_request *request, const struct plan *plan,
                    const struct scenario_setup *setup, struct plan_trial *trial,
                    struct errinfo *reterr)
{
    const struct plan_case *of = &plan->cases[trial->case_index];
    const struct target *target = &request->scenario->targets[of->target];
    struct layout layout = {.setup = setup != NULL ? setup : &request->scenario->setups[of->setup],
                            .entry = catalog_entry_of(target),
                            .agents = request->agents,
                            .agents_count = request->agents_count,
                            .order = request->order,
                            .rooms = request->rooms};
    char prefix[TOPIC_NAME_BYTES];
    int r;

    (void)snprintf(prefix, sizeof prefix, "millrace-%.63s-c%u-t%u", request->run_id,
                   trial->case_index, trial->number);
    r = layout_tables(&layout, prefix, reterr);
    r = r < 0 ? r : layout_clients(&layout, reterr);
    r = r < 0 ? r : layout_place(&layout, reterr);
    if (r >= 0 && cut_assignments(request, &layout, target, prefix, trial) < 0) {
        r = errinfo_nomem(reterr);
    }
    layout_done(&layout);
    if (r < 0) {
        plan_trial_clear(trial);
    }
    return r;
}

/* "rabbit/ordered/size=4KiB"; a number stands for what is too long. */
static void name_case(const struct scenario *scenario, struct plan_case *of, uint32_t index)
{
    const struct scenario_setup *setup = &scenario->setups[of->setup];
    const char *label = scenario->targets[of->target].label;
    char name[NAME_BYTES * 2 * (2 + SWEEP_KEYS_MAX)];
    size_t used = (size_t)snprintf(name, sizeof name, "%.63s%s%.63s", label,
                                   setup->variant[0] != '\0' ? "/" : "", setup->variant);

    for (uint32_t i = 0; i < setup->parameters_count; i++) {
        const struct scenario_parameter *parameter = &setup->parameters[i];
        const char *dot = strrchr(parameter->key, '.');

        used += (size_t)snprintf(name + used, sizeof name - used, "/%.63s=%.63s",
                                 dot == NULL ? parameter->key : dot + 1, parameter->value);
    }
    if (used < sizeof of->name) {
        memcpy(of->name, name, used + 1);
    } else {
        (void)snprintf(of->name, sizeof of->name, "%.50s/%u", label, index);
    }
}

static void make_case(const struct scenario *scenario, uint32_t target, uint32_t setup,
                      struct plan *plan)
{
    const struct catalog_entry *entry = catalog_entry_of(&scenario->targets[target]);
    const struct scenario_setup *from = &scenario->setups[setup];
    struct plan_case *ret = &plan->cases[plan->cases_count];

    ret->target = target;
    ret->setup = setup;
    ret->status = scenario_available(from, entry, ret->reason, sizeof ret->reason)
                      ? CASE_MEASURED
                      : CASE_NOT_AVAILABLE;
    name_case(scenario, ret, plan->cases_count++);
}

/* One trial of each case is made and dropped, to see that it can be. */
static int try_cases(const struct plan_request *request, struct plan *plan, struct errinfo *reterr)
{
    for (uint32_t i = 0; i < plan->cases_count; i++) {
        struct plan_trial trial = {.case_index = i};
        int r;

        if (plan->cases[i].status != CASE_MEASURED) {
            continue;
        }
        r = plan_trial_fill(request, plan, NULL, &trial, reterr);
        if (r < 0) {
            return errinfo_prefix(reterr, r, "%s", plan->cases[i].name);
        }
        plan->cases[i].trial_ns = plan_trial_ns(&trial);
        plan_trial_clear(&trial);
    }
    return 0;
}

/* Setup by setup, on each target: what belongs together stands together. */
static int make_cases(const struct plan_request *request, struct plan *plan, struct errinfo *reterr)
{
    const struct scenario *scenario = request->scenario;
    uint64_t count = (uint64_t)scenario->targets_count * scenario->setups_count;

    if (count > CASES_MAX) {
        return errinfo_set(reterr, -EINVAL, "%llu cases are more than the %d of a run",
                           (unsigned long long)count, CASES_MAX);
    }
    plan->cases = calloc(count, sizeof plan->cases[0]);
    if (plan->cases == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t setup = 0; setup < scenario->setups_count; setup++) {
        for (uint32_t target = 0; target < scenario->targets_count; target++) {
            make_case(scenario, target, setup, plan);
        }
    }
    return try_cases(request, plan, reterr);
}

static int check_request(const struct plan_request *request, struct errinfo *reterr)
{
    size_t id_bytes = strlen(request->run_id);

    if (request->agents_count == 0 || request->agents_count > AGENTS_MAX) {
        return errinfo_set(reterr, -EINVAL, "%u agents (1 to %d)", request->agents_count,
                           AGENTS_MAX);
    }
    if (id_bytes == 0 || id_bytes >= NAME_BYTES ||
        strspn(request->run_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-") != id_bytes) {
        return errinfo_set(reterr, -EINVAL, "the run's id can't be part of a topic's name");
    }
    for (uint32_t a = 0; a < request->agents_count; a++) {
        ASSERT(request->agents[a].cpus > 0);
    }
    ASSERT(request->scenario->targets_count > 0 && request->scenario->setups_count > 0);
    return 0;
}

int plan_make(const struct plan_request *request, struct plan **ret, struct errinfo *reterr)
{
    struct plan *plan = NULL;
    int r = check_request(request, reterr);

    if (r < 0) {
        return r;
    }
    plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return errinfo_nomem(reterr);
    }
    r = make_cases(request, plan, reterr);
    r = r < 0 ? r : plan_order_trials(request, plan, reterr);
    if (r < 0) {
        plan_free(plan);
        return r;
    }
    *ret = plan;
    return 0;
}

int plan_trial_spread(struct plan_trial *trial, const uint32_t *agents, uint32_t agents_count,
                      struct errinfo *reterr)
{
    struct assignment *all = calloc((size_t)agents_count + 1, sizeof *all);

    if (all == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        struct assignment *to = &all[agents[i]];

        ASSERT(agents[i] < agents_count);
        *to = trial->assignments[i];
        to->agent = agents[i];
        for (uint32_t w = 0; w < to->writers_count; w++) {
            to->writers[w].agent = agents[to->writers[w].agent];
        }
    }
    free(trial->assignments);
    trial->assignments = all;
    trial->assignments_count = agents_count;
    return 0;
}

const struct assignment *plan_trial_tables(const struct plan_trial *trial)
{
    uint32_t i = 0;

    while (i + 1 < trial->assignments_count && trial->assignments[i].phases_count == 0) {
        i++;
    }
    return &trial->assignments[i];
}

int64_t plan_trial_ns(const struct plan_trial *trial)
{
    const struct assignment *any = plan_trial_tables(trial);
    int64_t sum_ns = 0;

    for (uint32_t i = 0; i < any->phases_count; i++) {
        sum_ns += any->phases[i].duration_ns;
    }
    return sum_ns;
}
