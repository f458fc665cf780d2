/* fold_answers: what a folded trial came to: phases, audit, parties. */
#include "fold_threads_inner.h"
#include "fold_trial_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_RANGES 5

/* What all answers about one trial share. */
struct answer {
    const struct fold_trial *trial;
    const struct result_agent *agents;
    struct delivery_end end;
    const struct delivery_tally *tally;
    uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX];
};

/* Missing messages have nobody to blame where an agent was lost, or while the trial has no end. */
static void answer_init(struct answer *answer, const struct fold_trial *trial,
                        const struct result_agent *agents)
{
    const struct entry_trial *entry = &trial->entry;

    memset(answer, 0, sizeof *answer);
    answer->trial = trial;
    answer->agents = agents;
    answer->end.ended_ns = trial->has_end ? trial->end.ended_ns : trial->last_ns;
    answer->end.unaccounted = answer->unaccounted;
    for (uint32_t i = 0; i < entry->consumers_count; i++) {
        const struct assigned_consumer *consumer = &entry->consumers[i];

        uint32_t agent = entry->consumer_agents[i];

        /* Nor where an agent could not hand in all that it had. */
        if (!trial->has_end || trial->agents[agent].gone || !trial->agents[agent].final) {
            answer->unaccounted[consumer->flow * SUBSCRIPTIONS_MAX + consumer->subscription] = 1;
        }
    }
}

static void add_delivery(struct result_delivery *delivery, const struct delivery_counts *counts)
{
    delivery->sent += counts->sent;
    delivery->acked += counts->acked;
    delivery->refused += counts->refused;
    /* What has no outcome: the agent was lost, the run was cut off, or it goes on. */
    delivery->unconfirmed += counts->sent - counts->acked - counts->refused;
    delivery->expected += counts->expected;
    delivery->received += counts->received;
    delivery->lost += counts->lost;
    delivery->duplicated += counts->duplicated;
    delivery->reordered += counts->reordered;
    delivery->expired += counts->expired;
    delivery->unaccounted += counts->unaccounted;
    delivery->unexpected += counts->unexpected;
}

static int add_cell(struct result_phase *phase, const struct fold_cell *cell, bool is_max,
                    struct counters *sums, struct errinfo *reterr)
{
    counters_add(sums, &cell->counters);
    for (int series = 0; series < SERIES_COUNT; series++) {
        int r;

        /* With `max` there is no intended time, so no response and no lag. */
        if (cell->series[series] == NULL ||
            (is_max &&
             (series == SERIES_PUBLISH || series == SERIES_E2E || series == SERIES_SEND_LAG))) {
            continue;
        }
        r = phase->latency[series] == NULL ? hist_new(&phase->latency[series], reterr) : 0;
        r = r < 0 ? r : hist_add(phase->latency[series], cell->series[series], reterr);
        if (r < 0) {
            return r;
        }
        phase->below_resolution[series] += cell->counters.below_resolution[series];
    }
    phase->clock_violations += cell->counters.clock_violations;
    if (cell->counters.clock_bound_ns > phase->clock_bound_ns) {
        phase->clock_bound_ns = cell->counters.clock_bound_ns;
    }
    if (cell->counters.resolution_ns > phase->resolution_ns) {
        phase->resolution_ns = cell->counters.resolution_ns;
    }
    return 0;
}

/* For how long the schedule of a flow has to do with what came due: N messages at a constant rate
 * take N / rate, though the last of them is due one gap before that. A phase that ends by count, or
 * is interrupted, ends with its last message. Where arrivals are drawn, or the rate changes, there
 * is no such time. 0: unknown. */
static int64_t paced_ns(const struct assigned_phase *phase, uint32_t flow, uint64_t due)
{
    const struct phase_load *load = &phase->loads[flow];

    if (load->load != LOAD_RATE || phase->curve_count > 0 ||
        phase->pacing.arrivals == ARRIVALS_POISSON || load->rate.messages == 0) {
        return 0;
    }
    return (int64_t)fmin((double)due / rate_per_s(load->rate) * 1e9, (double)INT64_MAX / 2);
}

