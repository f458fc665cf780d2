/* cli_fixture: runs a command in this process and keeps what it wrote. */
#ifndef MILLRACE_TEST_CLI_FIXTURE_H
#define MILLRACE_TEST_CLI_FIXTURE_H

#define CLI_OUTPUT_BYTES 65536

struct cli_outcome {
    int code;
    char out[CLI_OUTPUT_BYTES]; /* stdout */
    char err[CLI_OUTPUT_BYTES]; /* stderr */
};

/* words ends with NULL; the first is the command's name. */
void cli_call(int (*command)(int argc, char **argv), const char *const *words,
              struct cli_outcome *ret);

#define CALL(command, outcome, ...)                                                                \
    cli_call(command, (const char *const[]){__VA_ARGS__, NULL}, outcome)

#endif
