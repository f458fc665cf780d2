#include "check.h"
#include "random.h"
#include "seqset.h"

#include <string.h>

/*
 * Two sets are compared, step by step, with two arrays of bool. The arrays stand for a window of
 * sequence numbers that starts anywhere: below it everything may be a member already, and a window
 * across 2^32 reaches into a second bitmap.
 */
#define WINDOW 3000

struct model {
    uint64_t start;
    bool has[WINDOW];
    struct seqset *set;
};

static void model_open(struct model *model, uint64_t start, bool full_below)
{
    memset(model, 0, sizeof *model);
    model->start = start;
    assert_int_equal(seqset_new(&model->set, NULL), 0);
    if (full_below && start > 0) {
        assert_int_equal(seqset_add(model->set, 0, start - 1, NULL, NULL), 0);
    }
}

static uint64_t below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

/* The lists must say for each number of the run once whether it was new, in rising order. */
static void check_told(const struct model *model, const bool *before, const struct seqruns *list,
                       const uint64_t run[2], bool wanted_before)
{
    uint64_t at = run[0];

    for (uint32_t i = 0; i < list->runs_count; i++) {
        assert_true(list->runs[i].first >= at && list->runs[i].last <= run[1]);
        for (uint64_t seq = at; seq < list->runs[i].first; seq++) {
            assert_true(before[seq - model->start] != wanted_before);
        }
        for (uint64_t seq = list->runs[i].first; seq <= list->runs[i].last; seq++) {
            assert_true(before[seq - model->start] == wanted_before);
        }
        at = list->runs[i].last + 1;
    }
    for (uint64_t seq = at; seq <= run[1]; seq++) {
        assert_true(before[seq - model->start] != wanted_before);
    }
}

static void model_add(struct model *model, uint64_t first, uint64_t last)
{
    struct seqruns added = {0};
    struct seqruns again = {0};
    bool before[WINDOW];

    memcpy(before, model->has, sizeof before);
    assert_int_equal(
        seqset_add(model->set, model->start + first, model->start + last, &added, &again), 0);
    for (uint64_t i = first; i <= last; i++) {
        model->has[i] = true;
    }
    check_told(model, before, &added, (const uint64_t[]){model->start + first, model->start + last},
               false);
    check_told(model, before, &again, (const uint64_t[]){model->start + first, model->start + last},
               true);
    assert_int_equal(seqruns_count(&added) + seqruns_count(&again), last - first + 1);
    seqruns_done(&added);
    seqruns_done(&again);
}

static void check_counts(const struct model *a, const struct model *b, uint64_t first, uint64_t end)
{
    uint64_t in_a = 0;
    uint64_t in_both = 0;

    for (uint64_t i = first; i < end; i++) {
        in_a += a->has[i];
        in_both += a->has[i] && b->has[i];
    }
    first += a->start;
    end += a->start;
    assert_int_equal(seqset_count_range(a->set, first, end), in_a);
    assert_int_equal(seqset_count_both(a->set, b->set, first, end), in_both);
    assert_int_equal(seqset_count_both(b->set, a->set, first, end), in_both);
    assert_int_equal(seqset_count_without(a->set, b->set, first, end), in_a - in_both);
}

static void check_list_without(const struct model *a, const struct model *b, uint64_t first,
                               uint64_t end)
{
    struct seqruns list = {0};
    uint64_t wanted = 0;
    uint32_t run = 0;

    assert_int_equal(
        seqset_list_without(a->set, b->set, a->start + first, a->start + end, UINT32_MAX, &list),
        0);
    for (uint64_t i = first; i < end; i++) {
        uint64_t seq = a->start + i;

        if (a->has[i] && !b->has[i]) {
            while (run < list.runs_count && list.runs[run].last < seq) {
                run++;
            }
            assert_true(run < list.runs_count && list.runs[run].first <= seq);
            wanted++;
        }
    }
    assert_int_equal(seqruns_count(&list), wanted);
    seqruns_done(&list);
}