void fold_phase_rates(struct result_phase *phase, const struct counters *sums, int64_t paced_ns)
{
    int64_t received_ns = (int64_t)sums->received_until_ns - phase->start_ns;
    double seconds = fmax((double)phase->duration_ns, (double)paced_ns) / 1e9;
    /* A phase that ended by count, before all had arrived. */
    double received_seconds = fmax((double)received_ns / 1e9, seconds);

    phase->due = sums->due;
    phase->sent_in_time = sums->sent_in_time;
    record_sum(&result_phase_record, phase, sums);
    record_sum(&result_delivery_record, &phase->delivery, sums);
    if (seconds <= 0.0) {
        return;
    }
    phase->asked_per_s = phase->is_max ? 0.0 : (double)sums->due / seconds;
    phase->sent_per_s = (double)sums->sent_now / seconds;
    phase->acked_per_s = (double)sums->acked_now / seconds;
    phase->received_per_s = (double)sums->received_now / received_seconds;
    phase->sent_bytes_per_s = (double)sums->sent_bytes_now / seconds;
    phase->received_bytes_per_s = (double)sums->received_bytes_now / received_seconds;
}

void fold_phase_settle(struct result_phase *phase)
{
    for (int series = 0; series < SERIES_COUNT; series++) {
        if (phase->latency[series] != NULL) {
            (void)hist_settle(phase->latency[series], NULL); /* Without memory it reads as well. */
        }
    }
}

/* What a phase asks of one flow of it. */
static void add_flow(const struct assigned_phase *assigned, const struct assigned_flow *flow,
                     const struct phase_load *load, struct result_phase *ret)
{
    /* Two points make a ramp, which looks for the rate that can't be held. */
    bool keeps_rate =
        load->load == LOAD_RATE && assigned->messages == 0 && assigned->curve_count != 2;

    ret->is_max = ret->is_max || load->load == LOAD_MAX;
    ret->coalesce_ns = load->load == LOAD_RATE ? assigned->pacing.coalesce_ns : ret->coalesce_ns;
    ret->asked_peak_per_s += load->load == LOAD_RATE ? rate_per_s(load->rate) : 0.0;
    ret->keeps_rate = ret->keeps_rate || keeps_rate;
    if (load->load != LOAD_NONE && flow->producers_count > 0) {
        ret->messages += assigned->messages;
    }
    ret->confirms = ret->confirms || flow->delivery.publish_ack != PUBLISH_ACK_NONE;
    ret->producers += flow->producers_count;
}

static bool is_missing(const struct fold_trial *trial, uint32_t agent, int64_t until_ns)
{
    return trial->agents[agent].gone && trial->agents[agent].until_ns < until_ns;
}

/* Was an agent lost that had clients of the flow, and had not told of all until then? */
static bool misses_agent(const struct fold_trial *trial, uint32_t flow, int64_t until_ns)
{
    const struct entry_trial *entry = &trial->entry;

    for (uint32_t i = 0; i < entry->producers_count; i++) {
        if ((flow == DELIVERY_ALL || flow == entry->producers[i].flow) &&
            is_missing(trial, entry->producer_agents[i], until_ns)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < entry->consumers_count; i++) {
        if ((flow == DELIVERY_ALL || flow == entry->consumers[i].flow) &&
            is_missing(trial, entry->consumer_agents[i], until_ns)) {
            return true;
        }
    }
    return false;
}

static bool any_gone(const struct fold_trial *trial)
{
    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        if (trial->agents[i].gone) {
            return true;
        }
    }
    return false;
}

/* What such an agent had not told may be of a phase that was over: unaccounted, then. */
static bool lacks_agent(const struct fold_trial *trial, uint32_t phase, uint32_t flow,
                        const struct result_delivery *delivery)
{
    return trial->phase_start_ns[phase] != INT64_MIN && any_gone(trial) &&
           misses_agent(trial, flow,
                        delivery->unaccounted > 0 ? INT64_MAX : trial->phase_end_ns[phase]);
}

/* flow DELIVERY_ALL: all flows together. */
static int make_phase(const struct answer *answer, uint32_t phase_index, uint32_t flow,
                      struct result_phase *ret, struct errinfo *reterr)
{
    const struct fold_trial *trial = answer->trial;
    const struct entry_trial *entry = &trial->entry;
    const struct assigned_phase *assigned = &entry->phases[phase_index];
    struct counters sums = {0};
    int64_t longest_ns = 0;
    int r = 0;

