#include "cli.h"
#include "hosts.h"
#include "hosts_commands_inner.h"
#include "options.h"

#include <stdio.h>

static const struct option_row *const no_rows[] = {NULL};

static const struct options_usage remove_usage = {
    .program = "millrace hosts remove",
    .arguments = "NAME...",
    .what = "Lets hosts join no more. An agent of theirs is refused at its next request, also in a "
            "run that is going on.\n"
            "Their join files are worth nothing then, wherever copies of them are.\n"
            "\n"
            "Exit: 0 all of them removed, 2 one of them is not there (none is removed then), 4 "
            "could not be done.",
    .arguments_min = 1,
    .arguments_max = UINT32_MAX,
    .rows = no_rows,
    .examples = "  millrace hosts remove load2\n",
};

static int check_names(const struct hosts *hosts, const struct option_list *names,
                       struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < names->count; i++) {
        if (!hosts_is_enrolled(hosts, names->items[i])) {
            r = hosts_unknown(hosts, names->items[i], reterr);
        }
    }
    return r;
}

static int remove_all(struct hosts *hosts, const struct option_list *names, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < names->count; i++) {
        /* Named twice: it is gone already. */
        r = hosts_is_enrolled(hosts, names->items[i]) ? hosts_remove(hosts, names->items[i], reterr)
                                                      : 0;
        if (r == 0) {
            (void)printf("%s: removed; an agent with its file is refused from now on\n",
                         names->items[i]);
        }
    }
    return r;
}

/* The exit code. Looked at before the lock, which would make a store, and with it: others may
 * change the store meanwhile. */
static int remove_checked(struct hosts *hosts, const struct option_list *names,
                          struct errinfo *reterr)
{
    if (check_names(hosts, names, reterr) < 0) {
        return EXIT_USAGE;
    }
    if (hosts_lock(hosts, reterr) < 0) {
        return EXIT_FAILED;
    }
    if (check_names(hosts, names, reterr) < 0) {
        return EXIT_USAGE;
    }
    return remove_all(hosts, names, reterr) < 0 ? EXIT_FAILED : 0;
}

/* Likewise. */
static int run_remove(const struct option_list *names, struct errinfo *reterr)
{
    struct hosts *hosts = NULL;
    int code;

    if (hosts_open(NULL, &hosts, reterr) < 0) {
        return EXIT_FAILED;
    }
    code = remove_checked(hosts, names, reterr);
    hosts_free(hosts);
    return code;
}

int hosts_command_remove(int argc, char **argv)
{
    struct option_list names = {NULL, 0};
    struct errinfo error = {""};
    int code = 0;

    if (options_parse(&remove_usage, argc, argv, NULL, &names, &code)) {
        code = run_remove(&names, &error);
        if (code != 0) {
            (void)hosts_command_failed("remove", code, &error);
        }
    }
    option_list_done(&names);
    return code;
}
