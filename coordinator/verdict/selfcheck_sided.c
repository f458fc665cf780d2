/* To which side a busy generator moves a figure. */
#include "selfcheck.h"

#include <string.h>

#define SENT_SHARE_MIN 0.99
#define STRETCH_SHARE_MAX 0.05

static const struct result_phase *phase_of(const struct result_trial *trial, const char *name)
{
    for (uint32_t p = 0; p < trial->phases_count; p++) {
        if (trial->phases[p].flow[0] == '\0' && strcmp(trial->phases[p].name, name) == 0) {
            return &trial->phases[p];
        }
    }
    return NULL;
}

/* Each flow by itself: a small one could be missing beside a large one. */
static bool was_sent(const struct result_trial *trial, const char *name)
{
    for (uint32_t p = 0; p < trial->phases_count; p++) {
        const struct result_phase *phase = &trial->phases[p];

        if (strcmp(phase->name, name) == 0 &&
            (double)phase->sent_in_time < SENT_SHARE_MIN * (double)phase->due) {
            return false;
        }
    }
    return true;
}

/* The longest time, in whole seconds, in which less had been sent than was due by then. One message
 * of each producer may be on its way. */
static int64_t longest_lack_ns(const struct result_trial *trial, const struct result_phase *phase)
{
    int64_t longest_ns = 0;
    int64_t stretch_ns = 0;
    double due = 0.0;
    double sent = 0.0;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *one = &trial->intervals[i];

        if (one->start_ns + result_interval_ns(one) <= phase->start_ns ||
            one->start_ns >= phase->start_ns + phase->duration_ns) {
            continue;
        }
        due += (double)one->due;
        sent += (double)one->sent;
        stretch_ns = sent + phase->producers < SENT_SHARE_MIN * due
                         ? stretch_ns + result_interval_ns(one)
                         : 0;
        longest_ns = stretch_ns > longest_ns ? stretch_ns : longest_ns;
    }
    return longest_ns;
}

static bool load_was_sent(const struct result_case *of, const char *name)
{
    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];
        const struct result_phase *phase = phase_of(trial, name);
        double most_ns;

        if (phase == NULL || phase->due == 0 || phase->is_max || !was_sent(trial, name)) {
            return false;
        }
        most_ns = STRETCH_SHARE_MAX * (double)phase->duration_ns;
        most_ns = most_ns < INTERVAL_NS ? INTERVAL_NS : most_ns;
        if ((double)longest_lack_ns(trial, phase) > most_ns) {
            return false;
        }
    }
    return of->trials_count > 0;
}

static bool is_response(const struct metric *metric)
{
    return metric->kind == METRIC_LATENCY &&
           (metric->series == SERIES_PUBLISH || metric->series == SERIES_E2E);
}

const struct result_check *selfcheck_void_better(const struct result *result,
                                                 const struct result_case *of,
                                                 const struct metric *metric, const char *phase)
{
    bool is_rate = metric->kind == METRIC_RATE || metric->kind == METRIC_ATTAINED;
    const struct result_check *first = selfcheck_void(result, of, metric);

    /* What was not sent can't have raised a rate. */
    if (first == NULL || (!is_rate && !(is_response(metric) && load_was_sent(of, phase)))) {
        return first;
    }
    for (uint32_t i = 0; i < of->checks_count; i++) {
        const struct result_check *check = &result->findings.checks[of->checks_first + i];

        /* How much was sent is known now, and better than from each second by itself. */
        if (selfcheck_concerns(check, metric) && selfcheck_flatters(check) &&
            strcmp(check->check, "attained") != 0) {
            return check;
        }
    }
    return NULL;
}
