#include "invariant.h"

#include <stdio.h>
#include <stdlib.h>

void invariant_broken(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "millrace: internal error: %s does not hold at %s:%d\n", condition, file,
                  line);
    abort();
}
