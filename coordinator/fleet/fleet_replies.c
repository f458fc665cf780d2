/* fleet_replies: how requests are answered, or not. */
#include "fleet_inner.h"

#include "wire.h"

#include <stdio.h>

void fleet_reply(struct channel_request *request, int encoded, struct text *frame)
{
    if (encoded < 0) {
        channel_request_drop(request);
    } else {
        channel_request_reply(request, frame->bytes, frame->bytes_count);
    }
    text_done(frame);
}

void fleet_drop(struct fleet *fleet, struct channel_request *request)
{
    fleet->dropped[FLEET_DROP_GARBAGE]++;
    channel_request_drop(request);
}

void fleet_reply_receipt(struct channel_request *request, bool accepted, const char *reason)
{
    struct receipt receipt = {.accepted = accepted};
    struct text frame = {0};

    (void)snprintf(receipt.reason, sizeof receipt.reason, "%s", reason);
    fleet_reply(request, wire_encode_receipt(&receipt, &frame), &frame);
}
