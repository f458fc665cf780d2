#include "cli.h"
#include "hosts_commands_inner.h"
#include "nearest.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command words[] = {
    {"add", "let hosts join: makes a file for each that holds all it needs", hosts_command_add},
    {"list", "the hosts that may join, until when, and by which addresses", hosts_command_list},
    {"remove", "let them join no more, from their next request on", hosts_command_remove},
};
#define WORDS_COUNT (sizeof words / sizeof words[0])

static void write_help(FILE *out)
{
    (void)fprintf(out, "usage: millrace hosts COMMAND [OPTION]... [ARGUMENT]...\n\n"
                       "Who may join this coordinator, by mutual TLS and a secret of its own. "
                       "Kept in /etc/millrace/hosts for\n"
                       "root, else in ~/.config/millrace/hosts; MILLRACE_HOSTS_DIR is another "
                       "folder.\n\n"
                       "commands:\n");
    for (size_t i = 0; i < WORDS_COUNT; i++) {
        (void)fprintf(out, "  %-10s %s\n", words[i].name, words[i].summary);
    }
    (void)fprintf(out, "\nmillrace hosts COMMAND --help says more.\n\n"
                       "examples:\n"
                       "  millrace hosts add load1 load2 --at coord.example:7700\n"
                       "  millrace hosts list\n"
                       "  millrace hosts remove load2\n");
}

int command_hosts(int argc, char **argv)
{
    struct nearest nearest;

    if (argc < 2) {
        write_help(stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < WORDS_COUNT; i++) {
        if (strcmp(argv[1], words[i].name) == 0) {
            return words[i].run(argc - 1, argv + 1);
        }
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        write_help(stdout);
        return 0;
    }
    nearest_init(&nearest, argv[1]);
    for (size_t i = 0; i < WORDS_COUNT; i++) {
        nearest_offer(&nearest, words[i].name);
    }
    (void)fprintf(stderr, "millrace hosts: unknown command %.80s%s%s%s (millrace hosts --help)\n",
                  argv[1], nearest.best == NULL ? "" : " (did you mean ",
                  nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "?)");
    return EXIT_USAGE;
}