    memcpy(ret->name, assigned->name, sizeof ret->name);
    if (flow != DELIVERY_ALL) {
        memcpy(ret->flow, entry->flows[flow].name, sizeof ret->flow);
    }
    ret->measured = assigned->measured;
    ret->start_ns = trial->phase_start_ns[phase_index];
    ret->duration_ns = trial->phase_end_ns[phase_index] - trial->phase_start_ns[phase_index];
    if (!trial->has_end && ret->start_ns + ret->duration_ns > trial->last_ns) {
        /* Cut off, or it goes on: known until the last report only. */
        ret->duration_ns = trial->last_ns > ret->start_ns ? trial->last_ns - ret->start_ns : 0;
    }
    if (trial->phase_start_ns[phase_index] == INT64_MIN) {
        ret->start_ns = 0; /* It was never begun. */
        ret->duration_ns = 0;
    }
    for (uint32_t i = 0; r == 0 && i < entry->flows_count; i++) {
        if (flow == DELIVERY_ALL || flow == i) {
            add_flow(assigned, &entry->flows[i], &assigned->loads[i], ret);
        }
    }
    for (uint32_t i = 0; r == 0 && i < entry->flows_count; i++) {
        if (flow == DELIVERY_ALL || flow == i) {
            size_t cell_index = (size_t)i * entry->phases_count + phase_index;
            const struct fold_cell *cell = &trial->cells[cell_index];
            int64_t flow_ns = paced_ns(assigned, i, cell->counters.due);

            longest_ns = flow_ns > longest_ns ? flow_ns : longest_ns;
            add_delivery(&ret->delivery, &answer->tally->cells[cell_index]);
            r = add_cell(ret, cell, ret->is_max, &sums, reterr);
            r = r < 0 ? r : fold_add_waited(trial, &answer->end, phase_index, i, ret, reterr);
        }
    }
    ret->lacks_agent = lacks_agent(trial, phase_index, flow, &ret->delivery);
    fold_phase_rates(ret, &sums, longest_ns);
    fold_phase_settle(ret);
    return r;
}

static int make_phases(const struct answer *answer, struct result_trial *ret,
                       struct errinfo *reterr)
{
    const struct entry_trial *entry = &answer->trial->entry;
    uint32_t per_phase = entry->flows_count > 1 ? entry->flows_count + 1 : 1;
    int r = 0;

    ret->phases = calloc((size_t)entry->phases_count * per_phase + 1, sizeof *ret->phases);
    if (ret->phases == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t phase = 0; r == 0 && phase < entry->phases_count; phase++) {
        r = make_phase(answer, phase, DELIVERY_ALL, &ret->phases[ret->phases_count++], reterr);
        for (uint32_t flow = 0; r == 0 && per_phase > 1 && flow < entry->flows_count; flow++) {
            r = make_phase(answer, phase, flow, &ret->phases[ret->phases_count++], reterr);
        }
    }
    return r;
}

static int make_audit(const struct answer *answer, struct result_trial *ret, struct errinfo *reterr)
{
    const struct entry_trial *entry = &answer->trial->entry;
    size_t lines = 1;

    for (uint32_t f = 0; f < entry->flows_count; f++) {
        lines += (size_t)entry->flows[f].topics_count * entry->flows[f].subscriptions_count;
    }
    ret->audit = calloc(lines, sizeof *ret->audit);
    if (ret->audit == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t f = 0; f < entry->flows_count; f++) {
        const struct assigned_flow *flow = &entry->flows[f];

        for (uint32_t i = 0; i < flow->topics_count * flow->subscriptions_count; i++) {
            const struct delivery_line *from =
                &answer->tally->lines[answer->tally->flow_first_line[f] + i];
            struct result_audit *line = &ret->audit[ret->audit_count++];
            uint32_t topic = flow->topic_first + i / flow->subscriptions_count;

            memcpy(line->flow, flow->name, sizeof line->flow);
            memcpy(line->topic, entry->topics[topic].name, sizeof line->topic);
            line->subscription = i % flow->subscriptions_count;
            add_delivery(&line->delivery, &from->counts);
            if (from->detail.bytes != NULL) {
                (void)snprintf(line->detail, sizeof line->detail, "%s", from->detail.bytes);
            }
        }
    }
    return 0;
}

