/* hosts_commands_inner: the words after `millrace hosts`, one file each. Internal to cli. */
#ifndef MILLRACE_HOSTS_COMMANDS_INNER_H
#define MILLRACE_HOSTS_COMMANDS_INNER_H

#include "errinfo.h"

#include <stdint.h>

/* Like a command; argv[0] is the word. */
int hosts_command_add(int argc, char **argv);
int hosts_command_list(int argc, char **argv);
int hosts_command_remove(int argc, char **argv);

/* Tells why it was not done, and returns the exit code: EXIT_USAGE or EXIT_FAILED. */
int hosts_command_failed(const char *word, int exit_code, struct errinfo *error);

/* Now, UTC, in seconds since 1970. */
int64_t hosts_command_now_s(void);

#endif
