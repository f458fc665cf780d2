/* What is implied of every measured phase that keeps a rate: what was due was sent, and the broker
 * took it; and of one that ends by count, that it was sent before its time was over. Without that a
 * broker that refuses or stops everything would pass by what is left. */
#include "judge_inner.h"

#include "mono.h"
#include "text.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_SHARE_MAX 0.01
#define TROUBLE_SHARE_MAX 0.001

/* A broker that holds back x of a second's messages blocks at least one thread for x s; half of it
 * leaves room for what was sent late in the same second. */
#define HELD_BACK_SHARE_MIN 0.5

/* Beginning to be away and being noticed fall into different seconds, and so do coming back and
 * hearing what became of what was on its way. */
#define OUTAGE_EDGE_NS INTERVAL_NS

/* Parts of a reason; together they fit into one. */
#define WHERE_BYTES 96
#define AWAY_BYTES 40
#define COUNTS_BYTES 120

/* Who held back what was not sent. */
enum blame { BLAME_NONE, BLAME_GENERATOR, BLAME_BROKER, BLAME_COUNT };

/* The row of a trial that is furthest from what was asked, of those with the same blame. */
struct worst {
    bool any;
    double share; /* Of what was due, or sent: what went wrong. */
    uint64_t whole;
    const struct result_trial *trial;
    const struct result_phase *phase;
};

/* What a case comes to, row by row. */
struct looked {
    struct worst worst[BLAME_COUNT];
    uint64_t whole;
};

static bool concerns(const struct objective *own, const struct result_case *of,
                     const struct result_phase *phase)
{
    return (own->target[0] == '\0' || strcmp(own->target, of->target) == 0) &&
           (own->phase[0] == '\0' || strcmp(own->phase, phase->name) == 0) &&
           (own->flow[0] == '\0' || strcmp(own->flow, phase->flow) == 0);
}

/* Does the scenario say itself what it allows there, of that kind (and, of a count, of which)? */
static bool has_own(const struct judge_terms *terms, const struct result_case *of,
                    const struct result_phase *phase, enum metric_kind kind,
                    enum metric_which which)
{
    for (uint32_t i = 0; i < terms->objectives_count; i++) {
        const struct objective *own = &terms->objectives[i];

        if (own->metric.kind == kind && own->metric.which == which && concerns(own, of, phase)) {
            return true;
        }
    }
    return false;
}

static bool overlaps(int64_t from_ns, int64_t until_ns, const struct result_phase *phase)
{
    return from_ns < phase->start_ns + phase->duration_ns && until_ns > phase->start_ns;
}

static int64_t end_of(const struct result_outage *outage, const struct result_phase *phase)
{
    return outage->up_ns < outage->down_ns ? phase->start_ns + phase->duration_ns : outage->up_ns;
}

static bool was_away(const struct result_trial *trial, const struct result_phase *phase,
                     int64_t from_ns, int64_t until_ns)
{
    for (uint32_t i = 0; i < trial->outages_count; i++) {
        const struct result_outage *outage = &trial->outages[i];

        if (outage->kind == OUTAGE_BROKER && from_ns < end_of(outage, phase) + OUTAGE_EDGE_NS &&
            until_ns > outage->down_ns - OUTAGE_EDGE_NS) {
            return true;
        }
    }
    return false;
}

/* Of the seconds in which a producer's own connection broke and came back, the broker being there:
 * the share of all messages that were its to send. A second has as many of each producer. */
static double share_of_clients(const struct result_trial *trial, const struct result_phase *phase,
                               const struct result_interval *one)
{
    int64_t end_ns = one->start_ns + result_interval_ns(one);
    uint32_t away = 0;

    for (uint32_t i = 0; i < trial->outages_count; i++) {
        const struct result_outage *outage = &trial->outages[i];

        away += outage->kind == OUTAGE_CLIENT && outage->is_producers &&
                        (phase->flow[0] == '\0' || strcmp(phase->flow, outage->flow) == 0) &&
                        one->start_ns < end_of(outage, phase) + OUTAGE_EDGE_NS &&
                        end_ns > outage->down_ns - OUTAGE_EDGE_NS
                    ? 1
                    : 0;
    }
    return away < phase->producers ? (double)away / phase->producers : away > 0 ? 1.0 : 0.0;
}