static void fill_party(struct result_party *party, const struct fold_client *client)
{
    party->messages = client->messages;
    party->latency_ns_max = client->latency_ns_max;
    party->latency_ns_mean = client->latency_samples == 0
                                 ? 0.0
                                 : client->latency_ns_sum / (double)client->latency_samples;
}

static void client_parties(const struct answer *answer, struct result_trial *ret)
{
    const struct entry_trial *entry = &answer->trial->entry;

    for (uint32_t i = 0; i < entry->producers_count; i++) {
        struct result_party *party = &ret->parties[ret->parties_count++];

        party->kind = PARTY_PRODUCER;
        memcpy(party->flow, entry->flows[entry->producers[i].flow].name, sizeof party->flow);
        (void)snprintf(party->name, sizeof party->name, "producer %u of %.40s (%.40s)",
                       entry->producers[i].index, entry->flows[entry->producers[i].flow].name,
                       answer->agents[entry->producer_agents[i]].name);
        fill_party(party, &answer->trial->clients[entry->producers[i].client]);
    }
    for (uint32_t i = 0; i < entry->consumers_count; i++) {
        struct result_party *party = &ret->parties[ret->parties_count++];

        party->kind = PARTY_CONSUMER;
        party->subscription = entry->consumers[i].subscription;
        memcpy(party->flow, entry->flows[entry->consumers[i].flow].name, sizeof party->flow);
        (void)snprintf(
            party->name, sizeof party->name, "consumer %u of %.30s, subscription %u (%.30s)",
            entry->consumers[i].index, entry->flows[entry->consumers[i].flow].name,
            entry->consumers[i].subscription, answer->agents[entry->consumer_agents[i]].name);
        fill_party(party, &answer->trial->clients[entry->consumers[i].client]);
    }
}

/* Agents by the messages of their clients; partitions by what was received from them. */
static void group_parties(const struct answer *answer, struct result_trial *ret)
{
    const struct entry_trial *entry = &answer->trial->entry;

    for (uint32_t a = 0; a < entry->agents_count; a++) {
        struct result_party *party = &ret->parties[ret->parties_count++];

        party->kind = PARTY_AGENT;
        memcpy(party->name, answer->agents[a].name, NAME_BYTES);
        for (uint32_t i = 0; i < entry->producers_count; i++) {
            party->messages += entry->producer_agents[i] == a
                                   ? answer->trial->clients[entry->producers[i].client].messages
                                   : 0;
        }
        for (uint32_t i = 0; i < entry->consumers_count; i++) {
            party->messages += entry->consumer_agents[i] == a
                                   ? answer->trial->clients[entry->consumers[i].client].messages
                                   : 0;
        }
    }
    for (uint32_t f = 0; f < entry->flows_count; f++) {
        const struct assigned_flow *flow = &entry->flows[f];

        for (uint32_t i = 0; i < flow->topics_count * flow->partitions; i++) {
            const struct delivery_place *place =
                &answer->tally->places[answer->tally->flow_first_place[f] + i];
            struct result_party *party = &ret->parties[ret->parties_count++];

            party->kind = PARTY_PARTITION;
            memcpy(party->flow, flow->name, sizeof party->flow);
            (void)snprintf(party->name, sizeof party->name, "%.100s, partition %u",
                           entry->topics[flow->topic_first + i / flow->partitions].name,
                           i % flow->partitions);
            party->messages = flow->consumers_count > 0 ? place->received : place->acked;
        }
    }
}

static int make_parties(const struct answer *answer, struct result_trial *ret,
                        struct errinfo *reterr)
{
    const struct entry_trial *entry = &answer->trial->entry;
    size_t count =
        (size_t)entry->producers_count + entry->consumers_count + entry->agents_count + 1;

