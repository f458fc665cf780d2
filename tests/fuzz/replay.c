/* Gives every file of the folder argv[1] to a fuzz target: what a fuzzer once found stays found.
 * Each file also comes cut off at every length, as truncation is what parsers get wrong most. */
#include "file.h"
#include "fuzz_target.h"

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

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    const struct dirent *entry;
    unsigned files = 0;
    bool done = true;

    if (folder == NULL) {
        (void)fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return EXIT_FAILURE;
    }
    while (done && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            done = replay_file(argv[1], entry->d_name);
            files++;
        }
    }
    (void)closedir(folder);
    (void)printf("%u files\n", files);
    return done && files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
