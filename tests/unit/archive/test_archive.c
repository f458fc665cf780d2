#include "check.h"

#include "archive.h"
#include "entry_samples.h"
#include "fold.h"
#include "journal_fixture.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static uint32_t below(struct random *random, uint32_t end)
{
    return (uint32_t)(random_next(random) % end);
}

static void *new_zeros(uint32_t count, size_t item_bytes)
{
    void *zeros = calloc(count, item_bytes);

    assert_non_null(zeros);
    return zeros;
}

static struct archive_writer *new_writer(const char *folder)
{
    struct archive_writer *writer = NULL;
    struct errinfo error = {""};

    if (archive_writer_new(folder, &writer, &error) < 0) {
        fail_msg("%s", error.text);
    }
    return writer;
}

static void append(struct archive_writer *writer, const struct journal_entry *entry)
{
    struct errinfo error = {""};

    if (archive_append(writer, entry, &error) < 0) {
        fail_msg("%s", error.text);
    }
}

/* A journal with an entry of each kind, and where each document begins. */
static void write_samples(const char *folder, uint64_t seed, size_t starts[ENTRY_COUNT + 1])
{
    struct archive_writer *writer;
    struct random random;

    random_seed(&random, seed);
    fixture_empty(folder);
    writer = new_writer(folder);
    for (int kind = 0; kind < ENTRY_COUNT; kind++) {
        struct journal_entry entry;
        size_t bytes = 0;
        char *journal = fixture_read(folder, &bytes);

        free(journal);
        starts[kind] = bytes;
        sample_entry(&random, (enum entry_kind)kind, &entry);
        append(writer, &entry);
        journal_entry_done(&entry);
    }
    assert_int_equal(archive_writer_close(writer, NULL), 0);
    free(fixture_read(folder, &starts[ENTRY_COUNT]));
}

static void an_entry_of_any_kind_is_read_as_it_was_written(void **state)
{
    char *folder = fixture_folder();
    struct random random;

    (void)state;
    random_seed(&random, 1);
    for (int round = 0; round < 150; round++) {
        struct journal_entry entries[ENTRY_COUNT];
        struct archive_reader *reader = NULL;
        struct archive_writer *writer = new_writer(folder);
        struct errinfo error = {""};
        struct journal_entry read;

        for (int kind = 0; kind < ENTRY_COUNT; kind++) {
            sample_entry(&random, (enum entry_kind)kind, &entries[kind]);
            append(writer, &entries[kind]);
        }
        assert_int_equal(archive_sync(writer, NULL), 0);
        assert_int_equal(archive_writer_close(writer, NULL), 0);
        assert_int_equal(archive_reader_new(folder, &reader, NULL), 0);
        for (int kind = 0; kind < ENTRY_COUNT; kind++) {
            if (archive_next(reader, &read, &error) != 1) {
                fail_msg("round %d, kind %d: %s", round, kind, error.text);
            }
            if (!same_entry(&entries[kind], &read)) {
                fail_msg("round %d: an entry of kind %d came back changed", round, kind);
            }
            journal_entry_done(&read);
            journal_entry_done(&entries[kind]);
        }
        assert_int_equal(archive_next(reader, &read, NULL), 0);
        assert_false(archive_reader_was_cut(reader));
        archive_reader_free(reader);
        fixture_empty(folder);
    }
    fixture_remove(folder);
}

static void a_journal_cut_anywhere_gives_the_entries_before(void **state)
{
    char *folder = fixture_folder();
    size_t starts[ENTRY_COUNT + 1];
    size_t bytes = 0;
    char *journal;

    (void)state;
    write_samples(folder, 2, starts);
    journal = fixture_read(folder, &bytes);
    assert_int_equal(bytes, starts[ENTRY_COUNT]);
    for (size_t cut = starts[ENTRY_COUNT - 2]; cut < bytes; cut++) {
        uint32_t whole = cut < starts[ENTRY_COUNT - 1] ? ENTRY_COUNT - 2 : ENTRY_COUNT - 1;
        bool at_boundary = cut == starts[ENTRY_COUNT - 2] || cut == starts[ENTRY_COUNT - 1];
        uint32_t entries = 0;
        bool was_cut = false;

        fixture_write(folder, journal, cut);
        assert_int_equal(fixture_count(folder, &entries, &was_cut, NULL), 0);
        assert_int_equal(entries, whole);
        assert_int_equal(was_cut, !at_boundary);
    }
    free(journal);
    fixture_remove(folder);
}

