#include "cli.h"
#include "file.h"
#include "host_name.h"
#include "hosts.h"
#include "hosts_commands_inner.h"
#include "mono.h"
#include "options.h"
#include "secret.h"
#include "secret_file.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLEET_NAME "fleet"
#define VALID_DAYS_MAX 3650

struct add_options {
    struct option_list names;
    struct option_list at;
    struct option_list labels;
    const char *valid; /* NULL: not given; likewise the next. */
    const char *out;
    uint32_t weight;
    bool weight_given;
    uint32_t any;
    bool any_given;
    uint32_t processes;
    bool processes_given;
    bool again;
};

/* What is done for all names. */
struct add {
    const struct add_options *options;
    struct hosts *hosts;
    int64_t valid_s;
    int64_t now_s;
    bool is_fleet; /* Told by add_one(). */
};

/* 30d, or what a duration is elsewhere. */
static int parse_valid(const char *text, int64_t *ret_s, struct errinfo *reterr)
{
    char *end = NULL;
    unsigned long days = isdigit((unsigned char)text[0]) ? strtoul(text, &end, 10) : 0;
    int64_t ns = 0;
    int64_t seconds = 0;

    if (end != NULL && strcmp(end, "d") == 0) {
        seconds = days <= VALID_DAYS_MAX ? (int64_t)days * 86400 : -1;
    } else if (units_parse_duration_ns(text, &ns) == 0) {
        seconds = ns / NS_PER_S;
    } else {
        return errinfo_set(reterr, -EINVAL, "--valid %.40s is no duration: 30d, 12h, 90m", text);
    }
    if (seconds < HOSTS_VALID_S_MIN || seconds > VALID_DAYS_MAX * INT64_C(86400)) {
        return errinfo_set(reterr, -EINVAL, "--valid is from 1m to %dd, not %.40s", VALID_DAYS_MAX,
                           text);
    }
    *ret_s = seconds;
    return 0;
}

static int read_valid(const char *value, const char **ret, struct errinfo *reterr)
{
    int64_t ignored_s = 0;

    *ret = value;
    return parse_valid(value, &ignored_s, reterr);
}

static int read_at(const char *value, const char **ret, struct errinfo *reterr)
{
    *ret = value;
    return errinfo_prefix(reterr, host_address_check(value, reterr), "--at");
}

static int read_label(const char *value, const char **ret, struct errinfo *reterr)
{
    *ret = value;
    return errinfo_prefix(reterr, host_label_check(value, reterr), "--label");
}

#define AT(member) .at = offsetof(struct add_options, member)
#define GIVEN(member) .given = offsetof(struct add_options, member)

static const struct option_row rows[] = {
    {.name = "--at",
     .value = "HOST:PORT",
     .help = "this coordinator, as the hosts reach it (repeatable: tried in turn)",
     .kind = TAKES_LIST,
     AT(at),
     .read = read_at},
    {.name = "--valid",
     .value = "TIME",
     .help = "how long they may join: 90d, 12h, 30m (default 30d)",
     .kind = TAKES_TEXT,
     AT(valid),
     .read = read_valid},
    {.name = "--any",
     .value = "N",
     .help = "one file for up to N hosts, of whatever names (default name: " FLEET_NAME ")",
     .kind = TAKES_U32,
     .min = 1,
     .max = AGENTS_MAX,
     AT(any),
     GIVEN(any_given)},
    {.name = "--processes",
     .value = "N",
     .help = "agents that each host starts, NAME/1 and so on (default 1): MQTT wants several, at "
             "most 500 clients each",
     .kind = TAKES_U32,
     .min = 1,
     .max = PROCESSES_MAX,
     AT(processes),
     GIVEN(processes_given)},
    {.name = "--weight",
     .value = "N",
     .help = "share of the load, beside the others' weights (default: by usable CPUs)",
     .kind = TAKES_U32,
     .min = 1,
     .max = HOST_WEIGHT_MAX,
     AT(weight),
     GIVEN(weight_given)},
    {.name = "--label",
     .value = "KEY=VALUE",
     .help = "what a scenario's placement asks for: zone=a (repeatable)",
     .kind = TAKES_LIST,
     AT(labels),
     .read = read_label},
    {.name = "--again",
     .help = "anew for hosts that are there already; the file of before is worth nothing then",
     AT(again)},
    {.name = "--out",
     .value = "DIR",
     .help = "where the files go (default: the current folder)",
     .kind = TAKES_TEXT,
     AT(out)},
};

