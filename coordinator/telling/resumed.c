#include "resumed.h"

#include "mono.h"
#include "units.h"

#include <string.h>

static uint32_t trials_done(const struct result *result)
{
    uint32_t done = 0;

    for (uint32_t c = 0; c < result->cases_count; c++) {
        for (uint32_t t = 0; t < result->cases[c].trials_count; t++) {
            done += result->cases[c].trials[t].ended ? 1 : 0;
        }
    }
    return done;
}

static int64_t away_ns(const struct result_resume *resume)
{
    return resume->resumed_unix_ns > resume->left_unix_ns
               ? resume->resumed_unix_ns - resume->left_unix_ns
               : 0;
}

int64_t resumed_away_ns(const struct result *result)
{
    int64_t sum_ns = 0;

    for (uint32_t i = 0; i < result->resumes_count; i++) {
        sum_ns += away_ns(&result->resumes[i]);
    }
    return sum_ns;
}

static void add_where(const struct result *result, const struct result_resume *resume,
                      struct text *out)
{
    if (result->trials_planned > 0 && resume->trials_done >= result->trials_planned) {
        text_addf(out, "Resumed after its last trial");
    } else if (result->trials_planned > 0) {
        text_addf(out, "Resumed at trial %u of %u", resume->trial + 1, result->trials_planned);
    } else {
        text_addf(out, "Resumed at trial %u", resume->trial + 1);
    }
}

static void add_agents(const struct result_resume *resume, struct text *out)
{
    if (resume->agents_count == 0 || resume->trials_done == 0) {
        return; /* It never came so far or had nothing to do for them; or all trials are theirs. */
    }
    if (resume->agents_new == 0 && resume->agents_gone == 0) {
        text_addf(out, " The %s the same.", resume->agents_count == 1 ? "agent is" : "agents are");
        return;
    }
    text_addf(out,
              " Its agents differ: %u new, %u gone. Compare the trials before and after with care.",
              resume->agents_new, resume->agents_gone);
}

void resumed_line(const struct result *result, uint32_t index, struct text *out)
{
    static const char *const causes[] = {
        [RESUME_KILLED] = "its coordinator was killed",
        [RESUME_INTERRUPTED] = "it was interrupted",
        [RESUME_FAILED] = "it failed",
    };
    const struct result_resume *resume = &result->resumes[index];
    char away[UNITS_TEXT_BYTES];

    add_where(result, resume, out);
    text_addf(out, ", %s after %s.",
              units_format_duration(away_ns(resume) / NS_PER_S * NS_PER_S, away),
              causes[resume->cause]);
    text_add(out, resume->began_trial ? " The trial that was under way was made again." : "");
    add_agents(resume, out);
}

bool resumed_elsewhere(const struct result *result)
{
    for (uint32_t i = 0; i < result->resumes_count; i++) {
        if (result->resumes[i].agents_new + result->resumes[i].agents_gone > 0) {
            return true;
        }
    }
    return false;
}

bool resumed_left(const struct result *result, struct text *out)
{
    uint32_t done = trials_done(result);
    bool ended = result->cut_off || result->verdict == VERDICT_FAILED ||
                 result->verdict == VERDICT_INTERRUPTED;

    if (!result->resumable || !ended || result->trials_planned == 1) {
        return false;
    }
    if (result->trials_planned == 0 && !result->cut_off && done == 0) {
        return false; /* It came to nothing: to begin again is the same. */
    }
    if (result->trials_planned == 0) {
        text_add(out, "The run has not come to its end");
    } else if (result->verdict == VERDICT_INTERRUPTED && done > 0 && !result->cut_off) {
        /* One of them was ended early. */
        text_addf(out, "Not all of its %u trials are whole", result->trials_planned);
    } else if (done < result->trials_planned) {
        text_addf(out, "%u of %u trials are left", result->trials_planned - done,
                  result->trials_planned);
    } else {
        text_addf(out, "All %u trials are there, but nobody judged them", result->trials_planned);
    }
    return true;
}

/* " --hosts load1,load2" as it was typed, if it was. option: with the blank before it. */
static void add_option(const char *command, const char *option, struct text *out)
{
    const char *typed = strstr(command, option);
    size_t bytes = strlen(option);

    if (typed != NULL && (typed[bytes] == ' ' || typed[bytes] == '=')) {
        bytes += 1 + strcspn(typed + bytes + 1, " ");
        text_addf(out, "%.*s", (int)bytes, typed);
    }
}

void resumed_command(const struct result *result, const char *folder, struct text *out)
{
    /* What the journal does not have. */
    bool with_scenario = result->scenario != NULL && strstr(result->scenario, "\"***\"") != NULL;

    text_addf(out, "millrace run %s--resume %s", with_scenario ? "SCENARIO " : "",
              folder == NULL ? "RUN_DIR" : folder);
    if (result->command == NULL) {
        return;
    }
    add_option(result->command, " --hosts", out);
    add_option(result->command, " --launch", out);
    if (strstr(result->command, " --listen") != NULL) {
        text_add(out, " --listen URL");
    }
}
