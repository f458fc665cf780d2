#include "standing.h"

#include "control_messages.h"
#include "invariant.h"
#include "log.h"
#include "mono.h"
#include "random.h"
#include "standing_look_inner.h"
#include "standing_words_inner.h"
#include "sync.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* After a run: its coordinator goes on listening for as long as others of its agents need to go. */
#define PAUSE_NS NS_PER_S
/* After a refusal: twice as long each time. Well below the time that a coordinator waits for its
 * agents to join. */
#define BACK_OFF_NS_MIN (2 * NS_PER_S)
#define BACK_OFF_NS_MAX (10 * NS_PER_S)

/* While nobody answers: a join file may end, or be replaced. */
#define REFRESH_NS (10 * NS_PER_S)
/* Hundreds of agents may wait for days for a port where nothing listens. */
#define REDIAL_MS_MAX 2000

struct standing {
    struct standing_config *config;
    uint32_t address; /* That is tried now. */
    bool may_not;     /* Join anybody, in this turn: by its join file. */
    bool joined;      /* In this turn. */
    char run_id[NAME_BYTES];
    int64_t back_off_ns;
    int64_t until_ns; /* By then it has joined; INT64_MAX: it has time. */
    struct random random;
    struct standing_words words;
    struct standing_look looks[STANDING_URLS_MAX];
};

static const char *url_of(const struct standing *standing)
{
    return standing->config->urls[standing->address % standing->config->urls_count];
}

/* key: what makes it the same thing to say, where its sentence has a time in it. */
static void say_once(struct standing *standing, enum log_level level, const char *key,
                     const char *text)
{
    const struct duty_config *duty = &standing->config->duty;
    const char *name = duty->host == NULL  ? NULL
                       : duty->host->fleet ? duty->name
                                           : duty->host->name;

    if (standing_words_are_news(&standing->words, key, mono_ns())) {
        log_line(level, "%s%s%s", name == NULL ? "" : name, name == NULL ? "" : ": ", text);
    }
}

static bool on_silence(void *context, int64_t silent_ns)
{
    struct standing *standing = context;
    enum log_level level = LOG_LEVEL_INFO;
    char text[ERRINFO_BYTES];

    if (standing_look(&standing->looks[standing->address], url_of(standing),
                      standing->config->duty.security, silent_ns, text, &level)) {
        say_once(standing, level, text, text);
    }
    return standing->config->urls_count == 1 && mono_ns() < standing->until_ns &&
           (standing->config->refresh == NULL || silent_ns < REFRESH_NS);
}

static void on_joined(void *context, const struct welcome *welcome)
{
    struct standing *standing = context;

    standing->joined = true;
    standing->back_off_ns = 0;
    (void)snprintf(standing->run_id, sizeof standing->run_id, "%s", welcome->run_id);
    standing_words_forget(&standing->words);
    memset(standing->looks, 0, sizeof standing->looks);
}

/* Many agents are refused at once; they should not come again at once. */
static int64_t with_jitter(struct standing *standing, int64_t pause_ns)
{
    return (int64_t)((double)pause_ns * (0.75 + 0.5 * random_unit(&standing->random)));
}

static int64_t next_back_off_ns(struct standing *standing)
{
    int64_t twice_ns = standing->back_off_ns * 2;

    standing->back_off_ns = twice_ns < BACK_OFF_NS_MIN   ? BACK_OFF_NS_MIN
                            : twice_ns > BACK_OFF_NS_MAX ? BACK_OFF_NS_MAX
                                                         : twice_ns;
    return standing->back_off_ns;
}

static void next_address(struct standing *standing)
{
    standing->address = (standing->address + 1) % standing->config->urls_count;
}

/* What became of the turn, said; how long to wait for the next one. */
static int64_t turn_ended(struct standing *standing, int r, const char *sentence)
{
    char text[ERRINFO_BYTES * 2];
    char key[32];

    if (standing->may_not) {
        (void)snprintf(key, sizeof key, "may not join: %d", r);
        say_once(standing, LOG_LEVEL_WARNING, key, sentence);
        return next_back_off_ns(standing);
    }
    if (r == -ETIMEDOUT && !standing->joined) {
        next_address(standing);
        return 0;
    }
    if (!standing->joined) {
        (void)snprintf(text, sizeof text, "%s: %s", url_of(standing), sentence);
        say_once(standing, LOG_LEVEL_WARNING, text, text);
        next_address(standing);
        return next_back_off_ns(standing);
    }
    if (r == 0) {
        log_info("run %s has ended; waiting for the next one", standing->run_id);
    } else {
        log_warning("run %s ended here: %s; waiting for the next one", standing->run_id, sentence);
    }
    /* What the run needed is nobody's until the next one. */
    (void)malloc_trim(0);
    return PAUSE_NS;
}

/* Waits for a run and serves it, at one address; what came of it. */
static int take_turn(struct standing *standing, struct errinfo *reterr)
{
    struct standing_config *config = standing->config;
    struct duty_config duty;
    int r = config->refresh == NULL ? 0 : config->refresh(config->context, config, reterr);

    standing->joined = false;
    standing->may_not = r < 0;
    if (r < 0) {
        return r;
    }
    ASSERT(config->urls_count > 0 && config->urls_count <= STANDING_URLS_MAX);
    duty = config->duty;
    duty.url = url_of(standing);
    duty.urls = config->urls;
    duty.urls_count = config->urls_count;
    duty.redial_ms_max = REDIAL_MS_MAX;
    duty.on_silence = on_silence;
    duty.on_joined = on_joined;
    duty.context = standing;
    return duty_run(&duty, reterr);
}

int standing_run(struct standing_config *config, struct errinfo *reterr)
{
    struct standing standing = {.config = config};
    int64_t pause_ns = 0;

    standing.until_ns = config->join_ns > 0 ? mono_ns() + config->join_ns : INT64_MAX;
    random_seed(&standing.random, random_entropy());
    while (!sync_event_wait(config->duty.stop_fd,
                            (int)(with_jitter(&standing, pause_ns) / NS_PER_MS))) {
        struct errinfo error = {""};
        int r = take_turn(&standing, &error);

        if (r == -EINTR) {
            return errinfo_set(reterr, r, "%s", error.text);
        }
        if (config->once && (standing.joined || standing.may_not || r == -EPERM)) {
            return r == 0 ? 0 : errinfo_set(reterr, r, "%s", error.text);
        }
        if (mono_ns() >= standing.until_ns) {
            return errinfo_set(reterr, -ETIMEDOUT, "no coordinator was joined within %lld s: %s",
                               (long long)(config->join_ns / NS_PER_S), error.text);
        }
        pause_ns = turn_ended(&standing, r, error.text);
    }
    return errinfo_set(reterr, -EINTR, "ended while waiting for a coordinator");
}
