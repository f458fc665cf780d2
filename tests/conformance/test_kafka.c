#include "conformance.h"

CONFORMANCE_MAIN(.backend = "kafka", .broker = "kafka")