static const struct option_row *const all_rows[] = {
    &rows[0], &rows[1], &rows[2], &rows[3], &rows[4], &rows[5], &rows[6], &rows[7], NULL};

static const struct options_usage usage = {
    .program = "millrace hosts add",
    .arguments = "NAME...",
    .what =
        "Lets hosts join this coordinator. Writes NAME.join for each: addresses, certificate, key "
        "and secret in one\n"
        "line, for that host alone; with --any one for all hosts of a fleet. An authority for the "
        "certificates is made\n"
        "with the first.\n"
        "With --again what is not given stays as it was: address, processes, weight, labels.\n"
        "\n"
        "Exit: 0 done, 2 usage (nothing was changed), 4 could not be done.",
    .arguments_max = AGENTS_MAX,
    .rows = all_rows,
    .examples = "  millrace hosts add load1 load2 --at coord.example:7700\n"
                "  millrace hosts add load3 --at 10.0.0.5:7700 --weight 4 --label zone=b\n"
                "  millrace hosts add load2 --again\n"
                "  millrace hosts add load4 --processes 4 --at coord.example:7700\n"
                "  millrace hosts add --any 20 --valid 1h --at coord.example:7700\n",
};

/* "DIR/NAME.join", newly allocated; NULL: no memory. */
static char *join_path(const struct add_options *options, const char *name)
{
    char file[NAME_BYTES + sizeof ".join"];

    (void)snprintf(file, sizeof file, "%s.join", name);
    return options->out == NULL ? strdup(file) : file_join(options->out, file);
}

/* "NAME/256" has to be a name, too. */
static int check_processes(const struct add_options *options, struct errinfo *reterr)
{
    if (options->processes_given && options->any_given) {
        return errinfo_set(reterr, -EINVAL,
                           "--processes does not go with --any: each agent takes one of its places "
                           "(millrace-agent --processes)");
    }
    for (uint32_t i = 0; options->processes > 1 && i < options->names.count; i++) {
        if (strlen(options->names.items[i]) + sizeof "/256" > NAME_BYTES) {
            return errinfo_set(reterr, -EINVAL, "%s: too long a name for one with --processes",
                               options->names.items[i]);
        }
    }
    return 0;
}

static int check_names(const struct add_options *options, struct errinfo *reterr)
{
    int r = 0;

    if (options->names.count == 0) {
        return errinfo_set(reterr, -EINVAL, "an argument is missing: NAME...");
    }
    if (options->any_given && options->names.count > 1) {
        return errinfo_set(reterr, -EINVAL, "--any makes one file: give one name for it, or none");
    }
    for (uint32_t i = 0; r == 0 && i < options->names.count; i++) {
        r = host_name_check(options->names.items[i], reterr);
        for (uint32_t other = 0; r == 0 && other < i; other++) {
            if (strcmp(options->names.items[i], options->names.items[other]) == 0) {
                r = errinfo_set(reterr, -EINVAL, "%s is named twice", options->names.items[i]);
            }
        }
    }
    if (r == 0 && options->at.count > JOIN_ADDRESSES_MAX) {
        r = errinfo_set(reterr, -EINVAL, "--at is given %u times, %d are possible",
                        options->at.count, JOIN_ADDRESSES_MAX);
    }
    if (r == 0 && options->labels.count > HOST_LABELS_MAX) {
        r = errinfo_set(reterr, -EINVAL, "--label is given %u times, %d are possible",
                        options->labels.count, HOST_LABELS_MAX);
    }
    return r;
}

