/* fleet_hello: who comes and asks to be of the run: admitted, or refused with the reason. */
#include "fleet_inner.h"

#include "fleet_words_inner.h"
#include "host_name.h"
#include "mono.h"
#include "wire.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Who says hello, and what becomes of it. */
struct newcomer {
    struct fleet *fleet;
    const struct channel_request *request;
    const struct hello *hello;
    const struct fleet_host *host; /* NULL: this fleet takes whoever comes. */
    uint32_t index;                /* Of the member it is, or whose place it has. */
    bool is_early;                 /* It was in this run, and asks for the next one. */
    struct welcome welcome;
};

/* Always false. */
static bool refuse(struct newcomer *newcomer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(struct newcomer *newcomer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(newcomer->welcome.reason, sizeof newcomer->welcome.reason, format, arguments);
    va_end(arguments);
    return false;
}

/* What the host or agent is called in sentences. */
static const char *name_of(const struct hello *hello)
{
    return hello->name[0] != '\0' ? hello->name : "an agent";
}

static bool is_of_this_version(struct newcomer *newcomer)
{
    const struct hello *hello = newcomer->hello;

    if (strcmp(hello->version, MILLRACE_VERSION) == 0) {
        return true;
    }
    return refuse(newcomer, "%.60s is Millrace %.60s, this coordinator %s: install %s on %.60s",
                  name_of(hello), hello->version, MILLRACE_VERSION, MILLRACE_VERSION,
                  hello->host[0] != '\0' ? hello->host : "its host");
}

static bool is_of_a_host(struct newcomer *newcomer)
{
    const struct fleet_hosts *hosts = &newcomer->fleet->hosts;
    const struct hello *hello = newcomer->hello;
    char names[REASON_BYTES / 2];

    newcomer->host = fleet_hosts_find(hosts, hello->host_name);
    if (newcomer->host == NULL) {
        fleet_hosts_names(hosts, names, sizeof names);
        return hello->host_name[0] == '\0'
                   ? refuse(newcomer, "%.60s has no join file, and this run is for hosts only: %s",
                            name_of(hello), names)
                   : refuse(newcomer, "%s is not among the hosts of this run: %s", hello->host_name,
                            names);
    }
    if (fleet_hosts_removed(hosts, newcomer->host)) {
        return refuse(newcomer, "%s was removed from this coordinator's hosts", hello->host_name);
    }
    return true;
}

static bool refuse_proof(struct newcomer *newcomer)
{
    const struct hello *hello = newcomer->hello;

    if (newcomer->fleet->hosts.by_token) {
        return refuse(newcomer, "%.60s has another token than this coordinator (--token-file)",
                      name_of(hello));
    }
    return refuse(newcomer,
                  "%s has another secret than its host here: its join file is an older one, or of "
                  "another host (\"millrace hosts add %s --again\" makes a new one)",
                  hello->host_name, hello->host_name);
}

/* False, without a reason: it has not shown one yet, and is given the nonce for it. */
static bool has_proof(struct newcomer *newcomer)
{
    static const uint8_t none[PROOF_BYTES];
    const struct hello *hello = newcomer->hello;
    struct welcome *welcome = &newcomer->welcome;
    const struct proof_facts facts = {.agent_nonce = hello->nonce,
                                      .coordinator_nonce = welcome->nonce,
                                      .run_id = newcomer->fleet->run_id,
                                      .instance = hello->instance,
                                      .host_name = fleet_hosts_agent_name(newcomer->host, hello)};

    if (fleet_hosts_nonce(&newcomer->fleet->hosts, hello,
                          channel_request_connection(newcomer->request), welcome->nonce) < 0) {
        return refuse(newcomer, "the coordinator is out of memory");
    }
    if (memcmp(hello->proof, none, sizeof none) == 0) {
        return false;
    }
    if (!proof_holds(newcomer->host->secret, PROOF_HELLO, &facts, hello->proof)) {
        return refuse_proof(newcomer);
    }
    if (proof_make(newcomer->host->secret, PROOF_WELCOME, &facts, welcome->proof) < 0) {
        return refuse(newcomer, "the coordinator is out of memory");
    }
    return true;
}

/* Whose name the newcomer wants, if somebody is here by it; members_count: nobody. */
static uint32_t namesake(const struct newcomer *newcomer)
{
    const struct fleet *fleet = newcomer->fleet;
    const char *name = fleet_hosts_agent_name(newcomer->host, newcomer->hello);
    uint32_t index = 0;

    while (index < fleet->members_count && (fleet->members[index].host != newcomer->host ||
                                            strcmp(fleet->members[index].agent.name, name) != 0)) {
        index++;
    }
    return index;
}

static uint32_t count_of(const struct fleet *fleet, const struct fleet_host *host)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < fleet->members_count; i++) {
        const struct fleet_member *member = &fleet->members[i];

        count += member->host == host && !fleet_member_is_gone(member) ? 1 : 0;
    }
    return count;
}

