/*
 * sentence_lists: the parts of the sentence that name targets with their figures, and what was
 * wrong with the instrument. A target with several cases is told by its range: the cases stand in
 * the section of the question. Pure.
 */
#ifndef MILLRACE_SENTENCE_LISTS_H
#define MILLRACE_SENTENCE_LISTS_H

#include "result.h"
#include "text.h"

/* The phase a case is told by: of those measured the one that asked most, `max` above all. NULL
 * without figures. */
const struct result_phase *sentence_phase(const struct result_case *result_case);

/* A phase that sends nothing is told by what was taken in it. */
bool sentence_only_receives(const struct result_phase *phase);

/* "1.20M/s (memory), 95.0k/s of 100k/s (kafka), 1.00k/s to 8.00k/s (rabbitmq)" */
void sentence_rates(const struct result *result, struct text *out);

/* "; p99 end to end 4.12 ms (rabbitmq), 7.9 ms to 12.0 ms (kafka)", publish where there is no end;
 * nothing if there is no such figure. */
void sentence_p99(const struct result *result, struct text *out);

/* "; away under load: 11.9 s (rabbitmq)": how long in all its trials a broker could not be used
 * while it was measured under load; nothing if none was. */
void sentence_outages(const struct result *result, struct text *out);

/* How long in all its trials a broker could not be used while it was measured under load. */
int64_t sentence_away_ns(const struct result_case *of);

/* What made the numbers the generator's, and what to change. False if no check says so. */
bool sentence_checks(const struct result *result, struct text *out);

/* The same for a run whose verdict does not say it already, as it rests on counts: they hold, and
 * the figures beside them may not. False if there is nothing to say. */
bool sentence_doubt(const struct result *result, struct text *out);

/* What unreliable signals mean for the figures: a sentence, and a blank. */
const char *sentence_effect(const struct result *result);

/* Is the share of an agent that was lost missing somewhere? */
#define SENTENCE_LACKS_AGENT "an agent was lost, and its share of the load is missing: "
bool sentence_lacks_agent(const struct result *result);

#endif
