/* run_clocks: marks when an agent's clock was not what it was taken for. */
#include "run_inner.h"

#include "units.h"

#include <stdio.h>

int run_look_at_clocks(struct run *run, struct errinfo *reterr)
{
    struct fleet_doubt doubt;
    int r = 0;

    while (r == 0 && fleet_next_doubt(run->session->fleet, &doubt)) {
        const char *name = fleet_agent(run->session->fleet, doubt.agent)->name;
        struct result_mark mark = {.kind = MARK_CLOCK,
                                   .at_ns = doubt.until_ns - run->t0_ns,
                                   .from_ns = doubt.from_ns - run->t0_ns,
                                   .clock_bound_ns = (uint64_t)doubt.size_ns};
        char size[UNITS_TEXT_BYTES];

        (void)units_format_ns((double)doubt.size_ns, size);
        if (doubt.kind == FLEET_DOUBT_STEP) {
            (void)snprintf(mark.text, sizeof mark.text,
                           "the clock of %s stepped or changed its pace, by up to %s", name, size);
        } else {
            (void)snprintf(mark.text, sizeof mark.text,
                           "%s has another host's boot id and a clock of its own, up to %s away (a "
                           "cloned machine?)",
                           name, size);
        }
        run_notice(run, "%s", mark.text);
        if (run->trial != NULL && run->t0_ns != 0 && mark.at_ns >= 0) {
            mark.from_ns = mark.from_ns > 0 ? mark.from_ns : 0;
            r = run_journal_mark_of(run, &mark, reterr);
        }
    }
    return r;
}
