/* The cases of a scenario: every variant with every combination of swept values is a setup, built
 * from a copy of the tree in which its overrides are laid. */
#include "scenario_setups_inner.h"

#include "bounds.h"
#include "config_overlay.h"
#include "scenario_flows_inner.h"
#include "scenario_phases_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An override of one setup. */
struct override {
    const char *key;
    struct origin key_at;
    const struct node *value; /* In the scenario's own tree. */
    bool swept;
};

/* Which variant, and which value of each swept key; counts on like an odometer. */
struct combination {
    const struct node *variants; /* NULL: there are none. */
    const struct node *variant;
    const struct node *sweep;
    struct {
        const struct node *key;
        const struct node *value;
    } wheels[SWEEP_KEYS_MAX];
    uint32_t wheels_count;
};

static void combination_begin(struct loading *loading, struct combination *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->variants = usable(loading->tree.root, "variants");
    ret->variant = ret->variants != NULL ? ret->variants->first : NULL;
    ret->sweep = usable(loading->tree.root, "sweep");
    for (const struct node *key = ret->sweep != NULL ? ret->sweep->first : NULL;
         key != NULL && ret->wheels_count < SWEEP_KEYS_MAX; key = key->next) {
        ret->wheels[ret->wheels_count].key = key;
        ret->wheels[ret->wheels_count++].value = key->first;
    }
}

/* The last key turns fastest, the variants slowest. False: that was the last one. */
static bool combination_next(struct combination *combination)
{
    for (uint32_t i = combination->wheels_count; i-- > 0;) {
        combination->wheels[i].value = combination->wheels[i].value->next;
        if (combination->wheels[i].value != NULL) {
            return true;
        }
        combination->wheels[i].value = combination->wheels[i].key->first;
    }
    combination->variant = combination->variant != NULL ? combination->variant->next : NULL;
    return combination->variant != NULL;
}

static uint64_t combinations_count(const struct combination *combination)
{
    uint64_t count = combination->variants != NULL ? 0 : 1;

    for (const struct node *variant = combination->variant; variant != NULL;
         variant = variant->next) {
        count++;
    }
    for (uint32_t i = 0; i < combination->wheels_count; i++) {
        uint64_t values = 0;

        for (const struct node *value = combination->wheels[i].value; value != NULL;
             value = value->next) {
            values++;
        }
        count = count > SETUPS_MAX ? count : count * values;
    }
    return count;
}