/* What the entry will be: that of before, if there is one, with what is given. */
static int plan_entry(const struct add *add, const char *name, struct host_entry *ret,
                      struct errinfo *reterr)
{
    const struct add_options *options = add->options;
    struct errinfo ignored = {""};
    struct host_entry entry = {.is_damaged = false};
    int r = options->again ? hosts_find(add->hosts, name, &entry, &ignored) : -ENOENT;

    if (r == -ENOMEM) {
        return errinfo_nomem(reterr);
    }
    if (!options->again && hosts_is_enrolled(add->hosts, name)) {
        return errinfo_set(reterr, -EEXIST,
                           "%s is among the hosts already: --again makes its file anew, and the "
                           "one of before is worth nothing then",
                           name);
    }
    if (options->at.count == 0 && entry.addresses_count == 0) {
        return errinfo_set(reterr, -EINVAL,
                           "--at HOST:PORT is missing: the address by which %s reaches this host",
                           name);
    }
    (void)snprintf(entry.name, sizeof entry.name, "%s", name);
    for (uint32_t i = 0; i < options->at.count; i++) {
        (void)snprintf(entry.addresses[i].text, sizeof entry.addresses[i].text, "%s",
                       options->at.items[i]);
        entry.addresses_count = i + 1;
    }
    for (uint32_t i = 0; i < options->labels.count; i++) {
        (void)snprintf(entry.labels[i].text, sizeof entry.labels[i].text, "%s",
                       options->labels.items[i]);
        entry.labels_count = i + 1;
    }
    entry.weight = options->weight_given ? options->weight : entry.weight;
    if (options->any_given) {
        entry.fleet_count = options->any;
        entry.processes_count = 0;
    }
    if (options->processes_given) {
        entry.fleet_count = 0;
        entry.processes_count = options->processes > 1 ? options->processes : 0;
    }
    *ret = entry;
    secret_wipe(&entry, sizeof entry);
    return 0;
}

/* Of what would have to be changed, before anything is. */
static int check_files(const struct add *add, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < add->options->names.count; i++) {
        const char *name = add->options->names.items[i];
        char *path = join_path(add->options, name);
        struct host_entry entry;

        r = path == NULL ? errinfo_nomem(reterr) : plan_entry(add, name, &entry, reterr);
        if (r == 0 && !add->options->again && file_exists(path)) {
            r = errinfo_set(reterr, -EEXIST, "%s is there already: --again writes over it", path);
        }
        secret_wipe(&entry, sizeof entry);
        free(path);
    }
    return r;
}

/* The file first, beside where it will be: a host that is in the store without a file would have to
 * be added again, a file without a host is only worth nothing. */
static int write_both(const struct add *add, const struct host_entry *entry,
                      const struct join_file *join, const char *path, struct errinfo *reterr)
{
    struct text line = {.secret = true};
    int r = join_file_write(join, &line);

    if (r < 0) {
        text_done(&line);
        return errinfo_set(reterr, r, "%s: can't be made: %s", path, strerror(-r));
    }
    r = secret_file_write_part(path, line.bytes, line.bytes_count, reterr);
    text_done(&line);
    if (r == 0) {
        r = hosts_put(add->hosts, entry, reterr);
        if (r < 0) {
            secret_file_discard(path);
        } else {
            r = secret_file_publish(path, reterr);
        }
    }
    return r;
}

