/*
 * cli: the commands of millrace, one file each. A command takes its part of argv, writes results to
 * stdout and diagnostics to stderr, and returns the exit code that `millrace run --help` lists. It
 * never calls exit(): main.c does. main.c holds the table of commands.
 */
#ifndef MILLRACE_CLI_H
#define MILLRACE_CLI_H

#define EXIT_USAGE 2  /* Usage or scenario error; nothing was sent anywhere. */
#define EXIT_FAILED 4 /* Could not be done, or (main.c) done and not said. */

struct cli_command {
    const char *name;
    const char *summary;               /* One line for `millrace --help`. */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name. */
};

int command_check(int argc, char **argv);

/* Version of Millrace and of the client libraries of its agent; returns the exit code. */
int cli_version(void);

int command_explain(int argc, char **argv);
int command_backends(int argc, char **argv);
int command_run(int argc, char **argv);
int command_report(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_clean(int argc, char **argv);
int command_hosts(int argc, char **argv);

#endif
