#include "standing_words_inner.h"

#include <string.h>

/* FNV-1a (Fowler, Noll, Vo), 64 bits: of sentences that a coordinator may choose, where the worst
 * that two equal ones can do is that one of them is not said. */
static uint64_t digest_of(const char *text)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);

    for (; *text != '\0'; text++) {
        digest = (digest ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
    return digest == 0 ? 1 : digest;
}

bool standing_words_are_news(struct standing_words *words, const char *text, int64_t now_ns)
{
    uint64_t digest = digest_of(text);
    bool changed = words->last != digest;
    uint32_t place = 0;

    words->last = digest;
    for (uint32_t i = 0; i < STANDING_WORDS_MAX; i++) {
        if (words->said[i].digest == digest) {
            if (!changed || now_ns - words->said[i].said_ns < STANDING_AGAIN_NS) {
                return false;
            }
            place = i;
            break;
        }
        if (words->said[i].digest == 0 || (words->said[place].digest != 0 &&
                                           words->said[i].said_ns < words->said[place].said_ns)) {
            place = i;
        }
    }
    words->said[place].digest = digest;
    words->said[place].said_ns = now_ns;
    return true;
}

void standing_words_forget(struct standing_words *words)
{
    memset(words, 0, sizeof *words);
}
