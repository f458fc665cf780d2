#include "conformance.h"

CONFORMANCE_MAIN(.backend = "memory",
                 .outage_options = {"outage_after", "500ms", "outage_for", "200ms"})
