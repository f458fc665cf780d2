/*
 * scenario_stages: the steps from texts to a struct scenario, in the order in which scenario_load
 * takes them. Internal to the module.
 *
 *   config_tree_read -> overlay_set -> select_targets -> expand -> check_keys
 *     -> build_targets, build_setups (each: build_flows, build_phases) -> write_effective
 *
 * A stage adds what it finds to the problems and goes on, so that a person sees all of it. Only
 * memory makes it stop: problems->failed.
 */
#ifndef MILLRACE_SCENARIO_STAGES_H
#define MILLRACE_SCENARIO_STAGES_H

#include "config_tree.h"
#include "scenario.h"
#include "scenario_keys.h"

/* What a load works on. */
struct loading {
    struct config_tree tree;
    struct scenario *scenario;
    struct scenario_setup *setup; /* That is being built, from the tree's root. */
};

/* Keeps the targets named by LABEL or LABEL=ADDRESS, in that order. */
void select_targets(struct loading *loading, const char *const *names, uint32_t names_count,
                    uint32_t order);

/* Every node against the table of keys: unknown, not yet, type, range, missing. */
void check_keys(struct config_tree *tree);

/* The node's row in the table of keys; NULL: it was not checked, or was refused. */
const struct scenario_key *node_row(const struct node *node);

void build_targets(struct loading *loading);

/* Every case's flows and phases, with their warnings. */
void build_setups(struct loading *loading);
/* After the setups: it looks whether phases and flows are there. */
void build_objectives(struct loading *loading);
void build_compare(struct loading *loading);
/* Last: what all of it comes to. */
void check_sums(struct loading *loading);

/* The terms of a search, before the setups; and what a setup has for phases then. */
void build_search(struct loading *loading);
void build_search_phases(struct loading *loading);

/* Adds the drain phase that a scenario does not have to write. */
void build_drain(struct scenario_setup *setup);

void scenario_setup_done(struct scenario_setup *setup);

/* Of loading->setup, from loading->tree.root. */
void build_flows(struct loading *loading);
void build_phases(struct loading *loading);

/* The mapping form of a phase's rate: a ramp over the phase's duration, or a curve. */
void build_curve(struct loading *loading, struct node *rate, struct scenario_phase *phase);

/* Warnings that need targets and flows: idle consumers, what is not available where. */
void build_warnings(struct loading *loading);

/* Fills scenario->effective and sha256. 0 or -ENOMEM. */
int write_effective(struct loading *loading);

/* Entry of a mapping if it can be used: there, checked, of the right type; else NULL. */
const struct node *usable(const struct node *map, const char *key);

/* Its value, or the table's default of the row at path; its number alone. */
struct key_value usable_value(const struct node *node, const char *path);
int64_t usable_number(const struct node *node, const char *path);

#endif
