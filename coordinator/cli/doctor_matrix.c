#include "doctor_matrix_inner.h"

#include "fleet_libraries.h"
#include "mono.h"
#include "session_plan.h"
#include "text.h"
#include "units.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MILLI_LOW 2000
#define OPEN_FILES_LOW 4096
#define MEMORY_BYTES_LOW (UINT64_C(1) << 30)
#define CELL_BYTES (REASON_BYTES + 128)
/* With more agents than these, so many are shown that something is wrong with, and the others are
 * counted. */
#define SHOWN_MAX 20

/* Writes a cell of that width; the last one of a row is as wide as it is. */
static void cell(int width, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void cell(int width, const char *format, ...)
{
    char text[CELL_BYTES];
    va_list values;

    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    text_tame(text, false);
    (void)printf("%-*s%s", width, text, width > 0 ? "  " : "\n");
}

static void begin_row(const char *mark, const char *name)
{
    (void)printf("  ");
    cell(5, "%s", mark);
    cell(16, "%s", name);
}

/* Which agents of a table have a row, and how many do not. */
struct folding {
    bool folds;
    uint32_t shown;
    uint32_t well; /* Not shown. */
    uint32_t ill;  /* Likewise. */
};

static struct folding folding_of(const struct session *session)
{
    return (struct folding){.folds = fleet_agents(session->fleet) > SHOWN_MAX};
}

static bool is_shown(struct folding *folding, bool well)
{
    bool shown = !folding->folds || (!well && folding->shown < SHOWN_MAX);

    folding->shown += shown ? 1 : 0;
    folding->well += !shown && well ? 1 : 0;
    folding->ill += !shown && !well ? 1 : 0;
    return shown;
}

/* Those of whom no more is told than how many they are; what: "" or the row's next cell. */
static void show_more_ill(const struct folding *folding, const char *mark, const char *what)
{
    char name[NAME_BYTES];

    if (folding->ill > 0) {
        (void)snprintf(name, sizeof name, "%u more agents", folding->ill);
        begin_row(mark, name);
        cell(0, "%s", what);
    }
}

/* False: there is none; else their row has begun. */
static bool begin_well(const struct folding *folding)
{
    char name[NAME_BYTES];

    if (folding->well == 0) {
        return false;
    }
    (void)snprintf(name, sizeof name, "%u agent%s", folding->well, folding->well == 1 ? "" : "s");
    begin_row("ok", name);
    return true;
}

/* ---- Hosts ---- */

static void clock_cell(const struct session *session, uint32_t agent)
{
    char bound[UNITS_TEXT_BYTES];

    if (fleet_clock_is_own(session->fleet, agent)) {
        cell(13, "this host's");
    } else {
        struct clock_estimate clock = fleet_clock(session->fleet, agent, mono_ns());

        cell(13, "+/- %s", units_format_ns((double)clock.bound_ns, bound));
    }
}

static void cpus_cell(const struct hello *hello)
{
    char usable[UNITS_TEXT_BYTES];

    if (hello->cpus_milli < hello->cpus * 1000) {
        cell(10, "%s of %u", units_format_milli(hello->cpus_milli, usable), hello->cpus);
    } else {
        cell(10, "%u", hello->cpus);
    }
}

static bool is_low(const struct hello *hello)
{
    return hello->cpus_milli < CPUS_MILLI_LOW || hello->memory_bytes < MEMORY_BYTES_LOW ||
           hello->open_files_max < OPEN_FILES_LOW;
}

static void show_host(const struct session *session, uint32_t agent)
{
    const struct fleet_agent *of = fleet_agent(session->fleet, agent);
    const struct hello *hello = &of->hello;
    char text[UNITS_TEXT_BYTES];

    begin_row(is_low(hello) ? "low" : "ok", of->name);
    clock_cell(session, agent);
    cpus_cell(hello);
    cell(10, "%s", units_format_whole(hello->open_files_max, text));
    cell(8, "%s", hello->ports_count == 0 ? "?" : units_format_whole(hello->ports_count, text));
    cell(9, "%s", units_format_bytes((double)hello->memory_bytes, text));
    cell(0, "%s, Linux %s", hello->host, hello->kernel);
}

/* Of all backends that the first agent has. */
static void show_libraries(const struct session *session)
{
    const struct hello *first = &fleet_agent(session->fleet, 0)->hello;
    bool differ = false;
    char text[REASON_BYTES];

    for (uint32_t i = 0; i < first->backends_count; i++) {
        if (fleet_libraries_differ(session->fleet, first->backends[i].name, text)) {
            differ = true;
            (void)printf("  warn   client libraries of %s differ: %s. What is measured may differ "
                         "by the agent\n",
                         first->backends[i].name, text);
        }
    }
    if (!differ) {
        (void)printf("  ok     client libraries are the same on all agents\n");
    }
}

void doctor_show_hosts(const struct session *session)
{
    struct folding folding = folding_of(session);
    uint32_t order[AGENTS_MAX];

    session_order_agents(session, order);
    (void)printf("hosts");
    cell(21, "%s", "");
    cell(13, "clock");
    cell(10, "CPUs");
    cell(10, "open files");
    cell(8, "ports");
    cell(9, "memory");
    cell(0, "host");
    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        if (is_shown(&folding, !is_low(&fleet_agent(session->fleet, order[i])->hello))) {
            show_host(session, order[i]);
        }
    }
    show_more_ill(&folding, "low", "");
    if (begin_well(&folding)) {
        cell(0, "%s", "");
    }
    show_libraries(session);
}

