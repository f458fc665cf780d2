#include "check.h"

#include "memory_queue_inner.h"
#include "mono.h"
#include "random.h"

#include <string.h>

#define QUEUE_BYTES 4096
#define NEVER_NS INT64_MAX

static void init(struct memory_queue *queue, int64_t delay_ns, int64_t ttl_ns)
{
    memset(queue, 0, sizeof *queue);
    assert_int_equal(memory_queue_init(queue, QUEUE_BYTES, delay_ns, ttl_ns), 0);
}

/* A message of 64 bytes that carries a number. */
static void put_of(struct memory_queue *queue, uint16_t producer, uint32_t number,
                   int64_t published_ns, uint8_t flags)
{
    uint8_t bytes[64] = {0};
    struct memory_message message = {.bytes = bytes,
                                     .bytes_count = sizeof bytes,
                                     .producer = producer,
                                     .published_ns = published_ns};

    memcpy(bytes, &number, sizeof number);
    (void)memory_queue_put(queue, &message, flags);
}

static void put(struct memory_queue *queue, uint32_t number, int64_t published_ns, uint8_t flags)
{
    put_of(queue, 0, number, published_ns, flags);
}

static uint32_t number_in(const struct memory_entry *entry)
{
    uint32_t number;

    memcpy(&number, entry->bytes, sizeof number);
    return number;
}

/* Takes the next entry at now_ns and settles it; its number, 0 if there is none. */
static uint32_t take(struct memory_queue *queue, int64_t now_ns)
{
    int64_t due_ns = NEVER_NS;
    struct memory_entry *entry = memory_queue_take(queue, now_ns, &due_ns);
    uint32_t number = 0;

    if (entry != NULL) {
        number = number_in(entry);
        memory_queue_settle(queue, entry);
    }
    return number;
}

static void memory_queue_holds_exactly_its_bytes(void **state)
{
    struct memory_queue queue;

    (void)state;
    init(&queue, 0, 0);
    for (uint32_t i = 0; i < QUEUE_BYTES / 64; i++) {
        assert_true(memory_queue_has_room(&queue, 64, 1));
        put(&queue, i + 1, 0, 0);
    }
    assert_false(memory_queue_has_room(&queue, 1, 1));
    assert_int_equal(take(&queue, 0), 1);
    assert_true(memory_queue_has_room(&queue, 64, 1));
    assert_false(memory_queue_has_room(&queue, 64, 2));
    assert_false(memory_queue_has_room(&queue, 65, 1));
    memory_queue_done(&queue);
}

static void memory_queue_keeps_given_bytes_in_place_until_they_are_settled(void **state)
{
    struct memory_queue queue;
    struct memory_entry *held;
    int64_t due_ns = NEVER_NS;

    (void)state;
    init(&queue, 0, 0);
    put(&queue, 7, 0, 0);
    held = memory_queue_take(&queue, 0, &due_ns);
    for (uint32_t i = 1; i < QUEUE_BYTES / 64; i++) {
        put(&queue, 100 + i, 0, 0);
        assert_int_equal(take(&queue, 0), 100 + i);
    }
    assert_false(memory_queue_has_room(&queue, 64, 1)); /* Room comes back from the oldest only. */
    assert_int_equal(number_in(held), 7);
    memory_queue_settle(&queue, held);
    assert_true(memory_queue_has_room(&queue, QUEUE_BYTES, 1));
    memory_queue_done(&queue);
}

static void memory_queue_gives_what_came_back_again_in_its_place(void **state)
{
    struct memory_queue queue;
    struct memory_entry *first;
    struct memory_entry *second;
    int64_t due_ns = NEVER_NS;

    (void)state;
    init(&queue, 0, 0);
    for (uint32_t i = 1; i <= 4; i++) {
        put(&queue, i, 0, 0);
    }
    first = memory_queue_take(&queue, 0, &due_ns);
    second = memory_queue_take(&queue, 0, &due_ns);
    assert_int_equal(take(&queue, 0), 3);
    memory_queue_give_back(&queue, second);
    memory_queue_announce(&queue);
    assert_true(memory_queue_unread(&queue) > 0);
    assert_int_equal(take(&queue, 0), 2);
    memory_queue_settle(&queue, first);
    assert_int_equal(take(&queue, 0), 4);
    assert_int_equal(take(&queue, 0), 0);
    assert_int_equal(memory_queue_unread(&queue), 0);
    memory_queue_done(&queue);
}

