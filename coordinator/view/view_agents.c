#include "view_agents_inner.h"

#include "units.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* All agents together. */
struct sum {
    uint32_t counts[PROGRESS_AGENT_STATES];
    uint64_t messages;
    double share_least; /* Of those that are there. */
    double share_most;
    int64_t bound_ns_max;
};

static double share_of(const struct progress_agent *agent, uint64_t messages)
{
    return messages == 0 ? 0.0 : 100.0 * (double)agent->messages / (double)messages;
}

static struct sum sum_up(const struct run_progress *progress)
{
    struct sum sum = {.share_least = 100.0};

    for (uint32_t i = 0; i < progress->agents_count; i++) {
        sum.messages += progress->agents[i].messages;
    }
    for (uint32_t i = 0; i < progress->agents_count; i++) {
        const struct progress_agent *agent = &progress->agents[i];
        double share = share_of(agent, sum.messages);

        sum.counts[agent->state]++;
        if (agent->state == PROGRESS_AGENT_LOST) {
            continue;
        }
        sum.share_least = share < sum.share_least ? share : sum.share_least;
        sum.share_most = share > sum.share_most ? share : sum.share_most;
        sum.bound_ns_max =
            agent->clock_bound_ns > sum.bound_ns_max ? agent->clock_bound_ns : sum.bound_ns_max;
    }
    return sum;
}

static bool is_worse(const struct progress_agent *a, const struct progress_agent *b)
{
    return a->state != b->state ? a->state > b->state : a->late_ns > b->late_ns;
}

uint32_t view_agents_choose(const struct run_progress *progress, uint32_t ret[VIEW_AGENTS_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < progress->agents_count; i++) {
        uint32_t place = count;

        while (place > 0 && is_worse(&progress->agents[i], &progress->agents[ret[place - 1]])) {
            place--;
        }
        if (place == VIEW_AGENTS_MAX) {
            continue;
        }
        count += count < VIEW_AGENTS_MAX ? 1 : 0;
        memmove(&ret[place + 1], &ret[place], (count - place - 1) * sizeof ret[0]);
        ret[place] = i;
    }
    return count;
}

void view_agent_line(const struct run_progress *progress, uint32_t agent, char *ret)
{
    const struct progress_agent *of = &progress->agents[agent];
    struct sum sum = sum_up(progress);
    char late[UNITS_TEXT_BYTES];
    char bound[UNITS_TEXT_BYTES];

    if (of->state == PROGRESS_AGENT_LOST) {
        (void)snprintf(ret, VIEW_AGENT_BYTES, "%-16s LOST: %.150s", of->name, of->reason);
        return;
    }
    (void)snprintf(ret, VIEW_AGENT_BYTES, "%-16s %5.1f %%  late %-9s clock ±%-9s", of->name,
                   share_of(of, sum.messages), units_format_ns((double)of->late_ns, late),
                   units_format_ns((double)of->clock_bound_ns, bound));
    if (of->state == PROGRESS_AGENT_SUSPECT) {
        size_t used = strlen(ret);

        (void)snprintf(ret + used, VIEW_AGENT_BYTES - used, " NOT HEARD OF for %.0f s",
                       (double)of->silent_ns / 1e9);
    }
}

void view_agents_sum(const struct run_progress *progress, char *ret)
{
    struct sum sum = sum_up(progress);
    char bound[UNITS_TEXT_BYTES];
    char trouble[VIEW_AGENT_BYTES];

    view_agents_trouble(progress, trouble);
    (void)snprintf(ret, VIEW_AGENT_BYTES, "%u of %u agents there%.60s", sum.counts[0],
                   progress->agents_count, trouble);
    if (sum.messages > 0 && sum.share_most > 0.0) {
        size_t used = strlen(ret);

        (void)snprintf(ret + used, VIEW_AGENT_BYTES - used,
                       "; shares %.3g %% to %.3g %%; clocks within %s", sum.share_least,
                       sum.share_most, units_format_ns((double)sum.bound_ns_max, bound));
    }
}

void view_agents_trouble(const struct run_progress *progress, char *ret)
{
    struct sum sum = sum_up(progress);
    uint32_t suspect = sum.counts[PROGRESS_AGENT_SUSPECT];
    uint32_t lost = sum.counts[PROGRESS_AGENT_LOST];
    size_t used = 0;

    ret[0] = '\0';
    if (suspect > 0) {
        used = (size_t)snprintf(ret, VIEW_AGENT_BYTES, ", %u %s not heard of", suspect,
                                suspect == 1 ? "agent" : "agents");
    }
    if (lost > 0) {
        (void)snprintf(ret + used, VIEW_AGENT_BYTES - used, ", %u%s lost", lost,
                       suspect > 0 ? "" : (lost == 1 ? " agent" : " agents"));
    }
}

void view_agents_count(const struct run_progress *progress, uint32_t *ret_silent,
                       uint32_t *ret_lost)
{
    struct sum sum = sum_up(progress);

    *ret_silent = sum.counts[PROGRESS_AGENT_SUSPECT];
    *ret_lost = sum.counts[PROGRESS_AGENT_LOST];
}
