#include "cli.h"
#include "cli_options_inner.h"

#include <stdio.h>

static const enum cli_option options_taken[] = {CLI_WITH, CLI_SET, CLI_TARGET, CLI_OPTION_COUNT};

static const struct cli_usage usage = {
    .name = "check",
    .arguments = "SCENARIO...",
    .what = "Validates scenarios and touches nothing else. Every problem of a file is shown at "
            "once,\nas FILE:LINE:COLUMN: KEY: what is wrong (what would be right).",
    .arguments_min = 1,
    .arguments_max = UINT32_MAX,
    .options = options_taken,
    .examples = "  millrace check scenarios/quickstart.yaml\n"
                "  millrace check scenarios/*.yaml\n"
                "  millrace check big.yaml --with ci.yaml --set phases.steady.rate=40k/s\n",
};

int command_check(int argc, char **argv)
{
    struct cli_options options;
    int code = 0;

    if (!cli_parse(&usage, argc, argv, &options, &code)) {
        return code;
    }
    for (uint32_t i = 0; i < options.arguments.count; i++) {
        struct scenario *scenario = NULL;
        int r = cli_load_scenario(&options, options.arguments.items[i], &scenario);

        if (r == 0) {
            (void)printf("%s: ok\n", options.arguments.items[i]);
        }
        code = r > code ? r : code;
        scenario_free(scenario);
    }
    cli_options_done(&options);
    return code;
}
