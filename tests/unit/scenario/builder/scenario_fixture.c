#include "scenario_fixture.h"

#include "check.h"
#include "file.h"
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void forget(struct fixture *fixture)
{
    scenario_free(fixture->scenario);
    fixture->scenario = NULL;
    text_done(&fixture->problems);
    text_done(&fixture->warnings);
}

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    assert_non_null(mkdtemp(temp_name(fixture->folder, "test")));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/the-test.yaml", fixture->folder);
    (void)snprintf(fixture->with, sizeof fixture->with, "%s/with.yaml", fixture->folder);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    forget(fixture);
    (void)unlink(fixture->path);
    (void)unlink(fixture->with);
    (void)rmdir(fixture->folder);
    free(fixture);
    return 0;
}

void fixture_load(struct fixture *fixture, const char *text, const struct fixture_extra *extra)
{
    const char *with[] = {fixture->with};
    struct scenario_sources sources = {.path = fixture->path};

    forget(fixture);
    assert_int_equal(file_write_all(fixture->path, text, strlen(text), NULL), 0);
    if (extra != NULL) {
        if (extra->with != NULL) {
            assert_int_equal(file_write_all(fixture->with, extra->with, strlen(extra->with), NULL),
                             0);
            sources.with = with;
            sources.with_count = 1;
        }
        sources.set = extra->set;
        while (sources.set_count < 8 && extra->set[sources.set_count] != NULL) {
            sources.set_count++;
        }
        sources.targets = extra->targets;
        while (sources.targets_count < 8 && extra->targets[sources.targets_count] != NULL) {
            sources.targets_count++;
        }
    }
    fixture->code =
        scenario_load(&sources, &fixture->scenario, &fixture->problems, &fixture->warnings);
}

const struct scenario *fixture_good(struct fixture *fixture, const char *text,
                                    const struct fixture_extra *extra)
{
    fixture_load(fixture, text, extra);
    if (fixture->code != 0) {
        fail_msg("%s", fixture->problems.bytes);
    }
    assert_null(fixture->problems.bytes);
    return fixture->scenario;
}

void fixture_bad(struct fixture *fixture, const char *text, const struct fixture_extra *extra,
                 const char *part)
{
    fixture_load(fixture, text, extra);
    assert_int_equal(fixture->code, -EINVAL);
    assert_null(fixture->scenario);
    assert_non_null(fixture->problems.bytes);
    if (strstr(fixture->problems.bytes, part) == NULL) {
        fail_msg("not among the problems: %s\n%s", part, fixture->problems.bytes);
    }
}
