/*
 * scenario: the file that a person wrote, as a struct, and questions on it. scenario_load() makes
 * one. One thread.
 */
#ifndef MILLRACE_SCENARIO_H
#define MILLRACE_SCENARIO_H

#include "assignment.h"
#include "catalog.h"
#include "compare_terms.h"
#include "digest.h"
#include "errinfo.h"
#include "objective.h"
#include "target.h"
#include "units.h"

#include <stdbool.h>
#include <stdint.h>

enum placement { PLACEMENT_SPREAD, PLACEMENT_APART };

struct scenario_topology {
    uint32_t topics;
    uint32_t partitions;
    uint32_t producers; /* 0: a consuming run. */
    uint32_t subscriptions;
    uint32_t consumers; /* Of each subscription; 0: a producing run. */
    enum placement placement;
    bool spread_equal; /* All agents alike; else by what they can use of their CPUs, or weights. */
    /* "key=value" that the hosts of its producers, or consumers, have; "": any. */
    char producers_label[NAME_BYTES];
    char consumers_label[NAME_BYTES];
};

struct scenario_flow {
    char name[NAME_BYTES];
    bool explicit_flow; /* Written under `flows`; otherwise the one flow `main`. */
    bool has_rate;
    struct rate rate; /* Own rate; phases take percents of it. */
    struct scenario_topology topology;
    struct message_shape message;
    struct delivery delivery;
    bool persistent_given; /* false: the backend's usual; delivery.persistent means nothing. */
};

enum phase_kind {
    PHASE_LOAD, /* Percent of each flow's own rate; 100 % if the phase says nothing. */
    PHASE_RATE, /* A rate, with one flow. */
    PHASE_MAX,
    PHASE_NONE
};

struct scenario_phase {
    char name[NAME_BYTES];
    enum phase_kind kind;
    uint64_t load_percent_millis; /* PHASE_LOAD: 150 % = 150000. */
    struct rate rate;             /* PHASE_RATE; with a curve its highest. */
    uint32_t curve_first;         /* Among the setup's points. */
    uint32_t curve_count; /* PHASE_RATE: 0 if the rate is constant; a ramp is a curve of two. */
    struct phase_pacing pacing;
    int64_t duration_ns; /* `for`. */
    struct phase_consume consume;
    bool until_drained;
    uint64_t messages; /* Of each flow; 0: as many as come due. */
    bool measured;
    bool implied; /* The drain phase added because none was written. */
};

/* What a sweep gave a key. */
struct scenario_parameter {
    char key[NAME_BYTES];
    char value[NAME_BYTES]; /* As written. */
    double number; /* Counts, bytes, ns, messages a second; NAN where values are no numbers. */
};

/* Everything that can differ between cases: a variant with one value of each swept key. Without
 * variants and sweep there is one setup. */
struct scenario_setup {
    char variant[NAME_BYTES]; /* "" if there are none. */
    struct scenario_parameter *parameters;
    uint32_t parameters_count;
    struct scenario_flow *flows;
    uint32_t flows_count;
    struct scenario_phase *phases; /* Always ends with a drain phase. */
    uint32_t phases_count;
    struct curve_point *points; /* Of all phases' curves. */
    uint32_t points_count;
};

/* A search for the highest sustainable rate: its trials are phases settle, trial and drain. */
struct scenario_search {
    bool wanted;
    double from_per_s;
    double to_per_s;
    int64_t settle_ns;
    int64_t trial_ns;
    int64_t confirm_ns; /* Instead of trial_ns, of trials that confirm a bound. */
    double width;       /* 0.02: the bounds lie within 2 %. */
};

struct scenario {
    char *path;
    char *name;
    char *description;
    struct target *targets; /* After --target: only the selected ones. */
    uint32_t targets_count;
    bool unavailable_skip;
    int64_t on_broker_loss_ns;
    bool agent_loss_continues;     /* The loss of an agent does not end the run. */
    struct scenario_setup *setups; /* Variants slowest, the last swept key fastest. */
    uint32_t setups_count;
    uint32_t repeat;              /* Trials of each case. */
    int64_t calibrate_ns;         /* Of each case: into memory, or at most; 0: not at all. */
    bool calibrate_given;         /* It is written: targets that are memory are calibrated too. */
    bool selfcheck_warns;         /* What the self-check doubts is judged as it was observed. */
    struct objective *objectives; /* As written; what is implied is not among them. */
    uint32_t objectives_count;
    struct compare_terms
        compare; /* With variants, of all against the first unless said otherwise. */
    struct scenario_search search;
    char *effective; /* YAML after overlays, defaults not filled in, secrets replaced by "***". */
    char sha256[DIGEST_TEXT_BYTES]; /* Of the effective text. */
};

/* NULL is allowed. */
void scenario_free(struct scenario *scenario);

/* Frees what a setup owns and empties it. */
void scenario_setup_done(struct scenario_setup *setup);

/* The setup of a search's trial at a rate, from one of the scenario's setups. The caller frees
 * ret->phases; all else is borrowed. 0 or -ENOMEM. */
int scenario_search_setup(const struct scenario *scenario, const struct scenario_setup *of,
                          double rate, bool confirms, struct scenario_setup *ret,
                          struct errinfo *reterr);

/* Gives a phase of such a trial its rate. Flows with rates of their own share it in proportion to
 * them. */
void scenario_search_rate(const struct scenario_setup *setup, double rate,
                          struct scenario_phase *phase);

/* Is what the flow asks for available on this backend? True, or false with "WORD: why" in reason.
 */
bool scenario_flow_available(const struct scenario_flow *flow, const struct catalog_entry *entry,
                             char *reason, uint32_t reason_bytes);

/* Likewise of all its flows, and of what its phases ask of consumers. */
bool scenario_available(const struct scenario_setup *setup, const struct catalog_entry *entry,
                        char *reason, uint32_t reason_bytes);

#endif
