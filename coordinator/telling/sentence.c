#include "sentence.h"

#include "facts.h"
#include "mono.h"
#include "sentence_answer_inner.h"
#include "sentence_lists.h"
#include "verdict_badge.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define LISTED_MAX 4
#define TENTH_NS (NS_PER_S / 10)

/* What the cases with figures have in common. */
struct common {
    uint32_t cases;
    uint32_t targets;
    const struct result_case *only; /* The last one with figures. */
    const struct result_phase *phase;
    bool same; /* All asked for the same, and none with `max`. */
    bool reached;
    bool taken; /* By the broker: what was sent was confirmed. */
    bool several_phases;
};

/* Is no earlier case with figures on the same target? */
static bool is_new_target(const struct result *result, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (sentence_phase(&result->cases[i]) != NULL &&
            strcmp(result->cases[i].target, result->cases[index].target) == 0) {
            return false;
        }
    }
    return true;
}

/* A broker that stood still in the middle has not held the rate that was sent to it. */
static bool was_taken(const struct result_phase *phase)
{
    const struct result_delivery *delivery = &phase->delivery;

    return (double)(delivery->refused + delivery->unconfirmed) <= 0.01 * (double)delivery->sent;
}

static struct common find_common(const struct result *result)
{
    struct common common = {.same = true, .reached = true, .taken = true};

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_phase *phase = sentence_phase(&result->cases[i]);

        if (phase == NULL) {
            continue;
        }
        if (common.phase != NULL &&
            fabs(phase->asked_per_s - common.phase->asked_per_s) > 0.001 * phase->asked_per_s) {
            common.same = false;
        }
        common.same = common.same && !phase->is_max;
        common.reached = common.reached && facts_reached(phase);
        common.taken = common.taken && was_taken(phase);
        common.several_phases |= facts_measured_count(&result->cases[i]) > 1;
        common.cases++;
        common.targets += is_new_target(result, i) ? 1 : 0;
        common.only = &result->cases[i];
        common.phase = phase;
    }
    return common;
}

static void add_where(const struct common *common, struct text *out)
{
    if (common->cases > common->targets) {
        text_addf(out, " in %u cases", common->cases);
    }
    if (common->targets == 1) {
        text_addf(out, " on %s", common->only->target);
    } else {
        text_addf(out, " on %u brokers", common->targets);
    }
}

/* Of a case with several trials their phases add up; a rate was held for the length of one. */
static int64_t length_of_trial(const struct common *common)
{
    uint32_t trials = 0;

    for (uint32_t i = 0; i < common->only->trials_count; i++) {
        const struct result_trial *trial = &common->only->trials[i];

        for (uint32_t j = 0; j < trial->phases_count; j++) {
            const struct result_phase *phase = &trial->phases[j];

            trials += phase->flow[0] == '\0' && phase->duration_ns > 0 &&
                              strcmp(phase->name, common->phase->name) == 0
                          ? 1
                          : 0;
        }
    }
    return common->phase->duration_ns / (trials > 1 ? trials : 1);
}

static void add_trials(const struct common *common, struct text *out)
{
    if (common->only->trials_count > 1) {
        text_addf(out, " in each of %u trials", common->only->trials_count);
    }
}

static void add_load(const struct result *result, const struct common *common, struct text *out)
{
    int64_t length_ns = length_of_trial(common);
    char rate[UNITS_TEXT_BYTES];
    char span[UNITS_TEXT_BYTES];

    /* Phases that end by count may be over in microseconds. */
    units_format_duration(
        length_ns < 10 * NS_PER_S
            ? (length_ns < NS_PER_S ? length_ns : (length_ns + TENTH_NS / 2) / TENTH_NS * TENTH_NS)
            : (length_ns + NS_PER_S / 2) / NS_PER_S * NS_PER_S,
        span);
    if (sentence_only_receives(common->phase)) {
        text_add(out, "received at ");
        sentence_rates(result, out);
        return;
    }
    if (common->same && common->reached) {
        text_addf(out, "%s%s", common->several_phases ? "up to " : "",
                  units_format_rate(common->phase->asked_per_s, rate));
        if (facts_has_peak(common->phase)) {
            text_addf(out, " on average (%s at its highest)",
                      units_format_rate(common->phase->asked_peak_per_s, rate));
        }
        text_addf(out, " %s for %s", common->taken ? "held" : "sent", span);
        add_trials(common, out);
        add_where(common, out);
        return;
    }
    if (!common->reached) {
        text_add(out, "target rate not reached: ");
    } else if (common->phase->is_max) {
        text_add(out, "as fast as possible: ");
    }
    sentence_rates(result, out);
    text_addf(out, " for %s", span);
    add_trials(common, out);
}

