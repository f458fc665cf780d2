/* millrace: the table of commands. The only place of this program that knows argv as a whole. */

#include "bounds.h"
#include "cli.h"
#include "host_limits.h"
#include "mono.h"
#include "nearest.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command commands[] = {
    {"run", "execute a scenario and write its report", command_run},
    {"check", "validate scenarios, every problem at once", command_check},
    {"explain", "say what a run would do, without touching a broker", command_explain},
    {"doctor", "can every agent reach each target, and is its host fit", command_doctor},
    {"backends", "the brokers that can be driven, their options and words", command_backends},
    {"report", "make reports again from a run's folder", command_report},
    {"hosts", "the hosts that may join: add, list, remove", command_hosts},
    {"clean", "remove topics that killed runs left behind", command_clean},
};
#define COMMANDS_COUNT (sizeof commands / sizeof commands[0])

static void print_help(void)
{
    (void)printf("usage: millrace COMMAND [OPTION]... [ARGUMENT]...\n\n"
                 "Load-tests message brokers from many hosts: paced load, exact delivery audit, "
                 "one report.\n\n"
                 "commands:\n");
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        (void)printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    (void)printf(
        "\nmillrace COMMAND --help says more, with examples.\n\n"
        "examples:\n"
        "  millrace run scenarios/quickstart.yaml\n"
        "  millrace run scenarios/quickstart.yaml --target rabbitmq=amqp://127.0.0.1:5672/%%2f\n");
}

/* A reader that had enough, as head does, closes its pipe. */
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

/* The exit code of a command once its answer is out. A "good" that did not reach a full disk is
 * none; any other code says what is wrong, and that nobody could be told does not make it less so.
 */
static int told(int code)
{
    bool failed = fflush(stdout) != 0;

    if ((!failed && ferror(stdout) == 0) || reader_left()) {
        return code;
    }
    (void)fprintf(stderr, "millrace: stdout can't be written (a full disk?)\n");
    return code == 0 ? EXIT_FAILED : code;
}

int main(int argc, char **argv)
{
    struct nearest nearest;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ,
                 SIG_IGN); /* A file at its limit is an error of write, like a full disk. */
    mono_test_inject();
    host_open_files_raise(FILES_KEPT);
    if (argc < 2) {
        print_help();
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return told(commands[i].run(argc - 1, argv + 1));
        }
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        return cli_version();
    }
    nearest_init(&nearest, argv[1]);
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        nearest_offer(&nearest, commands[i].name);
    }
    (void)fprintf(stderr, "millrace: unknown command %s%s%s%s (millrace --help)\n", argv[1],
                  nearest.best == NULL ? "" : " (did you mean ",
                  nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "?)");
    return EXIT_USAGE;
}
