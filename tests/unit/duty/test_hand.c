#include "check.h"

#include "hand_inner.h"

#include <errno.h>
#include <semaphore.h>

/* What a test's commands do: they wait for `go`, and are noted in their order. */
struct notes {
    sem_t begun;
    sem_t go;
    uint64_t carried_out[2 * HAND_COMMANDS_MAX];
    uint32_t count;
};

static void note(void *context, struct command *command)
{
    struct notes *notes = context;

    (void)sem_post(&notes->begun);
    (void)sem_wait(&notes->go);
    notes->carried_out[notes->count++] = command->sequence;
}

static struct hand *begin(struct notes *notes)
{
    struct hand *hand = NULL;

    *notes = (struct notes){.count = 0};
    (void)sem_init(&notes->begun, 0, 0);
    (void)sem_init(&notes->go, 0, 0);
    assert_int_equal(hand_new(note, notes, &hand, NULL), 0);
    return hand;
}

static void give(struct hand *hand, uint64_t sequence)
{
    struct command command = {.sequence = sequence, .kind = COMMAND_STOP};

    assert_int_equal(hand_give(hand, &command, NULL), 0);
}

static void commands_are_carried_out_in_their_order_without_holding_up_who_gives_them(void **state)
{
    struct notes notes;
    struct hand *hand = begin(&notes);

    (void)state;
    for (uint64_t i = 1; i <= 3; i++) {
        give(hand, i); /* Returns, though none can be done yet. */
    }
    for (int i = 0; i < 3; i++) {
        (void)sem_post(&notes.go);
    }
    hand_finish(hand);
    assert_int_equal(notes.count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(notes.carried_out[i], i + 1);
    }
    hand_free(hand);
}

static void more_commands_than_may_wait_are_refused_and_stay_the_callers(void **state)
{
    struct notes notes;
    struct hand *hand = begin(&notes);
    struct command command = {.sequence = 99};

    (void)state;
    give(hand, 1);
    (void)sem_wait(&notes.begun); /* It is under way, and waits no more. */
    for (uint64_t i = 0; i < HAND_COMMANDS_MAX; i++) {
        give(hand, i + 2);
    }
    assert_int_equal(hand_give(hand, &command, NULL), -ENOBUFS);
    assert_int_equal(command.sequence, 99);
    for (int i = 0; i <= HAND_COMMANDS_MAX; i++) {
        (void)sem_post(&notes.go);
    }
    hand_finish(hand);
    assert_int_equal(notes.count, HAND_COMMANDS_MAX + 1);
    hand_free(hand);
}

static void what_waits_when_the_hand_goes_is_dropped(void **state)
{
    struct notes notes;
    struct hand *hand = begin(&notes);

    (void)state;
    give(hand, 1);
    (void)sem_wait(&notes.begun);
    give(hand, 2);
    (void)sem_post(&notes.go);
    (void)sem_post(&notes.go);
    hand_free(hand);
    assert_in_range(notes.count, 1, 2); /* The second may have begun by then. */
    hand_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_carried_out_in_their_order_without_holding_up_who_gives_them),
        cmocka_unit_test(more_commands_than_may_wait_are_refused_and_stay_the_callers),
        cmocka_unit_test(what_waits_when_the_hand_goes_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
