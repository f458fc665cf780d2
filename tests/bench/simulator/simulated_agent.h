/*
 * simulated_agent: an agent as its coordinator sees it, without any load: a connection, an identity
 * and a clock of its own, over the code by which real agents talk. It obeys every command at once
 * and reports each second what simulated_report says.
 *
 * Three threads each, which mostly wait: one polls, one exchanges times, one reports.
 */
#ifndef MILLRACE_SIMULATED_AGENT_H
#define MILLRACE_SIMULATED_AGENT_H

#include "channel.h"
#include "coordinator_link_inner.h"
#include "duty.h"
#include "hist.h"
#include "simulated_clock.h"
#include "simulated_report.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What all agents of the simulation share; figures are guarded by the lock. */
struct simulation {
    const char *url;
    struct channel_security security;
    struct duty_host host;
    struct simulated_latency latency;
    int64_t base_ns;                      /* When it began. */
    _Atomic uint32_t numbers[AGENTS_MAX]; /* By the coordinator's index: number + 1; 0: none. */
    _Atomic uint32_t joined;
    _Atomic uint32_t running; /* Agents that report. */
    pthread_mutex_t lock;
    struct hist *join;    /* From the beginning to the welcome. */
    struct hist *receipt; /* From when a report was due to its receipt. */
    struct hist *bound;   /* Of all relations between clocks that were told. */
    uint64_t lines;
    uint64_t lines_wrong; /* The truth lay beyond the bound. */
    int64_t line_error_ns_max;
    uint64_t reports;
    uint32_t failures;
    struct errinfo failure; /* The first. */
};

struct simulated_agent {
    struct simulation *simulation;
    uint32_t number;
    struct simulated_clock clock;
    struct coordinator_link *link;
    struct hello hello;
    struct welcome welcome;
    pthread_t threads[3];
    pthread_mutex_t order; /* From a status's head until it has its receipt. */
    pthread_mutex_t lock;  /* Guards what follows. */
    pthread_cond_t changed;
    bool quit;
    struct assignment *assignment; /* Owned; NULL: no trial. */
    struct simulated_load load;
    bool has_t0;
    int64_t t0_ns; /* mono_ns() of this process, likewise below. */
    bool segment_runs;
    uint64_t segment_command;
    struct segment segment;
    int64_t segment_end_ns;
    int64_t started_ns; /* When it noticed that its first segment began; 0: it did not. */
    uint64_t release_command;
    _Atomic int64_t first_t0_ns; /* 0: not yet. */
    _Atomic uint64_t receipts;   /* Of reports of the trial. */
};

/* Begins to join. 0, or what a thread can't be made with. */
int simulated_agent_start(struct simulated_agent *agent, struct simulation *simulation,
                          uint32_t number, struct errinfo *reterr);

/* Blocks until its coordinator has sent it home, or is lost. Its connection stays. */
void simulated_agent_finish(struct simulated_agent *agent);

/* Reports that are due by now_ns and have no receipt. */
uint64_t simulated_agent_owes(const struct simulated_agent *agent, int64_t now_ns);

#endif
