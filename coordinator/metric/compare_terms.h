/* compare_terms: what is compared with what, and which change of which metric is too much. Data. */
#ifndef MILLRACE_COMPARE_TERMS_H
#define MILLRACE_COMPARE_TERMS_H

#include "metric.h"

#define COMPARE_WORSE_MAX 16

struct compare_gate {
    struct metric metric;
    double threshold; /* 0.1: 10 % worse is too much. */
};

struct compare_terms {
    char baseline[NAME_BYTES]; /* A variant, or a target's label; "": nothing is compared. */
    bool by_target;
    struct compare_gate worse[COMPARE_WORSE_MAX]; /* What a regression is judged by. */
    uint32_t worse_count;
};

#endif
