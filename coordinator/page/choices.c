#include "choices_inner.h"

#include "facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines of all choices but the first, together: beside its points each costs its names. */
#define CHOICES_LINES_MAX 96u

/* Fewer would not be a line. */
#define CHOICES_POINTS_MIN 20u

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The number from 1 that all lines show; 0: they differ. */
static uint32_t number_of(const struct lines *lines)
{
    uint32_t number = 0;

    for (uint32_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->list[i];
        uint32_t own = (uint32_t)(line->trial - line->result_case->trials) + 1;

        if (i > 0 && own != number) {
            return 0;
        }
        number = own;
    }
    return number;
}

static uint32_t trials_max(const struct lines *lines)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < lines->count; i++) {
        uint32_t own = lines->list[i].result_case->trials_count;

        most = own > most ? own : most;
    }
    return most;
}

/* Trials below a number that nothing was seen of are no choice. */
static bool is_choice(const struct lines *lines, uint32_t number)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct result_case *of = lines->list[i].result_case;

        if (number <= of->trials_count && lines_last(&of->trials[number - 1])) {
            return true;
        }
    }
    return false;
}

/* How many of them there are, without that which is shown first. */
static uint32_t count_others(const struct choices *choices)
{
    uint32_t others = 0;

    for (uint32_t number = 1; number <= trials_max(&choices->list[0]); number++) {
        others += number != choices->numbers[0] && is_choice(&choices->list[0], number) ? 1 : 0;
    }
    return others;
}

static void add_others(struct choices *choices, uint32_t others)
{
    uint32_t lines = choices->list[0].count;
    uint32_t points = CHOICES_POINTS_MAX / (others * lines);
    uint32_t most = trials_max(&choices->list[0]);

    if (points < CHOICES_POINTS_MIN) {
        points = CHOICES_POINTS_MIN;
    }
    for (uint32_t number = 1; number <= most && choices->count <= others; number++) {
        if (number != choices->numbers[0] && is_choice(&choices->list[0], number)) {
            lines_find(choices->result, number, smaller(points, THIN_POINTS_MAX),
                       &choices->list[choices->count]);
            choices->failed |= choices->list[choices->count].failed;
            choices->numbers[choices->count++] = number;
        }
    }
}

void choices_find(const struct result *result, struct choices *choices)
{
    uint32_t others;
    uint32_t shown;

    memset(choices, 0, sizeof *choices);
    choices->result = result;
    choices->list = calloc(CHOICES_MAX + 1, sizeof *choices->list);
    choices->numbers = calloc(CHOICES_MAX + 1, sizeof *choices->numbers);
    if (choices->list == NULL || choices->numbers == NULL) {
        choices->failed = true;
        return;
    }
    lines_find(result, 0, THIN_POINTS_MAX, &choices->list[0]);
    choices->count = 1;
    choices->failed = choices->list[0].failed;
    if (choices->failed || choices->list[0].count == 0) {
        return;
    }
    choices->numbers[0] = number_of(&choices->list[0]);
    others = count_others(choices);
    shown = smaller(others, smaller(CHOICES_MAX, CHOICES_LINES_MAX / choices->list[0].count));
    choices->left = others - shown;
    if (shown > 0) {
        add_others(choices, shown);
    }
}

void choices_done(struct choices *choices)
{
    for (uint32_t i = 0; i < choices->count; i++) {
        lines_done(&choices->list[i]);
    }
    free(choices->list);
    free(choices->numbers);
}

/* Trials of one case that ask for different rates, as a search's do, are told by them. */
static void add_asked(const struct choices *choices, uint32_t choice, struct text *out)
{
    const struct lines *lines = &choices->list[choice];
    const struct result_trial *trial = lines->list[0].trial;
    char rate[UNITS_TEXT_BYTES];

    if (lines->count > 1 || choices->result->findings.searches_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < trial->phases_count; i++) {
        const struct result_phase *phase = &trial->phases[i];

        if (phase->measured && phase->flow[0] == '\0' && !phase->is_max) {
            text_addf(out, ", %s asked", units_format_rate(phase->asked_per_s, rate));
            return;
        }
    }
}

void choices_add_control(const struct choices *choices, struct document *doc)
{
    struct text options = {0};

    if (choices->count <= 1) {
        return;
    }
    for (uint32_t i = 0; i < choices->count; i++) {
        if (choices->numbers[i] == 0) {
            text_add(&options, "the one each case is told by");
        } else {
            text_addf(&options, "%s%u", i == 0 ? "" : "\n", choices->numbers[i]);
            add_asked(choices, i, &options);
        }
    }
    doc_choice(doc, "Trial in the charts of this section", &options);
}

void choices_add_chart(const struct choices *choices, choices_draw *draw, uint32_t number,
                       struct document *doc)
{
    char caption[REASON_BYTES] = "";
    struct chart chart;

    draw(choices->result, &choices->list[0], number, &chart, caption);
    for (uint32_t i = 1; i < choices->count; i++) {
        char other_caption[REASON_BYTES] = "";
        struct chart other;

        draw(choices->result, &choices->list[i], number, &other, other_caption);
        chart_other(&chart, other_caption, &other);
    }
    chart_end(&chart);
    doc_chart(doc, caption, &chart.json);
}

bool choices_any(const struct choices *choices, enum line_value value)
{
    double highest;
    double at_s;

    for (uint32_t i = 0; i < choices->count; i++) {
        if (lines_highest(&choices->list[i], value, &highest, &at_s) != NULL) {
            return true;
        }
    }
    return false;
}
