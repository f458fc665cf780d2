/* scenario_docs: what editors and people read about the keys, made from the table of keys. */
#ifndef MILLRACE_TEST_SCENARIO_DOCS_H
#define MILLRACE_TEST_SCENARIO_DOCS_H

#include "text.h"

/* A JSON schema (draft 2020-12), as scenarios/schema.json holds it. */
void docs_schema(struct text *text);

/* A table of all keys in Markdown, as scenarios/README.md holds it. */
void docs_reference(struct text *text);

#endif