/* ---- Targets ---- */

static bool is_reached(enum probe_failure failure)
{
    return failure != PROBE_NAME && failure != PROBE_REFUSED && failure != PROBE_TIMEOUT &&
           failure != PROBE_BACKEND;
}

static void show_target(const char *agent, const struct target *target,
                        const struct probe_result *result)
{
    const char *client = catalog_entry_of(target)->client;
    bool ok = result->failure == PROBE_OK;
    bool logs_in = ok || result->failure == PROBE_LOOK;
    char took[UNITS_TEXT_BYTES];

    begin_row(ok ? "ok" : "FAIL", agent);
    cell(16, "%s", target->label);
    cell(7, "%s", is_reached(result->failure) ? "yes" : "no");
    cell(5, "%s", logs_in ? "yes" : result->failure == PROBE_LOGIN ? "no" : "-");
    cell(11, "%s", logs_in ? units_format_ns((double)result->took_ns, took) : "-");
    if (ok) {
        cell(0, "%s%s%s%s%s", result->broker_version, client == NULL ? "" : " over client ",
             client == NULL ? "" : client,
             (result->broker_version[0] == '\0' && client == NULL) || result->reason[0] == '\0'
                 ? ""
                 : "; ",
             result->reason);
    } else {
        cell(0, "%s: %s", probe_failure_name(result->failure), result->reason);
    }
}

/* One target, by agent. True: all of them are well. */
static bool show_target_rows(const struct cli_targets *ask, uint32_t target,
                             const struct session *session, const struct status *const *answers,
                             const uint32_t *order)
{
    struct folding folding = folding_of(session);
    const char *label = ask->targets[target].label;
    int64_t longest_ns = 0;
    bool all = true;
    char took[UNITS_TEXT_BYTES];

    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        uint32_t a = order[i];

        if (target < answers[a]->results_count) {
            const struct probe_result *result = &answers[a]->results[target];
            bool well = result->failure == PROBE_OK;

            all = all && well;
            if (is_shown(&folding, well)) {
                show_target(fleet_agent(session->fleet, a)->name, &ask->targets[target], result);
            } else if (well) {
                longest_ns = result->took_ns > longest_ns ? result->took_ns : longest_ns;
            }
        }
    }
    show_more_ill(&folding, "FAIL", label);
    if (begin_well(&folding)) {
        cell(16, "%s", label);
        cell(7, "yes");
        cell(5, "yes");
        cell(11, "%s", units_format_ns((double)longest_ns, took));
        cell(0, "(the longest)");
    }
    return all;
}

bool doctor_show_targets(const struct cli_targets *ask, const struct session *session,
                         const struct status *const *answers)
{
    uint32_t order[AGENTS_MAX];
    bool all = true;

    if (ask->targets_count == 0) {
        return true;
    }
    session_order_agents(session, order);
    (void)printf("targets");
    cell(19, "%s", "");
    cell(16, "target");
    cell(7, "reached");
    cell(5, "login");
    cell(11, "round trip");
    cell(0, "broker");
    for (uint32_t t = 0; t < ask->targets_count; t++) {
        all = show_target_rows(ask, t, session, answers, order) && all;
    }
    return all;
}

/* ---- Shares ---- */

