/*
 * scenario_loading_inner: what the stages from texts to a struct scenario work on. scenario_load
 * takes them in this order:
 *
 *   config_tree_read -> overlay_set -> select_targets -> expand -> check_keys -> build_targets
 *     -> build_search -> build_setups (each: build_flows, build_phases) -> build_objectives
 *     -> build_compare -> check_sums -> write_effective
 *
 * A stage adds what it finds to the problems and goes on, so that a person sees all of it. Only
 * memory makes it stop: problems.failed.
 */
#ifndef MILLRACE_SCENARIO_LOADING_INNER_H
#define MILLRACE_SCENARIO_LOADING_INNER_H

#include "config_tree.h"
#include "scenario.h"
#include "scenario_check.h"

struct loading {
    struct config_tree tree;
    struct scenario *scenario;
    struct scenario_setup *setup; /* That is being built, from the tree's root. */
};

#endif
