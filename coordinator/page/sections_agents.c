#include "charts_inner.h"
#include "facts.h"
#include "lines.h"
#include "mono.h"
#include "sections_inner.h"
#include "thin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAWN_MAX 6
#define POINTS_MAX 200
/* With more agents than these, these are shown at once; the others on request. */
#define SHOWN_MAX 20
#define SHARE_COLUMN 2 /* Of the table of agents, as is the next. */
#define CPU_USED_COLUMN 4

/* An agent's use of its host in one trial. */
struct use {
    uint32_t agent;
    double cpu_max;
    double cpu_sum;
    uint64_t rss_max;
    uint32_t intervals;
};

static void take_use(const struct result_agent_interval *interval, struct use *use)
{
    use->cpu_max = interval->cpu > use->cpu_max ? interval->cpu : use->cpu_max;
    use->cpu_sum += interval->cpu * (interval->seconds_more + 1);
    use->rss_max = interval->rss_bytes > use->rss_max ? interval->rss_bytes : use->rss_max;
    use->intervals += interval->seconds_more + 1;
}

/* Of all agents of a trial, by agent; NULL if memory ran out. */
static struct use *uses_of(const struct result *result, const struct result_trial *trial)
{
    struct use *uses = calloc(result->agents_count + 1, sizeof *uses);

    if (uses == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < result->agents_count; i++) {
        uses[i].agent = i;
    }
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *interval = &trial->agent_intervals[i];

        if (interval->agent < result->agents_count) {
            take_use(interval, &uses[interval->agent]);
        }
    }
    return uses;
}

static int compare_cpu(const void *a, const void *b)
{
    const struct use *left = a;
    const struct use *right = b;
    double difference = right->cpu_sum - left->cpu_sum;

    if (difference != 0.0) {
        return difference > 0.0 ? 1 : -1;
    }
    return left->agent < right->agent ? -1 : 1;
}

/* What an agent did in all trials. */
struct sum {
    struct use use;
    uint64_t messages; /* Sent and received. */
    bool lost;
    double strain; /* Its busiest second, as a part of its CPUs. */
};

static void add_sums(const struct result *result, const struct result_trial *trial,
                     struct sum *sums)
{
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *interval = &trial->agent_intervals[i];

        if (interval->agent < result->agents_count) {
            sums[interval->agent].messages += interval->sent + interval->received;
            take_use(interval, &sums[interval->agent].use);
        }
    }
}

/* By agent, from one pass over what a large fleet reported; NULL if memory ran out. */
static struct sum *sums_of(const struct result *result)
{
    struct sum *sums = calloc((size_t)result->agents_count + 1, sizeof *sums);

    for (uint32_t i = 0; sums != NULL && i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            add_sums(result, &result->cases[i].trials[j], sums);
        }
    }
    for (uint32_t i = 0; sums != NULL && i < result->agents_count; i++) {
        const struct result_agent *agent = &result->agents[i];
        uint32_t milli =
            agent->usable_cpus_milli > 0 ? agent->usable_cpus_milli : agent->cpus * 1000;

        sums[i].use.agent = i;
        sums[i].lost = agent->lost;
        sums[i].strain = sums[i].use.cpu_max * 1000 / (milli > 0 ? milli : 1000);
    }
    return sums;
}

/* Whether it was there all the time; if not, when and why. */
static void add_state(const struct result_agent *agent, struct document *doc)
{
    char when[FACTS_TEXT_BYTES] = "";

    if (agent->lost) {
        if (agent->lost_ns > 0) {
            (void)snprintf(when, sizeof when, " in trial %u at %.1f s", agent->lost_trial + 1,
                           (double)agent->lost_ns / 1e9);
        }
        doc_cell(doc, DOC_BAD, "✗ lost%s%s%s%s", when, agent->lost_reason[0] == '\0' ? "" : ": ",
                 agent->lost_reason, agent->fenced ? "; came back later, and was told to go" : "");
    } else {
        doc_cell(doc, DOC_GOOD, "✓ there to the end");
    }
}

/* "1.5 of 4" in a control group, or where agents share a host. */
static void add_cpus(const struct result_agent *agent, struct document *doc)
{
    char usable[UNITS_TEXT_BYTES];

    if (agent->usable_cpus_milli == 0 || agent->usable_cpus_milli >= agent->cpus * 1000) {
        doc_cell(doc, DOC_PLAIN, "%u", agent->cpus);
    } else {
        doc_cell(doc, DOC_PLAIN, "%s of %u", units_format_milli(agent->usable_cpus_milli, usable),
                 agent->cpus);
    }
}

