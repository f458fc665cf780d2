#include "conformance.h"

CONFORMANCE_MAIN(.backend = "memory",
                 .outage_options = {"outage_after", "1s", "outage_for", "200ms"})
