/* Settings of a kind that has nothing to do with load tests: an orchestra's. */
#include "check.h"
#include "config_expand.h"
#include "config_overlay.h"
#include "config_write.h"
#include "file.h"
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct config_named named[] = {
    {"players", {"name", "part"}}, {"halls", {NULL}}, {NULL, {NULL}}};
static const char *const dotted[] = {"halls.*", NULL};
static const struct config_form form = {.what = "orchestra",
                                        .key_example = "hall.size",
                                        .bytes_max = 4096,
                                        .named = named,
                                        .dotted = dotted};

/* Reads a text as a file; what read it returned is *ret. */
static void read_text(struct config_tree *tree, const char *bytes, int *ret)
{
    char folder[64];
    char path[96];
    struct errinfo error = {0};

    assert_non_null(mkdtemp(temp_name(folder, "config")));
    (void)snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(file_write_all(path, bytes, strlen(bytes), NULL), 0);
    *ret = config_tree_read(tree, path, 0, &error);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void assert_problem(struct config_tree *tree, const char *part)
{
    struct text text = {0};

    problems_write(&tree->problems, &text);
    assert_non_null(text.bytes);
    if (strstr(text.bytes, part) == NULL) {
        fail_msg("not among the problems: %s\n%s", part, text.bytes);
    }
    text_done(&text);
}

static void items_are_found_by_the_names_that_the_form_tells(void **state)
{
    struct config_tree tree;
    struct text text = {0};
    int r = 0;

    (void)state;
    config_tree_init(&tree, &form);
    read_text(&tree, "players:\n  - { name: ann, part: viola }\n  - { part: oboe }\n", &r);
    assert_int_equal(r, 0);
    overlay_set(&tree, "players.oboe.solo=true", (struct origin){.file = "--set players"});
    overlay_set(&tree, "players.ann.part=alto", (struct origin){.file = "--set players"});
    assert_int_equal(tree.problems.count, 0);
    config_write(&tree, &text);
    assert_string_equal(text.bytes, "players:\n  - name: ann\n    part: alto\n  - part: oboe\n"
                                    "    solo: true\n");
    text_done(&text);
    config_tree_done(&tree);
}

static void problems_name_the_file_by_what_the_form_calls_it(void **state)
{
    struct config_tree tree;
    int r = 0;

    (void)state;
    config_tree_init(&tree, &form);
    read_text(&tree, "- a\n", &r);
    assert_int_equal(r, -EINVAL);
    assert_problem(&tree, ":1:1: is no orchestra (a mapping of keys)");
    config_tree_done(&tree);

    config_tree_init(&tree, &form);
    read_text(&tree, "a: ${MILLRACE_TEST_NOWHERE}\n", &r);
    assert_int_equal(r, 0);
    overlay_set(&tree, "halls.large.size=1", (struct origin){.file = "--set halls.large.size"});
    overlay_set(&tree, "a..b=1", (struct origin){.file = "--set a..b"});
    expand(&tree);
    assert_problem(&tree, "the orchestra has no halls (add one with --with)");
    assert_problem(&tree, "has a dot too many (GROUP.KEY, as in hall.size)");
    assert_problem(&tree, ":1:4: a: the environment has no MILLRACE_TEST_NOWHERE");
    config_tree_done(&tree);
}

/* Written as the value of a and as a key. */
static void assert_written(const char *word, bool quoted)
{
    char expected[256];
    struct config_tree tree;
    struct config_tree again;
    struct node *value;
    struct text text = {0};
    int r = 0;

    config_tree_init(&tree, &form);
    read_text(&tree, "a: x\nb: x\n", &r);
    assert_int_equal(r, 0);
    assert_int_equal(node_set_text(node_child(tree.root, "a"), word), 0);
    value = node_child(tree.root, "b");
    assert_int_equal(node_set_key(value, word, value->at), 0);
    config_write(&tree, &text);
    (void)snprintf(expected, sizeof expected, quoted ? "a: \"%s\"\n\"%s\": x\n" : "a: %s\n%s: x\n",
                   word, word);
    assert_string_equal(text.bytes, expected);
    config_tree_init(&again, &form);
    read_text(&again, text.bytes, &r);
    assert_int_equal(r, 0);
    assert_string_equal(node_child(again.root, "a")->text, word);
    assert_non_null(node_child(again.root, word));
    text_done(&text);
    config_tree_done(&tree);
    config_tree_done(&again);
}

static void words_that_other_readers_take_for_something_else_are_quoted(void **state)
{
    static const char *const words[] = {
        "yes",  "No",    "on",    "OFF",        "y",           "N",    "null", "Null", "~",
        "True", "FALSE", "1_000", "0o7",        "0x1f",        "0b11", "012",  "1e3",  "1.5E-3",
        "1.",   "00.5",  "1.5_0", "2026-11-30", "2026-1-3 10", "-1",   ".5",   "+4",   "=",
        "a: b", "a #b",  "1:30",  " a",         "a ",          "-",    "?",    ""};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_written(words[i], true);
    }
}

/* The digest of a run's settings is that of this text, so what is written plain stays plain. */
static void what_all_readers_agree_on_stays_plain(void **state)
{
    static const char *const words[] = {
        "0",     "4",     "100",  "0.5",         "0.10", "true",    "false", "none",
        "20k/s", "1/30s", "1KiB", "4KiB..64KiB", "50%",  "30s",     "250ms", "yesterday",
        "only",  "2026",  "0s",   "1e",          "1ex",  "12th man"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_written(words[i], false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_found_by_the_names_that_the_form_tells),
        cmocka_unit_test(problems_name_the_file_by_what_the_form_calls_it),
        cmocka_unit_test(words_that_other_readers_take_for_something_else_are_quoted),
        cmocka_unit_test(what_all_readers_agree_on_stays_plain)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
