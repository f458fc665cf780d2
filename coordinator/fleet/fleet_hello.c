/* fleet_hello: who comes and asks to be of the run: admitted, or refused with the reason. */
#include "fleet_inner.h"

#include "fleet_words_inner.h"
#include "mono.h"
#include "wire.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void admit(struct fleet *fleet, const struct hello *hello, struct welcome *welcome)
{
    struct fleet_member *member = &fleet->members[fleet->members_count];

    member->agent.hello = *hello;
    if (fleet_clocks_admit(fleet, member) < 0) {
        (void)snprintf(welcome->reason, sizeof welcome->reason, "the coordinator is out of memory");
        return;
    }
    fleet_member_name(fleet, hello->name, member->agent.name);
    fleet->members_count++;
    welcome->accepted = true;
}

static_assert(sizeof(struct hello) + 512 <= HELLO_BYTES_MAX, "a hello fits, with its heads");

/* Whoever comes is read before he is known. Told once: he may go on for as long as he likes. */
static bool hello_is_too_long(struct fleet *fleet, size_t bytes_count)
{
    if (bytes_count <= HELLO_BYTES_MAX) {
        return false;
    }
    if (!fleet->long_hello_told) {
        fleet->long_hello_told = true;
        (void)snprintf(fleet->refusal, sizeof fleet->refusal,
                       "a hello of %zu bytes, and no agent's is longer than %d: something else "
                       "than an agent speaks to this port",
                       bytes_count, HELLO_BYTES_MAX);
    }
    return true;
}

void fleet_take_hello(struct fleet *fleet, struct channel_request *request)
{
    size_t bytes_count = 0;
    const void *bytes = channel_request_bytes(request, &bytes_count);
    struct welcome welcome = {0};
    struct text frame = {0};
    struct hello hello;
    uint32_t index;

    if (hello_is_too_long(fleet, bytes_count) ||
        wire_decode_hello(bytes, bytes_count, &hello, NULL) < 0) {
        fleet_drop(fleet, request);
        return;
    }
    fleet_tame_hello(&hello);
    index = fleet_find(fleet, hello.instance);
    if (index < fleet->members_count && fleet_is_lost(fleet, index)) {
        (void)snprintf(welcome.reason, sizeof welcome.reason,
                       "agent %.60s counts as lost in this run: %.150s", hello.name,
                       fleet->members[index].agent.lost_reason);
    } else if (index < fleet->members_count) {
        welcome.accepted = true; /* Its first answer was lost. */
    } else if (strcmp(hello.version, MILLRACE_VERSION) != 0) {
        (void)snprintf(welcome.reason, sizeof welcome.reason,
                       "agent %.60s is Millrace %.60s, this coordinator is %s", hello.name,
                       hello.version, MILLRACE_VERSION);
    } else if (fleet->members_count == fleet->wanted) {
        (void)snprintf(welcome.reason, sizeof welcome.reason,
                       "agent %.60s: the run has all of its %u agents", hello.name, fleet->wanted);
    } else {
        admit(fleet, &hello, &welcome);
    }
    if (welcome.accepted) {
        channel_request_admit(request);
        fleet_member_take(&fleet->members[index], MEMBER_HEARD, mono_ns(), NULL);
        welcome.agent = index;
        memcpy(welcome.name, fleet->members[index].agent.name, sizeof welcome.name);
        memcpy(welcome.run_id, fleet->run_id, sizeof welcome.run_id);
    } else {
        (void)snprintf(fleet->refusal, sizeof fleet->refusal, "%s", welcome.reason);
    }
    fleet_reply(request, wire_encode_welcome(&welcome, &frame), &frame);
}

void fleet_refuse_protocol(struct fleet *fleet, struct channel_request *request, uint32_t protocol)
{
    struct welcome welcome = {0};
    struct text frame = {0};

    (void)snprintf(welcome.reason, sizeof welcome.reason,
                   "an agent speaks protocol %u, this coordinator (Millrace %s) speaks %d",
                   protocol, MILLRACE_VERSION, PROTOCOL_VERSION);
    (void)snprintf(fleet->refusal, sizeof fleet->refusal, "%s", welcome.reason);
    fleet_reply(request, wire_encode_welcome(&welcome, &frame), &frame);
}
