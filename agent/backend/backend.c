#include "backend.h"

#include "backend_drivers.h"
#include "invariant.h"

#include <string.h>

static const struct backend_ops *const drivers[] = {
    &backend_memory,
#ifdef MILLRACE_WITH_KAFKA
    &backend_kafka,
#endif
#ifdef MILLRACE_WITH_RABBITMQ
    &backend_rabbitmq,
#endif
#ifdef MILLRACE_WITH_MQTT
    &backend_mqtt,
#endif
    NULL,
};

const struct backend_ops *const *backend_all(void)
{
    return drivers;
}

const struct backend_ops *backend_find(const char *name)
{
    for (size_t i = 0; drivers[i] != NULL; i++) {
        if (strcmp(drivers[i]->entry->name, name) == 0) {
            return drivers[i];
        }
    }
    return NULL;
}

enum probe_failure backend_net_failure(enum net_failure failure)
{
    static const enum probe_failure failures[] = {[NET_OK] = PROBE_OK,
                                                  [NET_NAME] = PROBE_NAME,
                                                  [NET_REFUSED] = PROBE_REFUSED,
                                                  [NET_TIMEOUT] = PROBE_TIMEOUT,
                                                  [NET_OTHER] = PROBE_OTHER};

    return failures[failure];
}