/* What was on its way when a client's connection broke has an outcome then, and the loss is an
 * error. Later in its outage there is none. */
static bool has_lost_clients(const struct result_trial *trial, const struct result_interval *one)
{
    for (uint32_t i = 0; i < trial->outages_count; i++) {
        const struct result_outage *outage = &trial->outages[i];

        if (outage->kind == OUTAGE_CLIENT && one->start_ns < outage->down_ns + OUTAGE_EDGE_NS &&
            one->start_ns + result_interval_ns(one) > outage->down_ns - OUTAGE_EDGE_NS) {
            return true;
        }
    }
    return false;
}

/* How many of the phase's messages came due, or met trouble, while the broker was away, or their
 * own client was. */
static uint64_t of_outages(const struct result_trial *trial, const struct result_phase *phase,
                           bool trouble)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *one = &trial->intervals[i];

        bool away = was_away(trial, phase, one->start_ns, one->start_ns + result_interval_ns(one));

        if (trouble && (away || has_lost_clients(trial, one))) {
            sum += one->refused + one->unconfirmed + one->errors;
        } else if (!trouble) {
            sum += away ? one->due
                        : (uint64_t)(share_of_clients(trial, phase, one) * (double)one->due);
        }
    }
    return sum;
}

/* An own objective about outages says how long one may last: what it does to the load is allowed
 * with it. */
static uint64_t less_outages(const struct judge_terms *terms, const struct result_case *of,
                             const struct result_trial *trial, const struct result_phase *phase,
                             bool trouble, uint64_t wrong)
{
    uint64_t excused = has_own(terms, of, phase, METRIC_OUTAGE, WHICH_NONE)
                           ? of_outages(trial, phase, trouble)
                           : 0;

    return wrong > excused ? wrong - excused : 0;
}

/* One message of each producer may be on its way at any end: that is no share of a small number. */
static bool is_too_much(uint64_t wrong, uint64_t whole, double share_max,
                        const struct result_phase *phase)
{
    return (double)wrong > share_max * (double)whole && wrong > phase->producers;
}

static bool held_back(const struct result_trial *trial, const struct result_phase *phase,
                      double share)
{
    double missing_ns = share * (double)phase->duration_ns;
    double held_ns = 0.0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        if (overlaps(row->end_ns - row->span_ns, row->end_ns, phase)) {
            held_ns += (double)row->blocked_ns + (double)result_in_calls_ns(row);
        }
    }
    return held_ns >= HELD_BACK_SHARE_MIN * missing_ns;
}

bool judge_broker_held_back(const struct result_case *of, const char *phase, const char *flow)
{
    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];

        for (uint32_t p = 0; p < trial->phases_count; p++) {
            const struct result_phase *row = &trial->phases[p];

            if (strcmp(row->name, phase) == 0 && strcmp(row->flow, flow) == 0 &&
                row->due > row->sent_in_time &&
                !held_back(trial, row, (double)(row->due - row->sent_in_time) / (double)row->due)) {
                return false;
            }
        }
    }
    return true;
}

/* What a lost agent had to do with it is not known: nobody is to blame, see judge_doubt_lost(). */
static void take(struct looked *looked, enum blame blame, const struct worst *row)
{
    struct worst *worst = &looked->worst[row->phase->lacks_agent ? BLAME_NONE : blame];

    looked->whole += row->whole;
    if (!worst->any || row->share > worst->share) {
        *worst = *row;
        worst->any = true;
    }
}

static void look_sent(const struct judge_terms *terms, const struct result_case *of,
                      const struct result_trial *trial, const struct result_phase *phase,
                      struct looked *looked)
{
    bool by_count = phase->messages > 0;
    uint64_t due = by_count ? phase->messages : phase->due;
    uint64_t sent = by_count ? phase->delivery.sent : phase->sent_in_time;
    uint64_t missing = due > sent ? due - sent : 0;
    struct worst row = {.whole = due, .trial = trial, .phase = phase};
    enum blame blame = BLAME_NONE;

