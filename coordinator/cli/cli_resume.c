#include "cli_resume_inner.h"

#include "cli.h"
#include "resumed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an option of the run can't be changed to in the middle of it. */
static bool are_allowed(const struct cli_options *options)
{
    const char *refused = options->out != NULL     ? "--out"
                          : options->seed_given    ? "--seed"
                          : options->trace != NULL ? "--trace"
                                                   : NULL;

    if (refused != NULL) {
        (void)fprintf(stderr,
                      "millrace run: %s does not go with --resume: the run goes on in its own "
                      "folder, with its own seed and without a trace; leave it out\n",
                      refused);
        return false;
    }
    if (options->arguments.count == 0 &&
        options->with.count + options->set.count + options->targets.count > 0) {
        (void)fprintf(stderr, "millrace run: --with, --set, --target and --selfcheck change a "
                              "scenario: with --resume they need SCENARIO as well, and all as they "
                              "were\n");
        return false;
    }
    return true;
}

static bool is_kept_nowhere(const struct target *target)
{
    return target->password != NULL && strcmp(target->password, "***") == 0;
}

/* Beside the scenario's file, which nobody knows here. */
static bool is_beside(const char *path, const char *folder)
{
    return path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

/* Is there all of it in the journal? */
static bool is_complete(const struct scenario *scenario, const char *folder)
{
    const char *what = NULL;

    for (uint32_t i = 0; what == NULL && i < scenario->targets_count; i++) {
        const struct target *target = &scenario->targets[i];

        what = is_kept_nowhere(target) ? "a password (one that comes from ${NAME} would be found)"
               : is_beside(target->tls_ca, folder) || is_beside(target->tls_cert, folder) ||
                       is_beside(target->tls_key, folder)
                   ? "files beside the scenario"
                   : NULL;
    }
    if (what != NULL) {
        (void)fprintf(stderr,
                      "millrace run: the journal does not have all of the scenario: it names %s; "
                      "say again what was run: millrace run SCENARIO ... --resume RUN_DIR\n",
                      what);
    }
    return what == NULL;
}

/* The scenario as the journal has it. Returns the exit code. */
static int load_kept(const struct resume *resume, struct scenario **ret)
{
    struct scenario_sources sources = {.text = resume->run.scenario};
    struct scenario *scenario = NULL;
    char *folder = NULL;
    char *path = NULL;
    int code = EXIT_FAILED;

    /* The name of a scenario without one is its file's. */
    if (asprintf(&folder, "%s/" ARCHIVE_JOURNAL_NAME "/", resume->folder) < 0) {
        return EXIT_FAILED;
    }
    if (asprintf(&path, "%s%s.yaml", folder, resume->run.name) < 0) {
        free(folder);
        return EXIT_FAILED;
    }
    sources.path = path;
    code = cli_load_sources(&sources, &scenario);
    if (code == 0 && !is_complete(scenario, folder)) {
        code = EXIT_USAGE;
    }
    if (code == 0) {
        *ret = scenario;
        scenario = NULL;
    }
    scenario_free(scenario);
    free(path);
    free(folder);
    return code;
}

/* The first line in which they differ: what was changed since. */
static void tell_difference(const struct resume *resume, const struct scenario *scenario)
{
    const char *before = resume->run.scenario;
    const char *now = scenario->effective;

    while (*before != '\0' && *now != '\0') {
        size_t before_bytes = strcspn(before, "\n");
        size_t now_bytes = strcspn(now, "\n");

        if (before_bytes != now_bytes || strncmp(before, now, now_bytes) != 0) {
            break;
        }
        before += before_bytes + (before[before_bytes] == '\n' ? 1 : 0);
        now += now_bytes + (now[now_bytes] == '\n' ? 1 : 0);
    }
    (void)fprintf(stderr,
                  "millrace run: %s: this is not the scenario of that run. There it had \"%.*s\" "
                  "where this one has \"%.*s\". Use the same file, --with, --set and --target, or "
                  "leave SCENARIO out\n",
                  resume->folder, (int)strcspn(before, "\n"), before, (int)strcspn(now, "\n"), now);
}

static int load(const struct cli_options *options, const struct resume *resume,
                struct scenario **ret)
{
    struct scenario *scenario = NULL;
    int code = options->arguments.count == 0
                   ? load_kept(resume, &scenario)
                   : cli_load_scenario(options, options->arguments.items[0], &scenario);

    if (code != 0) {
        return code;
    }
    if (strcmp(scenario->sha256, resume->run.scenario_sha256) != 0) {
        tell_difference(resume, scenario);
        scenario_free(scenario);
        return EXIT_USAGE;
    }
    *ret = scenario;
    return 0;
}

static int tell_over(const struct resume *resume)
{
    (void)printf("%s: nothing is left to do: the run has its %u trials and was judged: %s\n",
                 resume->folder, resume->trials_count, verdict_name(resume->verdict));
    return verdict_exit_code(resume->verdict);
}

/* Agents of this host would make the rest in silence, and another generator's limit be told. */
static bool says_who_makes_it(const struct cli_options *options, const struct resume *resume)
{
    const char *command = resume->run.command == NULL ? "" : resume->run.command;
    const char *launch = strstr(command, " --launch");
    bool elsewhere = strstr(command, " --hosts") != NULL ||
                     (launch != NULL && strncmp(launch + strlen(" --launch "), "local", 5) != 0);

    if (!elsewhere || options->hosts != NULL || options->launch != NULL ||
        options->listen != NULL || options->agents_given) {
        return true;
    }
    (void)fprintf(
        stderr,
        "millrace run: %s was made by agents of other hosts (%.300s): give its --hosts or "
        "--launch again, or --agents N for agents of this host\n",
        resume->folder, command);
    return false;
}

bool cli_resume_open(struct cli_options *options, struct resume **ret,
                     struct scenario **ret_scenario, int *ret_exit)
{
    struct resume *resume = NULL;
    struct errinfo error = {""};
    int r;

    *ret_exit = EXIT_USAGE;
    if (!are_allowed(options)) {
        return false;
    }
    r = resume_open(options->resume, &resume, &error);
    if (r < 0) {
        text_tame(error.text, true);
        (void)fprintf(stderr, "millrace run: %s\n", error.text);
        *ret_exit = r == -ENOMEM || r == -EIO ? EXIT_FAILED : EXIT_USAGE;
        return false;
    }
    if (resume_is_over(resume)) {
        *ret_exit = tell_over(resume);
    } else if (says_who_makes_it(options, resume)) {
        *ret_exit = load(options, resume, ret_scenario);
    }
    if (resume_is_over(resume) || *ret_exit != 0) {
        resume_free(resume);
        return false;
    }
    if (!options->agents_given && resume->agents_count > 0) {
        options->agents = resume->agents_count;
    }
    options->seed = resume->run.seed;
    options->seed_given = true;
    *ret = resume;
    return true;
}

void cli_resume_tell(const struct result *result, const char *folder)
{
    struct text line = {0};

    if (resumed_left(result, &line)) {
        text_add(&line, "; `");
        resumed_command(result, folder, &line);
        text_add(&line,
                 "` goes on with the run; give its --hosts or --listen again, if it had them");
        if (!text_failed(&line)) {
            text_tame(line.bytes, true);
            (void)printf("%s\n", line.bytes);
        }
    }
    text_done(&line);
}
