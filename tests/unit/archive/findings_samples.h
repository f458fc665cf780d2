/* findings_samples: findings with random contents in every field, and whether two are the same. */
#ifndef MILLRACE_FINDINGS_SAMPLES_H
#define MILLRACE_FINDINGS_SAMPLES_H

#include "findings.h"
#include "random.h"

#include <stdbool.h>

/* Owns memory: findings_done(). */
void sample_findings(struct random *random, struct findings *ret);

bool same_findings(const struct findings *a, const struct findings *b);

#endif
