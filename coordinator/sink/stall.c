#include "stall.h"

#include "deadlines.h"
#include "queue.h"

enum stall_turn stall_follow(struct stall *stall, const struct queue_state *state, int64_t now_ns,
                             struct stall *ret)
{
    bool stands = state->since_ns != 0 && now_ns - state->since_ns >= STANDSTILL_NS;
    bool begins = stands && stall->since_ns == 0;

    if (!stands && stall->since_ns == 0) {
        return STALL_NONE;
    }
    if (begins) {
        stall->since_ns = state->since_ns;
    }
    stall->pieces_max = state->pieces > stall->pieces_max ? state->pieces : stall->pieces_max;
    stall->bytes_max = state->bytes > stall->bytes_max ? state->bytes : stall->bytes_max;
    if (stands) {
        stall->moved_ns = 0;
        return begins ? STALL_BEGINS : STALL_LASTS;
    }
    if (stall->moved_ns == 0) {
        stall->moved_ns = now_ns;
    }
    if (state->since_ns != 0 && state->since_ns < stall->moved_ns) {
        return STALL_LASTS;
    }
    *ret = *stall;
    *stall = (struct stall){0};
    return STALL_IS_OVER;
}
