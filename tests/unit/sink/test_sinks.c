#include "check.h"
#include "sinks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the sinks of a test did, in order: "a1 b1 a. " */
static char told[128];

struct probe {
    char name;
    int refuses; /* What take(), sync() and close() return. */
};

static int tell(const struct probe *probe, char what, struct errinfo *reterr)
{
    size_t used = strlen(told);

    (void)snprintf(told + used, sizeof told - used, "%c%c ", probe->name, what);
    return probe->refuses == 0 ? 0 : errinfo_set(reterr, probe->refuses, "no: %c", probe->name);
}

static int take(void *self, const struct journal_entry *entry, struct errinfo *reterr)
{
    return tell(self, (char)('0' + entry->kind), reterr);
}

static int look(void *self, struct errinfo *reterr)
{
    return tell(self, '?', reterr);
}

static int flush(void *self, int64_t deadline_ns, struct errinfo *reterr)
{
    assert_int_equal(deadline_ns, 7);
    return tell(self, 's', reterr);
}

static int end(void *self, int64_t deadline_ns, struct errinfo *reterr)
{
    assert_int_equal(deadline_ns, 8);
    return tell(self, '.', reterr);
}

static const struct sink_ops whole = {
    .name = "whole", .take = take, .look = look, .flush = flush, .close = end};
static const struct sink_ops plain = {.name = "plain", .take = take};

static int begin(void **state)
{
    (void)state;
    told[0] = '\0';
    return 0;
}

static void every_sink_gets_each_entry_in_the_order_of_the_list(void **state)
{
    struct probe a = {'a', 0};
    struct probe b = {'b', 0};
    struct sinks sinks = {0};
    struct journal_entry entry = {.kind = ENTRY_MARK};

    (void)state;
    sinks_add(&sinks, &plain, &a);
    sinks_add(&sinks, &whole, &b);
    assert_int_equal(sinks_take(&sinks, &entry, NULL), 0);
    assert_int_equal(sinks_look(&sinks, NULL), 0);
    assert_int_equal(sinks_flush(&sinks, 7, NULL), 0);
    assert_int_equal(sinks_close(&sinks, 8, NULL), 0);
    assert_string_equal(told, "a6 b6 b? bs b. ");
    assert_int_equal(sinks.count, 0);
    assert_null(sinks.refused_by);
}

static void what_a_sink_refuses_does_not_come_to_those_after_it(void **state)
{
    struct probe a = {'a', 0};
    struct probe b = {'b', -EBADMSG};
    struct probe c = {'c', 0};
    struct sinks sinks = {0};
    struct journal_entry entry = {.kind = ENTRY_RUN};
    struct errinfo error = {""};

    (void)state;
    sinks_add(&sinks, &plain, &a);
    sinks_add(&sinks, &whole, &b);
    sinks_add(&sinks, &plain, &c);
    assert_int_equal(sinks_take(&sinks, &entry, &error), -EBADMSG);
    assert_string_equal(error.text, "no: b");
    assert_string_equal(told, "a0 b0 ");
    assert_ptr_equal(sinks.refused_by, &whole);
}

static void all_are_looked_at_flushed_and_closed_and_the_first_failure_is_told(void **state)
{
    struct probe a = {'a', -EIO};
    struct probe b = {'b', -ENOSPC};
    struct sinks sinks = {0};
    struct errinfo error = {""};

    (void)state;
    sinks_add(&sinks, &whole, &a);
    sinks_add(&sinks, &whole, &b);
    assert_int_equal(sinks_look(&sinks, &error), -EIO);
    assert_int_equal(sinks_flush(&sinks, 7, &error), -EIO);
    assert_string_equal(error.text, "no: a");
    assert_int_equal(sinks_close(&sinks, 8, &error), -EIO);
    assert_string_equal(error.text, "no: a");
    assert_string_equal(told, "a? b? as bs a. b. ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_sink_gets_each_entry_in_the_order_of_the_list, begin),
        cmocka_unit_test_setup(what_a_sink_refuses_does_not_come_to_those_after_it, begin),
        cmocka_unit_test_setup(all_are_looked_at_flushed_and_closed_and_the_first_failure_is_told,
                               begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