static void zeros_behind_the_last_document_are_where_it_was_cut(void **state)
{
    char *folder = fixture_folder();
    size_t starts[ENTRY_COUNT + 1];
    uint32_t entries = 0;
    size_t bytes = 0;
    bool was_cut = false;
    char *journal;

    (void)state;
    write_samples(folder, 3, starts);
    journal = fixture_read(folder, &bytes);
    memset(journal + starts[5], 0, bytes - starts[5]);
    fixture_write(folder, journal, bytes);
    assert_int_equal(fixture_count(folder, &entries, &was_cut, NULL), 0);
    assert_int_equal(entries, 5);
    assert_true(was_cut);
    free(journal);
    fixture_remove(folder);
}

/* Reads what is there and folds it, as `report` does; whatever the bytes are. */
static void read_and_fold(const char *folder)
{
    struct archive_reader *reader = NULL;
    struct fold *fold = NULL;
    struct result *result = NULL;
    struct journal_entry entry;
    struct errinfo error = {""};
    int r;

    assert_int_equal(archive_reader_new(folder, &reader, NULL), 0);
    assert_int_equal(fold_new(&fold, NULL), 0);
    while ((r = archive_next(reader, &entry, &error)) == 1) {
        (void)fold_add(fold, &entry, NULL);
        journal_entry_done(&entry);
    }
    if (r != 0) {
        assert_int_equal(r, -EBADMSG);
        assert_non_null(strstr(error.text, ARCHIVE_JOURNAL_NAME ", at byte "));
    }
    if (fold_result(fold, &result, NULL) == 0) {
        result_free(result);
    }
    fold_free(fold);
    archive_reader_free(reader);
}

static void flipped_bits_give_an_error_or_another_valid_entry(void **state)
{
    char *folder = fixture_folder();
    size_t starts[ENTRY_COUNT + 1];
    struct random random;

    (void)state;
    random_seed(&random, 4);
    for (uint64_t seed = 0; seed < 8; seed++) {
        size_t bytes = 0;
        char *journal;

        write_samples(folder, 100 + seed, starts);
        journal = fixture_read(folder, &bytes);
        for (int round = 0; round < 250; round++) {
            char *damaged = malloc(bytes);

            assert_non_null(damaged);
            memcpy(damaged, journal, bytes);
            for (uint32_t flips = 1 + below(&random, 3); flips > 0; flips--) {
                damaged[random_next(&random) % bytes] ^= (char)(1 << below(&random, 8));
            }
            fixture_write(folder, damaged, bytes);
            read_and_fold(folder);
            free(damaged);
        }
        free(journal);
    }
    fixture_remove(folder);
}

static void a_document_of_impossible_length_is_refused_with_its_place(void **state)
{
    static const uint32_t lengths[] = {1, 4, DOCUMENT_BYTES_MAX + 1, UINT32_MAX};
    char *folder = fixture_folder();
    size_t starts[ENTRY_COUNT + 1];
    size_t bytes = 0;
    char *journal;

    (void)state;
    write_samples(folder, 5, starts);
    journal = fixture_read(folder, &bytes);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct errinfo error = {""};
        char place[40];
        uint32_t entries = 0;
        bool was_cut = false;

        memcpy(journal + starts[3], &lengths[i], sizeof lengths[i]);
        fixture_write(folder, journal, bytes);
        assert_int_equal(fixture_count(folder, &entries, &was_cut, &error), -EBADMSG);
        assert_int_equal(entries, 3);
        (void)snprintf(place, sizeof place, "at byte %zu: ", starts[3]);
        assert_non_null(strstr(error.text, place));
    }
    free(journal);
    fixture_remove(folder);
}

static void a_folder_in_use_takes_no_second_run(void **state)
{
    char *folder = fixture_folder();
    struct archive_writer *first = new_writer(folder);
    struct archive_writer *second = NULL;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(archive_writer_new(folder, &second, &error), -EEXIST);
    assert_non_null(strstr(error.text, folder));
    assert_non_null(strstr(error.text, "another run is writing"));
    assert_null(second);
    assert_int_equal(archive_writer_close(first, NULL), 0);
    fixture_remove(folder);
}

static void a_folder_that_holds_a_run_takes_no_other(void **state)
{
    char *folder = fixture_folder();
    struct archive_writer *second = NULL;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(archive_writer_close(new_writer(folder), NULL), 0);
    assert_int_equal(archive_writer_new(folder, &second, &error), -EEXIST);
    assert_non_null(strstr(error.text, folder));
    assert_non_null(strstr(error.text, "holds a run already"));
    fixture_remove(folder);
}

static void a_folder_without_a_journal_is_named(void **state)
{
    char *folder = fixture_folder();
    struct archive_reader *reader = NULL;
    struct archive_writer *writer = NULL;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(archive_reader_new(folder, &reader, &error), -ENOENT);
    assert_non_null(strstr(error.text, folder));
    assert_int_equal(archive_writer_new("/nonexistent/folder", &writer, &error), -ENOENT);
    assert_non_null(strstr(error.text, "/nonexistent/folder"));
    fixture_remove(folder);
}

