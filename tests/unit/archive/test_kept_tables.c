/*
 * The tables of all that is kept, held beside the schema that journals tell: who changes one has to
 * look at the other. Bounds are left out: that a journal may hold more changes nothing for those
 * that hold less.
 */
#include "check.h"

#include "journal_entry.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/*
 * A new field needs `since` (the schema of the next release, which is raised once for it) and
 * `otherwise`; a field that goes, or changes its name or type, needs a way to read journals that
 * have the old one. Then the new digest belongs here.
 */
#define SCHEMA 4
#define DIGEST UINT64_C(0x886e0317cc313b6f)

#define RECORDS_MAX 64

struct told {
    const struct record *records[RECORDS_MAX];
    uint32_t count;
};

/* Each once. */
static void add_record(struct told *told, const struct record *record)
{
    for (uint32_t i = 0; i < told->count; i++) {
        if (told->records[i] == record) {
            return;
        }
    }
    assert_true(told->count < RECORDS_MAX);
    told->records[told->count++] = record;
}

static void tell_field(struct told *told, const struct field *field, struct text *out)
{
    text_addf(out, " %s %s type %d since %u otherwise %lld%s%s%s%s",
              field->kept != NULL ? field->kept : field->name, field->name, (int)field->type,
              field->since, (long long)field->otherwise, field->or_nan ? " or_nan" : "",
              field->flat ? " flat" : "", field->packed ? " packed" : "",
              field->counted ? " counted" : "");
    for (uint32_t i = 0; i < field->names_count; i++) {
        text_addf(out, " '%s'", field->names[i]);
    }
    if (field->of != NULL) {
        text_addf(out, " of %s", field->of->name);
        add_record(told, field->of);
    }
    text_add(out, "\n");
}

static void tell_kept(struct text *out)
{
    struct told told = {.count = 0};

    add_record(&told, &entry_head_record);
    for (int kind = 0; kind < ENTRY_COUNT; kind++) {
        add_record(&told, entry_record((enum entry_kind)kind));
    }
    for (uint32_t i = 0; i < told.count; i++) { /* Grows as it goes. */
        const struct record *record = told.records[i];

        text_addf(out, "%s\n", record->name);
        for (uint32_t f = 0; f < record->fields_count; f++) {
            if (record->fields[f].only != ONLY_SHOWN && record->fields[f].only != ONLY_SENT) {
                tell_field(&told, &record->fields[f], out);
            }
        }
    }
}

/* FNV-1a. */
static uint64_t digest_of(const struct text *text)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text->bytes_count; i++) {
        digest = (digest ^ (unsigned char)text->bytes[i]) * UINT64_C(0x100000001b3);
    }
    return digest;
}

static void what_is_kept_changes_together_with_its_schema(void **state)
{
    struct text text = {0};
    uint64_t digest;

    (void)state;
    tell_kept(&text);
    assert_false(text_failed(&text));
    digest = digest_of(&text);
    text_done(&text);
    if (digest != DIGEST || JOURNAL_SCHEMA != SCHEMA) {
        fail_msg("schema %d with the digest UINT64_C(0x%016llx) stands for no tables that were "
                 "looked at: see the top of this test",
                 JOURNAL_SCHEMA, (unsigned long long)digest);
    }
}

/* What a journal of before can't have must say what is meant by that. */
static void no_field_is_newer_than_the_schema(void **state)
{
    (void)state;
    for (int kind = 0; kind < ENTRY_COUNT; kind++) {
        const struct record *record = entry_record((enum entry_kind)kind);

        for (uint32_t i = 0; i < record->fields_count; i++) {
            assert_true(record->fields[i].since <= JOURNAL_SCHEMA);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_changes_together_with_its_schema),
        cmocka_unit_test(no_field_is_newer_than_the_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
