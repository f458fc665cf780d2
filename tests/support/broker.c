#include "broker.h"
#include "temp.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_BYTES 1024
#define REASON_LINE_BYTES 256
#define STARTED_MAX 16

/* To be stopped when the program ends. */
static struct broker started[STARTED_MAX];

/* The last line that isn't empty: the scripts end with the reason. */
static void last_line(FILE *file, char line[REASON_LINE_BYTES])
{
    char next[REASON_LINE_BYTES];

    line[0] = '\0';
    rewind(file);
    while (fgets(next, sizeof next, file) != NULL) {
        next[strcspn(next, "\n")] = '\0';
        if (next[0] != '\0') {
            memcpy(line, next, sizeof next);
        }
    }
}

/* Reads all that the command says, and waits for it; output is cut where it doesn't fit. */
static int read_command(const char *command, char *output, size_t output_bytes)
{
    FILE *pipe = popen(command, "re");
    size_t count = 0;
    char rest[256];

    if (pipe == NULL) {
        return -errno;
    }
    if (output_bytes > 1) {
        count = fread(output, 1, output_bytes - 1, pipe);
    }
    output[count] = '\0';
    while (fread(rest, 1, sizeof rest, pipe) > 0) {
    }
    while (count > 0 && output[count - 1] == '\n') {
        output[--count] = '\0';
    }
    return pclose(pipe) == 0 ? 0 : -EIO;
}

static int run_script(const char *name, const char *words, char *output, size_t output_bytes,
                      struct errinfo *reterr)
{
    char path[TEMP_BYTES];
    char command[COMMAND_BYTES];
    char reason[REASON_LINE_BYTES] = "";
    FILE *errors = NULL;
    int fd = mkstemp(temp_name(path, "test"));
    int r;

    if (fd < 0) {
        return errinfo_set(reterr, -errno, "no temporary file: %s", strerror(errno));
    }
    (void)snprintf(command, sizeof command, "'%s/deploy/brokers/%s' %s 2>'%s'", MILLRACE_SOURCE_DIR,
                   name, words, path);
    r = read_command(command, output, output_bytes);
    errors = fdopen(fd, "r");
    if (errors != NULL) {
        last_line(errors, reason);
        (void)fclose(errors);
    } else {
        (void)close(fd);
    }
    (void)unlink(path);
    return r < 0 ? errinfo_set(reterr, r, "deploy/brokers/%s %s: %s", name, words,
                               reason[0] != '\0' ? reason : "failed")
                 : 0;
}

static void stop_all(void)
{
    for (size_t i = 0; i < STARTED_MAX; i++) {
        broker_stop(&started[i]);
    }
}

static void remember(const struct broker *broker)
{
    static bool registered;

    if (!registered) {
        registered = atexit(stop_all) == 0;
    }
    for (size_t i = 0; i < STARTED_MAX; i++) {
        if (started[i].name[0] == '\0') {
            started[i] = *broker;
            return;
        }
    }
}

static void forget(const struct broker *broker)
{
    for (size_t i = 0; i < STARTED_MAX; i++) {
        if (strcmp(started[i].address, broker->address) == 0) {
            memset(&started[i], 0, sizeof started[i]);
        }
    }
}

static const char *address_from_environment(const char *name)
{
    char variable[64];
    int bytes = snprintf(variable, sizeof variable, "MILLRACE_TEST_%s", name);

    for (int i = 0; i < bytes; i++) {
        variable[i] = (char)toupper((unsigned char)variable[i]);
    }
    return getenv(variable);
}

int broker_start(const char *name, const char *arguments, struct broker *ret,
                 struct errinfo *reterr)
{
    const char *given = arguments == NULL ? address_from_environment(name) : NULL;
    struct broker broker = {.ours = given == NULL};
    char words[256];
    int r;

    (void)snprintf(broker.name, sizeof broker.name, "%s", name);
    if (given != NULL) {
        (void)snprintf(broker.address, sizeof broker.address, "%s", given);
        *ret = broker;
        return 0;
    }
    (void)snprintf(words, sizeof words, "start %s", arguments != NULL ? arguments : "");
    r = run_script(name, words, broker.address, sizeof broker.address, reterr);
    if (r < 0) {
        return r;
    }
    remember(&broker);
    *ret = broker;
    return 0;
}

int broker_ask(const struct broker *broker, const char *verb, const char *arguments, char *output,
               size_t output_bytes, struct errinfo *reterr)
{
    char words[COMMAND_BYTES / 2];

    (void)snprintf(words, sizeof words, "%s '%s' %s", verb, broker->address,
                   arguments != NULL ? arguments : "");
    return run_script(broker->name, words, output, output_bytes, reterr);
}

static int tell(const struct broker *broker, const char *verb, struct errinfo *reterr)
{
    char output[256];

    if (!broker->ours) {
        return errinfo_set(reterr, -EPERM, "the broker at %s was not started by this test",
                           broker->address);
    }
    return broker_ask(broker, verb, NULL, output, sizeof output, reterr);
}

void broker_stop(struct broker *broker)
{
    struct errinfo error;
    struct broker copy;

    if (broker == NULL || broker->name[0] == '\0') {
        return;
    }
    copy = *broker;
    memset(broker, 0, sizeof *broker);
    if (!copy.ours) {
        return;
    }
    forget(&copy);
    if (tell(&copy, "stop", &error) < 0) {
        (void)fprintf(stderr, "%s\n", error.text);
    }
}

int broker_kill(struct broker *broker, struct errinfo *reterr)
{
    return tell(broker, "kill", reterr);
}

int broker_resume(struct broker *broker, struct errinfo *reterr)
{
    return tell(broker, "resume", reterr);
}
