/* run_screen: what whoever started the run gets to see of it, and its log. */
#include "run_inner.h"

#include "log.h"
#include "mono.h"
#include "stop.h"

#include <stdarg.h>
#include <stdio.h>

#define SHOW_NS (200 * NS_PER_MS)

void run_show(struct run *run, int64_t now_ns)
{
    struct run_progress *progress = &run->progress;

    if (now_ns - run->shown_ns < SHOW_NS || run->config->on_progress == NULL) {
        return;
    }
    run->shown_ns = now_ns;
    progress->agents_joined =
        run->session_open ? fleet_agents(run->session->fleet) : progress->agents_joined;
    if (run->trial != NULL && run->t0_ns != 0) {
        progress->trial_ns = now_ns - run->t0_ns;
    }
    run->config->on_progress(run->config->context, progress);
}

void run_notice(const struct run *run, const char *format, ...)
{
    char text[ERRINFO_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_info("%s", text);
    if (run->config->on_notice != NULL) {
        run->config->on_notice(run->config->context, text);
    }
}

void run_stage(struct run *run, const char *stage, const char *detail)
{
    run->progress.stage = stage;
    run->progress.detail = detail;
    run->shown_ns = 0;
    log_info("%s%s%s", stage, detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
    run_show(run, mono_ns());
}

bool run_interrupted(const struct run *run)
{
    if (atomic_load(run->config->interrupts) == 0) {
        return false;
    }
    stop_taken();
    return true;
}
