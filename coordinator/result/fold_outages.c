/* fold_outages: connections that were lost and found, what the broker said, and what of it was an
 * outage of the broker. */
#include "fold_trial_inner.h"

#include "mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Clients notice at different times that a broker went, and are back at different times. */
#define BEFORE_NS (2 * NS_PER_S)
#define AFTER_NS (5 * NS_PER_S)

void fold_outages_done(struct fold_outages *outages)
{
    free(outages->losses);
    free(outages->notices);
}

/* ---- Taking snapshots ------------------------------------------------------------------------ */

static int take_notice(struct fold_outages *outages, const struct notice_delta *from,
                       struct errinfo *reterr)
{
    struct notice_delta *to;
    uint32_t at = 0;

    if (fold_check_time(from->first_ns, "what the broker said", reterr) < 0 ||
        fold_check_time(from->last_ns, "what the broker said", reterr) < 0) {
        return -EBADMSG;
    }
    while (at < outages->notices_count && strcmp(outages->notices[at].text, from->text) != 0) {
        at++;
    }
    if (at == FOLD_NOTICES_MAX) {
        return 0;
    }
    if (outages->notices == NULL) {
        outages->notices = calloc(FOLD_NOTICES_MAX, sizeof *outages->notices);
        if (outages->notices == NULL) {
            return errinfo_nomem(reterr);
        }
    }
    to = &outages->notices[at];
    if (at == outages->notices_count) {
        outages->notices_count++;
        *to = *from;
        return 0;
    }
    to->count += from->count;
    to->first_ns = from->first_ns < to->first_ns ? from->first_ns : to->first_ns;
    to->last_ns = from->last_ns > to->last_ns ? from->last_ns : to->last_ns;
    return 0;
}

static int add_loss(struct fold_outages *outages, const struct loss_delta *from,
                    struct errinfo *reterr)
{
    struct fold_loss *loss;

    if (outages->losses_count == FOLD_LOSSES_MAX) {
        outages->losses_untold++;
        return 0;
    }
    if ((outages->losses_count & (outages->losses_count - 1)) == 0) {
        uint32_t capacity = outages->losses_count == 0 ? 1 : outages->losses_count * 2;
        struct fold_loss *grown = realloc(outages->losses, capacity * sizeof *grown);

        if (grown == NULL) {
            return errinfo_nomem(reterr);
        }
        outages->losses = grown;
    }
    loss = &outages->losses[outages->losses_count++];
    *loss = (struct fold_loss){
        .client = from->client, .down_ns = from->at_ns, .up_ns = from->at_ns - 1};
    memcpy(loss->text, from->text, sizeof loss->text);
    return 0;
}

static int take_loss(struct fold_trial *trial, const struct loss_delta *from,
                     struct errinfo *reterr)
{
    struct fold_outages *outages = &trial->outages;

    if (from->client >= trial->clients_count) {
        return errinfo_set(reterr, -EBADMSG, "client %u, which the trial does not have",
                           from->client);
    }
    if (fold_check_time(from->at_ns, "a lost connection", reterr) < 0) {
        return -EBADMSG;
    }
    if (!from->is_back) {
        return add_loss(outages, from, reterr);
    }
    for (uint32_t i = outages->losses_count; i > 0; i--) {
        struct fold_loss *loss = &outages->losses[i - 1];

        if (loss->client == from->client) {
            loss->up_ns = loss->up_ns < loss->down_ns && from->at_ns >= loss->down_ns ? from->at_ns
                                                                                      : loss->up_ns;
            break;
        }
    }
    return 0;
}

static int check_signs(const struct broker_signs *signs, struct errinfo *reterr)
{
    const int64_t times_ns[] = {signs->answered_first_ns, signs->answered_last_ns,
                                signs->waiting_since_ns, signs->handed_ns};

    for (size_t i = 0; i < sizeof times_ns / sizeof times_ns[0]; i++) {
        if (fold_check_time(times_ns[i], "a sign of the broker", reterr) < 0) {
            return -EBADMSG;
        }
    }
    return 0;
}

/* Do consumers take whatever comes, at that time? */
static bool is_read_freely(const struct fold_trial *trial, int64_t at_ns)
{
    for (uint32_t i = 0; i < trial->entry.phases_count; i++) {
        if (trial->phase_start_ns[i] != INT64_MIN && at_ns >= trial->phase_start_ns[i] &&
            at_ns < trial->phase_end_ns[i]) {
            return trial->entry.phases[i].consume.pace == CONSUME_FREE;
        }
    }
    return false;
}

/* Messages that nobody confirms are missed by what they should have been delivered. */
static void hear(struct fold_trial *trial, const struct snapshot *snapshot)
{
    const struct broker_signs *signs = &snapshot->health.signs;
    struct fold_outages *outages = &trial->outages;

    if (signs->answered_last_ns > outages->answered_ns) {
        outages->answered_ns = signs->answered_last_ns;
    }
    if (signs->handed_ns > outages->handed_ns) {
        outages->handed_ns = signs->handed_ns;
    }
    if (outages->answered_ns > outages->unheard_since_ns ||
        !is_read_freely(trial, outages->handed_ns)) {
        outages->unheard_since_ns = 0;
    }
    if (outages->unheard_since_ns == 0 && outages->handed_ns > outages->answered_ns &&
        is_read_freely(trial, outages->handed_ns)) {
        outages->unheard_since_ns =
            snapshot->from_ns > outages->answered_ns ? snapshot->from_ns : outages->answered_ns + 1;
    }
}

