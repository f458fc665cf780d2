/* rules_inner: what insight.c's table consists of. Private to this module. Each function looks at
 * one case, or at the whole result, and adds what it finds. */
#ifndef MILLRACE_RULES_INNER_H
#define MILLRACE_RULES_INNER_H

#include "insight_inner.h"

/* latency_rules.c */
void rule_tail(struct insights *insights, const struct result_case *of);
void rule_coordinated_omission(struct insights *insights, const struct result_case *of);
void rule_in_flight_limits(struct insights *insights, const struct result_case *of);

/* time_rules.c */
void rule_latency_drift(struct insights *insights, const struct result_case *of);
void rule_memory_growing(struct insights *insights, const struct result_case *of);

/* backlog_rules.c */
void rule_backlog_growing(struct insights *insights, const struct result_case *of);
void rule_backlog_emptied(struct insights *insights, const struct result_case *of);

/* party_rules.c */
void rule_consumer_behind(struct insights *insights, const struct result_case *of);
void rule_producer_behind(struct insights *insights, const struct result_case *of);
void rule_partition_skew(struct insights *insights, const struct result_case *of);

/* curve_rules.c */
void rule_size_knee(struct insights *insights);
void rule_scaling_knee(struct insights *insights);
void rule_scaling_law(struct insights *insights);

/* load_rules.c */
void rule_late_skipped(struct insights *insights, const struct result_case *of);
void rule_ramp_knee(struct insights *insights, const struct result_case *of);
void rule_peak_recovery(struct insights *insights, const struct result_case *of);

/* cost_rules.c */
void rule_feature_cost(struct insights *insights, const struct result_case *of);
void rule_acknowledgement_cost(struct insights *insights, const struct result_case *of);

/* generator_rules.c */
void rule_generator_is_limit(struct insights *insights, const struct result_case *of);
void rule_calls_block(struct insights *insights, const struct result_case *of);
void rule_generator_near_ceiling(struct insights *insights, const struct result_case *of);

/* search_rules.c */
void rule_search_unsteady(struct insights *insights);

#endif
