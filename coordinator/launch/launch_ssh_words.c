#include "launch_ssh_inner.h"

#include "file.h"
#include "host_name.h"
#include "launchers_inner.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define LIST_BYTES_MAX ((size_t)1024 * 1024)
#define EXIT_SSH 255     /* Of ssh itself. */
#define EXIT_NO_FILE 127 /* Of a shell. */
#define EXIT_NO_PROGRAM 126
#define EXIT_WRONG_USE 2 /* Of the agent. */

/* ---- Hosts ---- */

/* ssh puts the user into commands of its configuration, which a shell reads. */
static bool is_user(const char *user, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)user[i]) && (i == 0 || strchr(".-_", user[i]) == NULL)) {
            return user[i] == '_' && i == 0;
        }
    }
    return length > 0;
}

static int add_host(const char *where, size_t length, struct launch_plan *plan,
                    struct errinfo *reterr)
{
    char text[LAUNCH_WHERE_BYTES];
    const char *at;
    const char *host;

    if (length >= sizeof text) {
        return errinfo_set(reterr, -EINVAL, "\"%.40s...\" is too long for a host", where);
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)length, where);
    at = strrchr(text, '@');
    host = at == NULL ? text : at + 1;
    if (at != NULL && !is_user(text, (size_t)(at - text))) {
        return errinfo_set(reterr, -EINVAL, "\"%s\": the user can't be one: USER@HOST", text);
    }
    if (host_name_check(host, NULL) < 0) {
        return errinfo_set(reterr, -EINVAL,
                           "\"%s\" can't be a host: a name or address of letters, digits, \".\", "
                           "\"-\" and \"_\"; a port, or any other address, goes into ~/.ssh/config",
                           text);
    }
    return launch_plan_add(plan, host, text, reterr);
}

static int add_hosts(const char *list, const char *marks, struct launch_plan *plan,
                     struct errinfo *reterr)
{
    int r = 0;

    while (r == 0 && *list != '\0') {
        size_t length = strcspn(list, marks);

        if (length > 0) {
            r = add_host(list, length, plan, reterr);
        }
        list += length + (list[length] == '\0' ? 0 : 1);
    }
    return r;
}

/* Comments become blanks. */
static void blot_comments(char *text)
{
    bool comment = false;

    for (; *text != '\0'; text++) {
        comment = *text == '#' || (comment && *text != '\n');
        *text = comment ? ' ' : *text;
    }
}

static int add_file(const char *path, struct launch_plan *plan, struct errinfo *reterr)
{
    size_t bytes = 0;
    char *text = NULL;
    int r = file_read_all(path, LIST_BYTES_MAX, &text, &bytes, reterr);

    if (r < 0) {
        return r;
    }
    blot_comments(text);
    r = errinfo_prefix(reterr, add_hosts(text, " \t\r\n", plan, reterr), "%s", path);
    if (r == 0 && plan->count == 0) {
        r = errinfo_set(reterr, -EINVAL, "%s: names no host (a line each)", path);
    }
    free(text);
    return r;
}

int ssh_parse(const char *argument, struct launch_plan *plan, struct errinfo *reterr)
{
    int r = argument[0] == '@' ? add_file(argument + 1, plan, reterr)
                               : add_hosts(argument, ",", plan, reterr);

    return r == 0 && plan->count == 0
               ? errinfo_set(reterr, -EINVAL, "ssh: names no host: ssh:HOST,HOST or ssh:@FILE")
               : r;
}

/* ---- The command ---- */

/* Words of --ssh, each with a NUL of its own in `words`. */
static int add_words(const char *ssh, struct ssh_command *command, uint32_t *count,
                     struct errinfo *reterr)
{
    char *rest = NULL;

    text_add(&command->words, ssh);
    if (text_failed(&command->words)) {
        return errinfo_nomem(reterr);
    }
    for (char *word = strtok_r(command->words.bytes, " \t", &rest); word != NULL;
         word = strtok_r(NULL, " \t", &rest)) {
        if (*count == SSH_WORDS_MAX) {
            return errinfo_set(reterr, -EINVAL, "--ssh has more than %d words", SSH_WORDS_MAX);
        }
        command->argv[(*count)++] = word;
    }
    return *count > 0 ? 0 : errinfo_set(reterr, -EINVAL, "--ssh names no program");
}

