#include "cli_fixture.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 32

/* Points fd at a file without a name; returns what it was. */
static int redirect(int fd, FILE *file)
{
    int saved = dup(fd);

    assert_true(saved >= 0);
    assert_true(dup2(fileno(file), fd) >= 0);
    return saved;
}

static void restore(int fd, int saved, FILE *file, char *ret)
{
    size_t bytes;

    assert_true(dup2(saved, fd) >= 0);
    assert_int_equal(close(saved), 0);
    rewind(file);
    bytes = fread(ret, 1, CLI_OUTPUT_BYTES - 1, file);
    ret[bytes] = '\0';
    assert_int_equal(fclose(file), 0);
}

void cli_call(int (*command)(int argc, char **argv), const char *const *words,
              struct cli_outcome *ret)
{
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    char *argv[WORDS_MAX] = {NULL};
    int argc = 0;
    int saved_out;
    int saved_err;

    assert_true(out != NULL && err != NULL);
    for (; words[argc] != NULL; argc++) {
        assert_true(argc + 1 < WORDS_MAX);
        argv[argc] = strdup(words[argc]);
    }
    (void)fflush(NULL);
    saved_out = redirect(STDOUT_FILENO, out);
    saved_err = redirect(STDERR_FILENO, err);
    ret->code = command(argc, argv);
    (void)fflush(NULL);
    restore(STDOUT_FILENO, saved_out, out, ret->out);
    restore(STDERR_FILENO, saved_err, err, ret->err);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
}