static int add_one(struct add *add, const char *name, struct errinfo *reterr)
{
    struct host_entry entry = {.is_damaged = false};
    struct join_file join = {.fleet = false};
    char *path = join_path(add->options, name);
    char until[JOIN_TIME_BYTES];
    int r = path == NULL ? errinfo_nomem(reterr) : plan_entry(add, name, &entry, reterr);

    if (r == 0) {
        r = hosts_make(add->hosts, &entry, add->valid_s, add->now_s, &join, reterr);
    }
    if (r == 0) {
        r = write_both(add, &entry, &join, path, reterr);
    }
    add->is_fleet = entry.fleet_count > 0;
    if (r == 0 && add->is_fleet) {
        (void)printf("%s: for up to %u hosts, valid until %s\n", path, entry.fleet_count,
                     join_time(entry.valid_until_s, until));
    } else if (r == 0 && entry.processes_count > 0) {
        (void)printf("%s: for %s, %u processes, valid until %s\n", path, name,
                     entry.processes_count, join_time(entry.valid_until_s, until));
    } else if (r == 0) {
        (void)printf("%s: for %s, valid until %s\n", path, name,
                     join_time(entry.valid_until_s, until));
    }
    join_file_done(&join);
    secret_wipe(&entry, sizeof entry);
    free(path);
    return r;
}

static void tell_next(const struct add *add)
{
    const struct add_options *options = add->options;

    (void)printf("A join file holds a key: copy it to its %s alone, as by scp, and delete it "
                 "here.\n\n",
                 add->is_fleet ? "hosts" : "host");
    for (uint32_t i = 0; i < options->names.count; i++) {
        const char *name = options->names.items[i];

        if (add->is_fleet) {
            (void)printf("on each host:  millrace-agent --join %s.join\n", name);
        } else {
            (void)printf("on %s:  millrace-agent --join %s.join\n", name, name);
        }
    }
    (void)printf("then here:  millrace run SCENARIO --hosts ");
    for (uint32_t i = 0; i < options->names.count; i++) {
        (void)printf("%s%s", i == 0 ? "" : ",", options->names.items[i]);
    }
    (void)printf("\n");
}

/* Everything that can be wrong with what was typed, before a folder or file is made. */
static int check_all(struct add *add, struct errinfo *reterr)
{
    int r = check_names(add->options, reterr);

    if (r == 0) {
        r = check_processes(add->options, reterr);
    }
    if (r == 0 && add->options->valid != NULL) {
        r = parse_valid(add->options->valid, &add->valid_s, reterr);
    }
    return r < 0 ? r : check_files(add, reterr);
}

static int add_all(struct add *add, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < add->options->names.count; i++) {
        r = add_one(add, add->options->names.items[i], reterr);
    }
    if (r == 0) {
        tell_next(add);
    }
    return r;
}

static int lock_store(const struct add *add, struct errinfo *reterr)
{
    int r = add->options->out == NULL ? 0 : file_mkdirs(add->options->out, reterr);

    return r < 0 ? r : hosts_lock(add->hosts, reterr);
}

/* The exit code. */
static int run_add(struct add *add, struct errinfo *reterr)
{
    if (hosts_open(NULL, &add->hosts, reterr) < 0) {
        return EXIT_FAILED;
    }
    if (check_all(add, reterr) < 0) {
        return EXIT_USAGE;
    }
    if (lock_store(add, reterr) < 0) {
        return EXIT_FAILED;
    }
    if (check_all(add, reterr) < 0) {
        return EXIT_USAGE; /* Others changed the store meanwhile. */
    }
    return add_all(add, reterr) < 0 ? EXIT_FAILED : 0;
}

int hosts_command_add(int argc, char **argv)
{
    static const char *fleet_name = FLEET_NAME;
    struct add_options options = {.weight = 0};
    struct add add = {
        .options = &options, .valid_s = HOSTS_VALID_S_DEFAULT, .now_s = hosts_command_now_s()};
    struct option_list given = {NULL, 0};
    struct errinfo error = {""};
    int code = 0;

    if (options_parse(&usage, argc, argv, &options, &given, &code)) {
        options.names = given;
        if (options.any_given && given.count == 0) {
            options.names = (struct option_list){&fleet_name, 1};
        }
        code = run_add(&add, &error);
        if (code != 0) {
            (void)hosts_command_failed("add", code, &error);
        }
    }
    hosts_free(add.hosts);
    option_list_done(&given);
    option_list_done(&options.at);
    option_list_done(&options.labels);
    return code;
}
