/* wire_frames: every kind of frame by number, so that a test can go through all of them. */
#ifndef MILLRACE_WIRE_FRAMES_H
#define MILLRACE_WIRE_FRAMES_H

#include "errinfo.h"
#include "random.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_kind {
    const char *name;
    /* Appends a frame with random contents; true if it reads back as it was. */
    bool (*write)(struct random *random, struct text *out);
    /* Decodes and frees; what the decoder returned. */
    int (*read)(const void *bytes, size_t bytes_count, struct errinfo *reterr);
    /* Decodes, and encodes what came out; what the decoder returned. */
    int (*again)(const void *bytes, size_t bytes_count, struct text *out);
};

extern const struct frame_kind frame_kinds[];
extern const size_t frame_kinds_count;

#endif