/* A limit on the file's size stands for a full disk: a write is cut short, the next one fails. */
static void a_full_disk_leaves_whole_documents_that_others_can_follow(void **state)
{
    char *folder = fixture_folder();
    struct journal_entry entry;
    struct rlimit unlimited;
    struct rlimit limited;
    struct errinfo error = {""};
    struct archive_writer *writer;
    struct random random;
    uint32_t entries = 0;
    size_t bytes = 0;
    bool was_cut = true;

    (void)state;
    random_seed(&random, 6);
    sample_entry(&random, ENTRY_CLOSE, &entry);
    (void)signal(SIGXFSZ, SIG_IGN);
    writer = new_writer(folder);
    append(writer, &entry);
    free(fixture_read(folder, &bytes));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    limited = unlimited;
    limited.rlim_cur = bytes + bytes / 2;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
    assert_int_equal(archive_append(writer, &entry, &error), -EFBIG);
    assert_non_null(strstr(error.text, ARCHIVE_JOURNAL_NAME));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    append(writer, &entry);
    assert_int_equal(archive_writer_close(writer, NULL), 0);
    assert_int_equal(fixture_count(folder, &entries, &was_cut, NULL), 0);
    assert_int_equal(entries, 2);
    assert_false(was_cut);
    journal_entry_done(&entry);
    fixture_remove(folder);
}

static struct journal_entry write_and_read(const struct journal_entry *entry)
{
    char *folder = fixture_folder();
    struct archive_writer *writer = new_writer(folder);
    struct archive_reader *reader = NULL;
    struct journal_entry read;
    struct errinfo error = {""};

    append(writer, entry);
    assert_int_equal(archive_writer_close(writer, NULL), 0);
    assert_int_equal(archive_reader_new(folder, &reader, NULL), 0);
    if (archive_next(reader, &read, &error) != 1) {
        fail_msg("%s", error.text);
    }
    archive_reader_free(reader);
    fixture_remove(folder);
    return read;
}

static void bytes_that_are_no_utf8_become_question_marks(void **state)
{
    struct journal_entry entry = {.kind = ENTRY_MARK};
    struct journal_entry read;

    (void)state;
    (void)snprintf(entry.as.mark.text, sizeof entry.as.mark.text, "%s",
                   "a\xFF\xC3\xA9\xC3 \xE2\x82\xAC\xF0\x9F\x98\x80\xF0\x9F\x98");
    read = write_and_read(&entry);
    assert_string_equal(read.as.mark.text, "a?\xC3\xA9? \xE2\x82\xAC\xF0\x9F\x98\x80???");
}

static void numbers_at_the_ends_of_their_ranges_come_back(void **state)
{
    struct snapshot *snapshot = new_zeros(1, sizeof *snapshot);
    struct journal_entry entry = {.kind = ENTRY_SNAPSHOT, .at_unix_ns = INT64_MIN};
    struct journal_entry run = {.kind = ENTRY_RUN, .at_unix_ns = INT64_MAX};
    struct journal_entry read;

    (void)state;
    entry.as.snapshot = snapshot;
    snapshot->sequence = UINT64_MAX;
    snapshot->trial = UINT32_MAX;
    snapshot->health.outstanding = (uint64_t)INT64_MAX + 1;
    snapshot->health.cpu_ns = INT64_MIN;
    read = write_and_read(&entry);
    assert_true(same_entry(&entry, &read));
    journal_entry_done(&read);
    journal_entry_done(&entry);
    run.as.run.seed = UINT64_MAX;
    read = write_and_read(&run);
    assert_true(read.as.run.seed == UINT64_MAX);
    assert_true(read.at_unix_ns == INT64_MAX);
    assert_string_equal(read.as.run.name, ""); /* There was none. */
    journal_entry_done(&read);
}

static void fill_clients(struct entry_trial *trial)
{
    trial->producers_count = 2;
    trial->consumers_count = CLIENTS_MAX - 2;
    trial->producers = new_zeros(trial->producers_count, sizeof *trial->producers);
    trial->consumers = new_zeros(trial->consumers_count, sizeof *trial->consumers);
    trial->producer_agents = new_zeros(trial->producers_count, sizeof(uint32_t));
    trial->consumer_agents = new_zeros(trial->consumers_count, sizeof(uint32_t));
    for (uint32_t i = 0; i < trial->producers_count; i++) {
        trial->producers[i].topics_count = 1;
    }
    for (uint32_t i = 0; i < trial->consumers_count; i++) {
        trial->consumers[i].client = CLIENTS_MAX - 1 - i;
        trial->consumers[i].topics_count = 1;
        trial->consumers[i].shares_count = 1;
        trial->consumer_agents[i] = AGENTS_MAX - 1;
    }
}