/* "20 (33.3 %)" */
static void add_clients(const struct result_agent *agent, struct document *doc)
{
    char clients[UNITS_TEXT_BYTES];

    if (agent->usable_cpus_milli == 0) {
        doc_cell(doc, DOC_MUTED, "–"); /* Of an earlier version's part of the run. */
    } else {
        doc_cell(doc, DOC_PLAIN, "%s (%.1f %%)", units_format_whole(agent->clients, clients),
                 100.0 * agent->share);
    }
}

static bool any_share(const struct result *result)
{
    for (uint32_t i = 0; i < result->agents_count; i++) {
        if (result->agents[i].usable_cpus_milli > 0) {
            return true;
        }
    }
    return false;
}

/* A row for each agent whose libraries are not those of others. */
static void add_libraries(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"agent", NULL, DOC_LEFT},
        {"client libraries",
         "In which agents differ: what is measured may differ by the agent, too", DOC_LEFT},
    };
    bool any = false;

    for (uint32_t i = 0; i < result->agents_count; i++) {
        const struct result_agent *agent = &result->agents[i];

        if (agent->libraries[0] == '\0') {
            continue;
        }
        if (!any) {
            doc_table(doc, "Client libraries differ", columns, sizeof columns / sizeof columns[0]);
        }
        any = true;
        doc_cell(doc, DOC_PLAIN, "%s", agent->name);
        doc_cell(doc, DOC_WARN, "%s", agent->libraries);
    }
}

/* "0.42 (0.61)" */
static void add_cpu_used(const struct use *use, struct document *doc)
{
    if (use->intervals == 0) {
        doc_cell(doc, DOC_MUTED, "–");
    } else {
        doc_cell(doc, DOC_PLAIN, "%.2f (%.2f)", use->cpu_sum / use->intervals, use->cpu_max);
    }
}

/* The table of agents as it is for all rows. */
struct table {
    const struct result *result;
    const struct doc_column *columns;
    uint32_t columns_count;
    const struct sum *sums; /* In the order of the rows. */
    uint64_t messages;      /* Of all agents. */
    bool shares;            /* Of a journal that has them. */
};

static void add_agent(const struct table *table, const struct sum *sum, struct document *doc)
{
    const struct result_agent *agent = &table->result->agents[sum->use.agent];
    char text[FACTS_TEXT_BYTES];

    doc_cell(doc, DOC_PLAIN, "%s", agent->name);
    doc_cell(doc, DOC_PLAIN, "%s", agent->host);
    if (table->shares) {
        add_clients(agent, doc);
    }
    add_cpus(agent, doc);
    if (table->shares) {
        add_cpu_used(&sum->use, doc);
    }
    doc_cell(doc, DOC_PLAIN, "%s", units_format_bytes((double)agent->memory_bytes, text));
    doc_cell(doc, DOC_PLAIN, "%s", agent->kernel);
    doc_cell(doc, DOC_PLAIN, "%s", agent->version);
    doc_cell(doc, DOC_PLAIN, "%s", units_format_ns((double)agent->clock_offset_ns, text));
    doc_cell(doc, DOC_PLAIN, "%s", units_format_ns((double)agent->clock_bound_ns, text));
    doc_cell(doc, DOC_PLAIN, "%.0f ppb", agent->clock_drift_ppb);
    if (table->messages > 0) {
        doc_cell(doc, DOC_PLAIN, "%.1f %%",
                 100.0 * (double)sum->messages / (double)table->messages);
    } else {
        doc_cell(doc, DOC_MUTED, "–");
    }
    doc_cell(doc, DOC_PLAIN, "%s", units_format_ns((double)agent->start_skew_ns, text));
    add_state(agent, doc);
}

static int compare_worst(const void *a, const void *b)
{
    const struct sum *left = a;
    const struct sum *right = b;

    if (left->lost != right->lost) {
        return left->lost ? -1 : 1;
    }
    if (left->strain < right->strain || left->strain > right->strain) {
        return left->strain > right->strain ? -1 : 1;
    }
    return left->use.agent < right->use.agent ? -1 : 1;
}

/* Those that joined came in any order. */
struct named {
    const char *name;
    struct sum sum;
};

