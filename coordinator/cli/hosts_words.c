#include "hosts_commands_inner.h"
#include "mono.h"
#include "text.h"

#include <stdio.h>

int hosts_command_failed(const char *word, int exit_code, struct errinfo *error)
{
    text_tame(error->text, false);
    (void)fprintf(stderr, "millrace hosts %s: %s\n", word, error->text);
    return exit_code;
}

int64_t hosts_command_now_s(void)
{
    return wall_unix_ns() / NS_PER_S;
}
