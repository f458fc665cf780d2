/*
 * run_broker: whether the broker is there while a trial runs, and what it says of itself.
 *
 * It is away while no client can use it. One client's lost connection is that client's outage, and
 * the run goes on.
 */
#include "run_inner.h"

#include "mono.h"

#include <stdio.h>
#include <string.h>

/* A broker that pauses for less is slow. */
#define SILENCE_NS_MIN NS_PER_S
/* What is said again after that long is marked again. */
#define SAID_AGAIN_NS (10 * NS_PER_S)
#define SAID_MARKS_MAX 64 /* Of one trial; all of it stands in the result, by text. */
/* What broke the connections, or what the broker said, may have come that long before. */
#define BEFORE_NS (2 * NS_PER_S)

static int64_t silence_ns(const struct run *run)
{
    int64_t allowed_ns = run->config->scenario->on_broker_loss_ns;

    return allowed_ns > SILENCE_NS_MIN ? allowed_ns : SILENCE_NS_MIN;
}

static int tell_down(struct run *run, enum presence presence, struct errinfo *reterr)
{
    const struct fold_live *live = &run->progress.live;
    const char *why = fold_last_loss(run->fold, run->broker_down_ns - BEFORE_NS);
    const char *says = fold_last_notice(run->fold, run->broker_down_ns - BEFORE_NS);
    char allowed[UNITS_TEXT_BYTES];
    char text[ERRINFO_BYTES];

    if (presence == PRESENCE_SILENT) {
        (void)snprintf(
            text, sizeof text,
            "nothing was confirmed or delivered for %s, with %u of %u connections open%s%s",
            units_format_duration(silence_ns(run), allowed), live->clients - live->clients_down,
            live->clients, says[0] != '\0' ? "; the broker says: " : "", says);
    } else {
        (void)snprintf(text, sizeof text, "none of %u clients is connected%s%s", live->clients,
                       why[0] != '\0' ? ": " : "", why);
    }
    run_notice(run, "%s: the broker is away (%s)", run->progress.case_name, text);
    text[REASON_BYTES - 1] = '\0';
    return run_journal_mark(run, MARK_BROKER_DOWN, run->broker_down_ns, text, reterr);
}

static int tell_up(struct run *run, int64_t back_ns, struct errinfo *reterr)
{
    const struct fold_live *live = &run->progress.live;
    char text[REASON_BYTES];

    (void)snprintf(text, sizeof text, "%u of %u clients are connected",
                   live->clients - live->clients_down, live->clients);
    run_notice(run, "%s: the broker is back", run->progress.case_name);
    return run_journal_mark(run, MARK_BROKER_UP, back_ns != 0 ? back_ns : mono_ns() - run->t0_ns,
                            text, reterr);
}

int run_look_at_broker(struct run *run, struct errinfo *reterr)
{
    int64_t since_ns = 0;
    int64_t back_ns;
    enum presence presence;
    bool down;

    if (run->trial == NULL || run->broker_given_up) {
        return 0; /* What comes after it was given up is its being closed. */
    }
    presence = fold_presence(run->fold, silence_ns(run), &since_ns);
    down = presence != PRESENCE_THERE;
    if (down == run->broker_down) {
        return 0;
    }
    back_ns = fold_back_since(run->fold, run->broker_down_ns);
    if (!down && run->broker_silent && back_ns == 0) {
        return 0; /* Nothing waits for it any more, which is no word from it. */
    }
    run->broker_down = down;
    run->broker_silent = presence == PRESENCE_SILENT;
    run->progress.broker_away = down;
    if (down) {
        run->broker_down_ns = since_ns;
        return tell_down(run, presence, reterr);
    }
    return tell_up(run, back_ns, reterr);
}

/* NULL: there is no room for one more. */
static struct run_said *find_said(struct run *run, const char *text)
{
    for (uint32_t i = 0; i < run->said_count; i++) {
        if (strcmp(run->said[i].text, text) == 0) {
            return &run->said[i];
        }
    }
    if (run->said_count == RUN_SAID_MAX) {
        return NULL;
    }
    run->said[run->said_count] = (struct run_said){.last_ns = INT64_MIN / 2};
    (void)snprintf(run->said[run->said_count].text, REASON_BYTES, "%s", text);
    return &run->said[run->said_count++];
}

int run_mark_notices(struct run *run, const struct snapshot *snapshot, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && run->trial != NULL && i < snapshot->notices_count; i++) {
        const struct notice_delta *notice = &snapshot->notices[i];
        struct run_said *said = find_said(run, notice->text);
        bool again = said == NULL || notice->first_ns - said->last_ns < SAID_AGAIN_NS;

        if (said != NULL && notice->last_ns > said->last_ns) {
            said->last_ns = notice->last_ns;
        }
        if (again || run->said_marks == SAID_MARKS_MAX) {
            continue;
        }
        run->said_marks++;
        run_notice(run, "%s: the broker says: %s", run->progress.case_name, notice->text);
        r = run_journal_mark(run, MARK_BROKER_SAYS, notice->first_ns, notice->text, reterr);
    }
    return r;
}

bool run_broker_is_lost(struct run *run)
{
    int64_t allowed_ns = run->config->scenario->on_broker_loss_ns;
    const char *says = fold_last_notice(run->fold, run->broker_down_ns - BEFORE_NS);
    char allowed[UNITS_TEXT_BYTES];

    if (!run->broker_down || mono_ns() - run->t0_ns - run->broker_down_ns < allowed_ns) {
        return false;
    }
    run->events.broker_lost = true;
    run->target_lost[run->plan->cases[run->trial->case_index].target] = true;
    run->broker_given_up = true;
    run->broker_given_up_ns = mono_ns() - run->t0_ns;
    units_format_duration(run->broker_silent ? silence_ns(run) : allowed_ns, allowed);
    (void)snprintf(run->events.broker_lost_case, sizeof run->events.broker_lost_case, "%s",
                   run->progress.case_name);
    if (run->broker_silent) {
        (void)snprintf(run->events.broker_lost_text, sizeof run->events.broker_lost_text,
                       "the broker went away at %.1f s. It confirmed and delivered nothing for %s, "
                       "though connections stayed open%s%s",
                       (double)run->broker_down_ns / 1e9, allowed,
                       says[0] != '\0' ? "; it said: " : "", says);
    } else {
        (void)snprintf(run->events.broker_lost_text, sizeof run->events.broker_lost_text,
                       "the broker went away at %.1f s and was not back within %s",
                       (double)run->broker_down_ns / 1e9, allowed);
    }
    run_notice(run, "%s: %s", run->progress.case_name, run->events.broker_lost_text);
    return true;
}
