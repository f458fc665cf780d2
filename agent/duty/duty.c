#include "duty.h"

#include "busy_inner.h"
#include "catalog.h"
#include "clock_probing_inner.h"
#include "coordinator_link_inner.h"
#include "deadlines.h"
#include "hand_inner.h"
#include "host_inner.h"
#include "introduction_inner.h"
#include "log.h"
#include "outbox_inner.h"
#include "room_inner.h"
#include "stop.h"
#include "sync.h"
#include "target_probes_inner.h"
#include "trial_inner.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct duty {
    const struct duty_config *config;
    struct coordinator_link *link;
    struct outbox *outbox;
    struct clock_probing *probing;
    struct busy *busy; /* NULL: nobody else waits for it. */
    struct hand *hand;
    struct trial *trial;     /* The hand's, while there is one. */
    pthread_mutex_t telling; /* Held to change `trial`, and to tell it of clocks from elsewhere. */
    struct hello hello;      /* As it was said. */
    struct welcome welcome;
    uint64_t taken;
    atomic_bool called_back; /* What is looked at on targets. */
};

/* False: whoever wanted this agent to join here wants it no more. */
static bool waits_on(const struct duty_config *config, int64_t silent_ns, bool *told)
{
    if (config->on_silence != NULL) {
        return config->on_silence(config->context, silent_ns);
    }
    if (!*told) {
        log_info("waiting for a coordinator at %s", config->url);
        *told = true;
    }
    return true;
}

/* Until somebody answers: a coordinator may be started after its agents. */
static int await_welcome(struct duty *duty, const struct hello *hello, struct errinfo *reterr)
{
    int64_t began_ns = mono_ns();
    bool told = false;

    for (;;) {
        int r =
            introduction_make(duty->link, hello, duty->config->host, NULL, &duty->welcome, reterr);

        /* -ECONNRESET: it was there, and went away (or something else listened on its port). */
        if (r != -ETIMEDOUT && r != -ECONNREFUSED && r != -ECONNRESET) {
            return r;
        }
        if (!waits_on(duty->config, mono_ns() - began_ns, &told)) {
            return errinfo_set(reterr, -ETIMEDOUT, "no coordinator answers at %s",
                               duty->config->url);
        }
        if (sync_event_wait(duty->config->stop_fd, (int)(HELLO_RETRY_NS / NS_PER_MS))) {
            return errinfo_set(reterr, -EINTR, "ended while waiting for a coordinator");
        }
    }
}

static int say_hello(struct duty *duty, struct errinfo *reterr)
{
    struct hello *hello = &duty->hello;
    int r;

    host_hello(hello);
    if (duty->config->enrolment != 0) {
        hello->instance = duty->config->enrolment;
    }
    if (duty->config->host != NULL) {
        (void)snprintf(hello->host_name, sizeof hello->host_name, "%s", duty->config->host->name);
    }
    if (duty->config->name != NULL) {
        (void)snprintf(hello->name, sizeof hello->name, "%s", duty->config->name);
    } else {
        (void)snprintf(hello->name, sizeof hello->name, "%.40s-%u", hello->host, hello->pid);
    }
    r = await_welcome(duty, hello, reterr);
    if (r < 0) {
        return r;
    }
    if (!duty->welcome.accepted) {
        return errinfo_set(reterr, -EPERM, "refused by the coordinator: %s", duty->welcome.reason);
    }
    log_info("joined run %s as %s", duty->welcome.run_id, duty->welcome.name);
    if (duty->config->on_joined != NULL) {
        duty->config->on_joined(duty->config->context, &duty->welcome);
    }
    return 0;
}

static int64_t allowed_ns(const struct command *command)
{
    return command->deadline_ns > 0 ? command->deadline_ns : CLEANUP_NS;
}

static int64_t deadline_of(const struct command *command)
{
    return mono_ns() + allowed_ns(command);
}

/* Its topics would be left behind, or taken away from under it. */
static int check_no_trial(const struct duty *duty, struct errinfo *reterr)
{
    return duty->trial == NULL
               ? 0
               : errinfo_set(reterr, -EBUSY, "the trial before this one was not removed");
}

/* Whether the command fits what is here. Coordinators are not trusted to be right. */
static int check_command(const struct duty *duty, const struct command *command,
                         struct errinfo *reterr)
{
    bool of_trial = command->kind >= COMMAND_PREPARE && command->kind <= COMMAND_REMOVE &&
                    (command->kind != COMMAND_PREPARE ||
                     (command->step != PREPARE_TOPICS && command->step != PREPARE_ROOM));