static void check_against_models(uint64_t seed, uint64_t start, bool full_below)
{
    struct random random;
    struct model a;
    struct model b;

    random_seed(&random, seed);
    model_open(&a, start, full_below);
    model_open(&b, start, full_below);
    for (int step = 0; step < 60; step++) {
        struct model *model = below(&random, 2) == 0 ? &a : &b;
        uint64_t first = below(&random, WINDOW);
        uint64_t length = 1 + below(&random, below(&random, 3) == 0 ? 400 : 5);
        uint64_t last = first + length > WINDOW ? WINDOW - 1 : first + length - 1;
        uint64_t from = below(&random, WINDOW);
        uint64_t end = from + below(&random, WINDOW - from + 1);

        if (below(&random, 4) == 0) { /* As in life: mostly it goes on where it was. */
            first = 0;
            while (first < last && model->has[first]) {
                first++;
            }
        }
        model_add(model, first, last);
        check_counts(&a, &b, from, end);
        check_list_without(&a, &b, from, end);
        assert_true(seqset_has(a.set, a.start + from) == a.has[from]);
    }
    for (uint64_t i = 0; i < WINDOW; i++) {
        assert_true(seqset_has(a.set, start + i) == a.has[i]);
    }
    check_counts(&a, &b, 0, WINDOW);
    seqset_free(a.set);
    seqset_free(b.set);
}

static void seqset_agrees_with_an_array_of_bool(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 150; seed++) {
        check_against_models(seed, 0, true);
    }
}

static void seqset_agrees_with_an_array_of_bool_across_the_edge_of_a_container(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        check_against_models(seed, 65536 - WINDOW / 2, true);
        check_against_models(seed, 65536 - WINDOW / 2, false);
    }
}

static void seqset_agrees_with_an_array_of_bool_across_2_to_the_32(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        check_against_models(seed, (UINT64_C(1) << 32) - WINDOW / 2, true);
        check_against_models(seed, (UINT64_C(1) << 32) - WINDOW / 2, false);
    }
}

static void seqset_agrees_with_an_array_of_bool_at_the_end_of_all_numbers(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        check_against_models(seed, SEQ_MAX - WINDOW, true);
        check_against_models(seed, SEQ_MAX - WINDOW, false);
    }
}

/* Many members in all of Roaring's kinds of containers, over several of them and two bitmaps. */
static void seqset_counts_large_sets_right(void **state)
{
    const uint64_t start = (UINT64_C(1) << 32) - 500000;
    struct seqset *thirds = NULL;
    struct seqset *blocks = NULL;
    struct seqruns list = {0};
    uint64_t both = 0;

    (void)state;
    assert_int_equal(seqset_new(&thirds, NULL), 0);
    assert_int_equal(seqset_new(&blocks, NULL), 0);
    for (uint64_t i = 0; i < 1000000; i += 3) {
        assert_int_equal(seqset_add(thirds, start + i, start + i, NULL, NULL), 0);
    }
    for (uint64_t i = 0; i < 1000000; i += 1000) {
        assert_int_equal(seqset_add(blocks, start + i, start + i + 599, NULL, NULL), 0);
    }
    for (uint64_t i = 0; i < 1000000; i += 3) {
        both += i % 1000 < 600;
    }
    assert_int_equal(seqset_count(thirds), 333334);
    assert_int_equal(seqset_count(blocks), 600000);
    assert_int_equal(seqset_count_both(thirds, blocks, 0, SEQ_MAX), both);
    assert_int_equal(seqset_count_without(blocks, thirds, 0, SEQ_MAX), 600000 - both);
    assert_int_equal(seqset_list_without(thirds, blocks, 0, SEQ_MAX, 5, &list), 0);
    assert_int_equal(list.runs_count, 5);
    assert_int_equal(list.runs[0].first, start + 600);
    seqruns_done(&list);
    seqset_free(thirds);
    seqset_free(blocks);
}

