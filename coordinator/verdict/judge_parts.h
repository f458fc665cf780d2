/* judge_parts: what the files of this module share. Private to it. */
#ifndef MILLRACE_JUDGE_PARTS_H
#define MILLRACE_JUDGE_PARTS_H

#include "judge.h"

/* What judging the objectives came to. */
struct tally {
    uint32_t met;
    uint32_t missed;
};

int judge_add_reason(struct result *result, const char *code, const char *case_name,
                     const char *text, struct errinfo *reterr);

/* Appends rows for what the scenario asks of every case. 0 or -ENOMEM. */
int judge_asked(struct result *result, const struct judge_terms *terms, bool came_to_end,
                struct tally *tally, struct errinfo *reterr);

#endif
