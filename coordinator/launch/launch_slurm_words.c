#include "launch_slurm_inner.h"

#include "launchers_inner.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_WRONG_USE 2 /* Of the agent. */

/* Of this process's environment, which may have passwords, agents get what any program wants. */
#define EXPORT "--export=PATH,HOME,USER,LOGNAME,LANG,TZ,TMPDIR,LD_LIBRARY_PATH"

int slurm_parse(const char *argument, struct launch_plan *plan, struct errinfo *reterr)
{
    char name[NAME_BYTES];
    char *end = NULL;
    unsigned long count = isdigit((unsigned char)argument[0]) ? strtoul(argument, &end, 10) : 0;
    int r = 0;

    if (end == NULL || *end != '\0' || count == 0 || count > AGENTS_MAX) {
        return errinfo_set(reterr, -EINVAL,
                           "slurm:N starts N agents by srun, from 1 to %d, not %.60s", AGENTS_MAX,
                           argument[0] == '\0' ? "none" : argument);
    }
    for (unsigned long i = 0; r == 0 && i < count; i++) {
        (void)snprintf(name, sizeof name, "task-%lu", i); /* As srun counts them. */
        r = launch_plan_add(plan, name, "", reterr);
    }
    return r;
}

/* ---- The command ---- */

/* Words of --slurm, each with a NUL of its own in `words`. */
static int add_words(const char *options, struct slurm_command *command, uint32_t *count,
                     struct errinfo *reterr)
{
    char *rest = NULL;
    uint32_t words = 0;

    text_add(&command->words, options == NULL ? "" : options);
    if (text_failed(&command->words)) {
        return errinfo_nomem(reterr);
    }
    for (char *word = strtok_r(command->words.bytes, " \t", &rest); word != NULL;
         word = strtok_r(NULL, " \t", &rest)) {
        if (words++ == SLURM_WORDS_MAX) {
            return errinfo_set(reterr, -EINVAL, "--slurm has more than %d words", SLURM_WORDS_MAX);
        }
        command->argv[(*count)++] = word;
    }
    return 0;
}

static void write_numbers(const struct slurm_call *call, struct slurm_command *ret)
{
    (void)snprintf(ret->tasks, sizeof ret->tasks, "--ntasks=%u", call->tasks);
    (void)snprintf(ret->nodes, sizeof ret->nodes, "--nodes=%u", call->nodes);
    (void)snprintf(ret->wait, sizeof ret->wait, "--immediate=%u", call->wait_s);
    (void)snprintf(ret->name, sizeof ret->name, "--job-name=%s", call->name);
    (void)snprintf(ret->enrolment, sizeof ret->enrolment, "%" PRIx64, call->enrolment);
    (void)snprintf(ret->port, sizeof ret->port, "%u", call->port);
}

int slurm_command_make(const struct slurm_call *call, struct slurm_command *ret,
                       struct errinfo *reterr)
{
    /* One agent's end is not that of the others, whatever slurm.conf says; a node's end neither. */
    static const char *const usual[] = {
        "srun",     "--label",   "--input=all", "--kill-on-bad-exit=0",
        "--wait=0", "--no-kill", "--mpi=none",  "--distribution=cyclic",
        EXPORT};
    uint32_t count = 0;
    int r;

    memset(ret, 0, sizeof *ret);
    write_numbers(call, ret);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        ret->argv[count++] = usual[i];
    }
    ret->argv[count++] = ret->tasks;
    ret->argv[count++] = ret->nodes;
    ret->argv[count++] = ret->wait;
    ret->argv[count++] = ret->name;
    if (call->in_allocation) {
        ret->argv[count++] = "--overlap"; /* A shell there may hold them. */
    }
    r = add_words(call->options, ret, &count, reterr);
    if (r < 0) {
        slurm_command_done(ret);
        return r;
    }
    ret->argv[count++] = "--";
    ret->argv[count++] = call->agent;
    ret->argv[count++] = "--join";
    ret->argv[count++] = "-";
    ret->argv[count++] = "--leash";
    ret->argv[count++] = "--step";
    ret->argv[count++] = "--enrolment";
    ret->argv[count++] = ret->enrolment;
    if (call->dials_caller) {
        ret->argv[count++] = "--caller-port";
        ret->argv[count++] = ret->port;
    }
    return 0;
}

void slurm_command_done(struct slurm_command *command)
{
    text_done(&command->words);
    memset(command, 0, sizeof *command);
}

/* ---- What srun says ---- */

/* "0: WORDS": NULL if it is another line. */
static const char *skip_label(const char *line, uint32_t *ret_task)
{
    char *end = NULL;
    unsigned long task = isdigit((unsigned char)line[0]) ? strtoul(line, &end, 10) : 0;

    if (end == NULL || strncmp(end, ": ", 2) != 0 || task > UINT32_MAX) {
        return NULL;
    }
    *ret_task = (uint32_t)task;
    return end + 2;
}