    for (uint32_t f = 0; f < entry->flows_count; f++) {
        count += (size_t)entry->flows[f].topics_count * entry->flows[f].partitions;
    }
    ret->parties = calloc(count, sizeof *ret->parties);
    if (ret->parties == NULL) {
        return errinfo_nomem(reterr);
    }
    client_parties(answer, ret);
    group_parties(answer, ret);
    return 0;
}

static int compare_errors(const void *a, const void *b)
{
    const struct error_delta *left = a;
    const struct error_delta *right = b;

    return left->count < right->count   ? 1
           : left->count > right->count ? -1
                                        : strcmp(left->text, right->text);
}

static int copy_lists(const struct fold_trial *trial, struct result_trial *ret,
                      struct errinfo *reterr)
{
    ret->errors = calloc((size_t)trial->errors_count + 1, sizeof *ret->errors);
    ret->agent_intervals =
        calloc((size_t)trial->agent_intervals_count + 1, sizeof *ret->agent_intervals);
    if (ret->errors == NULL || ret->agent_intervals == NULL) {
        return errinfo_nomem(reterr);
    }
    ret->errors_count = trial->errors_count;
    memcpy(ret->errors, trial->errors, trial->errors_count * sizeof *ret->errors);
    qsort(ret->errors, ret->errors_count, sizeof *ret->errors, compare_errors);
    ret->agent_intervals_count = trial->agent_intervals_count;
    if (trial->agent_intervals_count > 0) {
        memcpy(ret->agent_intervals, trial->agent_intervals,
               trial->agent_intervals_count * sizeof *ret->agent_intervals);
    }
    return fold_threads_make(trial, ret, reterr);
}

/* What was told of a clock was wrong for a while: who measured with it then could not know. */
static void widen_bounds(const struct fold_trial *trial, const struct result_mark *marks,
                         uint32_t marks_count, struct result_trial *ret)
{
    for (uint32_t m = 0; m < marks_count && trial->entry.agents_count > 1; m++) {
        const struct result_mark *mark = &marks[m];

        if (mark->kind != MARK_CLOCK || mark->trial != trial->entry.number) {
            continue;
        }
        for (uint32_t i = 0; i < ret->phases_count; i++) {
            struct result_phase *phase = &ret->phases[i];

            if (phase->latency[SERIES_E2E_SERVICE] != NULL && phase->start_ns <= mark->at_ns &&
                phase->start_ns + phase->duration_ns >= mark->from_ns &&
                mark->clock_bound_ns > phase->clock_bound_ns) {
                phase->clock_bound_ns = mark->clock_bound_ns;
            }
        }
    }
}

static int make_answers(const struct answer *answer, const struct result_mark *marks,
                        uint32_t marks_count, struct result_trial *ret, struct errinfo *reterr)
{
    const struct fold_trial *trial = answer->trial;
    int r = make_phases(answer, ret, reterr);

    if (r == 0) {
        widen_bounds(trial, marks, marks_count, ret);
        r = make_audit(answer, ret, reterr);
    }
    if (r == 0) {
        (void)fold_sums_hold(trial, &answer->end, ret, ret->violation);
        r = make_parties(answer, ret, reterr);
    }
    if (r == 0) {
        r = fold_outages_make(trial, marks, marks_count, ret, reterr);
    }
    return r;
}

int fold_trial_result(const struct fold_trial *trial, const struct result_agent *agents,
                      const struct result_mark *marks, uint32_t marks_count,
                      struct result_trial *ret, struct errinfo *reterr)
{
    struct delivery_tally tally = {0};
    struct answer answer;
    int r;

    answer_init(&answer, trial, agents);
    ret->number = trial->entry.number;
    ret->repetition = trial->entry.repetition;
    ret->ended = trial->has_end && trial->end.ended;
    r = fold_trial_intervals(trial, &ret->intervals, &ret->intervals_count, reterr);
    r = r == 0 ? fold_trial_heat(trial, ret, reterr) : r;
    if (r == 0) {
        r = delivery_tally(trial->delivery, &answer.end, DETAIL_RANGES, &tally, reterr);
    }
    if (r == 0) {
        answer.tally = &tally;
        r = make_answers(&answer, marks, marks_count, ret, reterr);
    }
    if (r == 0) {
        r = copy_lists(trial, ret, reterr);
    }
    delivery_tally_done(&tally);
    return r;
}
