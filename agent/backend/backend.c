#include "backend.h"

enum probe_failure backend_net_failure(enum net_failure failure)
{
    static const enum probe_failure failures[] = {[NET_OK] = PROBE_OK,
                                                  [NET_NAME] = PROBE_NAME,
                                                  [NET_REFUSED] = PROBE_REFUSED,
                                                  [NET_TIMEOUT] = PROBE_TIMEOUT,
                                                  [NET_OTHER] = PROBE_OTHER};

    return failures[failure];
}
