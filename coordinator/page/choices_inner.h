/*
 * choices_inner: the trials that charts over time can show, one at a time: that which stands there
 * first, and the others of each case, by their numbers. A case that has no trial of a number keeps
 * its first choice. Pure.
 */
#ifndef MILLRACE_CHOICES_INNER_H
#define MILLRACE_CHOICES_INNER_H

#include "charts_inner.h"
#include "document_inner.h"
#include "lines.h"

/* More of them nobody looks through; and each is data in the page. */
#define CHOICES_MAX 32u

/* Points of all lines of all choices but the first, together: they stay small beside the first,
 * whatever is repeated how often. */
#define CHOICES_POINTS_MAX 2400u

struct choices {
    const struct result *result;
    struct lines *list; /* Of the first choice, then of the others; at least one. */
    uint32_t *numbers;  /* From 1, of the trial; 0: not all cases show the same one. */
    uint32_t count;
    uint32_t left; /* Trials that can't be chosen, as there are too many. */
    bool failed;   /* Memory ran out. */
};

/* choices_done() it in any case; ask choices->failed. */
void choices_find(const struct result *result, struct choices *choices);
void choices_done(struct choices *choices);

/* The control with which a reader chooses; nothing where there is no choice. */
void choices_add_control(const struct choices *choices, struct document *doc);

/* Draws one chart of these lines: begins it, adds all but its end, and says what is seen in it.
 * number: which of the charts of its kind. caption: REASON_BYTES. */
typedef void choices_draw(const struct result *result, const struct lines *lines, uint32_t number,
                          struct chart *chart, char *caption);

/* A chart with all its choices. */
void choices_add_chart(const struct choices *choices, choices_draw *draw, uint32_t number,
                       struct document *doc);

/* Is the value above zero at any time, in any choice? */
bool choices_any(const struct choices *choices, enum line_value value);

#endif
