/* bounds: every limit of the system, with the relations between them. Raising one is a change of
 * this line only. */
#ifndef MILLRACE_BOUNDS_H
#define MILLRACE_BOUNDS_H

#include <assert.h>
#include <stdint.h>

#define STAMP_BYTES 40
#define MESSAGE_BYTES_MIN STAMP_BYTES
#define MESSAGE_BYTES_MAX (16 * 1024 * 1024)

#define MESSAGE_SIZES_MAX 16                     /* Parts of a mix. */
#define MESSAGE_MIX_BYTES_MAX (64 * 1024 * 1024) /* Their largest messages together. */
#define MESSAGE_WEIGHT_MAX 1000000
/* Messages made ahead, of each worker and flow, unless single messages are larger: a batch of
 * Kafka's usual size holds no contents twice, so that it compresses as each message does. */
#define PAYLOAD_POOL_BYTES (1024 * 1024)
#define KEYS_MAX (1 << 20)
#define KEY_EXPONENT_MILLIS_MAX 10000 /* Beyond it there is one key. */
#define MESSAGE_KEY_BYTES 8
#define PAYLOAD_LENGTHS_MAX 128  /* Different lengths that stand for a range of sizes. */
#define PAYLOAD_HASHES_MAX 16384 /* Of a part: its bodies, each at some of the lengths. */

#define NAME_BYTES 64        /* Names of flows, phases, agents, labels; with the NUL. */
#define TOPIC_NAME_BYTES 128 /* "millrace-RUN-CASE-TRIAL-FLOW-INDEX". */
#define REASON_BYTES 256     /* A sentence for a person. */
#define METRIC_BYTES 32      /* "e2e_service.p99.99", "received_rate". */

#define AGENTS_MAX 1024
#define PROCESSES_MAX 256 /* Of one host, each an agent. */
#define TARGETS_MAX 64
#define FLOWS_MAX 16
#define PHASES_MAX 1025 /* A scenario's 1,024, and the drain that it does not write. */
#define CELLS_MAX 4096  /* Flows x phases of a trial: each has latencies of its own. */
#define SETUPS_MAX 256  /* Variants x swept values. */
#define SWEEP_KEYS_MAX 8
#define OVERRIDES_MAX 32 /* Of one variant. */
#define OBJECTIVES_MAX 1024
#define OBJECTIVES_IMPLIED_MAX 4 /* Of each case. */
#define CASES_MAX 4096           /* Setups x targets. */
#define REPEAT_MAX 1000
#define TRIALS_MAX 20000         /* Of a run. */
#define OBJECTIVE_ROWS_MAX 16384 /* Objectives, the implied ones too, in phases of all cases. */
#define PHASE_ROWS_MAX (1 << 20) /* (Flows and all together) x phases x trials of a run. */
/* Numbers of calibrating trials lie beyond those of any run: a late snapshot must not be taken for
 * another's. */
#define CALIBRATION_TRIAL_FIRST UINT32_C(0x40000000)
#define CURVE_POINTS_MAX (24 * 60 + 1) /* Of one phase: each minute of a day, and its end. */
#define CURVES_POINTS_MAX 8192         /* Of all phases together. */
#define TOPICS_MAX 4096
#define PARTITIONS_MAX 1024
#define SUBSCRIPTIONS_MAX 64
#define CLIENTS_MAX 65536 /* Producers and consumers of a trial. */
#define STREAMS_MAX (1 << 20)
#define READINGS_MAX (1 << 22) /* Streams x subscriptions of a trial. */
#define IN_FLIGHT_MAX 65535
#define WORKERS_MAX 1024 /* Of one agent. */
#define PHASE_MESSAGES_MAX INT64_C(1000000000000)
#define THINK_NS_MAX INT64_C(60000000000)
#define SKIP_NS_MAX INT64_C(3600000000000)
/* Between two ticks of a load that is sent in ticks. Below, a tick would be no cheaper than the
 * messages in it. */
#define COALESCE_NS_MIN (200 * INT64_C(1000))
#define COALESCE_NS_MAX (10 * INT64_C(1000000))
#define RATE_PER_S_MAX 100000000.0

#define LOSSES_TOLD_MAX 256 /* Lost connections of an agent and trial that are told one by one. */
#define INTERVAL_NS INT64_C(1000000000)
#define FRAME_BYTES_MAX (8 * 1024 * 1024) /* One message of the control plane: of a command. */
/* One that an agent sends. Whoever reaches the coordinator's port can claim it for each of his
 * connections. */
#define REQUEST_BYTES_MAX (256 * 1024)
#define HELLO_BYTES_MAX (4 * 1024) /* Names and numbers: a request that whoever comes may make. */
/* An agent splits what is larger, but for a histogram. */
#define SNAPSHOT_BYTES_MAX (128 * 1024)
#define OUTBOX_BYTES_MAX (64 * 1024 * 1024) /* Of snapshots that wait for the coordinator. */
/* Open files of a coordinator that connections can't take: reports are written with them. */
#define FILES_KEPT 64
#define DOCUMENT_BYTES_MAX (16 * 1024 * 1024)      /* BSON's own limit. */
#define DISK_WAITING_BYTES_MAX (256 * 1024 * 1024) /* Of entries that wait for a disk. */
#define SCREEN_WAITING_BYTES_MAX (1024 * 1024)     /* Of notices that wait to be read. */
#define SCENARIO_BYTES_MAX (1024 * 1024)

static_assert(SNAPSHOT_BYTES_MAX * 2 <= REQUEST_BYTES_MAX && REQUEST_BYTES_MAX <= FRAME_BYTES_MAX,
              "a snapshot fits into a request with room to spare");
static_assert(OUTBOX_BYTES_MAX >= 4 * FRAME_BYTES_MAX, "a few large snapshots may wait");
static_assert(DISK_WAITING_BYTES_MAX >= 4 * OUTBOX_BYTES_MAX &&
                  OUTBOX_BYTES_MAX >= 4 * FRAME_BYTES_MAX,
              "a disk that stalls is no worse than an agent's way to the coordinator");
static_assert(FRAME_BYTES_MAX < DOCUMENT_BYTES_MAX,
              "whatever came in a frame fits into a document");
static_assert(MESSAGE_MIX_BYTES_MAX >= MESSAGE_BYTES_MAX, "a largest message is a mix by itself");
static_assert(KEYS_MAX <= 10000000, "a key's number fits into its text");
static_assert(PAYLOAD_LENGTHS_MAX * PAYLOAD_LENGTHS_MAX <= PAYLOAD_HASHES_MAX,
              "there are bodies for all lengths, even if each has one of them only");
static_assert(PHASES_MAX <= CELLS_MAX, "one flow may have all phases");
static_assert(OBJECTIVES_MAX + OBJECTIVES_IMPLIED_MAX <= OBJECTIVE_ROWS_MAX,
              "one case may have all objectives");
static_assert(OBJECTIVES_IMPLIED_MAX * CASES_MAX <= OBJECTIVE_ROWS_MAX,
              "all cases may have what is implied");
static_assert(CLIENTS_MAX <= STREAMS_MAX, "every producer has at least one stream");

#endif
