#include "cli_targets_inner.h"

#include "cli.h"
#include "cli_hosts_inner.h"
#include "deadlines.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>

static int make_command(void *context, uint32_t agent, struct command *ret, struct errinfo *reterr)
{
    const struct cli_targets *ask = context;

    ret->kind = ask->kind;
    if (ask->looks) {
        /* Process ids are the same in every container. */
        ret->look = ask->look;
        (void)snprintf(ret->look.name, sizeof ret->look.name, "%.10s-%08x-%u", ask->command_name,
                       (unsigned)(random_entropy() & UINT32_MAX), agent);
    }
    ret->deadline_ns = ask->deadline_ns;
    ret->targets = calloc((size_t)ask->targets_count + 1, sizeof *ret->targets);
    if (ret->targets == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < ask->targets_count; i++) {
        if (target_copy(&ask->targets[i], &ret->targets[i]) < 0) {
            return errinfo_nomem(reterr);
        }
        ret->targets_count++;
    }
    return 0;
}

/* Targets are asked at once; what is at one address is cleaned in turn. */
static int64_t answer_ns(const struct cli_targets *ask)
{
    uint32_t in_turn_max = 1;

    for (uint32_t i = 0; i < ask->targets_count; i++) {
        uint32_t in_turn = 0;

        for (uint32_t other = 0; other < ask->targets_count; other++) {
            in_turn += target_same_place(&ask->targets[i], &ask->targets[other]) ? 1 : 0;
        }
        in_turn_max = in_turn > in_turn_max ? in_turn : in_turn_max;
    }
    return ask->kind == COMMAND_CLEAN ? CLEAN_ANSWER_NS * in_turn_max : PROBE_ANSWER_NS;
}

static void tell_waiting(void *context, const struct session_waiting *waiting)
{
    (void)context;
    if (waiting->missing != NULL && waiting->joined < waiting->wanted) {
        (void)fprintf(stderr, "%s\n", waiting->missing);
    }
}

static void tell_refused(void *context, const char *why)
{
    char tamed[ERRINFO_BYTES];

    (void)context;
    (void)snprintf(tamed, sizeof tamed, "%s", why);
    text_tame(tamed, false);
    (void)fprintf(stderr, "refused: %s\n", tamed);
}

static void tell_launched(void *context, const char *line)
{
    char tamed[ERRINFO_BYTES];

    (void)context;
    (void)snprintf(tamed, sizeof tamed, "%s", line);
    text_tame(tamed, false);
    (void)fprintf(stderr, "%s\n", tamed);
}

static int ask_session(const struct cli_hosts *hosts, const struct cli_targets *ask, int *ret_code,
                       struct errinfo *reterr)
{
    const struct status *answers[AGENTS_MAX];
    struct cli_targets copy = *ask; /* The order's context is not const. */
    struct session session;
    struct session_config config = {.listen = hosts->listen,
                                    .agents_count = hosts->agents_count,
                                    .access = &hosts->access,
                                    .join_ns = hosts->join_ns,
                                    .launch = hosts->launch,
                                    .run_id = ask->command_name,
                                    .on_waiting = tell_waiting,
                                    .on_refused = tell_refused,
                                    .on_told = tell_launched};
    struct session_order order = {
        .make = make_command, .context = &copy, .deadline_ns = answer_ns(ask)};
    int r = session_open(&session, &config, reterr);

    if (r == 0) {
        r = session_order_all(&session, &order, answers, reterr);
        if (r == 0) {
            *ret_code =
                ask->show(ask, hosts->list.count > 0 ? &hosts->list : NULL, &session, answers);
        }
        session_close(&session);
    }
    return r;
}

int cli_ask_targets(const struct cli_options *options, const struct cli_targets *ask)
{
    struct errinfo error = {""};
    struct cli_hosts hosts;
    int code = EXIT_FAILED;
    int r = cli_hosts_open(options, &hosts, &error);

    if (r == 0) {
        r = ask_session(&hosts, ask, &code, &error);
        cli_hosts_done(&hosts);
    } else {
        code = cli_hosts_exit_code(r);
    }
    if (r < 0) {
        text_tame(error.text, true);
        (void)fprintf(stderr, "millrace %s: %s\n", ask->command_name, error.text);
    }
    return code;
}