/* Which process of its host it says that it is; a host has not that many: 0. */
static uint32_t process_of(const struct fleet_host *host, const char *name)
{
    char numbered[NAME_BYTES];

    for (uint32_t i = 1; i <= host->fleet_count; i++) {
        (void)snprintf(numbered, sizeof numbered, "%.*s/%u", NAME_BYTES - 12, host->name, i);
        if (strcmp(numbered, name) == 0) {
            return i;
        }
    }
    return 0;
}

static bool is_process_of_it(struct newcomer *newcomer)
{
    const struct fleet_host *host = newcomer->host;

    return process_of(host, newcomer->hello->name) > 0 ||
           refuse(newcomer,
                  "%s has %u processes, and %s is none of them: start its agent anew, by the "
                  "join file that \"millrace hosts add\" wrote last",
                  host->name, host->fleet_count, name_of(newcomer->hello));
}

/* One of a fleet chooses its name: it stands in tables, lists and files as those of hosts do, and
 * what it does should not be told of a host that has one alone. */
static bool is_its_name(struct newcomer *newcomer)
{
    const struct fleet_host *host = newcomer->host;
    const char *name = fleet_hosts_agent_name(host, newcomer->hello);
    const struct fleet_host *other = fleet_hosts_find(&newcomer->fleet->hosts, name);
    struct errinfo wrong = {""};

    if (host->is_numbered) {
        return is_process_of_it(newcomer);
    }
    if (host_name_check(name, &wrong) < 0) {
        return refuse(newcomer,
                      "an agent with the join file of %s is to have another --name: %.150s",
                      host->name, wrong.text);
    }
    return other == NULL || other == host ||
           refuse(
               newcomer,
               "an agent with the join file of %s calls itself %s, which is another host of this "
               "run: give it another --name",
               host->name, name);
}

/* The process of a host that has proved to be this one has no connection, or was not heard of for a
 * while, and has nothing to do yet: it was started anew. */
static bool is_succeeded(const struct fleet *fleet, uint32_t index)
{
    const struct fleet_member *member = &fleet->members[index];

    return fleet_member_is_gone(member) ||
           (member->last_command == 0 &&
            (member->agent.state == FLEET_SUSPECT || !channel_server_has(fleet->server, index)));
}

/* Somebody is here by the newcomer's name. */
static bool takes_place(struct newcomer *newcomer, uint32_t index)
{
    const struct fleet_member *member = &newcomer->fleet->members[index];

    if (is_succeeded(newcomer->fleet, index)) {
        newcomer->index = index;
        return true;
    }
    if (fleet_is_lost(newcomer->fleet, index)) {
        return refuse(newcomer, "%s was lost from this run: %s", member->agent.name,
                      member->agent.lost_reason);
    }
    if (member->agent.state == FLEET_LEFT) {
        newcomer->is_early = true;
        return refuse(newcomer, "%s has done its part in this run, which others still end",
                      member->agent.name);
    }
    return refuse(newcomer, "%s is already here, from host %s (%s)%s", member->agent.name,
                  member->agent.hello.host, member->agent.peer,
                  newcomer->host->fleet_count > 0 && !newcomer->host->is_numbered
                      ? ": give this one another --name"
                      : "");
}

/* Of one that has proved which host it is. */
static bool has_room(struct newcomer *newcomer)
{
    const struct fleet *fleet = newcomer->fleet;
    const struct fleet_host *host = newcomer->host;
    uint32_t index = namesake(newcomer);

    if (newcomer->hello->busy[0] != '\0') {
        return refuse(newcomer, "%s is %s", fleet_hosts_agent_name(host, newcomer->hello),
                      newcomer->hello->busy);
    }
    if (index < fleet->members_count) {
        return takes_place(newcomer, index);
    }
    if (host->fleet_count > 0 && count_of(fleet, host) == host->fleet_count) {
        return refuse(newcomer, "%s: all %u agents of %s are here",
                      fleet_hosts_agent_name(host, newcomer->hello), host->fleet_count, host->name);
    }
    return true;
}

static bool is_member_already(struct newcomer *newcomer)
{
    const struct fleet *fleet = newcomer->fleet;

    newcomer->index = fleet_find(fleet, newcomer->hello->instance);
    return newcomer->index < fleet->members_count &&
           fleet->members[newcomer->index].host == newcomer->host;
}

/* Where the newcomer belongs: the place of the one that it succeeds, of another that is gone, or a
 * new one, up to `wanted`. */
static uint32_t place_of(const struct newcomer *newcomer)
{
    const struct fleet *fleet = newcomer->fleet;
    uint32_t index = newcomer->index;

    for (uint32_t i = 0; index == fleet->members_count && i < fleet->members_count; i++) {
        index = fleet_member_is_gone(&fleet->members[i]) ? i : index;
    }
    return index;
}

