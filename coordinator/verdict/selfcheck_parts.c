/* The rows of the self-check. */
#include "selfcheck_inner.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct result_check *selfcheck_row(struct result *result, const char *name, const char *agent,
                                   const struct result_case *of, struct errinfo *reterr)
{
    struct findings *findings = &result->findings;
    struct result_check *grown =
        realloc(findings->checks, ((size_t)findings->checks_count + 1) * sizeof *findings->checks);
    struct result_check *check;

    if (grown == NULL) {
        (void)errinfo_nomem(reterr);
        return NULL;
    }
    findings->checks = grown;
    check = &grown[findings->checks_count++];
    memset(check, 0, sizeof *check);
    (void)snprintf(check->check, sizeof check->check, "%s", name);
    (void)snprintf(check->agent, sizeof check->agent, "%.63s", agent);
    memcpy(check->case_name, of->name, sizeof check->case_name);
    return check;
}

void selfcheck_say(struct result_check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)text_fit_args(check->text, sizeof check->text, format, args);
    va_end(args);
}