static void memory_queue_gives_a_message_when_its_delay_is_over(void **state)
{
    struct memory_queue queue;
    int64_t due_ns = NEVER_NS;

    (void)state;
    init(&queue, 1000, 0);
    put(&queue, 1, 500, 0);
    put(&queue, 2, 600, 0);
    assert_null(memory_queue_take(&queue, 1499, &due_ns));
    assert_true(due_ns == 1500);
    assert_int_equal(take(&queue, 1500), 1);
    assert_int_equal(take(&queue, 1500), 0);
    assert_int_equal(take(&queue, 1600), 2);
    memory_queue_done(&queue);
}

static void memory_queue_drops_what_is_older_than_its_ttl(void **state)
{
    struct memory_queue queue;

    (void)state;
    init(&queue, 0, 1000);
    put(&queue, 1, 100, 0);
    put(&queue, 2, 200, 0);
    put(&queue, 3, 2000, 0);
    assert_int_equal(take(&queue, 1200), 2); /* Exactly as old as allowed. */
    assert_int_equal(take(&queue, 3000), 3);
    put(&queue, 4, 3000, 0);
    memory_queue_expire(&queue, 4001);
    assert_true(memory_queue_has_room(&queue, QUEUE_BYTES, 1));
    memory_queue_done(&queue);
}

static void memory_queue_gives_a_reordered_message_after_its_follower(void **state)
{
    struct memory_queue queue;
    int64_t due_ns = NEVER_NS;

    (void)state;
    init(&queue, 0, 0);
    put(&queue, 1, 0, MEMORY_FLAG_REORDER);
    put(&queue, 1, 0, MEMORY_FLAG_COPY); /* A copy is no follower. */
    assert_null(memory_queue_take(&queue, 0, &due_ns));
    assert_true(due_ns == NS_PER_S);
    put(&queue, 2, 0, 0);
    put(&queue, 3, 0, 0);
    assert_int_equal(take(&queue, 0), 2);
    assert_int_equal(take(&queue, 0), 1);
    assert_int_equal(take(&queue, 0), 1);
    assert_int_equal(take(&queue, 0), 3);
    memory_queue_done(&queue);
}

static void memory_queue_lets_other_producers_pass_a_reordered_message(void **state)
{
    struct memory_queue queue;

    (void)state;
    init(&queue, 0, 0);
    put_of(&queue, 7, 1, 0, MEMORY_FLAG_REORDER);
    put_of(&queue, 8, 2, 0, 0);
    put_of(&queue, 9, 3, 0, 0);
    assert_int_equal(take(&queue, 0), 2);
    put_of(&queue, 8, 4, 0, MEMORY_FLAG_REORDER);
    put_of(&queue, 9, 5, 0, 0);
    assert_int_equal(take(&queue, 0), 3);
    assert_int_equal(take(&queue, 0), 0); /* Behind another that waits. */
    put_of(&queue, 7, 6, 0, 0);
    assert_int_equal(take(&queue, 0), 6);
    assert_int_equal(take(&queue, 0), 1);
    assert_int_equal(take(&queue, 0), 5);
    put_of(&queue, 8, 7, 0, 0);
    assert_int_equal(take(&queue, 0), 7);
    assert_int_equal(take(&queue, 0), 4);
    assert_int_equal(take(&queue, 0), 0);
    assert_true(memory_queue_has_room(&queue, QUEUE_BYTES, 1));
    memory_queue_done(&queue);
}

static void memory_queue_reorders_with_a_delay_once_the_follower_is_due(void **state)
{
    struct memory_queue queue;
    int64_t due_ns = NEVER_NS;

    (void)state;
    init(&queue, 1000, 0);
    put(&queue, 1, 100, MEMORY_FLAG_REORDER);
    put(&queue, 2, 700, 0);
    assert_null(memory_queue_take(&queue, 1100, &due_ns));
    assert_true(due_ns == 1700);
    assert_int_equal(take(&queue, 1700), 2);
    assert_int_equal(take(&queue, 1700), 1);
    memory_queue_done(&queue);
}

static void memory_queue_loses_no_message_that_waits_for_a_follower(void **state)
{
    struct memory_queue queue;

    (void)state;
    init(&queue, 0, 0);
    put(&queue, 1, 0, MEMORY_FLAG_REORDER);
    assert_int_equal(take(&queue, NS_PER_S - 1), 0);
    assert_int_equal(take(&queue, NS_PER_S), 1);
    memory_queue_done(&queue);
}

#define MODEL_MAX 512