static void add_count(uint64_t count, const char *what, struct text *out)
{
    char text[FACTS_TEXT_BYTES];

    if (count > 0) {
        text_addf(out, ", %s %s", facts_count(count, text), what);
    }
}

static struct result_delivery total_of(const struct result *result)
{
    struct result_delivery total = {0};

    for (uint32_t i = 0; i < result->cases_count; i++) {
        struct result_delivery delivery;

        if (facts_has_figures(&result->cases[i])) {
            facts_delivery(&result->cases[i], &delivery);
            facts_delivery_add(&total, &delivery);
        }
    }
    return total;
}

/* Whatever else a run came to, what it lost comes first, also where that was allowed. */
static void add_lost(const struct result *result, struct text *out)
{
    struct result_delivery total = total_of(result);
    char lost[FACTS_TEXT_BYTES];
    char expected[FACTS_TEXT_BYTES];

    if (total.lost > 0) {
        text_addf(out, "%s of %s messages lost; ", facts_count(total.lost, lost),
                  facts_count(total.expected, expected));
    }
}

static void add_delivery(const struct result *result, struct text *out)
{
    struct result_delivery total = total_of(result);

    if (total.expected > 0 && total.lost == 0 && total.unaccounted == 0) {
        text_add(out, ", nothing lost");
    }
    add_count(total.unaccounted, "unaccounted", out);
    add_count(total.duplicated, "duplicated", out);
    add_count(total.corrupted, "corrupted", out);
    add_count(total.refused, "refused", out);
    add_count(total.unconfirmed, "unconfirmed", out);
}

/* Of how many cases of its target is this so? 0: an earlier one told of it. */
static uint32_t count_left_out(const struct result *result, uint32_t number)
{
    const struct result_case *of = &result->cases[number];
    uint32_t count = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (result->cases[i].status == of->status &&
            strcmp(result->cases[i].target, of->target) == 0) {
            if (i < number) {
                return 0;
            }
            count++;
        }
    }
    return count;
}

static void add_left_out(const struct result *result, struct text *out)
{
    bool any = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *of = &result->cases[i];
        uint32_t count = of->status == CASE_MEASURED ? 0 : count_left_out(result, i);

        if (count == 0) {
            continue;
        }
        text_add(out, any ? ", " : "; ");
        if (count == 1) {
            text_addf(out, "%s %s", facts_label(result, of), case_status_name(of->status));
        } else {
            text_addf(out, "%s %s in %u cases", of->target, case_status_name(of->status), count);
        }
        any = true;
    }
}

void sentence_load(const struct result *result, struct text *out)
{
    struct common common = find_common(result);

    add_lost(result, out);
    if (common.cases == 0) {
        text_add(out, "nothing was measured");
    } else {
        add_load(result, &common, out);
        add_delivery(result, out);
    }
}

static void add_measured(const struct result *result, struct text *out)
{
    struct common common = find_common(result);

    if (result->findings.searches_count == 0) {
        add_lost(result, out);
    }
    if (common.cases == 0) {
        text_add(out, "nothing was measured");
    } else if (sentence_answer(result, out)) {
        /* A search goes where messages are lost and late: its totals say nothing. */
        if (result->findings.searches_count == 0) {
            add_delivery(result, out);
            sentence_outages(result, out);
        }
    } else {
        add_load(result, &common, out);
        add_delivery(result, out);
        sentence_outages(result, out);
        sentence_p99(result, out);
    }
    add_left_out(result, out);
}

void sentence_objective(const struct result_objective *objective, struct text *out)
{
    char value[FACTS_TEXT_BYTES];

    text_add(out, objective->text);
    if (objective->phase[0] != '\0') {
        text_addf(out, " in %s", objective->phase);
    }
    if (objective->flow[0] != '\0') {
        text_addf(out, " by flow %s", objective->flow);
    }
    if (objective->reason[0] != '\0') {
        if (objective->met != MET_NO && result_has_observed(objective)) {
            text_addf(out, ": %s", facts_observed(objective, value));
        }
        text_addf(out, ": %s", objective->reason);
    } else {
        text_addf(out, ": %s%s", facts_observed(objective, value),
                  strcmp(objective->unit, "messages") == 0 ? " messages" : "");
    }
    if (objective->case_name[0] != '\0') {
        text_addf(out, " (%s)", objective->case_name);
    }
}

