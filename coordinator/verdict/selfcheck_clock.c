/* Were the hosts' clocks related well enough for what was measured from one to another? */
#include "selfcheck_inner.h"

#include <errno.h>

#define BOUND_SUSPECT 0.1 /* Of the median. */
#define BOUND_INVALID 1.0
#define VIOLATIONS_INVALID 0.001 /* Of the samples. */

static bool is_one_way(const struct result_phase *phase)
{
    const struct hist *hist = phase->latency[SERIES_E2E_SERVICE];

    return phase->measured && hist != NULL && hist_count(hist) > 0;
}

/* The widest bound that a sample of the phase was measured with: each may be off by that. A median
 * of 0 is one that the clocks can't tell from nothing. */
static double bound_share(const struct result_phase *phase)
{
    double p50 = (double)hist_percentile(phase->latency[SERIES_E2E_SERVICE], 50.0);

    return (double)phase->clock_bound_ns / (p50 > 1.0 ? p50 : 1.0);
}

static int check_bound(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    double worst = 0.0;
    bool bounded = false;
    struct result_check *row;

    for (uint32_t p = 0; p < of->phases_count; p++) {
        if (is_one_way(&of->phases[p]) && of->phases[p].clock_bound_ns > 0) {
            double share = bound_share(&of->phases[p]);

            bounded = true;
            worst = share > worst ? share : worst;
        }
    }
    if (!bounded) {
        return 0; /* One clock, or no one-way figure. */
    }
    row = selfcheck_row(result, "clock_bound", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    row->observed = worst;
    row->limit = worst > BOUND_INVALID ? BOUND_INVALID : BOUND_SUSPECT;
    row->status = worst > BOUND_INVALID   ? CHECK_INVALID
                  : worst > BOUND_SUSPECT ? CHECK_SUSPECT
                                          : CHECK_OK;
    selfcheck_say(
        row, row->status == CHECK_OK
                 ? "The error of the clocks is small compared with the latencies."
                 : "The error of the clocks is that share of the median latency end to end. To "
                   "fix it: Put producers and consumers on one host, or nearer to the "
                   "coordinator.");
    return 0;
}

/* Of the row of all flows, which has those of each. */
static int check_violations(struct result *result, const struct result_case *of,
                            struct errinfo *reterr)
{
    double violations = 0.0;
    double samples = 0.0;
    bool bounded = false;
    struct result_check *row;

    for (uint32_t p = 0; p < of->phases_count; p++) {
        const struct result_phase *phase = &of->phases[p];
        const struct hist *response = phase->latency[SERIES_E2E];

        if (is_one_way(phase) && phase->flow[0] == '\0') {
            bounded = bounded || phase->clock_bound_ns > 0;
            violations += (double)phase->clock_violations;
            samples += (double)hist_count(phase->latency[SERIES_E2E_SERVICE]) +
                       (response == NULL ? 0.0 : (double)hist_count(response));
        }
    }
    if (violations == 0.0 && !bounded) {
        return 0;
    }
    row = selfcheck_row(result, "clock_violations", "", of, reterr);
    if (row == NULL) {
        return -ENOMEM;
    }
    row->observed = violations / samples;
    row->limit = row->observed > VIOLATIONS_INVALID ? VIOLATIONS_INVALID : 0.0;
    row->status = row->observed > VIOLATIONS_INVALID ? CHECK_INVALID
                  : violations > 0.0                 ? CHECK_SUSPECT
                                                     : CHECK_OK;
    selfcheck_say(row,
                  row->status == CHECK_OK
                      ? "No message was received before it was sent."
                      : "Messages were received before they were sent, by more than the error of "
                        "the clocks. A clock was set or changed its speed. To fix it: "
                        "Check NTP on the hosts.");
    return 0;
}

int selfcheck_clocks(struct result *result, const struct result_case *of, struct errinfo *reterr)
{
    int r = check_bound(result, of, reterr);

    return r < 0 ? r : check_violations(result, of, reterr);
}