struct shares {
    struct session *session;
    struct plan_request request;
    struct plan *plan;
    struct plan_agent agents[AGENTS_MAX];
    uint32_t order[AGENTS_MAX];
    struct session_lack lacks[AGENTS_MAX];
    uint64_t clients[AGENTS_MAX];
};

static void show_share(const struct shares *shares, uint32_t agent, const char *case_name,
                       uint64_t all)
{
    const struct session_lack *lack = &shares->lacks[agent];
    uint64_t clients = shares->clients[agent];
    char text[UNITS_TEXT_BYTES];

    begin_row(lack->code < 0 ? "FAIL" : "ok", fleet_agent(shares->session->fleet, agent)->name);
    cell(24, "%s", case_name);
    cell(8, "%s", units_format_whole(clients, text));
    if (lack->code < 0) {
        cell(8, "%.1f %%", 100.0 * (double)clients / (double)all);
        cell(0, "%s, room for %" PRIu32, lack->why, lack->clients_max);
    } else {
        cell(0, "%.1f %%", 100.0 * (double)clients / (double)all);
    }
}

/* By agent, in order. True: all of them have room. */
static bool show_share_rows(const struct shares *shares, uint32_t agents_count,
                            const char *case_name, uint64_t all)
{
    struct folding folding = folding_of(shares->session);
    uint64_t clients = 0;
    bool fits = true;
    char text[UNITS_TEXT_BYTES];

    for (uint32_t i = 0; i < agents_count; i++) {
        uint32_t agent = shares->order[i];
        bool well = shares->lacks[agent].code == 0;

        fits = fits && well;
        if (is_shown(&folding, well)) {
            show_share(shares, agent, case_name, all);
        } else {
            clients += well ? shares->clients[agent] : 0;
        }
    }
    show_more_ill(&folding, "FAIL", case_name);
    if (begin_well(&folding)) {
        cell(24, "%s", case_name);
        cell(8, "%s", units_format_whole(clients, text));
        cell(0, "%.1f %% in all", 100.0 * (double)clients / (double)all);
    }
    return fits;
}

static int show_case(struct shares *shares, uint32_t index, bool *ret_fits, struct errinfo *reterr)
{
    struct plan_trial trial = {.case_index = index};
    uint64_t all = 0;
    int r = plan_trial_fill(&shares->request, shares->plan, NULL, &trial, reterr);

    for (uint32_t i = 0; r == 0 && i < trial.assignments_count; i++) {
        shares->clients[i] = needs_of(&trial.assignments[i]).clients;
        all += shares->clients[i];
    }
    r = r < 0 ? r : session_look_for_room(shares->session, &trial, shares->lacks, reterr);
    if (r == 0) {
        *ret_fits = show_share_rows(shares, trial.assignments_count,
                                    shares->plan->cases[index].name, all) &&
                    *ret_fits;
    }
    plan_trial_clear(&trial);
    return r;
}

static int show_cases(struct shares *shares, bool *ret_fits, struct errinfo *reterr)
{
    bool seen[TARGETS_MAX] = {false};
    int r = plan_make(&shares->request, &shares->plan, reterr);

    for (uint32_t i = 0; r == 0 && i < shares->plan->cases_count; i++) {
        const struct plan_case *of = &shares->plan->cases[i];

        if (of->status == CASE_MEASURED && !seen[of->target]) {
            seen[of->target] = true;
            r = show_case(shares, i, ret_fits, reterr);
        }
    }
    return r;
}

int doctor_show_shares(const struct scenario *scenario, const struct host_list *hosts,
                       struct session *session, bool *ret_fit)
{
    struct shares *shares = calloc(1, sizeof *shares);
    struct errinfo error = {"out of memory"};
    bool fits = true;
    int r = -1;

    (void)printf("shares");
    cell(20, "%s", "");
    cell(24, "case");
    cell(8, "clients");
    cell(0, "share");
    if (shares != NULL) {
        shares->session = session;
        shares->request = (struct plan_request){.scenario = scenario,
                                                .agents = shares->agents,
                                                .agents_count = fleet_agents(session->fleet),
                                                .order = shares->order,
                                                .run_id = "doctor"};
        session_plan_agents(session, hosts, shares->agents, shares->order);
        r = show_cases(shares, &fits, &error);
        plan_free(shares->plan);
    }
    free(shares);
    if (r < 0) {
        text_tame(error.text, false);
        (void)printf("  FAIL   %s\n", error.text);
    }
    *ret_fit = r == 0 && fits;
    return r;
}
