#include "scenario_load.h"

#include "bounds.h"
#include "config_expand.h"
#include "config_overlay.h"
#include "scenario_compare_inner.h"
#include "scenario_effective_inner.h"
#include "scenario_objectives_inner.h"
#include "scenario_search_terms_inner.h"
#include "scenario_select_inner.h"
#include "scenario_setups_inner.h"
#include "scenario_sums_inner.h"
#include "scenario_targets_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the tree has to know of a scenario. */
static const struct config_named named_entries[] = {
    {"targets", {"label", "backend"}}, {"phases", {"name"}}, {"flows", {NULL}}, {NULL, {NULL}}};
/* Keys of the table with their dots, or metrics (e2e.p99). */
static const char *const dotted_entries[] = {"sweep", "variants.*", "compare.worse", NULL};
static const struct config_form scenario_form = {.what = "scenario",
                                                 .key_example = "message.size",
                                                 .bytes_max = SCENARIO_BYTES_MAX,
                                                 .named = named_entries,
                                                 .dotted = dotted_entries};

static int load_file(struct loading *loading, const char *path, uint32_t order,
                     struct text *problems)
{
    struct errinfo error = {0};
    int r = config_tree_read(&loading->tree, path, order, &error);

    if (error.text[0] != '\0') {
        text_addf(problems, "%s\n", error.text);
    }
    return r;
}

static int load_sources(struct loading *loading, const struct scenario_sources *sources,
                        struct text *problems)
{
    uint32_t order = 0;
    int r = sources->text != NULL
                ? config_tree_take(&loading->tree, sources->path, sources->text, order)
                : load_file(loading, sources->path, order, problems);

    order++;
    for (uint32_t i = 0; r == 0 && i < sources->with_count; i++) {
        r = load_file(loading, sources->with[i], order++, problems);
    }
    for (uint32_t i = 0; r == 0 && i < sources->set_count; i++) {
        struct origin at = {.order = order++};

        at.file = config_tree_string(&loading->tree, "--set ", sources->set[i],
                                     strcspn(sources->set[i], "="));
        if (at.file != NULL) {
            overlay_set(&loading->tree, sources->set[i], at);
        }
    }
    if (r == 0 && sources->targets_count > 0) {
        select_targets(loading, sources->targets, sources->targets_count, order);
    }
    return r;
}

/* The file's name without folder and ending, made into a name. */
static char *default_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = strndup(slash != NULL ? slash + 1 : path, NAME_BYTES - 1);
    char *dot = name != NULL ? strrchr(name, '.') : NULL;

    if (name == NULL) {
        return NULL;
    }
    if (dot != NULL && dot != name) {
        *dot = '\0';
    }
    for (char *byte = name; *byte != '\0'; byte++) {
        char one[] = {byte == name ? '0' : 'a', *byte, '\0'};

        /* Each character by itself, as one that begins a name or follows in it. */
        if (!scenario_name_is_right(byte == name ? one + 1 : one)) {
            *byte = byte == name ? 's' : '-';
        }
    }
    if (!scenario_name_is_right(name)) {
        free(name);
        return strdup("scenario");
    }
    return name;
}

static void build_head(struct loading *loading)
{
    struct scenario *scenario = loading->scenario;
    const struct node *name = usable(loading->tree.root, "name");
    const struct node *description = usable(loading->tree.root, "description");

    scenario->name = name != NULL ? strdup(name->text) : default_name(scenario->path);
    scenario->description = strdup(description != NULL ? description->text : "");
    scenario->unavailable_skip =
        usable_number(usable(loading->tree.root, "unavailable"), "unavailable") == 1;
    scenario->on_broker_loss_ns =
        usable_number(usable(loading->tree.root, "on_broker_loss"), "on_broker_loss");
    scenario->agent_loss_continues =
        usable_number(usable(loading->tree.root, "on_agent_loss"), "on_agent_loss") == 1;
    scenario->repeat = (uint32_t)usable_number(usable(loading->tree.root, "repeat"), "repeat");
    scenario->calibrate_ns = usable_number(usable(loading->tree.root, "calibrate"), "calibrate");
    scenario->calibrate_given = node_child(loading->tree.root, "calibrate") != NULL;
    scenario->selfcheck_warns =
        usable_number(usable(loading->tree.root, "selfcheck"), "selfcheck") == 1;
    if (scenario->name == NULL || scenario->description == NULL) {
        loading->tree.problems.failed = true;
    }
}

static void build(struct loading *loading, const char *path)
{
    loading->scenario = calloc(1, sizeof *loading->scenario);
    if (loading->scenario == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    loading->scenario->path = strdup(path);
    if (loading->scenario->path == NULL) {
        loading->tree.problems.failed = true;
        return;
    }
    expand(&loading->tree);
    check_keys(&loading->tree);
    build_head(loading);
    build_targets(loading);
    build_search(loading);
    build_setups(loading);
    build_objectives(loading);
    build_compare(loading);
    check_sums(loading);
    if (!loading->tree.problems.failed && loading->tree.problems.count == 0) {
        loading->tree.problems.failed = write_effective(loading) < 0;
    }
}

int scenario_load(const struct scenario_sources *sources, struct scenario **ret,
                  struct text *problems, struct text *warnings)
{
    struct loading loading = {0};
    int r;

    config_tree_init(&loading.tree, &scenario_form);
    r = load_sources(&loading, sources, problems);
    if (r == 0) {
        build(&loading, sources->path);
    }
    problems_write(&loading.tree.problems, problems);
    problems_write(&loading.tree.warnings, warnings);
    if (loading.tree.problems.failed || loading.tree.warnings.failed || text_failed(problems) ||
        text_failed(warnings)) {
        text_add(problems, "out of memory\n");
        r = -ENOMEM;
    } else if (r == 0 && loading.tree.problems.count > 0) {
        r = -EINVAL;
    }
    if (r == 0) {
        *ret = loading.scenario;
        loading.scenario = NULL;
    }
    scenario_free(loading.scenario);
    config_tree_done(&loading.tree);
    return r;
}
