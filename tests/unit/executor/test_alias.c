#include "alias_inner.h"
#include "check.h"
#include "random.h"

#include <math.h>
#include <string.h>

#define OUTCOMES_MAX 1000

static struct alias_row rows[OUTCOMES_MAX];

/* What the table gives each outcome, exactly: the sum over the rows. */
static void shares_of(uint32_t count, double *shares)
{
    memset(shares, 0, count * sizeof *shares);
    for (uint32_t i = 0; i < count; i++) {
        double own = rows[i].alias == i ? 1.0 : rows[i].threshold / 0x1p32;

        shares[i] += own / count;
        shares[rows[i].alias] += (1.0 - own) / count;
    }
}

static void assert_shares(const double *weights, uint32_t count)
{
    double used[OUTCOMES_MAX];
    double shares[OUTCOMES_MAX];
    double sum = 0.0;

    memcpy(used, weights, count * sizeof *weights);
    assert_int_equal(alias_fill(rows, used, count, NULL), 0);
    shares_of(count, shares);
    for (uint32_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        assert_true(fabs(shares[i] - weights[i] / sum) < 0x1p-31);
    }
}

static void the_table_gives_each_outcome_its_share(void **state)
{
    struct random random;
    double weights[OUTCOMES_MAX];

    (void)state;
    random_seed(&random, 1);
    for (int i = 0; i < 100; i++) {
        uint32_t count = 1 + (uint32_t)(random_next(&random) % OUTCOMES_MAX);

        for (uint32_t k = 0; k < count; k++) {
            weights[k] = random_unit(&random) + 1e-6;
        }
        assert_shares(weights, count);
        for (uint32_t k = 0; k < count; k++) {
            weights[k] = 1.0 / (k + 1);
        }
        assert_shares(weights, count);
    }
}

static void outcomes_without_weight_never_come(void **state)
{
    double weights[] = {0.0, 3.0, 0.0, 1.0};
    struct random random;
    uint32_t counts[4] = {0};

    (void)state;
    assert_shares(weights, 4);
    random_seed(&random, 2);
    for (int i = 0; i < 100000; i++) {
        counts[alias_draw(rows, 4, random_next(&random))]++;
    }
    assert_int_equal(counts[0], 0);
    assert_int_equal(counts[2], 0);
    /* Ten standard deviations of 100000 draws at 3 of 4. */
    assert_in_range(counts[1], 75000 - 1370, 75000 + 1370);
}

static void a_single_outcome_always_comes(void **state)
{
    double weight = 7.0;

    (void)state;
    assert_int_equal(alias_fill(rows, &weight, 1, NULL), 0);
    assert_int_equal(alias_draw(rows, 1, 0), 0);
    assert_int_equal(alias_draw(rows, 1, UINT64_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_gives_each_outcome_its_share),
        cmocka_unit_test(outcomes_without_weight_never_come),
        cmocka_unit_test(a_single_outcome_always_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