static bool admit(struct newcomer *newcomer)
{
    struct fleet *fleet = newcomer->fleet;
    uint32_t index = place_of(newcomer);
    struct fleet_member *member = &fleet->members[index];
    const struct hello *hello = newcomer->hello;
    char name[NAME_BYTES]; /* Its place may be one of those that are looked through for it. */

    if (index == fleet->wanted) {
        return refuse(newcomer, "agent %.60s: the run has all of its %u agents", hello->name,
                      fleet->wanted);
    }
    if (index < fleet->members_count) {
        fleet_member_clear(fleet, member);
    }
    member->agent.hello = *hello;
    member->host = newcomer->host;
    if (fleet_clocks_admit(fleet, member) < 0) {
        return refuse(newcomer, "the coordinator is out of memory");
    }
    fleet_member_name(
        fleet, newcomer->host == NULL ? hello->name : fleet_hosts_agent_name(newcomer->host, hello),
        name);
    memcpy(member->agent.name, name, sizeof name);
    (void)channel_request_peer(newcomer->request, member->agent.peer);
    newcomer->index = index;
    fleet->members_count += index == fleet->members_count ? 1 : 0;
    return true;
}

static bool may_come(struct newcomer *newcomer)
{
    bool of_hosts = newcomer->fleet->hosts.count > 0;

    if (!is_of_this_version(newcomer)) {
        return false;
    }
    if (of_hosts && !(is_of_a_host(newcomer) && has_proof(newcomer))) {
        return false;
    }
    if (is_member_already(newcomer)) { /* Its first answer was lost, or it itself. */
        return !fleet_is_lost(newcomer->fleet, newcomer->index) ||
               refuse(newcomer, "agent %.60s counts as lost in this run: %.150s",
                      name_of(newcomer->hello),
                      newcomer->fleet->members[newcomer->index].agent.lost_reason);
    }
    return (!of_hosts || (is_its_name(newcomer) && has_room(newcomer))) && admit(newcomer);
}

/* A standing agent that is well, and not wanted here, is no trouble of this run. */
static void tell_refused(const struct newcomer *newcomer)
{
    struct fleet *fleet = newcomer->fleet;
    const struct hello *hello = newcomer->hello;

    if (fleet->hosts.count > 0 && newcomer->host == NULL && hello->host_name[0] != '\0' &&
        strcmp(hello->version, MILLRACE_VERSION) == 0) {
        fleet_hosts_pass_by(&fleet->hosts, hello->host_name);
        return;
    }
    fleet_refusals_add(&fleet->refusals, mono_ns(), "%s", newcomer->welcome.reason);
    if (newcomer->host != NULL) {
        fleet_hosts_refuse(&fleet->hosts, newcomer->host, newcomer->welcome.reason);
    }
}

static_assert(FLEET_PEER_BYTES == CHANNEL_PEER_BYTES, "an address fits");
static_assert(sizeof(struct hello) + 512 <= HELLO_BYTES_MAX, "a hello fits, with its heads");

/* Whoever comes is read before he is known. Told once: he may go on for as long as he likes. */
static bool hello_is_too_long(struct fleet *fleet, size_t bytes_count)
{
    if (bytes_count <= HELLO_BYTES_MAX) {
        return false;
    }
    if (!fleet->long_hello_told) {
        fleet->long_hello_told = true;
        fleet_refusals_add(&fleet->refusals, mono_ns(),
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
    struct hello hello;
    struct newcomer newcomer = {.fleet = fleet, .request = request, .hello = &hello};
    struct welcome *welcome = &newcomer.welcome;
    struct text frame = {0};

    if (hello_is_too_long(fleet, bytes_count) ||
        wire_decode_hello(bytes, bytes_count, &hello, NULL) < 0) {
        fleet_drop(fleet, request);
        return;
    }
    fleet_tame_hello(&hello);
    welcome->accepted = may_come(&newcomer);
    if (welcome->accepted) {
        channel_request_admit(request, newcomer.index);
        fleet_member_take(&fleet->members[newcomer.index], MEMBER_HEARD, mono_ns(), NULL);
        welcome->agent = newcomer.index;
        memcpy(welcome->name, fleet->members[newcomer.index].agent.name, sizeof welcome->name);
    } else if (welcome->reason[0] != '\0') {
        memset(welcome->proof, 0, sizeof welcome->proof);
        if (!newcomer.is_early) { /* Which concerns nobody but itself. */
            tell_refused(&newcomer);
        }
    }
    memcpy(welcome->run_id, fleet->run_id, sizeof welcome->run_id);
    fleet_reply(request, wire_encode_welcome(welcome, &frame), &frame);
}

void fleet_refuse_protocol(struct fleet *fleet, struct channel_request *request, uint32_t protocol)
{
    size_t bytes_count = 0;
    const void *bytes = channel_request_bytes(request, &bytes_count);
    char version[NAME_BYTES] = "an unknown version";
    char name[NAME_BYTES] = "an agent";
    struct welcome welcome = {0};
    struct text frame = {0};

    (void)wire_hello_of_other(bytes, bytes_count, version, name, NULL);
    text_tame(version, false);
    text_tame(name, false);
    (void)snprintf(welcome.reason, sizeof welcome.reason,
                   "%s speaks protocol %u (%s), this coordinator %d (%s): install %s on its host",
                   name, protocol, version, PROTOCOL_VERSION, MILLRACE_VERSION, MILLRACE_VERSION);
    fleet_refusals_add(&fleet->refusals, mono_ns(), "%s", welcome.reason);
    fleet_reply(request, wire_encode_welcome(&welcome, &frame), &frame);
}
