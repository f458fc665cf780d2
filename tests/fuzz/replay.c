/* Gives every file of the folder argv[1] to a fuzz target: what a fuzzer once found stays found.
 * Each file also comes cut off at every length, as truncation is what parsers get wrong most.
 * argv[2]: so many more inputs, files of the folder with some changes, each time the same; argv[3]:
 * the number of the first of them, for one that failed. Where there is no fuzzer. */
#include "file.h"
#include "fuzz_target.h"
#include "random.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX ((size_t)1024 * 1024)
#define CUT_BYTES_MAX 4096

/* A copy of just that size, so that AddressSanitizer sees the first byte beyond it. */
static bool give(const char *bytes, size_t bytes_count)
{
    uint8_t *copy = malloc(bytes_count > 0 ? bytes_count : 1);

    if (copy == NULL) {
        return false;
    }
    memcpy(copy, bytes, bytes_count);
    (void)LLVMFuzzerTestOneInput(copy, bytes_count);
    free(copy);
    return true;
}

static bool replay_file(const char *folder, const char *name)
{
    char *path = file_join(folder, name);
    struct errinfo error = {.text = "out of memory"};
    char *bytes = NULL;
    size_t bytes_count = 0;
    bool done = false;

    if (path != NULL && file_read_all(path, INPUT_BYTES_MAX, &bytes, &bytes_count, &error) == 0) {
        done = give(bytes, bytes_count);
        for (size_t cut = 0; done && cut < bytes_count && cut < CUT_BYTES_MAX; cut++) {
            done = give(bytes, cut);
        }
    }
    if (!done) {
        (void)fprintf(stderr, "%s: %s\n", name, error.text);
    }
    free(bytes);
    free(path);
    return done;
}

static size_t below(struct random *random, size_t end)
{
    return end == 0 ? 0 : (size_t)(random_next(random) % end);
}

/* One change: a bit, a byte, a number, or a piece that is left out, doubled or moved. */
static size_t change(struct random *random, char *bytes, size_t bytes_count)
{
    size_t at = below(random, bytes_count);
    size_t length = 1 + below(random, bytes_count - at < 64 ? bytes_count - at : 64);
    size_t from = below(random, bytes_count - length + 1);
    uint64_t number = random_next(random) >> below(random, 64);

    switch (below(random, 6)) {
    case 0:
        bytes[at] ^= (char)(1U << below(random, 8));
        break;
    case 1:
        bytes[at] = (char)number;
        break;
    case 2:
        memcpy(bytes + at, &number, length < sizeof number ? length : sizeof number);
        break;
    case 3:
        memset(bytes + at, below(random, 2) == 0 ? 0xff : 0, length);
        break;
    case 4:
        memmove(bytes + at, bytes + at + length, bytes_count - at - length);
        return bytes_count - length;
    default:
        memmove(bytes + at, bytes + from, length);
        break;
    }
    return bytes_count;
}

struct files {
    char *bytes[256];
    size_t bytes_count[256];
    unsigned count;
};

static bool keep_file(struct files *files, const char *folder, const char *name)
{
    char *path = file_join(folder, name);
    bool kept = path != NULL && files->count < 256 &&
                file_read_all(path, INPUT_BYTES_MAX, &files->bytes[files->count],
                              &files->bytes_count[files->count], NULL) == 0;

    files->count += kept ? 1 : 0;
    free(path);
    return kept;
}

static bool give_changed(const struct files *files, uint64_t number)
{
    struct random random;
    size_t file;
    size_t bytes_count;
    char *bytes;
    bool done = true;

    random_seed(&random, number);
    file = below(&random, files->count);
    bytes_count = files->bytes_count[file];
    bytes = malloc(bytes_count + 1);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, files->bytes[file], bytes_count);
    for (size_t left = 1 + below(&random, 8); left > 0 && bytes_count > 0; left--) {
        bytes_count = change(&random, bytes, bytes_count);
    }
    if (number % 100 == 0) {
        (void)fprintf(stderr, "from input %llu\n", (unsigned long long)number);
    }
    done = give(bytes, bytes_count);
    free(bytes);
    return done;
}

int main(int argc, char **argv)
{
    DIR *folder = argc >= 2 ? opendir(argv[1]) : NULL;
    uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    uint64_t end = argc > 2 ? first + strtoull(argv[2], NULL, 10) : 0;
    static struct files files;
    const struct dirent *entry;
    bool done = true;

    if (folder == NULL) {
        (void)fprintf(stderr, "usage: %s CORPUS_FOLDER [CHANGED [FIRST]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    while (done && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            done = keep_file(&files, argv[1], entry->d_name) &&
                   (argc > 2 || replay_file(argv[1], entry->d_name));
        }
    }
    (void)closedir(folder);
    for (uint64_t number = first; done && number < end; number++) {
        done = give_changed(&files, number);
    }
    for (unsigned i = 0; i < files.count; i++) {
        free(files.bytes[i]);
    }
    (void)printf("%u files\n", files.count);
    return done && files.count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
