/*
 * run_stalls: what stood still while a run went on: its disk, its terminal, the coordinator itself.
 *
 * None of them harms what is measured, as agents keep their own time and what they hand in waits.
 * But whoever reads the result shall know of it.
 */
#include "run_inner.h"

#include "mono.h"

#include <stdio.h>

/* Says it, and marks it in the running trial; outside of one there is nothing to mark. */
static int tell(struct run *run, int64_t from_ns, int64_t until_ns, const char *text,
                struct errinfo *reterr)
{
    struct result_mark mark = {
        .kind = MARK_STALL, .at_ns = until_ns - run->t0_ns, .from_ns = from_ns - run->t0_ns};

    run_notice(run, "%s", text);
    if (run->trial == NULL || run->t0_ns == 0 || mark.at_ns < 0) {
        return 0;
    }
    mark.from_ns = mark.from_ns > 0 ? mark.from_ns : 0;
    (void)snprintf(mark.text, sizeof mark.text, "%s", text);
    return run_journal_mark_of(run, &mark, reterr);
}

static int look_at_disk(struct run *run, int64_t now_ns, struct errinfo *reterr)
{
    struct queue_state state;
    struct stall over;
    enum stall_turn turn;
    char text[REASON_BYTES];

    disk_look(run->disk, &state);
    turn = stall_follow(&run->disk_stall, &state, now_ns, &over);
    if (turn == STALL_BEGINS) {
        run_notice(run,
                   "%s: the disk has written nothing for %.1f s. The run continues, and its "
                   "records wait in memory (at most %d MiB)",
                   run->folder, (double)(now_ns - state.since_ns) / 1e9,
                   DISK_WAITING_BYTES_MAX / 1024 / 1024);
    }
    if (turn != STALL_IS_OVER || disk_failed(run->disk)) {
        return 0;
    }
    (void)snprintf(text, sizeof text,
                   "the disk was stalled for %.1f s. Up to %llu entries (%.1f MiB) waited for it, "
                   "and all were written",
                   (double)(over.moved_ns - over.since_ns) / 1e9,
                   (unsigned long long)over.pieces_max, (double)over.bytes_max / 1024 / 1024);
    return tell(run, over.since_ns, over.moved_ns, text, reterr);
}

static int look_at_terminal(struct run *run, int64_t now_ns, struct errinfo *reterr)
{
    const struct run_config *config = run->config;
    struct queue_state state = {0};
    struct stall over;
    char text[REASON_BYTES];

    if (config->told_since == NULL) {
        return 0;
    }
    state.since_ns = config->told_since(config->context);
    if (stall_follow(&run->terminal_stall, &state, now_ns, &over) != STALL_IS_OVER) {
        return 0;
    }
    (void)snprintf(
        text, sizeof text,
        "the terminal was not read for %.1f s. Only drawings of the progress are missing",
        (double)(over.moved_ns - over.since_ns) / 1e9);
    return tell(run, over.since_ns, over.moved_ns, text, reterr);
}

static int look_at_self(struct run *run, struct errinfo *reterr)
{
    struct fleet_stall stall;
    char text[REASON_BYTES];

    if (!run->session_open || !fleet_take_stall(run->session->fleet, &stall)) {
        return 0;
    }
    (void)snprintf(text, sizeof text,
                   "the coordinator was paused for %.1f s (stopped, or its host was busy). Reports "
                   "of agents waited meanwhile",
                   (double)(stall.until_ns - stall.from_ns) / 1e9);
    return tell(run, stall.from_ns, stall.until_ns, text, reterr);
}

int run_look_at_stalls(struct run *run, struct errinfo *reterr)
{
    struct run *whole = run->whole == NULL ? run : run->whole;
    int64_t now_ns = mono_ns();
    int r = look_at_disk(whole, now_ns, reterr);

    r = r < 0 ? r : look_at_terminal(whole, now_ns, reterr);
    return r < 0 ? r : look_at_self(whole, reterr);
}