    if (due == 0 || has_own(terms, of, phase, METRIC_ATTAINED, WHICH_NONE)) {
        return;
    }
    missing = less_outages(terms, of, trial, phase, false, missing);
    row.share = (double)missing / (double)due;
    /* A phase that ends by count ends with the last of them: one that is missing is one too many.
     */
    if (by_count ? missing > 0 : is_too_much(missing, due, SHORT_SHARE_MAX, phase)) {
        /* As fast as confirms allow there is no schedule that a generator could be late against. */
        blame =
            phase->is_max || held_back(trial, phase, row.share) ? BLAME_BROKER : BLAME_GENERATOR;
    }
    take(looked, blame, &row);
}

static void look_taken(const struct judge_terms *terms, const struct result_case *of,
                       const struct result_trial *trial, const struct result_phase *phase,
                       struct looked *looked)
{
    const struct result_delivery *delivery = &phase->delivery;
    const struct {
        enum metric_which which;
        uint64_t count;
    } counts[] = {{WHICH_REFUSED, delivery->refused},
                  {WHICH_UNCONFIRMED, delivery->unconfirmed},
                  {WHICH_ERRORS, delivery->errors}};
    struct worst row = {.whole = delivery->sent, .trial = trial, .phase = phase};
    uint64_t wrong = 0;
    bool any = false;

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (!has_own(terms, of, phase, METRIC_COUNT, counts[i].which)) {
            wrong += counts[i].count;
            any = true;
        }
    }
    if (!any || !phase->keeps_rate || (delivery->sent == 0 && wrong == 0)) {
        return;
    }
    wrong = less_outages(terms, of, trial, phase, true, wrong);
    row.share =
        delivery->sent == 0 ? (wrong > 0 ? 1.0 : 0.0) : (double)wrong / (double)delivery->sent;
    take(looked,
         is_too_much(wrong, delivery->sent, TROUBLE_SHARE_MAX, phase) ? BLAME_BROKER : BLAME_NONE,
         &row);
}

/* Every trial by itself, as counts are: one that did not hold its rate is not made good by others.
 */
static struct looked look(const struct judge_terms *terms, const struct result_case *of,
                          void (*look_at)(const struct judge_terms *terms,
                                          const struct result_case *of,
                                          const struct result_trial *trial,
                                          const struct result_phase *phase, struct looked *looked))
{
    struct looked looked = {.whole = 0};

    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];
        bool by_flow = judge_has_flows(trial->phases, trial->phases_count);

        for (uint32_t p = 0; p < trial->phases_count; p++) {
            const struct result_phase *phase = &trial->phases[p];

            if (phase->measured && (phase->keeps_rate || phase->messages > 0) &&
                (phase->flow[0] != '\0') == by_flow) {
                look_at(terms, of, trial, phase, &looked);
            }
        }
    }
    return looked;
}

/* "in steady of flow orders, trial 2" */
static void say_where(const struct result_case *of, const struct worst *worst, char *text)
{
    char trial[32] = "";

    if (of->trials_count > 1) {
        (void)snprintf(trial, sizeof trial, ", trial %u", worst->trial->repetition + 1);
    }
    (void)snprintf(text, WHERE_BYTES, "in %.28s%s%.28s%s", worst->phase->name,
                   worst->phase->flow[0] != '\0' ? " of flow " : "", worst->phase->flow, trial);
}

/* "; broker away for 11.9 s", or nothing. */
static void say_away(const struct worst *worst, char *text)
{
    char length[UNITS_TEXT_BYTES];
    int64_t sum_ns = 0;

    for (uint32_t i = 0; i < worst->trial->outages_count; i++) {
        const struct result_outage *outage = &worst->trial->outages[i];
        int64_t end_ns = end_of(outage, worst->phase);

        if (outage->kind == OUTAGE_BROKER && overlaps(outage->down_ns, end_ns, worst->phase)) {
            sum_ns += end_ns - outage->down_ns;
        }
    }
    text[0] = '\0';
    if (sum_ns > 0) {
        (void)snprintf(text, AWAY_BYTES, "; the broker was away for %s",
                       units_format_ns((double)sum_ns, length));
    }
}

