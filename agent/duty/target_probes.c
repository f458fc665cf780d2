#include "target_probes_inner.h"

#include "backend_table.h"
#include "deadlines.h"
#include "look.h"
#include "units.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One thread's work: a target, and those after it that have to wait for it. */
struct probing {
    const struct command *command;
    const atomic_bool *called_back;
    int64_t allowed_ns;
    uint32_t first;
    struct probe_result *results; /* Of all targets. */
    pthread_t thread;
    bool started;
};

/* A message that the broker says it does not take is told by that, with the sum; the rest of the
 * look is done with a short one. */
static void shorten(const struct broker_limits *limits, struct look_request *request)
{
    for (uint32_t i = 0; i < limits->count; i++) {
        if (limits->items[i].kind == LIMIT_MESSAGE_BYTES &&
            request->message_bytes > limits->items[i].value) {
            request->message_bytes = 0;
        }
    }
}

/* What lives within the agent has nothing that could forbid it. What was found is the sentence,
 * also of success. */
static int look_deeper(const struct backend_ops *ops, const struct target *target,
                       const struct probing *probing, struct probe *probe, struct errinfo *reterr)
{
    int64_t begin_ns = mono_ns();
    enum look_stage stage;
    struct look_request request = probing->command->look;
    struct look_config config = {.ops = ops,
                                 .target = target,
                                 .request = &request,
                                 .deadline_ns = begin_ns + LOOK_NS,
                                 .called_back = probing->called_back};
    char took[UNITS_TEXT_BYTES];
    int r;

    if (request.name[0] == '\0' || ops->entry->local) {
        return 0;
    }
    (void)snprintf(request.name, sizeof request.name, "%.24s-%u", probing->command->look.name,
                   (uint32_t)(target - probing->command->targets));
    shorten(&probe->limits, &request);
    r = look_at_target(&config, &stage, reterr);
    probe->failure = r < 0 ? PROBE_LOOK : PROBE_OK;
    if (r == 0) {
        (void)errinfo_set(reterr, 0, "a message was written, read and removed in %s",
                          units_format_ns((double)(mono_ns() - begin_ns), took));
    }
    return r;
}

static void probe_one(const struct target *target, const struct probing *probing,
                      struct probe_result *result)
{
    const struct catalog_entry *entry = catalog_entry_of(target);
    const struct backend_ops *ops = backend_find(entry);
    bool cleans = probing->command->kind == COMMAND_CLEAN;
    struct errinfo error = {""};
    struct probe probe = {.failure = PROBE_OTHER};
    int64_t begin_ns = mono_ns();
    int r;

    if (ops == NULL) {
        result->failure = PROBE_BACKEND;
        (void)snprintf(result->reason, sizeof result->reason,
                       "this agent was built without the %s backend",
                       entry == NULL ? target->backend : entry->driver);
        return;
    }
    /* A cleaning is looked at first, too: it may take a minute, a broker that isn't there should
     * not. */
    r = ops->probe(target, begin_ns + (cleans ? PROBE_NS : probing->allowed_ns), &probe, &error);
    result->took_ns = mono_ns() - begin_ns; /* Of the answer: a look takes longer. */
    if (r == 0 && cleans) {
        r = ops->clean(target, mono_ns() + probing->allowed_ns, &result->removed, &error);
        probe.failure = PROBE_OTHER;
    } else if (r == 0) {
        r = look_deeper(ops, target, probing, &probe, &error);
    }
    if (r < 0 && probe.failure == PROBE_OK) {
        probe.failure = PROBE_OTHER;
    }
    result->failure = r < 0 ? probe.failure : PROBE_OK;
    (void)snprintf(result->reason, sizeof result->reason, "%.*s", REASON_BYTES - 1, error.text);
    memcpy(result->broker_version, probe.broker_version, sizeof result->broker_version);
    result->limits = probe.limits;
}

static void *probing_main(void *argument)
{
    const struct probing *probing = argument;
    const struct command *command = probing->command;
    const struct target *first = &command->targets[probing->first];

    (void)pthread_setname_np(pthread_self(), "probe");
    probe_one(first, probing, &probing->results[probing->first]);
    for (uint32_t i = probing->first + 1;
         command->kind == COMMAND_CLEAN && i < command->targets_count; i++) {
        if (target_same_place(first, &command->targets[i])) {
            probe_one(&command->targets[i], probing, &probing->results[i]);
        }
    }
    return NULL;
}

/* Is it done by the thread of a target before it? */
static bool waits_for_another(const struct command *command, uint32_t target)
{
    for (uint32_t i = 0; command->kind == COMMAND_CLEAN && i < target; i++) {
        if (target_same_place(&command->targets[i], &command->targets[target])) {
            return true;
        }
    }
    return false;
}

int target_probes(const struct command *command, int64_t allowed_ns, const atomic_bool *called_back,
                  struct status *status, struct errinfo *reterr)
{
    struct probing *probings = calloc((size_t)command->targets_count + 1, sizeof *probings);
    struct probe_result *results = calloc((size_t)command->targets_count + 1, sizeof *results);

    if (probings == NULL || results == NULL) {
        free(probings);
        free(results);
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < command->targets_count; i++) {
        probings[i] = (struct probing){.command = command,
                                       .called_back = called_back,
                                       .allowed_ns = allowed_ns,
                                       .first = i,
                                       .results = results};
        if (waits_for_another(command, i)) {
            continue;
        }
        probings[i].started =
            pthread_create(&probings[i].thread, NULL, probing_main, &probings[i]) == 0;
        if (!probings[i].started) {
            (void)probing_main(&probings[i]); /* Later, then, but it is asked. */
        }
    }
    for (uint32_t i = 0; i < command->targets_count; i++) {
        if (probings[i].started) {
            (void)pthread_join(probings[i].thread, NULL);
        }
    }
    free(probings);
    status->results = results;
    status->results_count = command->targets_count;
    return 0;
}