    if (command->deadline_ns < 0 || command->deadline_ns > COMMAND_NS_MAX) {
        return errinfo_set(reterr, -EINVAL, "a command can't have %lld ns",
                           (long long)command->deadline_ns);
    }
    if (command->assignment != NULL && command->assignment->trial != command->trial) {
        return errinfo_set(reterr, -EINVAL, "a command of trial %u has an assignment of trial %u",
                           command->trial, command->assignment->trial);
    }
    if (command->kind == COMMAND_PREPARE && command->assignment == NULL &&
        (command->step == PREPARE_TOPICS || command->step == PREPARE_ROOM)) {
        return errinfo_set(reterr, -EINVAL, "no assignment came with the command");
    }
    if (of_trial && duty->trial != NULL && trial_number(duty->trial) != command->trial) {
        return errinfo_set(reterr, -EINVAL, "the command is of trial %u, but trial %u is here",
                           command->trial, trial_number(duty->trial));
    }
    return command->kind == COMMAND_CLEAN ? check_no_trial(duty, reterr) : 0;
}

static void set_trial(struct duty *duty, struct trial *trial)
{
    sync_lock(&duty->telling);
    duty->trial = trial;
    sync_unlock(&duty->telling);
}

static int prepare(struct duty *duty, struct command *command, struct status *status,
                   struct errinfo *reterr)
{
    int r;

    if (command->step == PREPARE_ROOM) {
        const struct needs_limits limits = room_limits();

        if (catalog_entry_of(&command->assignment->target) == NULL) {
            return errinfo_set(reterr, -ENOTSUP, "this agent knows no backend %s",
                               command->assignment->target.backend);
        }
        room_check(command->assignment, &limits, status);
        return 0;
    }
    if (command->step == PREPARE_TOPICS) {
        struct trial *trial = NULL;

        r = check_no_trial(duty, reterr);
        if (r == 0) {
            r = trial_new(command->assignment, duty->outbox, &trial, reterr);
        }
        if (r == 0) {
            set_trial(duty, trial);
        }
        if (r == 0 && duty->config->trace_path != NULL) {
            r = trial_trace(duty->trial, duty->config->trace_path, reterr);
        }
        return r < 0 ? r
                     : trial_topics(duty->trial, deadline_of(command), status->broker_version,
                                    reterr);
    }
    if (duty->trial == NULL) {
        return errinfo_set(reterr, -EINVAL, "there is no trial to prepare");
    }
    return trial_open(duty->trial,
                      command->step == PREPARE_CONSUMERS ? ROLE_CONSUMER : ROLE_PRODUCER,
                      deadline_of(command), reterr);
}

static void post_status(struct duty *duty, struct status *status, int code,
                        const struct errinfo *error)
{
    status->code = code;
    if (code < 0) {
        (void)snprintf(status->text, sizeof status->text, "%s", error->text);
    }
    outbox_post_status(duty->outbox, status); /* Its failure ends obey(). */
}

static int start(struct duty *duty, struct command *command, struct errinfo *reterr)
{
    if (duty->trial == NULL) {
        return errinfo_set(reterr, -EINVAL, "there is no trial to start");
    }
    return trial_start(duty->trial, command->sequence, &command->segment, reterr);
}

/* Ends the trial, whatever it was doing: clients that still send to a topic while it is deleted
 * can make it anew. */
static int remove_trial(struct duty *duty, bool as_owner, int64_t step_ns, struct errinfo *reterr)
{
    struct trial *trial = duty->trial;
    int released;
    int removed;

    if (trial == NULL) {
        return 0;
    }
    released = trial_release(trial, mono_ns() + step_ns, reterr);
    removed = trial_remove(trial, as_owner, mono_ns() + step_ns, reterr);
    set_trial(duty, NULL);
    trial_free(trial);
    return removed < 0 ? removed : released;
}

/* Of a trial that was never here: whoever made its topics is gone. */
static int remove_left(struct duty *duty, struct command *command, struct errinfo *reterr)
{
    struct trial *trial = NULL;
    int r = check_no_trial(duty, reterr);

    r = r < 0 ? r : trial_new(command->assignment, duty->outbox, &trial, reterr);
    if (r == 0) {
        r = trial_remove(trial, true, deadline_of(command), reterr);
        trial_free(trial);
    }
    return r;
}

/* The command's outcome. */
static int dispatch(struct duty *duty, struct command *command, struct status *status,
                    struct errinfo *reterr)
{
    int r = check_command(duty, command, reterr);

    if (r < 0) {
        return r;
    }
    switch (command->kind) {
    case COMMAND_PROBE:
    case COMMAND_CLEAN:
        return target_probes(command, allowed_ns(command), &duty->called_back, status, reterr);
    case COMMAND_PREPARE:
        return prepare(duty, command, status, reterr);
    case COMMAND_START:
        return start(duty, command, reterr);
    case COMMAND_STOP:
        return duty->trial == NULL
                   ? 0
                   : trial_stop(duty->trial, command->stop_ns, command->sending_only, reterr);
    case COMMAND_RELEASE:
        return duty->trial == NULL ? 0 : trial_release(duty->trial, deadline_of(command), reterr);
    case COMMAND_REMOVE:
        return command->assignment != NULL
                   ? remove_left(duty, command, reterr)
                   : remove_trial(duty, command->as_owner, allowed_ns(command), reterr);
    default:
        return 0;
    }
}

