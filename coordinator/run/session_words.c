#include "session_words_inner.h"

#include "units.h"

#include <errno.h>
#include <string.h>

#define MISSING_NAMED 20 /* While they are waited for. */
#define LATE_NAMED 4     /* In the sentence of the end. */

static bool is_by_token(const struct session *session)
{
    const struct fleet_access *access = session->config->access;

    return access != NULL && access->by_token;
}

/* Of those that have names here. */
static uint32_t hosts_count(const struct session *session)
{
    const struct fleet_access *access = session->config->access;

    return access == NULL || access->by_token ? 0 : access->hosts_count;
}

static uint32_t wanted_of(const struct fleet_host *host)
{
    return host->fleet_count > 0 ? host->fleet_count : 1;
}

static uint32_t joined_of(const struct session *session, const struct fleet_host *host)
{
    bool present[AGENTS_MAX];
    uint32_t count = 0;

    fleet_presence(session->fleet, present);
    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        const struct hello *hello = &fleet_agent(session->fleet, i)->hello;

        count += present[i] && strcmp(hello->host_name, host->name) == 0 ? 1 : 0;
    }
    return count;
}

/* "load2, 17 of 20 of fleet": those that came, or those that did not, so many of them at most.
 * Returns how many names there are. */
static uint32_t add_names(const struct session *session, bool came, uint32_t names_max,
                          struct text *out)
{
    uint32_t names = 0;

    for (uint32_t i = 0; i < hosts_count(session); i++) {
        const struct fleet_host *host = &session->config->access->hosts[i];
        uint32_t joined = joined_of(session, host);
        uint32_t count = came ? joined : wanted_of(host) - joined;

        if (count == 0 || ++names > names_max) {
            continue;
        }
        text_add(out, names == 1 ? "" : ", ");
        if (host->fleet_count > 0) {
            text_addf(out, "%u of %u of ", count, host->fleet_count);
        }
        text_add(out, host->name);
    }
    if (names > names_max) {
        text_addf(out, " and %u more", names - names_max);
    }
    return names;
}

/* The name of the one file that is missing, else "NAME". */
static const char *file_missing(const struct session *session, uint32_t names)
{
    for (uint32_t i = 0; names == 1 && i < hosts_count(session); i++) {
        const struct fleet_host *host = &session->config->access->hosts[i];

        if (joined_of(session, host) < wanted_of(host)) {
            return host->name;
        }
    }
    return "NAME";
}

void session_missing(const struct session *session, struct text *out)
{
    struct text names = {0};
    uint32_t count = add_names(session, false, MISSING_NAMED, &names);
    const char *more = session->launch == NULL ? "" : launch_describe(session->launch);

    if (session->launch != NULL) {
        text_addf(out, "waiting for agents of --launch %s: %u of %u joined, missing: %s%s%s",
                  session->config->launch->plan->launcher->name, fleet_present(session->fleet),
                  session->config->agents_count, names.bytes == NULL ? "" : names.bytes,
                  more[0] == '\0' ? "" : "; ", more);
    } else if (hosts_count(session) == 0) {
        text_addf(out, "waiting for agents at %s: %u of %u joined (millrace-agent --join %s%s)",
                  session->url, fleet_present(session->fleet), session->config->agents_count,
                  session->url,
                  is_by_token(session) ? " --tls-ca FILE --tls-cert FILE --tls-key FILE "
                                         "--token-file FILE"
                                       : "");
    } else {
        text_addf(out,
                  "waiting for hosts at %s: %u of %u joined, missing: %s (there: "
                  "millrace-agent --join %s.join)",
                  session->url, fleet_present(session->fleet), session->config->agents_count,
                  names.bytes == NULL ? "" : names.bytes, file_missing(session, count));
    }
    text_done(&names);
}

/* Why a host that is missing was refused; those that this one does not name were told before. */
static void add_refusals(const struct session *session, struct text *out)
{
    uint32_t refused = 0;

    for (uint32_t i = 0; i < hosts_count(session); i++) {
        const struct fleet_host *host = &session->config->access->hosts[i];
        const char *why = fleet_host_refusal(session->fleet, i);

        if (why[0] != '\0' && joined_of(session, host) < wanted_of(host) && refused++ == 0) {
            text_addf(out, "; refused: %s", why);
        }
    }
    if (refused > 1) {
        text_addf(out, " (and %u more, told above)", refused - 1);
    }
}

static int hosts_too_late(const struct session *session, const char *waited, const char *more,
                          struct errinfo *reterr)
{
    struct text said = {0};
    struct text came = {0};
    int r;

    text_addf(&said, "within %s ", waited);
    (void)add_names(session, false, LATE_NAMED, &said);
    text_add(&said, " did not join; ");
    text_add(&said, add_names(session, true, LATE_NAMED, &came) == 0 ? "none" : came.bytes);
    text_addf(&said, " did%s%s", more[0] == '\0' ? "" : "; ", more);
    add_refusals(session, &said);
    r = text_failed(&said) || text_failed(&came)
            ? errinfo_nomem(reterr)
            : errinfo_set(reterr, -ETIMEDOUT, "%s", said.bytes);
    text_done(&said);
    text_done(&came);
    return r;
}

int session_too_late(const struct session *session, int64_t waited_ns, struct errinfo *reterr)
{
    char waited[UNITS_TEXT_BYTES];
    const char *refused = session->refusal[0] == '\0' ? "" : "; refused: ";
    const char *more = session->launch == NULL ? "" : launch_describe(session->launch);

    (void)units_format_duration(waited_ns, waited);
    if (hosts_count(session) > 0) {
        return hosts_too_late(session, waited, more, reterr);
    }
    return errinfo_set(reterr, -ETIMEDOUT,
                       "only %u of %u agents joined at %s within %s%s%.150s%s%.200s",
                       fleet_present(session->fleet), session->config->agents_count, session->url,
                       waited, more[0] == '\0' ? "" : "; ", more, refused, session->refusal);
}
