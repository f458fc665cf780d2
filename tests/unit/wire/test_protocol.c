/*
 * The tables of all that travels, and the number of the protocol: neither changes alone. argv[1] is
 * the file with the digest of the tables, "protocol 5: 0123456789abcdef".
 */
#include "check.h"

#include "control_messages.h"
#include "file.h"
#include "text.h"
#include "travelling.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path;

/* What is of journals only is held beside their schema (test_kept_tables). */
static void describe_field(struct text *out, const struct field *field)
{
    if (!field_travels(field)) {
        return;
    }
    text_addf(out, "  %s %d %zu %" PRId64 " %" PRIu64 " %d %s %" PRIu32, field->name,
              (int)field->type, field->type == FIELD_TEXT ? field->bytes : 0, field->min,
              field->max, field->optional, field->of != NULL ? field->of->name : "-",
              field->items_max);
    for (uint32_t i = 0; i < field->names_count; i++) {
        text_addf(out, " %s", field->names[i]);
    }
    text_add(out, "\n");
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t digest_of(const struct text *text)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text->bytes_count; i++) {
        digest = (digest ^ (uint8_t)text->bytes[i]) * UINT64_C(0x100000001b3);
    }
    return digest;
}

static void tables_and_protocol_change_together(void **state)
{
    const struct record *records[TRAVELLING_MAX];
    uint32_t count = travelling_records(records);
    struct text tables = {0};
    char line[64];
    char *kept = NULL;
    size_t kept_bytes = 0;

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        text_addf(&tables, "%s\n", records[i]->name);
        for (uint32_t f = 0; f < records[i]->fields_count; f++) {
            if (field_travels(&records[i]->fields[f])) {
                describe_field(&tables, &records[i]->fields[f]);
            }
        }
    }
    assert_false(text_failed(&tables));
    (void)snprintf(line, sizeof line, "protocol %d: %016" PRIx64 "\n", PROTOCOL_VERSION,
                   digest_of(&tables));
    assert_int_equal(file_read_all(path, 4096, &kept, &kept_bytes, NULL), 0);
    if (strcmp(kept, line) != 0) {
        fail_msg("what travels has changed: the tables are now \"%.*s\", %s has \"%.*s\". Raise "
                 "PROTOCOL_VERSION (control_messages.h) once for each release, write the new line "
                 "there, and make the corpus anew: bin/write_wire_corpus tests/fuzz/corpus/wire",
                 (int)strlen(line) - 1, line, path, (int)strcspn(kept, "\n"), kept);
    }
    free(kept);
    text_done(&tables);
}

/* Bytes that a struct has and its table does not: what can't be padding would be lost in silence.
 */
static uint32_t bytes_lost(const struct record *record, uint8_t *covered)
{
    uint32_t lost = 0;

    memset(covered, 0, record->bytes);
    for (uint32_t i = 0; i < record->fields_count; i++) {
        const struct field *field = &record->fields[i];

        memset(covered + field->offset, 1, field->bytes);
        if (field->type == FIELD_ITEMS || field->type == FIELD_LIST) {
            memset(covered + field->count_offset, 1, sizeof(uint32_t));
        }
    }
    for (size_t from = 0, to; from < record->bytes; from = to + 1) {
        for (to = from; to < record->bytes && covered[to] == 0; to++) {
        }
        /* Padding ends where something of 4 or 8 bytes begins, and is shorter. */
        lost += to % 4 != 0 || to - from >= (to % 8 == 0 ? 8 : 4) ? (uint32_t)(to - from) : 0;
    }
    return lost;
}

static void every_member_is_in_its_table(void **state)
{
    static uint8_t covered[65536];
    const struct record *records[TRAVELLING_MAX];
    uint32_t count = travelling_records(records);

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        bool headed = records[i] == &poll_record || records[i] == &status_record ||
                      records[i] == &clock_report_record || records[i] == &snapshot_record;
        uint32_t apart =
            headed ? (uint32_t)sizeof(struct request_head) : 0; /* Travels before the body. */

        /* Its agent is that of the head. */
        apart += records[i] == &snapshot_record ? (uint32_t)sizeof(uint32_t) : 0;
        assert_true(records[i]->bytes <= sizeof covered);
        if (bytes_lost(records[i], covered) > apart) {
            fail_msg("%s: %u bytes are in no field", records[i]->name,
                     bytes_lost(records[i], covered) - apart);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_and_protocol_change_together),
        cmocka_unit_test(every_member_is_in_its_table),
    };

    path = argc > 1 ? argv[1] : "";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
