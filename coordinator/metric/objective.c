#include "objective.h"

#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORM "METRIC RELATION VALUE, such as e2e.p99 < 10ms"

static const char *const relations[] = {
    [RELATION_LESS] = "<",    [RELATION_LESS_OR_EQUAL] = "<=",
    [RELATION_GREATER] = ">", [RELATION_GREATER_OR_EQUAL] = ">=",
    [RELATION_EQUAL] = "==",
};
#define RELATIONS_COUNT (sizeof relations / sizeof relations[0])

/* A share: 99% or 0.99. */
static int parse_share(const char *text, double *ret)
{
    char *end = NULL;

    if (units_parse_percent(text, ret) == 0) {
        return *ret <= 1.0 ? 0 : -EINVAL;
    }
    if (text[0] == '\0' || strspn(text, "0123456789.") != strlen(text)) {
        return -EINVAL;
    }
    *ret = strtod(text, &end);
    return *end == '\0' && *ret <= 1.0 ? 0 : -EINVAL;
}

/* The value in the metric's unit. */
static int parse_value(const struct metric *metric, const char *text, double *ret,
                       struct errinfo *reterr)
{
    const char *form = "a count such as 10k";
    struct rate rate;
    int64_t ns;
    uint64_t count;
    int r;

    if (strcmp(metric->unit, "ns") == 0) {
        form = "a duration such as 10ms";
        r = units_parse_duration_ns(text, &ns);
        *ret = r == 0 ? (double)ns : 0.0;
    } else if (metric->kind == METRIC_RATE) {
        form = "a rate such as 20k/s";
        r = units_parse_rate(text, &rate);
        *ret = r == 0 ? rate_per_s(rate) : 0.0;
    } else if (metric->kind == METRIC_ATTAINED) {
        form = "a share such as 99%, at most 100%";
        r = parse_share(text, ret);
    } else {
        r = units_parse_count(text, &count);
        *ret = r == 0 ? (double)count : 0.0;
    }
    return r == 0 ? 0
                  : errinfo_set(reterr, -EINVAL, "\"%.40s\" is no limit of %s (%s)", text,
                                metric->name, form);
}

static int parse_relation(const char *text, enum objective_relation *ret, struct errinfo *reterr)
{
    for (size_t i = 0; i < RELATIONS_COUNT; i++) {
        if (strcmp(relations[i], text) == 0) {
            *ret = (enum objective_relation)i;
            return 0;
        }
    }
    return errinfo_set(reterr, -EINVAL, "\"%.40s\" is no relation (<, <=, >, >= or ==)", text);
}

int objective_parse(const char *text, struct objective *ret, struct errinfo *reterr)
{
    char parts[3][OBJECTIVE_BYTES / 3];
    uint32_t count = 0;
    int r;

    memset(ret, 0, sizeof *ret);
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t bytes = strcspn(text, " ");

        if (count == 3 || bytes >= sizeof parts[0]) {
            count = 0;
            break;
        }
        memcpy(parts[count], text, bytes);
        parts[count++][bytes] = '\0';
        text += bytes;
    }
    if (count != 3) {
        return errinfo_set(reterr, -EINVAL, "is not of the form " FORM);
    }
    r = metric_parse(parts[0], &ret->metric, reterr);
    r = r < 0 ? r : parse_relation(parts[1], &ret->relation, reterr);
    r = r < 0 ? r : parse_value(&ret->metric, parts[2], &ret->limit, reterr);
    if (r == 0) {
        (void)snprintf(ret->text, sizeof ret->text, "%s %s %s", parts[0], parts[1], parts[2]);
    }
    return r;
}

/* Is the count known as it happens? The others come from comparing what was sent with what came. */
static bool is_counted_at_once(const struct metric *metric)
{
    return metric->which == WHICH_REFUSED || metric->which == WHICH_UNCONFIRMED ||
           metric->which == WHICH_CORRUPTED || metric->which == WHICH_ERRORS;
}

int objective_set_window(struct objective *objective, int64_t window_ns, double within,
                         int64_t after_ns, struct errinfo *reterr)
{
    const struct metric *metric = &objective->metric;
    char window[UNITS_TEXT_BYTES];
    char after[UNITS_TEXT_BYTES];
    size_t used = strlen(objective->text);

    if (metric->kind == METRIC_BACKLOG || metric->kind == METRIC_OUTAGE ||
        (metric->kind == METRIC_COUNT && !is_counted_at_once(metric))) {
        return errinfo_set(reterr, -EINVAL,
                           "%s is not known window by window (latencies, rates, attained, refused, "
                           "unconfirmed, corrupted and errors are)",
                           metric->name);
    }
    if (window_ns % INTERVAL_NS != 0) {
        return errinfo_set(reterr, -EINVAL, "windows are made of whole seconds (such as 10s)");
    }
    objective->window_ns = window_ns;
    objective->within = within;
    objective->after_ns = after_ns;
    (void)snprintf(objective->text + used, sizeof objective->text - used,
                   " in %.10g %% of windows of %s%s%s", within * 100.0,
                   units_format_duration(window_ns, window), after_ns > 0 ? " after " : "",
                   after_ns > 0 ? units_format_duration(after_ns, after) : "");
    return 0;
}

int objective_set_abort(struct objective *objective, struct errinfo *reterr)
{
    bool grows = objective->metric.kind == METRIC_COUNT && is_counted_at_once(&objective->metric) &&
                 objective->relation != RELATION_GREATER &&
                 objective->relation != RELATION_GREATER_OR_EQUAL;

    if (objective->window_ns == 0 && !grows) {
        return errinfo_set(reterr, -EINVAL,
                           "whether it is missed is known at the end only (with a window it is "
                           "known earlier; refused, unconfirmed, corrupted and errors with a limit "
                           "above are, too)");
    }
    objective->abort = true;
    return 0;
}

bool objective_holds(const struct objective *objective, double observed)
{
    switch (objective->relation) {
    case RELATION_LESS:
        return observed < objective->limit;
    case RELATION_LESS_OR_EQUAL:
        return observed <= objective->limit;
    case RELATION_GREATER:
        return observed > objective->limit;
    case RELATION_GREATER_OR_EQUAL:
        return observed >= objective->limit;
    case RELATION_EQUAL:
        return observed == objective->limit;
    }
    return false;
}