static void fill_flow(struct assigned_flow *flow)
{
    memset(flow->name, 'f', sizeof flow->name - 1);
    flow->message.sizes_count = 1;
    flow->message.sizes[0] = (struct message_size){MESSAGE_BYTES_MIN, MESSAGE_BYTES_MIN, 1};
    flow->delivery.in_flight = 1;
    flow->delivery.consume_ack_batch = 1;
    flow->topics_count = 1;
    flow->partitions = 1;
}

static void fill_phase(struct assigned_phase *phase)
{
    memset(phase->name, 'p', sizeof phase->name - 1);
    phase->duration_ns = INT64_MAX / 2;
    for (uint32_t flow = 0; flow < FLOWS_MAX; flow++) {
        phase->loads[flow] = (struct phase_load){LOAD_RATE, {UINT64_MAX / 1000, UINT64_MAX}};
    }
}

/* Whatever bounds.h lets a plan hold can be archived. */
static void the_largest_trial_fits_into_a_document(void **state)
{
    struct journal_entry entry = {.kind = ENTRY_TRIAL};
    struct entry_trial *trial = &entry.as.trial;
    struct journal_entry read;

    (void)state;
    fill_clients(trial);
    trial->flows_count = FLOWS_MAX;
    trial->flows = new_zeros(FLOWS_MAX, sizeof *trial->flows);
    for (uint32_t i = 0; i < FLOWS_MAX; i++) {
        fill_flow(&trial->flows[i]);
    }
    trial->topics_count = TOPICS_MAX;
    trial->topics = new_zeros(TOPICS_MAX, sizeof *trial->topics);
    for (uint32_t i = 0; i < TOPICS_MAX; i++) {
        memset(trial->topics[i].name, 't', sizeof trial->topics[i].name - 1);
    }
    trial->phases_count = PHASES_MAX;
    trial->phases = new_zeros(PHASES_MAX, sizeof *trial->phases);
    for (uint32_t i = 0; i < PHASES_MAX; i++) {
        fill_phase(&trial->phases[i]);
    }
    read = write_and_read(&entry);
    assert_true(same_entry(&entry, &read));
    journal_entry_done(&read);
    journal_entry_done(&entry);
}

static void an_entry_that_is_too_long_is_refused_and_others_can_follow(void **state)
{
    char *folder = fixture_folder();
    struct archive_writer *writer = new_writer(folder);
    struct journal_entry entry = {.kind = ENTRY_SNAPSHOT};
    struct errinfo error = {""};
    uint32_t entries = 0;
    bool was_cut = false;

    (void)state;
    entry.as.snapshot = new_zeros(1, sizeof *entry.as.snapshot);
    entry.as.snapshot->readings_count = READINGS_MAX; /* Of at least 5 bytes each. */
    entry.as.snapshot->readings = new_zeros(READINGS_MAX, sizeof *entry.as.snapshot->readings);
    assert_int_equal(archive_append(writer, &entry, &error), -EMSGSIZE);
    assert_non_null(strstr(error.text, ARCHIVE_JOURNAL_NAME));
    entry.as.snapshot->readings_count = 1000;
    append(writer, &entry);
    assert_int_equal(archive_writer_close(writer, NULL), 0);
    assert_int_equal(fixture_count(folder, &entries, &was_cut, NULL), 0);
    assert_int_equal(entries, 1);
    journal_entry_done(&entry);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_of_any_kind_is_read_as_it_was_written),
        cmocka_unit_test(a_journal_cut_anywhere_gives_the_entries_before),
        cmocka_unit_test(zeros_behind_the_last_document_are_where_it_was_cut),
        cmocka_unit_test(flipped_bits_give_an_error_or_another_valid_entry),
        cmocka_unit_test(a_document_of_impossible_length_is_refused_with_its_place),
        cmocka_unit_test(a_folder_in_use_takes_no_second_run),
        cmocka_unit_test(a_folder_that_holds_a_run_takes_no_other),
        cmocka_unit_test(a_folder_without_a_journal_is_named),
        cmocka_unit_test(a_full_disk_leaves_whole_documents_that_others_can_follow),
        cmocka_unit_test(bytes_that_are_no_utf8_become_question_marks),
        cmocka_unit_test(numbers_at_the_ends_of_their_ranges_come_back),
        cmocka_unit_test(the_largest_trial_fits_into_a_document),
        cmocka_unit_test(an_entry_that_is_too_long_is_refused_and_others_can_follow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
