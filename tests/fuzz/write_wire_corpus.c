/* Writes corpus/wire anew, for when the protocol has changed: a few small frames of each kind. */
#include "file.h"
#include "wire.h"
#include "wire_frames.h"
#include "wire_samples.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAMES 4                    /* Of each kind. */
#define FRAME_BYTES_WANTED_MAX 6000 /* Smaller ones have no assignment. */

static bool write_frame(const char *folder, const struct frame_kind *kind, int number,
                        struct random *random)
{
    struct text frame = {0};
    char path[4096];
    bool written;

    do {
        frame.bytes_count = 0;
        if (!kind->write(random, &frame)) {
            text_done(&frame);
            return false;
        }
    } while (frame.bytes_count > FRAME_BYTES_WANTED_MAX);
    (void)snprintf(path, sizeof path, "%s/%s_%d", folder, kind->name, number);
    written = file_write_all(path, frame.bytes, frame.bytes_count, NULL) == 0;
    text_done(&frame);
    return written;
}

/* One with each step of each kind of command; numbered behind the random ones. */
static bool write_commands(const char *folder, struct random *random)
{
    int number = FRAMES;
    bool written = true;

    for (int kind = 0; kind < COMMAND_COUNT; kind++) {
        for (int step = 0; step <= (kind == COMMAND_PREPARE ? PREPARE_PRODUCERS : 0); step++) {
            struct text frame = {0};
            struct command command = {0};
            char path[4096];

            do {
                command_done(&command);
                frame.bytes_count = 0;
                sample_command(random, (enum command_kind)kind, &command);
                written = wire_encode_command(&command, &frame) == 0 && written;
            } while ((kind == COMMAND_PREPARE && (int)command.step != step) ||
                     frame.bytes_count > FRAME_BYTES_WANTED_MAX);
            (void)snprintf(path, sizeof path, "%s/command_%d", folder, ++number);
            written = file_write_all(path, frame.bytes, frame.bytes_count, NULL) == 0 && written;
            command_done(&command);
            text_done(&frame);
        }
    }
    return written;
}

int main(int argc, char **argv)
{
    struct random random;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return EXIT_FAILURE;
    }
    random_seed(&random, 1);
    for (size_t i = 0; i < frame_kinds_count; i++) {
        for (int number = 1; number <= FRAMES; number++) {
            if (!write_frame(argv[1], &frame_kinds[i], number, &random)) {
                (void)fprintf(stderr, "%s: can't be written\n", frame_kinds[i].name);
                return EXIT_FAILURE;
            }
        }
    }
    if (!write_commands(argv[1], &random)) {
        (void)fprintf(stderr, "commands: can't be written\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
