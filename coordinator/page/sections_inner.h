/*
 * sections_inner: the parts of a report, each a pure function from the result to a section of the
 * document. A builder whose figures the result does not have adds nothing: there are no empty
 * sections. A new section is a function here and a row in the table of sections.c.
 */
#ifndef MILLRACE_SECTIONS_INNER_H
#define MILLRACE_SECTIONS_INNER_H

#include "document_inner.h"
#include "result.h"

void section_headline(const struct result *result, struct document *doc);
void section_noise(const struct result *result, struct document *doc);
void section_search(const struct result *result, struct document *doc);
void section_compared(const struct result *result, struct document *doc);
void section_sweep(const struct result *result, struct document *doc);
void section_timeline(const struct result *result, struct document *doc);
void section_heat(const struct result *result, struct document *doc);
/* Part of section_latency(). */
void section_flows(const struct result *result, struct document *doc);
void section_latency(const struct result *result, struct document *doc);
void section_audit(const struct result *result, struct document *doc);
void section_parties(const struct result *result, struct document *doc);
void section_outages(const struct result *result, struct document *doc);
void section_check(const struct result *result, struct document *doc);
/* Part of section_agents(). */
void section_memory(const struct result *result, struct document *doc);
void section_agents(const struct result *result, struct document *doc);
void section_insights(const struct result *result, struct document *doc);
void section_phases(const struct result *result, struct document *doc);
void section_repeat(const struct result *result, struct document *doc);

/* Part of section_repeat(): what the words of a report mean. */
void section_glossary(struct document *doc);

/* All of them in reading order. */
void sections_build(const struct result *result, struct document *doc);

#endif