static void seqset_takes_no_memory_for_what_came_in_order(void **state)
{
    struct seqset *set = NULL;

    (void)state;
    assert_int_equal(seqset_new(&set, NULL), 0);
    for (uint64_t i = 0; i < 100; i++) {
        uint64_t first = i * (SEQ_MAX / 100);

        assert_int_equal(seqset_add(set, first, first + SEQ_MAX / 100 - 1, NULL, NULL), 0);
    }
    assert_true(seqset_bytes(set) < 200);
    assert_int_equal(seqset_count(set), SEQ_MAX / 100 * 100);
    seqset_free(set);
}

static void seqset_takes_little_memory_after_one_missing_number(void **state)
{
    struct seqset *set = NULL;

    (void)state;
    assert_int_equal(seqset_new(&set, NULL), 0);
    /* Number 0 is lost; two consumers hand in the odd and the even ones in turns. */
    for (uint64_t i = 1; i < 4000001; i += 2) {
        assert_int_equal(seqset_add(set, i + 1, i + 1, NULL, NULL), 0);
        assert_int_equal(seqset_add(set, i, i, NULL, NULL), 0);
    }
    assert_int_equal(seqset_count(set), 4000000);
    assert_true(seqset_bytes(set) < 300000);
    seqset_free(set);
}

static void seqset_gives_memory_back_when_the_missing_number_comes(void **state)
{
    const uint64_t span = UINT64_C(6) << 32;
    struct seqset *set = NULL;
    struct seqruns added = {0};

    (void)state;
    assert_int_equal(seqset_new(&set, NULL), 0);
    for (uint64_t seq = 1; seq < span; seq += UINT64_C(1) << 20) {
        assert_int_equal(seqset_add(set, seq, seq + 9, NULL, NULL), 0);
    }
    assert_true(seqset_bytes(set) > 100000);
    assert_int_equal(seqset_add(set, 0, span, &added, NULL), 0);
    assert_int_equal(seqruns_count(&added), span + 1 - 10 * (span >> 20));
    assert_int_equal(seqset_count(set), span + 1);
    assert_true(seqset_bytes(set) < 10000);
    seqruns_done(&added);
    seqset_free(set);
}

static void seqset_reports_every_copy(void **state)
{
    struct seqset *set = NULL;
    struct seqruns again = {0};

    (void)state;
    assert_int_equal(seqset_new(&set, NULL), 0);
    for (int copy = 0; copy < 4; copy++) {
        assert_int_equal(seqset_add(set, 7, 7, NULL, &again), 0);
    }
    assert_int_equal(again.runs_count, 3);
    assert_int_equal(seqruns_count(&again), 3);
    assert_int_equal(seqset_count(set), 1);
    seqruns_done(&again);
    seqset_free(set);
}

static void seqruns_join_what_follows(void **state)
{
    struct seqruns list = {0};

    (void)state;
    assert_int_equal(seqruns_add(&list, 5, 6), 0);
    assert_int_equal(seqruns_add(&list, 7, 7), 0);
    assert_int_equal(list.runs_count, 1);
    assert_int_equal(seqruns_add(&list, 9, 9), 0);
    assert_int_equal(seqruns_add(&list, 9, 9), 0);
    assert_int_equal(seqruns_add(&list, 0, 3), 0);
    assert_int_equal(list.runs_count, 4);
    assert_int_equal(seqruns_count(&list), 9);
    seqruns_clear(&list);
    assert_int_equal(seqruns_count(&list), 0);
    assert_true(list.runs_capacity > 0);
    seqruns_done(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seqset_agrees_with_an_array_of_bool),
        cmocka_unit_test(seqset_agrees_with_an_array_of_bool_across_the_edge_of_a_container),
        cmocka_unit_test(seqset_agrees_with_an_array_of_bool_across_2_to_the_32),
        cmocka_unit_test(seqset_agrees_with_an_array_of_bool_at_the_end_of_all_numbers),
        cmocka_unit_test(seqset_counts_large_sets_right),
        cmocka_unit_test(seqset_takes_no_memory_for_what_came_in_order),
        cmocka_unit_test(seqset_takes_little_memory_after_one_missing_number),
        cmocka_unit_test(seqset_gives_memory_back_when_the_missing_number_comes),
        cmocka_unit_test(seqset_reports_every_copy),
        cmocka_unit_test(seqruns_join_what_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
