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
        return 0;
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
        form = "a share such as 99%";
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