int fold_outages_take(struct fold_trial *trial, const struct snapshot *snapshot,
                      struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < snapshot->notices_count; i++) {
        r = take_notice(&trial->outages, &snapshot->notices[i], reterr);
    }
    for (uint32_t i = 0; r == 0 && i < snapshot->losses_count; i++) {
        r = take_loss(trial, &snapshot->losses[i], reterr);
    }
    if (r < 0 || snapshot->health.rss_bytes == 0) {
        return r;
    }
    r = check_signs(&snapshot->health.signs, reterr);
    if (r == 0) {
        trial->agents[snapshot->agent].signs = snapshot->health.signs;
        trial->outages.losses_untold += snapshot->health.losses_untold;
        hear(trial, snapshot);
    }
    return r;
}

/* ---- The result ------------------------------------------------------------------------------ */

/* A broker's going and coming back, from the marks; figures from the intervals between them. */
static void add_brokers(const struct fold_trial *trial, const struct result_mark *marks,
                        uint32_t marks_count, struct result_trial *ret)
{
    for (uint32_t i = 0; i < marks_count; i++) {
        struct result_outage *last =
            ret->outages_count == 0 ? NULL : &ret->outages[ret->outages_count - 1];

        if (marks[i].trial != trial->entry.number) {
            continue;
        }
        if (marks[i].kind == MARK_BROKER_DOWN) {
            last = &ret->outages[ret->outages_count++];
            last->kind = OUTAGE_BROKER;
            last->down_ns = marks[i].at_ns;
            last->up_ns = marks[i].at_ns - 1;
            memcpy(last->text, marks[i].text, sizeof last->text);
        } else if (marks[i].kind == MARK_BROKER_UP && last != NULL) {
            last->up_ns = marks[i].at_ns;
        }
    }
    for (uint32_t o = 0; o < ret->outages_count; o++) {
        struct result_outage *outage = &ret->outages[o];

        for (uint32_t i = 0; i < ret->intervals_count; i++) {
            const struct result_interval *interval = &ret->intervals[i];
            bool after = outage->up_ns >= outage->down_ns && interval->start_ns > outage->up_ns;

            if (interval->start_ns + result_interval_ns(interval) <= outage->down_ns || after) {
                continue;
            }
            outage->unconfirmed += interval->unconfirmed;
            outage->backlog_peak =
                interval->backlog > outage->backlog_peak ? interval->backlog : outage->backlog_peak;
        }
    }
}

/* Is a lost connection what the broker's outage did to this client, and no more? */
static bool is_within(const struct fold_loss *loss, const struct result_outage *broker)
{
    bool ended = broker->up_ns >= broker->down_ns;
    bool is_back = loss->up_ns >= loss->down_ns;

    return loss->down_ns >= broker->down_ns - BEFORE_NS &&
           (!ended ||
            (loss->down_ns <= broker->up_ns && is_back && loss->up_ns <= broker->up_ns + AFTER_NS));
}

/* As the parties call it: they stand in the order of the trial's tables. */
static void name_client(const struct entry_trial *entry, uint32_t client,
                        const struct result_trial *trial, struct result_outage *outage)
{
    for (uint32_t i = 0; i < entry->producers_count + entry->consumers_count; i++) {
        uint32_t number = i < entry->producers_count
                              ? entry->producers[i].client
                              : entry->consumers[i - entry->producers_count].client;

        if (number == client && i < trial->parties_count) {
            memcpy(outage->client, trial->parties[i].name, sizeof outage->client);
            memcpy(outage->flow, trial->parties[i].flow, sizeof outage->flow);
            outage->is_producers = trial->parties[i].kind == PARTY_PRODUCER;
            return;
        }
    }
}

static void add_clients(const struct fold_trial *trial, struct result_trial *ret)
{
    uint32_t brokers_count = ret->outages_count;

    for (uint32_t i = 0; i < trial->outages.losses_count; i++) {
        const struct fold_loss *loss = &trial->outages.losses[i];
        struct result_outage *outage = NULL;

        for (uint32_t b = 0; b < brokers_count && outage == NULL; b++) {
            outage = is_within(loss, &ret->outages[b]) ? &ret->outages[b] : NULL;
        }
        if (outage != NULL) {
            outage->clients++;
            continue;
        }
        outage = &ret->outages[ret->outages_count++];
        outage->kind = OUTAGE_CLIENT;
        outage->down_ns = loss->down_ns;
        outage->up_ns = loss->up_ns;
        memcpy(outage->text, loss->text, sizeof outage->text);
        name_client(&trial->entry, loss->client, ret, outage);
    }
}

int fold_outages_make(const struct fold_trial *trial, const struct result_mark *marks,
                      uint32_t marks_count, struct result_trial *ret, struct errinfo *reterr)
{
    const struct fold_outages *from = &trial->outages;

    ret->outages = calloc((size_t)marks_count + from->losses_count + 1, sizeof *ret->outages);
    ret->notices = calloc((size_t)from->notices_count + 1, sizeof *ret->notices);
    if (ret->outages == NULL || ret->notices == NULL) {
        return errinfo_nomem(reterr);
    }
    add_brokers(trial, marks, marks_count, ret);
    add_clients(trial, ret);
    ret->outages_untold = from->losses_untold;
    ret->notices_count = from->notices_count;
    if (from->notices_count > 0) {
        memcpy(ret->notices, from->notices, from->notices_count * sizeof *ret->notices);
    }
    return 0;
}
