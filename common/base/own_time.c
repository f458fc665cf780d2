#include "own_time.h"

int64_t own_time_turn(struct own_time *own, int64_t now_ns, int64_t turn_ns_max)
{
    int64_t stood_ns = own->looked_ns == 0 ? 0 : now_ns - own->looked_ns;

    stood_ns = stood_ns >= turn_ns_max ? stood_ns : 0;
    own->stood_ns += stood_ns;
    own->looked_ns = now_ns;
    return stood_ns;
}