/* What the queue should hold, as plain arrays: numbers, sizes and who has been given out. */
struct model {
    uint32_t numbers[MODEL_MAX];
    uint32_t sizes[MODEL_MAX];
    struct memory_entry *given[MODEL_MAX];
    uint32_t count;
};

static void model_remove(struct model *model, uint32_t at)
{
    model->count--;
    for (uint32_t i = at; i < model->count; i++) {
        model->numbers[i] = model->numbers[i + 1];
        model->sizes[i] = model->sizes[i + 1];
        model->given[i] = model->given[i + 1];
    }
}

static void model_put(struct model *model, struct memory_queue *queue, uint32_t number,
                      uint32_t size)
{
    uint8_t bytes[QUEUE_BYTES];
    struct memory_message message = {.bytes = bytes, .bytes_count = size};

    if (model->count == MODEL_MAX || !memory_queue_has_room(queue, size, 1)) {
        return;
    }
    memset(bytes, (int)(number & 0xff), size);
    memcpy(bytes, &number, sizeof number);
    (void)memory_queue_put(queue, &message, 0);
    model->numbers[model->count] = number;
    model->sizes[model->count] = size;
    model->given[model->count] = NULL;
    model->count++;
}

/* Takes one; it must be the oldest that the model has not given out. */
static void model_take(struct model *model, struct memory_queue *queue)
{
    int64_t due_ns = NEVER_NS;
    struct memory_entry *entry = memory_queue_take(queue, 0, &due_ns);
    uint32_t at = 0;

    while (at < model->count && model->given[at] != NULL) {
        at++;
    }
    if (at == model->count) {
        assert_null(entry);
        return;
    }
    assert_non_null(entry);
    assert_int_equal(number_in(entry), model->numbers[at]);
    assert_int_equal(entry->bytes_count, model->sizes[at]);
    model->given[at] = entry;
}

static void model_end_one(struct model *model, struct memory_queue *queue, uint32_t at, bool settle)
{
    struct memory_entry *entry = model->given[at];

    if (entry == NULL) {
        return;
    }
    assert_int_equal(number_in(entry), model->numbers[at]); /* Still whole. */
    assert_int_equal(entry->bytes[model->sizes[at] - 1], model->numbers[at] & 0xff);
    if (settle) {
        memory_queue_settle(queue, entry);
        model_remove(model, at);
    } else {
        memory_queue_give_back(queue, entry);
        model->given[at] = NULL;
    }
}

/* The ring turns thousands of times here, in every state that puts, takes, settlements and returns
 * in any order can bring about. */
static void memory_queue_behaves_as_a_list_under_any_order_of_calls(void **state)
{
    struct memory_queue queue;
    struct model model = {.count = 0};
    struct random random;

    (void)state;
    init(&queue, 0, 0);
    random_seed(&random, 42);
    for (uint32_t i = 1; i < 200000; i++) {
        uint64_t dice = random_next(&random);
        uint32_t at = model.count > 0 ? (uint32_t)(dice >> 32) % model.count : 0;

        if (dice % 8 < 3) {
            uint32_t size_max = dice % 64 < 2 ? QUEUE_BYTES - 40 : 200;

            model_put(&model, &queue, i, 40 + (uint32_t)(dice >> 40) % size_max);
        } else if (dice % 8 < 6) {
            model_take(&model, &queue);
        } else if (model.count > 0) {
            /* The oldest more often than others, or it would be full most of the time. */
            model_end_one(&model, &queue, dice % 16 < 10 ? 0 : at, dice % 128 > 8);
        }
    }
    memory_queue_done(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_queue_holds_exactly_its_bytes),
        cmocka_unit_test(memory_queue_keeps_given_bytes_in_place_until_they_are_settled),
        cmocka_unit_test(memory_queue_gives_what_came_back_again_in_its_place),
        cmocka_unit_test(memory_queue_gives_a_message_when_its_delay_is_over),
        cmocka_unit_test(memory_queue_drops_what_is_older_than_its_ttl),
        cmocka_unit_test(memory_queue_gives_a_reordered_message_after_its_follower),
        cmocka_unit_test(memory_queue_lets_other_producers_pass_a_reordered_message),
        cmocka_unit_test(memory_queue_reorders_with_a_delay_once_the_follower_is_due),
        cmocka_unit_test(memory_queue_loses_no_message_that_waits_for_a_follower),
        cmocka_unit_test(memory_queue_behaves_as_a_list_under_any_order_of_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
