/*
 * cost_messages: what it costs a sender to have its next message at hand, stamped: draw its size
 * and key, take it from the pool, write the stamp. What a mix of sizes and keys adds to one size is
 * the difference between the lines.
 *
 *     cost_messages [MESSAGES]
 *
 * Prints a line for each kind of messages: name, ns_per_message (the least of some rounds), and the
 * memory of pool and keys.
 */
#include "mono.h"
#include "sender_parts_inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 40
#define PRODUCERS 8
#define PARTITIONS 8

struct bench {
    struct assigned_flow flow;
    struct sender_group group;
    struct producer producers[PRODUCERS];
    struct payload_pools payloads;
    struct key_tables keys;
};

static void begin(struct bench *bench, const struct message_shape *shape)
{
    struct assigned_producer assigned = {0};
    struct assignment assignment = {
        .flows = &bench->flow, .flows_count = 1, .producers = &assigned, .producers_count = 1};

    bench->flow = (struct assigned_flow){.message = *shape, .partitions = PARTITIONS};
    bench->group = (struct sender_group){.partitions = PARTITIONS};
    if (key_tables_init(&bench->keys, &assignment, NULL) < 0 ||
        payload_pools_init(&bench->payloads, &assignment, NULL) < 0 ||
        payload_place_new(bench->payloads.flows[0], &bench->group.payloads, NULL) < 0) {
        exit(1);
    }
    bench->group.pool = bench->payloads.flows[0];
    bench->group.keys = bench->keys.flows[0];
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        struct producer *producer = &bench->producers[i];

        *producer = (struct producer){
            .streams_count = PARTITIONS,
            .topics_count = 1,
            .turns_count = bench->group.keys != NULL ? 1 : PARTITIONS,
        };
        random_seed(&producer->random, i);
        if (bench->group.keys != NULL) {
            producer->key_place = key_table_begin(bench->group.keys, i, i, PRODUCERS);
        }
        sender_draw(&bench->group, producer);
    }
}

/* One message after the other, the producers in turn. Returns their bytes. */
static uint64_t make(struct bench *bench, uint32_t messages)
{
    unsigned char head[STAMP_BYTES];
    uint64_t sum = 0;

    for (uint32_t i = 0; i < messages; i++) {
        struct producer *producer = &bench->producers[i % PRODUCERS];
        struct payload_body payload = payload_take(bench->group.payloads, producer->next.size);
        struct stamp stamp = {.tag = 1, .stream = producer->next.stream, .sequence = i};

        stamp_write(head, &stamp, payload.hash);
        sum += STAMP_BYTES + payload.bytes_count;
        sender_draw(&bench->group, producer);
    }
    return sum;
}

static void measure(const char *name, const struct message_shape *shape, uint32_t messages)
{
    static struct bench bench;
    int64_t least_ns = INT64_MAX;
    uint64_t sum = 0;

    begin(&bench, shape);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t begin_ns = mono_ns();
        int64_t took_ns;

        sum += make(&bench, messages);
        took_ns = mono_ns() - begin_ns;
        least_ns = took_ns < least_ns ? took_ns : least_ns;
    }
    (void)printf("%-28s ns_per_message=%.1f mean_bytes=%.0f pool_bytes=%" PRIu64
                 " keys_bytes=%" PRIu64 "\n",
                 name, (double)least_ns / messages, (double)sum / messages / ROUNDS,
                 message_pool_bytes(shape), message_keys_bytes(&shape->keys));
    payload_place_free(bench.group.payloads);
    payload_pools_done(&bench.payloads);
    key_tables_done(&bench.keys);
}

int main(int argc, char **argv)
{
    uint32_t messages = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 200000;
    struct message_shape one = {.sizes = {{256, 256, 1}}, .sizes_count = 1};
    struct message_shape mix = {.sizes = {{256, 256, 70}, {4096, 65536, 30}}, .sizes_count = 2};

    measure("one-size", &one, messages);
    measure("mix", &mix, messages);
    one.keys = (struct message_keys){.count = 1000, .distribution = KEYS_UNIFORM};
    measure("one-size-uniform-1k-keys", &one, messages);
    mix.keys = (struct message_keys){1000, KEYS_ZIPF, 990};
    measure("mix-zipf-1k-keys", &mix, messages);
    mix.keys.count = KEYS_MAX;
    measure("mix-zipf-1M-keys", &mix, messages);
    return 0;
}