/* As a shell there takes it for one word. */
static void add_quoted(const char *word, struct text *out)
{
    text_add(out, "'");
    for (; *word != '\0'; word++) {
        text_add_bytes(out, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
    }
    text_add(out, "'");
}

static void add_agent_options(const struct ssh_call *call, struct text *out)
{
    text_addf(out, " --join - --leash --enrolment %" PRIx64, call->enrolment);
    if (call->dials_caller) {
        text_addf(out, " --caller-port %u", call->port);
    }
}

/* By a shell that is known, as that of the user may be any, with its arguments. */
static void add_script(const char *script, const char *first, const struct ssh_call *call,
                       struct text *out)
{
    text_add(out, "exec sh -c ");
    add_quoted(script, out);
    text_add(out, " sh ");
    add_quoted(first, out);
    text_add(out, " " MILLRACE_VERSION " ");
    text_add(out, call->push_sha256);
}

/* exec: no shell stands between ssh and the agent, which has its exit code. */
static void write_remote(const struct ssh_call *call, struct text *out)
{
    static const char look[] = "p=$1; d=$HOME/" SSH_CACHE "/$2; if ! command -v \"$p\" "
                               ">/dev/null 2>&1; then p=$d/bin/millrace-agent; "
                               "[ \"$(cat \"$d/sha256\" 2>/dev/null)\" = \"$3\" ] || exit 127; fi; "
                               "shift 3; exec \"$p\" \"$@\"";
    /* Beside its place until it is whole: a copy that breaks off leaves nothing. */
    static const char take[] =
        "umask 077; c=$HOME/" SSH_CACHE "; mkdir -p \"$c\" && t=$(mktemp -d \"$c/new.XXXXXX\") || "
        "exit 1; trap 'rm -rf \"$t\"' EXIT; trap 'exit 1' HUP INT TERM; cat >\"$t/archive\" && "
        "s=$(sha256sum <\"$t/archive\") || exit 1; [ \"${s%% *}\" = \"$3\" ] || { echo 'what came "
        "has another checksum' >&2; exit 1; }; mkdir \"$t/tree\" && tar -xzf \"$t/archive\" -C "
        "\"$t/tree\" --strip-components=1 && [ -x \"$t/tree/$1\" ] || { echo 'it can not be "
        "unpacked, or has no bin/millrace-agent' >&2; exit 1; }; echo \"$3\" >\"$t/tree/sha256\" "
        "&& rm -rf \"$c/$2\" && mv -T \"$t/tree\" \"$c/$2\"";

    if (call->pushes) {
        add_script(take, "bin/millrace-agent", call, out);
    } else if (call->push_sha256 != NULL) {
        add_script(look, call->agent, call, out);
        add_agent_options(call, out);
    } else {
        text_add(out, "exec ");
        add_quoted(call->agent, out);
        add_agent_options(call, out);
    }
}

int ssh_command_make(const struct ssh_call *call, struct ssh_command *ret, struct errinfo *reterr)
{
    /* Nothing is asked, a host that is away is told of within seconds, and a connection that is
     * dead is found to be. What --ssh or ~/.ssh/config say of a time goes first where it stands
     * first. */
    static const char *const usual[] = {"-T",
                                        "-x",
                                        "-a",
                                        "-oBatchMode=yes",
                                        "-oConnectTimeout=10",
                                        "-oServerAliveInterval=10",
                                        "-oServerAliveCountMax=3"};
    /* A connection that is shared would keep the tunnel when the agent is gone. The port is told at
     * this level. */
    static const char *const forwarding[] = {"-oControlPath=none", "-oExitOnForwardFailure=yes",
                                             "-oLogLevel=INFO", "-R"};
    bool tunnel = call->tunnel && !call->pushes;
    uint32_t count = 0;
    int r;

    memset(ret, 0, sizeof *ret);
    r = add_words(call->ssh == NULL ? "ssh" : call->ssh, ret, &count, reterr);
    if (r < 0) {
        ssh_command_done(ret);
        return r;
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        ret->argv[count++] = usual[i];
    }
    for (size_t i = 0; tunnel && i < sizeof forwarding / sizeof forwarding[0]; i++) {
        ret->argv[count++] = forwarding[i];
    }
    if (tunnel) {
        (void)snprintf(ret->forward, sizeof ret->forward, "127.0.0.1:0:127.0.0.1:%u", call->port);
        ret->argv[count++] = ret->forward;
    }
    write_remote(call, &ret->remote);
    if (text_failed(&ret->remote)) {
        ssh_command_done(ret);
        return errinfo_nomem(reterr);
    }
    ret->argv[count++] = "--";
    ret->argv[count++] = call->where;
    ret->argv[count++] = ret->remote.bytes;
    return 0;
}

void ssh_command_done(struct ssh_command *command)
{
    text_done(&command->words);
    text_done(&command->remote);
    memset(command, 0, sizeof *command);
}

uint32_t ssh_tunnel_port(const char *log)
{
    static const char words[] = "Allocated port ";
    const char *found = strstr(log, words);
    char *end = NULL;
    unsigned long port = found == NULL ? 0 : strtoul(found + sizeof words - 1, &end, 10);

    return end != NULL && *end == ' ' && port <= UINT16_MAX ? (uint32_t)port : 0;
}

/* ---- The end ---- */

bool ssh_found_no_agent(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_FILE;
}

/* ssh has no other way to say that what it ran was ended by a signal. */
static void explain_ssh(const char *last_line, char *reason)
{
    if (last_line[0] == '\0' || launch_is_log(last_line)) {
        (void)snprintf(reason, REASON_BYTES,
                       "its agent was killed, or its ssh connection ended: it said nothing");
    } else {
        (void)snprintf(reason, REASON_BYTES, "ssh: %.200s",
                       strncmp(last_line, "ssh: ", 5) == 0 ? last_line + 5 : last_line);
    }
}

void ssh_explain(int status, const char *last_line, const char *program, char *reason)
{
    const char *error = launch_log_error(last_line);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    if (WIFSIGNALED(status)) {
        (void)snprintf(reason, REASON_BYTES, "its ssh was ended by signal %d (%s)",
                       WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else if (code == EXIT_SSH) {
        explain_ssh(last_line, reason);
    } else if (code == EXIT_NO_FILE) {
        (void)snprintf(reason, REASON_BYTES,
                       "%.150s is not installed there (give --agent-path, or --push FILE)",
                       program);
    } else if (code == EXIT_NO_PROGRAM) {
        (void)snprintf(reason, REASON_BYTES, "%.100s can't be run there: %.100s", program,
                       last_line);
    } else if (code == EXIT_WRONG_USE && error == NULL) { /* Else it says so itself. */
        (void)snprintf(reason, REASON_BYTES,
                       "its agent is of another version: install " MILLRACE_VERSION
                       " there (it says: %.120s)",
                       last_line);
    } else {
        (void)snprintf(reason, REASON_BYTES, "its agent ended with exit code %d%s%.200s", code,
                       error == NULL ? "" : ": ", error == NULL ? "" : error);
    }
}