static int compare_names(const void *a, const void *b)
{
    const struct named *left = a;
    const struct named *right = b;
    int order = strverscmp(left->name, right->name);

    return order != 0 ? order : (left->sum.use.agent < right->sum.use.agent ? -1 : 1);
}

static void sort_by_name(const struct result *result, struct sum *sums)
{
    struct named named[SHOWN_MAX];

    for (uint32_t i = 0; i < result->agents_count; i++) {
        named[i] = (struct named){result->agents[sums[i].use.agent].name, sums[i]};
    }
    qsort(named, result->agents_count, sizeof named[0], compare_names);
    for (uint32_t i = 0; i < result->agents_count; i++) {
        sums[i] = named[i].sum;
    }
}

static void add_table(const struct table *table, const char *caption, uint32_t first, uint32_t end,
                      struct document *doc)
{
    doc_table(doc, caption, table->columns, table->columns_count);
    for (uint32_t i = first; i < end; i++) {
        add_agent(table, &table->sums[i], doc);
    }
}

/* All agents by their names; of a large fleet those first that are worth a look. */
static void add_tables(const struct table *table, struct sum *sums, struct document *doc)
{
    uint32_t count = table->result->agents_count;
    char caption[REASON_BYTES];

    if (count <= SHOWN_MAX) {
        sort_by_name(table->result, sums);
        add_table(table, "Agents", 0, count, doc);
        return;
    }
    qsort(sums, count, sizeof *sums, compare_worst);
    (void)snprintf(caption, sizeof caption,
                   "Agents: of %u those that were lost, and that used the most of their CPUs",
                   count);
    add_table(table, caption, 0, SHOWN_MAX, doc);
    (void)snprintf(caption, sizeof caption, "The other %u agents", count - SHOWN_MAX);
    add_table(table, caption, SHOWN_MAX, count, doc);
    doc_fold(doc);
}

/* Parts of a run that was resumed each deal all of their clients. */
#define RESUMED_SHARE                                                                              \
    "Clients at most, and percent of all clients of the trials of its last part of the run"

static void add_agents_table(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"agent", NULL, DOC_LEFT},
        {"host", NULL, DOC_LEFT},
        {"share", "Clients at most, and percent of all clients of all trials", DOC_RIGHT},
        {"CPUs", NULL, DOC_RIGHT},
        {"CPU used", "Cores, in all trials: on average, and in the busiest second", DOC_RIGHT},
        {"memory", NULL, DOC_RIGHT},
        {"kernel", NULL, DOC_LEFT},
        {"version", NULL, DOC_LEFT},
        {"clock offset", "Against the coordinator's clock", DOC_RIGHT},
        {"± bound", "The true offset lies within it", DOC_RIGHT},
        {"drift", "Parts per billion", DOC_RIGHT},
        {"share of the load", "Of all messages that agents sent and received", DOC_RIGHT},
        {"start skew", "Largest distance from the scheduled start", DOC_RIGHT},
        {"state", NULL, DOC_LEFT},
    };
    const uint32_t columns_count = sizeof columns / sizeof columns[0];
    struct doc_column shown[sizeof columns / sizeof columns[0]];
    struct table table = {.result = result, .columns = shown, .shares = any_share(result)};
    struct sum *sums = sums_of(result);

    if (sums == NULL) {
        doc->failed = true;
        return;
    }
    table.sums = sums;
    for (uint32_t i = 0; i < result->agents_count; i++) {
        table.messages += sums[i].messages;
    }
    for (uint32_t i = 0; i < columns_count; i++) {
        if (table.shares || (i != SHARE_COLUMN && i != CPU_USED_COLUMN)) {
            shown[table.columns_count++] = columns[i];
        }
        if (i == SHARE_COLUMN && result->resumes_count > 0 && table.shares) {
            shown[table.columns_count - 1].help = RESUMED_SHARE;
        }
    }
    add_tables(&table, sums, doc);
    free(sums);
}

