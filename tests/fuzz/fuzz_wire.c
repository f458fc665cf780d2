/* Frames of every kind: whatever is taken can be sent on, and reads as the same again. */
#include "fuzz_target.h"
#include "invariant.h"
#include "wire.h"
#include "wire_frames.h"

#include <string.h>

static void check_taken(const struct frame_kind *kind, const struct text *once)
{
    struct text twice = {0};

    ASSERT(kind->again(once->bytes, once->bytes_count, &twice) == 0);
    ASSERT(twice.bytes_count == once->bytes_count);
    ASSERT(memcmp(twice.bytes, once->bytes, once->bytes_count) == 0);
    text_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count)
{
    enum request_kind request = REQUEST_COUNT;
    uint32_t protocol = 0;
    int taken = 0;

    for (size_t i = 0; i < frame_kinds_count; i++) {
        struct text once = {0};

        if (frame_kinds[i].again(bytes, bytes_count, &once) == 0) {
            check_taken(&frame_kinds[i], &once);
            taken++;
        }
        text_done(&once);
    }
    ASSERT(taken <= 1); /* No frame is two things at once. */
    (void)wire_request_kind(bytes, bytes_count, &protocol, &request, NULL);
    return 0;
}