/* "host2: task 0: Killed", "host2: tasks 0-1: Killed". */
static bool read_ended(const char *words, struct slurm_line *ret)
{
    const char *colon = strstr(words, ": task");
    const char *list = colon == NULL ? NULL : colon + strlen(": task");
    const char *end;

    if (list == NULL) {
        return false;
    }
    list += list[0] == 's' ? 1 : 0;
    end = strstr(list, ": ");
    if (list[0] != ' ' || end == NULL) {
        return false;
    }
    ret->kind = SLURM_LINE_ENDED;
    (void)snprintf(ret->node, sizeof ret->node, "%.*s", (int)(colon - words), words);
    ret->tasks = list + 1;
    ret->words = end + 2;
    return true;
}

/* "job 12 queued and waiting for resources" */
static bool is_queued(const char *words)
{
    return strncmp(words, "job ", 4) == 0 && strstr(words, " queued and waiting") != NULL;
}

void slurm_read_line(const char *line, struct slurm_line *ret)
{
    static const char own[] = "srun: ";
    static const char error[] = "error: ";
    const char *words = skip_label(line, &ret->task);

    *ret = (struct slurm_line){.kind = SLURM_LINE_OTHER, .task = ret->task, .words = line};
    if (words != NULL) {
        ret->kind = SLURM_LINE_TASK;
        ret->words = words;
        return;
    }
    if (strncmp(line, own, sizeof own - 1) != 0) {
        return;
    }
    words = line + sizeof own - 1;
    ret->kind = is_queued(words) ? SLURM_LINE_QUEUED : SLURM_LINE_NOTICE;
    if (strncmp(words, error, sizeof error - 1) == 0) {
        words += sizeof error - 1;
        ret->kind = SLURM_LINE_ERROR;
        if (read_ended(words, ret)) {
            return;
        }
    }
    ret->words = words;
}

bool slurm_next_tasks(const char **list, uint32_t *ret_first, uint32_t *ret_last)
{
    char *end = NULL;
    unsigned long first;
    unsigned long last;

    if (!isdigit((unsigned char)(*list)[0])) {
        return false;
    }
    first = strtoul(*list, &end, 10);
    last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
    *list = *end == ',' ? end + 1 : end;
    *ret_first = (uint32_t)first;
    *ret_last = (uint32_t)last;
    return first <= UINT32_MAX && last <= UINT32_MAX;
}

/* ---- The end of srun, and of a task ---- */

const char *slurm_remedy(const char *words)
{
    static const struct {
        const char *words;
        const char *remedy;
    } known[] = {
        {"Could not establish a configuration source",
         "this host has no slurm.conf: run this on a node of the cluster, or set SLURM_CONF"},
        {"Unable to contact slurm controller",
         "the cluster's controller does not answer: ask it by \"scontrol ping\""},
        {"Unable to establish controller machine",
         "slurm.conf names no controller that can be found: look at its SlurmctldHost"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strstr(words, known[i].words) != NULL) {
            return known[i].remedy;
        }
    }
    return NULL;
}

/* slurmstepd could not start it: "slurmstepd-host2: error: execve(): PATH: No such file ..". */
static bool explain_start(const char *node, const char *last_line, const char *program,
                          char *reason)
{
    const char *failed = strstr(last_line, "execve(): ");
    const char *why = failed == NULL ? NULL : strrchr(failed, ':');

    if (why == NULL || strncmp(last_line, "slurmstepd", strlen("slurmstepd")) != 0) {
        return false;
    }
    if (strcmp(why, ": No such file or directory") == 0) {
        (void)snprintf(reason, REASON_BYTES, "%.130s is not installed on %s (give --agent-path)",
                       program, node);
    } else {
        (void)snprintf(reason, REASON_BYTES, "%.100s can't be run on %s%.60s", program, node, why);
    }
    return true;
}

void slurm_explain(const char *node, const char *words, const char *last_line, const char *program,
                   char *reason)
{
    static const char exited[] = "Exited with exit code ";
    const char *error = launch_log_error(last_line);
    long code = strncmp(words, exited, sizeof exited - 1) == 0
                    ? strtol(words + sizeof exited - 1, NULL, 10)
                    : -1;

    if (explain_start(node, last_line, program, reason)) {
        return;
    }
    if (code < 0) { /* "Killed" */
        (void)snprintf(reason, REASON_BYTES, "its agent on %s was ended: %.100s", node, words);
    } else if (code == EXIT_WRONG_USE && error == NULL &&
               last_line[0] != '\0') { /* Else it says so itself. */
        (void)snprintf(reason, REASON_BYTES,
                       "its agent is of another version: install " MILLRACE_VERSION
                       " on %s (it says: %.100s)",
                       node, last_line);
    } else {
        (void)snprintf(reason, REASON_BYTES, "its agent on %s ended with exit code %ld%s%.150s",
                       node, code, error == NULL ? "" : ": ", error == NULL ? "" : error);
    }
}
