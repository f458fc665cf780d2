/* scenario_search_terms_inner: what a search is to find, and its phases. */
#ifndef MILLRACE_SCENARIO_SEARCH_TERMS_INNER_H
#define MILLRACE_SCENARIO_SEARCH_TERMS_INNER_H

#include "scenario_loading_inner.h"

/* The terms, before the setups. */
void build_search(struct loading *loading);

/* What loading->setup has for phases then. */
void build_search_phases(struct loading *loading);

#endif
