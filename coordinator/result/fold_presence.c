/* fold_presence: whether the broker is there, while a trial runs. */
#include "fold_inner.h"

#include <string.h>

/* What the agents know together. */
struct known {
    uint32_t clients;
    uint32_t clients_down;
    int64_t down_since_ns;    /* 0: no client is down. */
    int64_t waiting_since_ns; /* 0: nothing waits. */
    int64_t until_ns;         /* Every agent has told of the time before. */
};

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns == 0 || (b_ns != 0 && b_ns < a_ns) ? b_ns : a_ns;
}

static struct known know(const struct fold_trial *trial)
{
    struct known known = {.until_ns = INT64_MAX};

    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        const struct fold_agent *agent = &trial->agents[i];

        if (agent->gone) {
            continue;
        }
        known.clients += agent->clients;
        known.clients_down += agent->clients_down;
        known.down_since_ns = earlier(known.down_since_ns, agent->down_since_ns);
        known.waiting_since_ns = earlier(known.waiting_since_ns, agent->signs.waiting_since_ns);
        known.until_ns = agent->until_ns < known.until_ns ? agent->until_ns : known.until_ns;
    }
    return known;
}

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return b_ns > a_ns ? b_ns : a_ns;
}

enum presence fold_presence(const struct fold *fold, int64_t silence_ns, int64_t *ret_since_ns)
{
    const struct fold_trial *trial;
    const struct fold_outages *heard;
    struct known known;

    if (fold->trials_count == 0) {
        return PRESENCE_THERE;
    }
    trial = &fold->trials[fold->trials_count - 1];
    heard = &trial->outages;
    known = know(trial);
    if (known.clients > 0 && known.clients_down >= known.clients) {
        /* From its last sign of life on. */
        *ret_since_ns =
            later(heard->answered_ns, earlier(known.down_since_ns, known.waiting_since_ns));
        return PRESENCE_NO_CLIENT;
    }
    if (known.waiting_since_ns != 0) {
        int64_t since_ns = later(heard->answered_ns, known.waiting_since_ns);

        if (known.until_ns - since_ns >= silence_ns) {
            *ret_since_ns = since_ns;
            return PRESENCE_SILENT;
        }
    }
    if (heard->unheard_since_ns != 0) {
        /* Who consumes may be another agent, and report later. */
        int64_t missed_ns = heard->handed_ns < known.until_ns ? heard->handed_ns : known.until_ns;

        if (missed_ns - heard->unheard_since_ns >= silence_ns) {
            *ret_since_ns = heard->unheard_since_ns;
            return PRESENCE_SILENT;
        }
    }
    return PRESENCE_THERE;
}

int64_t fold_back_since(const struct fold *fold, int64_t since_ns)
{
    const struct fold_trial *trial;
    int64_t back_ns = 0;

    if (fold->trials_count == 0) {
        return 0;
    }
    trial = &fold->trials[fold->trials_count - 1];
    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        int64_t answered_ns = trial->agents[i].signs.answered_first_ns;

        back_ns = answered_ns > since_ns ? earlier(back_ns, answered_ns) : back_ns;
    }
    for (uint32_t i = 0; i < trial->outages.losses_count; i++) {
        int64_t up_ns = trial->outages.losses[i].up_ns;

        back_ns = up_ns > since_ns ? earlier(back_ns, up_ns) : back_ns;
    }
    return back_ns;
}

const char *fold_last_loss(const struct fold *fold, int64_t since_ns)
{
    const struct fold_outages *outages;
    const struct fold_loss *last = NULL;

    if (fold->trials_count == 0) {
        return "";
    }
    outages = &fold->trials[fold->trials_count - 1].outages;
    for (uint32_t i = 0; i < outages->losses_count; i++) {
        const struct fold_loss *loss = &outages->losses[i];

        if (loss->down_ns >= since_ns && (last == NULL || loss->down_ns >= last->down_ns)) {
            last = loss;
        }
    }
    return last == NULL ? "" : last->text;
}

const char *fold_last_notice(const struct fold *fold, int64_t since_ns)
{
    const struct fold_outages *outages;
    const struct notice_delta *last = NULL;

    if (fold->trials_count == 0) {
        return "";
    }
    outages = &fold->trials[fold->trials_count - 1].outages;
    for (uint32_t i = 0; i < outages->notices_count; i++) {
        const struct notice_delta *notice = &outages->notices[i];

        if (notice->last_ns >= since_ns && (last == NULL || notice->last_ns >= last->last_ns)) {
            last = notice;
        }
    }
    return last == NULL ? "" : last->text;
}