/* Whose keys mean something different from case to case. */
static bool may_be_overridden(const char *key)
{
    static const char *const groups[] = {"topology.", "message.", "delivery.", "flows.", "phases."};

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (strncmp(key, groups[i], strlen(groups[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Lays one override over the copy; returns what stands there now, or NULL after a problem. */
static struct node *lay(struct loading *loading, const struct override *override)
{
    struct node *value = node_copy(&loading->tree.pool, override->value);

    if (value == NULL) {
        loading->tree.problems.failed = true;
        return NULL;
    }
    if (!may_be_overridden(override->key)) {
        problems_add(&loading->tree.problems, override->key_at, override->key,
                     "can't differ between cases (keys of topology, message, delivery, flows and "
                     "phases can)");
        return NULL;
    }
    return overlay_put(&loading->tree, override->key, value, override->key_at) ? value : NULL;
}

/* "512", or of a mapping "batch:100". */
static void value_text(const struct node *value, char *ret, size_t ret_bytes)
{
    size_t used = 0;

    ret[0] = '\0';
    for (struct node *node = (struct node *)(uintptr_t)value; node != NULL && used < ret_bytes;
         node = node_walk(value, node)) {
        if (node->kind == NODE_SCALAR) {
            used += (size_t)snprintf(ret + used, ret_bytes - used, "%s%s%s%s", used > 0 ? "," : "",
                                     node != value && node->key ? node->key : "",
                                     node != value && node->key ? ":" : "", node->text);
        }
    }
}

/* In the unit that charts have for it; NAN where values are no numbers. */
static double value_number(const struct node *value)
{
    if (value->kind != NODE_SCALAR || value->bad || value->row == NULL) {
        return NAN;
    }
    switch (node_row(value)->type) {
    case KEY_COUNT:
    case KEY_BYTES:
    case KEY_DURATION:
        return (double)value->number;
    case KEY_BYTES_RANGE:
        return value->number == value->number_max ? (double)value->number : NAN;
    case KEY_PERCENT:
    case KEY_DECIMAL:
        return (double)value->number / 1000.0;
    case KEY_RATE:
        return rate_per_s(value->rate);
    case KEY_PHASE_RATE:
        return value->number == PHASE_RATE_RATE ? rate_per_s(value->rate) : NAN;
    default:
        return NAN;
    }
}

static void add_parameter(struct scenario_setup *setup, const struct override *override,
                          const struct node *laid)
{
    struct scenario_parameter *parameter = &setup->parameters[setup->parameters_count++];

    (void)snprintf(parameter->key, sizeof parameter->key, "%.63s", override->key);
    value_text(override->value, parameter->value, sizeof parameter->value);
    parameter->number = value_number(laid);
}

/* A group would lose the keys that the override does not name. */
static void check_laid(struct loading *loading, struct node *laid)
{
    if (!laid->bad && laid->row != NULL && node_row(laid)->type == KEY_MAP) {
        problems_node(&loading->tree.problems, laid,
                      "is a group of keys (name one of them, as in "
                      "delivery.ordered: true)");
    }
}

static uint32_t overrides_of(const struct combination *combination, struct override *ret)
{
    uint32_t count = 0;

    for (const struct node *entry = combination->variant != NULL ? combination->variant->first
                                                                 : NULL;
         entry != NULL && count < OVERRIDES_MAX; entry = entry->next) {
        ret[count++] = (struct override){entry->key, entry->key_at, entry, false};
    }
    for (uint32_t i = 0; i < combination->wheels_count; i++) {
        ret[count++] =
            (struct override){combination->wheels[i].key->key, combination->wheels[i].key->key_at,
                              combination->wheels[i].value, true};
    }
    return count;
}

/* Builds the setup of one combination from a copy of the tree. */
static void build_combination(struct loading *loading, const struct combination *combination)
{
    struct scenario_setup *setup = &loading->scenario->setups[loading->scenario->setups_count++];
    struct override overrides[OVERRIDES_MAX + SWEEP_KEYS_MAX];
    struct node *laid[OVERRIDES_MAX + SWEEP_KEYS_MAX];
    uint32_t count = overrides_of(combination, overrides);
    struct node *base = loading->tree.root;
    struct node_pool pool = loading->tree.pool;

    loading->tree.pool = (struct node_pool){.form = pool.form};
    loading->tree.root = node_copy(&loading->tree.pool, base);
    loading->setup = setup;
    setup->parameters = calloc((size_t)combination->wheels_count + 1, sizeof *setup->parameters);
    if (loading->tree.root == NULL || setup->parameters == NULL) {
        loading->tree.problems.failed = true;
        count = 0;
    }
    if (combination->variant != NULL) {
        (void)snprintf(setup->variant, sizeof setup->variant, "%.63s", combination->variant->key);
    }
    for (uint32_t i = 0; i < count; i++) {
        laid[i] = lay(loading, &overrides[i]);
    }
    if (!loading->tree.problems.failed) {
        check_keys(&loading->tree);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (laid[i] != NULL) {
            check_laid(loading, laid[i]);
        }
        if (laid[i] != NULL && overrides[i].swept) {
            add_parameter(setup, &overrides[i], laid[i]);
        }
    }
    if (!loading->tree.problems.failed) {
        build_flows(loading);
        build_phases(loading);
        build_warnings(loading);
    }
    node_pool_done(&loading->tree.pool);
    loading->tree.pool = pool;
    loading->tree.root = base;
}

/* Is a value like this one listed in front of it? */
static bool has_twin(const struct node *first, const struct node *value, const char *text)
{
    char other[REASON_BYTES];

    for (const struct node *twin = first; twin != value; twin = twin->next) {
        value_text(twin, other, sizeof other);
        if (strcmp(text, other) == 0) {
            return true;
        }
    }
    return false;
}

/* Two equal values of a key would be two cases of one name. */
static void check_twins(struct loading *loading, const struct combination *combination)
{
    for (uint32_t i = 0; i < combination->wheels_count; i++) {
        const struct node *key = combination->wheels[i].key;
        uint32_t values = 0; /* Of a list that is too long anyway, the first are enough. */

        for (const struct node *value = key->first; value != NULL && values++ < SETUPS_MAX;
             value = value->next) {
            char text[REASON_BYTES];

            value_text(value, text, sizeof text);
            if (has_twin(key->first, value, text)) {
                problems_add(&loading->tree.problems, value->at, key->key,
                             "\"%s\" stands here twice (each value once)", text);
            }
        }
    }
}

/* Of all targets and trials together. */
static void check_matrix(struct loading *loading)
{
    const struct scenario *scenario = loading->scenario;
    uint64_t cases = (uint64_t)scenario->setups_count * scenario->targets_count;
    uint64_t trials = cases * scenario->repeat;
    struct node *repeat = node_child(loading->tree.root, "repeat");
    struct node *sweep = node_child(loading->tree.root, "sweep");

    sweep = sweep != NULL ? sweep : node_child(loading->tree.root, "variants");
    if (cases > CASES_MAX && sweep != NULL) {
        problems_node(&loading->tree.problems, sweep,
                      "makes %llu cases on all targets, more than a run can have (at most %d)",
                      (unsigned long long)cases, CASES_MAX);
    } else if (trials > TRIALS_MAX && repeat != NULL && !repeat->bad) {
        problems_node(&loading->tree.problems, repeat,
                      "makes %llu trials of %llu cases, more than a run can have (at most %d)",
                      (unsigned long long)trials, (unsigned long long)cases, TRIALS_MAX);
    }
}

void build_setups(struct loading *loading)
{
    struct scenario *scenario = loading->scenario;
    struct combination combination;
    uint64_t count;

    combination_begin(loading, &combination);
    count = combinations_count(&combination);
    if (count > SETUPS_MAX) {
        problems_node(
            &loading->tree.problems,
            node_child(loading->tree.root, combination.sweep != NULL ? "sweep" : "variants"),
            "with variants and swept values there are more combinations than a run can "
            "have (at most %d)",
            SETUPS_MAX);
        count = 1;
    }
    scenario->setups = calloc((size_t)count + 1, sizeof *scenario->setups);
    if (scenario->setups == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    /* What is wrong without any override is said once, and nothing is laid over it. */
    loading->setup = &scenario->setups[0];
    build_flows(loading);
    build_phases(loading);
    if (loading->tree.problems.failed || loading->tree.problems.count > 0) {
        check_twins(loading, &combination);
        scenario->setups_count = 1;
        return;
    }
    if (combination.variants == NULL && combination.sweep == NULL) {
        scenario->setups_count = 1;
        build_warnings(loading);
        check_matrix(loading);
        return;
    }
    scenario_setup_done(&scenario->setups[0]);
    do {
        build_combination(loading, &combination);
    } while (!loading->tree.problems.failed && combination_next(&combination));
    check_twins(loading, &combination);
    check_matrix(loading);
}