/* One agent's line; neighbours are merged, the highest counts. */
static void add_line(struct chart *chart, const struct result_trial *trial, uint32_t agent,
                     uint32_t factor, bool memory, uint32_t what)
{
    double highest = 0.0;
    uint32_t seen = 0;
    uint32_t bucket = 0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *interval = &trial->agent_intervals[i];
        double value = memory ? (double)interval->rss_bytes : interval->cpu;

        if (interval->agent != agent) {
            continue;
        }
        if (seen > 0 && interval->index / factor != bucket) {
            chart_value(chart, what == 0 ? ((double)bucket + 0.5) * factor : highest);
            highest = 0.0;
        }
        bucket = interval->index / factor;
        highest = value > highest ? value : highest;
        seen++;
    }
    if (seen > 0) {
        chart_value(chart, what == 0 ? ((double)bucket + 0.5) * factor : highest);
    }
}

/* Seconds that a point stands for: no less than the longest row has, or lines had holes. */
static uint32_t point_seconds(const struct result_trial *trial)
{
    uint32_t seconds = thin_factor(thin_seconds(trial), POINTS_MAX);

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        uint32_t row_seconds = trial->agent_intervals[i].seconds_more + 1;

        seconds = row_seconds > seconds ? row_seconds : seconds;
    }
    return seconds;
}

static void add_chart(const struct result *result, const struct result_case *result_case,
                      const struct use *uses, bool memory, struct document *doc)
{
    static const char *const styles[] = {"solid", "dash", "dot", "wide"};
    const struct result_trial *trial = facts_trial(result_case);
    uint32_t factor = point_seconds(trial);
    char caption[REASON_BYTES];
    char text[UNITS_TEXT_BYTES];
    char which[FACTS_TEXT_BYTES];
    uint64_t rss_max = 0;
    double cpu_max = 0.0;
    struct chart chart;

    chart_begin(&chart, "time", memory ? "bytes" : "cores", false,
                memory ? "agent-memory" : "agent-cpu");
    chart_phases(&chart, trial);
    chart_marks(&chart, result, trial);
    chart_step(&chart, factor * ((double)INTERVAL_NS / NS_PER_S));
    for (uint32_t i = 0; i < result->agents_count; i++) {
        rss_max = uses[i].rss_max > rss_max ? uses[i].rss_max : rss_max;
        cpu_max = uses[i].cpu_max > cpu_max ? uses[i].cpu_max : cpu_max;
        if (i < DRAWN_MAX && uses[i].intervals > 0) {
            chart_table(&chart);
            add_line(&chart, trial, uses[i].agent, factor, memory, 0);
            chart_series(&chart, result->agents[uses[i].agent].name,
                         facts_colour(result, result_case),
                         styles[i % (sizeof styles / sizeof styles[0])]);
            add_line(&chart, trial, uses[i].agent, factor, memory, 1);
        }
    }
    chart_end(&chart);
    if (memory) {
        (void)snprintf(caption, sizeof caption, "%s%s: memory at most %s an agent",
                       result_case->name, facts_which_trial(result_case, trial, which),
                       units_format_bytes((double)rss_max, text));
    } else {
        (void)snprintf(caption, sizeof caption, "%s%s: CPU at most %.2f cores an agent",
                       result_case->name, facts_which_trial(result_case, trial, which), cpu_max);
    }
    doc_chart(doc, caption, &chart.json);
}

static void add_case(const struct result *result, const struct result_case *result_case,
                     bool memory, struct document *doc)
{
    struct use *uses = uses_of(result, facts_trial(result_case));

    if (uses == NULL) {
        doc->failed = true;
        return;
    }
    qsort(uses, result->agents_count, sizeof *uses, compare_cpu);
    if (uses[0].intervals > 0) {
        add_chart(result, result_case, uses, memory, doc);
    }
    free(uses);
}

void section_agents(const struct result *result, struct document *doc)
{
    if (result->agents_count == 0) {
        return;
    }
    doc_subheading(doc, "Agents"); /* Part of "Measurement quality". */
    add_agents_table(result, doc);
    doc_fold_rest(doc, "Memory and CPU of the agents");
    add_libraries(result, doc);
    section_memory(result, doc);
    if (result->agents_count > DRAWN_MAX) {
        doc_paragraph(doc, DOC_MUTED, "Drawn are the %d agents that used the most CPU.", DRAWN_MAX);
    }
    for (int memory = 0; memory < 2; memory++) {
        for (uint32_t i = 0; i < result->cases_count; i++) {
            const struct result_trial *trial = facts_trial(&result->cases[i]);

            if (trial != NULL && trial->agent_intervals_count > 0 && lines_drawn(result, i) &&
                lines_last(trial)) {
                add_case(result, &result->cases[i], memory == 1, doc);
            }
        }
    }
}
