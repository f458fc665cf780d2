/* wire_fields: the fields of each struct that travels, for both directions; see wire_coder.h. They
 * take void *, as lists and frames hand them any struct. */
#ifndef MILLRACE_WIRE_FIELDS_H
#define MILLRACE_WIRE_FIELDS_H

#include "wire_coder.h"

#include <stdint.h>

/* An index or number without a bound of its own. */
#define ANY_U32 UINT32_MAX

void code_target(struct coder *coder, void *target);
void code_assignment(struct coder *coder, void *assignment);
void code_snapshot(struct coder *coder, void *snapshot);
void code_hello(struct coder *coder, void *hello);
void code_welcome(struct coder *coder, void *welcome);
void code_poll(struct coder *coder, void *poll);
void code_command(struct coder *coder, void *command);
void code_status(struct coder *coder, void *status);
void code_receipt(struct coder *coder, void *receipt);
void code_clock_report(struct coder *coder, void *report);
void code_clock_answer(struct coder *coder, void *answer);

#endif