static uint32_t add_reasons(const struct result *result, const char *code, uint32_t listed,
                            struct text *out)
{
    for (uint32_t i = 0; i < result->reasons_count && listed < LISTED_MAX - 1; i++) {
        const struct result_reason *reason = &result->reasons[i];

        if (code != NULL && strcmp(reason->code, code) != 0) {
            continue;
        }
        text_addf(out, "%s%s", listed == 0 ? "" : "; ", reason->text);
        if (reason->case_name[0] != '\0' && strstr(reason->text, reason->case_name) == NULL) {
            text_addf(out, " (%s)", reason->case_name);
        }
        listed++;
    }
    return listed;
}

/* Beside objectives that were missed, a regression is news of its own. */
static void add_regression(const struct result *result, struct text *out)
{
    const struct result_reason *first = NULL;
    uint32_t more = 0;

    for (uint32_t i = 0; i < result->reasons_count; i++) {
        if (strcmp(result->reasons[i].code, "regression") == 0) {
            more += first == NULL ? 0 : 1;
            first = first == NULL ? &result->reasons[i] : first;
        }
    }
    if (first == NULL) {
        return;
    }
    text_addf(out, "; regression: %s", first->text);
    if (first->case_name[0] != '\0' && strstr(first->text, first->case_name) == NULL) {
        text_addf(out, " (%s)", first->case_name);
    }
    if (more > 0) {
        text_addf(out, " and %u more", more);
    }
}

static bool is_about_loss(const struct result_objective *objective)
{
    return strncmp(objective->text, "lost ", strlen("lost ")) == 0;
}

/* Those about what was lost, or all others. */
static void add_missed_objectives(const struct result *result, bool about_loss, uint32_t *listed,
                                  uint32_t *left, struct text *out)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        if (objective->met != MET_NO || is_about_loss(objective) != about_loss) {
            continue;
        }
        if (*listed >= LISTED_MAX - 1) {
            (*left)++;
            continue;
        }
        text_add(out, (*listed)++ == 0 ? "" : "; ");
        sentence_objective(objective, out);
    }
}

static void add_missed(const struct result *result, struct text *out)
{
    uint32_t listed = 0;
    uint32_t left = 0;
    uint32_t before;
    bool was_lost; /* The broker: then that says when it went away. */

    add_missed_objectives(result, true, &listed, &left, out);
    before = listed;
    listed = add_reasons(result, "broker_lost", listed, out);
    was_lost = listed > before;
    add_missed_objectives(result, false, &listed, &left, out);
    if (left > 0) {
        text_addf(out, "; and %u more", left);
    }
    if (listed > 0 && !was_lost) {
        sentence_outages(result, out);
    }
    if (listed > 0) {
        add_regression(result, out);
    }
    if (listed == 0 && add_reasons(result, NULL, 0, out) == 0) {
        add_measured(result, out);
    }
}

static void add_first_reasons(const struct result *result, const char *otherwise, struct text *out)
{
    if (add_reasons(result, NULL, 0, out) == 0) {
        text_add(out, otherwise);
    }
}

void sentence_body(const struct result *result, struct text *out)
{
    char time[FACTS_TEXT_BYTES];

    if (result->cut_off && result->verdict == VERDICT_INTERRUPTED) {
        text_addf(out, "stopped at once by the user at %s, without draining. Until then: ",
                  facts_time(result->cut_off_ns, time));
        add_measured(result, out);
        return;
    }
    if (result->cut_off) {
        text_addf(out, "the coordinator died at %s, so the journal has no end. ",
                  facts_time(result->cut_off_ns, time));
        text_add(out, "Until then: ");
        add_measured(result, out);
        return;
    }
    switch (result->verdict) {
    case VERDICT_PASS:
        add_measured(result, out);
        break;
    case VERDICT_FAIL:
    case VERDICT_REGRESSION:
        add_missed(result, out);
        break;
    case VERDICT_INVALID:
        if (result->findings.searches_count > 0) {
            /* Its trials say themselves what came of them; the rows of the self-check are of all.
             */
            text_add(out, "the search has no reliable answer. ");
            (void)sentence_answer(result, out);
            break;
        }
        text_add(out,
                 sentence_lacks_agent(result) ? SENTENCE_LACKS_AGENT : sentence_effect(result));
        if (!sentence_checks(result, out)) {
            add_first_reasons(result, "no reason was recorded", out);
        }
        break;
    case VERDICT_FAILED:
        add_first_reasons(result, "no reason was recorded", out);
        break;
    case VERDICT_INTERRUPTED:
        text_add(out, "stopped by the user. Until then: ");
        add_measured(result, out);
        break;
    }
}

int sentence_write(const struct result *result, struct text *out)
{
    text_addf(out, "%s - ", verdict_badge(result));
    sentence_body(result, out);
    return text_failed(out) ? -ENOMEM : 0;
}