/* Carries one command out and answers it. START and STOP return at once; the segment's end is told
 * by the trial itself, a START that was refused here. */
static void carry_out(void *context, struct command *command)
{
    struct duty *duty = context;
    struct status status = {.command = command->sequence};
    struct errinfo error = {""};
    int r = dispatch(duty, command, &status, &error);

    if (command->kind != COMMAND_START || r < 0) {
        post_status(duty, &status, r, &error);
    }
    status_done(&status);
}

/* Without a coordinator nobody will ask for it: end the load and take the topics away. */
static void clean_up(struct duty *duty)
{
    struct errinfo error = {""};

    if (remove_trial(duty, false, CLEANUP_NS, &error) < 0) {
        log_warning("cleaning up after the run: %s", error.text);
    }
}

/* They come with every answer, also to a command that was taken before. Before the command itself
 * is carried out: a segment needs them. */
static void hear_of_clocks(struct duty *duty, const struct command *command)
{
    sync_lock(&duty->telling);
    for (uint32_t i = 0; duty->trial != NULL && i < command->lines_count; i++) {
        trial_tell_clock(duty->trial, &command->lines[i]);
    }
    sync_unlock(&duty->telling);
}

static bool ends_trial(const struct command *command)
{
    return command->kind == COMMAND_RELEASE || command->kind == COMMAND_REMOVE ||
           command->kind == COMMAND_GOODBYE;
}

/* The trial ends, or the run before there was one: what the hand still makes for it need not be
 * finished, but what it left is to be taken away. */
static void call_back(struct duty *duty)
{
    atomic_store(&duty->called_back, true);
    sync_lock(&duty->telling);
    if (duty->trial != NULL) {
        trial_call_back(duty->trial);
    }
    sync_unlock(&duty->telling);
}

static int obey(struct duty *duty, struct errinfo *reterr)
{
    for (;;) {
        struct command command = {0};
        int r;

        if (sync_event_wait(duty->config->stop_fd, 0)) {
            coordinator_link_goodbye(duty->link);
            return errinfo_set(reterr, -EINTR, "ended by a signal");
        }
        if (outbox_failed(duty->outbox, reterr)) {
            return -ECONNABORTED;
        }
        r = coordinator_link_poll(duty->link, duty->taken, &command, reterr);
        if (r < 0) {
            return r;
        }
        hear_of_clocks(duty, &command);
        if (command.kind == COMMAND_NONE || command.sequence <= duty->taken) {
            command_done(&command);
            continue;
        }
        duty->taken = command.sequence;
        if (ends_trial(&command)) {
            call_back(duty);
        }
        if (command.kind == COMMAND_GOODBYE) {
            command_done(&command);
            hand_finish(duty->hand);
            return 0;
        }
        if (command.kind == COMMAND_PROBE) {
            atomic_store(&duty->called_back, false);
        }
        r = hand_give(duty->hand, &command, reterr);
        command_done(&command);
        if (r < 0) {
            return r;
        }
    }
}

/* The threads of a run. */
static int start_threads(struct duty *duty, struct errinfo *reterr)
{
    int r = outbox_new(duty->link, &duty->outbox, reterr);

    if (r == 0) {
        r = hand_new(carry_out, duty, &duty->hand, reterr);
    }
    if (r == 0) {
        r = clock_probing_new(duty->link, &duty->probing, reterr);
    }
    if (r == 0) {
        r = busy_new(duty->config, &duty->hello, duty->welcome.run_id, &duty->busy, reterr);
    }
    return r;
}

int duty_run(const struct duty_config *config, struct errinfo *reterr)
{
    const struct coordinator_link_config link = {.url = config->url,
                                                 .security = config->security,
                                                 .stop_fd = config->stop_fd,
                                                 .redial_ms_max = config->redial_ms_max};
    struct duty duty = {.config = config, .telling = PTHREAD_MUTEX_INITIALIZER};
    int r;

    stop_renew();
    r = coordinator_link_new(&link, &duty.link, reterr);
    if (r < 0) {
        return r;
    }
    r = say_hello(&duty, reterr);
    if (r < 0) {
        stop_taken();
        goto out;
    }
    r = start_threads(&duty, reterr);
    if (r < 0) {
        goto out;
    }
    r = obey(&duty, reterr);
    stop_taken();     /* What is left to do has its deadlines. */
    call_back(&duty); /* Whatever ended it: the hand is waited for. */
    if (r == 0) {
        r = outbox_flush(duty.outbox, reterr);
        coordinator_link_goodbye(duty.link);
    }
    hand_free(duty.hand);
    duty.hand = NULL;
    clean_up(&duty);
out:
    busy_free(duty.busy);
    hand_free(duty.hand);
    coordinator_link_cancel(duty.link); /* Else a probe on its way would be waited for. */
    clock_probing_free(duty.probing);
    outbox_free(duty.outbox);
    coordinator_link_free(duty.link);
    return r;
}
