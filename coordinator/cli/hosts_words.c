#include "cli.h"
#include "hosts_commands_inner.h"
#include "mono.h"
#include "text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

int hosts_command_failed(const char *word, int code, struct errinfo *error)
{
    bool is_typed = code == -EINVAL || code == -ENOENT || code == -EEXIST;

    text_tame(error->text, false);
    (void)fprintf(stderr, "millrace hosts %s: %s\n", word, error->text);
    return is_typed ? EXIT_USAGE : EXIT_FAILED;
}

int64_t hosts_command_now_s(void)
{
    return wall_unix_ns() / NS_PER_S;
}