/* The worst of all, whoever is to blame. */
static const struct worst *worst_of(const struct looked *looked)
{
    const struct worst *worst = NULL;

    for (int blame = 0; blame < BLAME_COUNT; blame++) {
        if (looked->worst[blame].any &&
            (worst == NULL || looked->worst[blame].share > worst->share)) {
            worst = &looked->worst[blame];
        }
    }
    return worst;
}

static bool fill_row(const struct result_case *of, const struct looked *looked,
                     struct result_objective *row)
{
    const struct worst *worst = worst_of(looked);

    memcpy(row->case_name, of->name, sizeof row->case_name);
    row->samples = looked->whole;
    row->met = MET_YES;
    row->has_observed = worst != NULL;
    row->observed = worst != NULL ? worst->share : 0.0;
    return worst != NULL;
}

static void conclude_sent(const struct judge_terms *terms, const struct result_case *of,
                          const struct looked *looked, struct result_objective *row)
{
    const struct worst *broker = &looked->worst[BLAME_BROKER];
    const struct worst *generator = &looked->worst[BLAME_GENERATOR];
    const struct worst *worst = broker->any ? broker : generator;
    char where[WHERE_BYTES];
    char away[AWAY_BYTES];

    (void)snprintf(row->text, sizeof row->text, "attained >= 99%%");
    row->limit = 1.0 - SHORT_SHARE_MAX;
    row->observed = 1.0 - row->observed;
    if (!worst->any) {
        return;
    }
    row->met = broker->any || terms->selfcheck_warns ? MET_NO : MET_NOT_AVAILABLE;
    row->observed = 1.0 - worst->share;
    say_where(of, worst, where);
    say_away(worst, away);
    (void)text_fitf(row->reason, sizeof row->reason, "%.2f %% of what %s %s was sent in time%s%s",
                    row->observed * 100.0,
                    worst->phase->messages > 0 ? "was to be sent" : "was due", where,
                    worst->phase->is_max ? ", as fast as confirms allowed"
                    : broker->any        ? ", because the broker slowed down the producers"
                                         : ", because the load generator was too slow",
                    away);
}

static void say_counts(const struct result_delivery *delivery, char *text)
{
    (void)snprintf(text, COUNTS_BYTES, "%llu of %llu refused, %llu unconfirmed, %llu errors",
                   (unsigned long long)delivery->refused, (unsigned long long)delivery->sent,
                   (unsigned long long)delivery->unconfirmed, (unsigned long long)delivery->errors);
}

static void conclude_taken(const struct judge_terms *terms, const struct result_case *of,
                           const struct looked *looked, struct result_objective *row)
{
    static const struct result_phase anywhere;
    static const struct {
        enum metric_which which;
        const char *name;
    } names[] = {
        {WHICH_REFUSED, "refused"}, {WHICH_UNCONFIRMED, "unconfirmed"}, {WHICH_ERRORS, "errors"}};
    const struct worst *worst = &looked->worst[BLAME_BROKER];
    char where[WHERE_BYTES];
    char counts[COUNTS_BYTES];
    size_t used = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!has_own(terms, of, &anywhere, METRIC_COUNT, names[i].which)) {
            used += (size_t)snprintf(row->text + used, sizeof row->text - used, "%s%s",
                                     used == 0 ? "" : " + ", names[i].name);
        }
    }
    (void)snprintf(row->text + used, sizeof row->text - used, " <= 0.1%%");
    row->limit = TROUBLE_SHARE_MAX;
    if (!worst->any) {
        return;
    }
    row->met = MET_NO;
    row->observed = worst->share;
    say_where(of, worst, where);
    say_counts(&worst->phase->delivery, counts);
    (void)text_fitf(row->reason, sizeof row->reason, "%s %s", counts, where);
}

bool judge_sent(const struct judge_terms *terms, const struct result_case *of,
                struct result_objective *ret)
{
    struct looked looked = look(terms, of, look_sent);

    if (!fill_row(of, &looked, ret)) {
        return false;
    }
    conclude_sent(terms, of, &looked, ret);
    return true;
}

bool judge_taken(const struct judge_terms *terms, const struct result_case *of,
                 struct result_objective *ret)
{
    struct looked looked = look(terms, of, look_taken);

    if (!fill_row(of, &looked, ret)) {
        return false;
    }
    conclude_taken(terms, of, &looked, ret);
    return true;
}
