#include "points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct result_parameter *parameter_of(const struct result_case *of, const char *key)
{
    for (uint32_t i = 0; i < of->parameters_count; i++) {
        if (strcmp(of->parameters[i].key, key) == 0) {
            return &of->parameters[i];
        }
    }
    return NULL;
}

static bool is_point(const struct result_case *of, const char *key)
{
    const struct result_parameter *parameter = parameter_of(of, key);

    return of->status == CASE_MEASURED && parameter != NULL && isfinite(parameter->number);
}

/* Do they differ in nothing but key? */
static bool is_same_set(const struct result_case *a, const struct result_case *b, const char *key)
{
    if (strcmp(a->target, b->target) != 0 || strcmp(a->variant, b->variant) != 0 ||
        a->parameters_count != b->parameters_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->parameters_count; i++) {
        const struct result_parameter *other = parameter_of(b, a->parameters[i].key);

        if (other == NULL ||
            (strcmp(other->key, key) != 0 && strcmp(other->value, a->parameters[i].value) != 0)) {
            return false;
        }
    }
    return true;
}

bool points_begin(const struct result *result, const struct result_case *of, const char *key)
{
    for (const struct result_case *before = result->cases; before < of; before++) {
        if (is_point(before, key) && is_same_set(before, of, key)) {
            return false;
        }
    }
    return is_point(of, key);
}

const struct result_figure *figure_find(const struct result_case *of, const char *phase,
                                        const char *metric)
{
    for (uint32_t i = 0; i < of->figures_count; i++) {
        const struct result_figure *figure = &of->figures[i];

        if (figure->flow[0] == '\0' && strcmp(figure->phase, phase) == 0 &&
            strcmp(figure->metric, metric) == 0) {
            return figure;
        }
    }
    return NULL;
}

static int rising(const void *a, const void *b)
{
    const struct case_point *left = a;
    const struct case_point *right = b;

    return (left->x > right->x) - (left->x < right->x);
}

uint32_t points_collect(const struct result *result, const struct result_case *first,
                        const char *key, const char *phase, const char *metric, struct points *ret)
{
    ret->count = 0;
    for (uint32_t c = 0; c < result->cases_count; c++) {
        const struct result_case *of = &result->cases[c];
        const struct result_figure *figure = figure_find(of, phase, metric);

        if (ret->count < POINTS_MAX && is_point(of, key) && is_same_set(first, of, key) &&
            figure != NULL && figure->trials >= POINT_TRIALS_MIN && figure->median > 0.0 &&
            parameter_of(of, key)->number > 0.0) { /* Curves are looked at by ratios. */
            ret->list[ret->count++] =
                (struct case_point){.of = of, .x = parameter_of(of, key)->number, .figure = figure};
        }
    }
    qsort(ret->list, ret->count, sizeof ret->list[0], rising);
    return ret->count;
}
