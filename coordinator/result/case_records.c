/* The tables of a case and of its trials, see record.h: what result.json shows before and after
 * what is made of histograms. */
#include "result.h"

static const struct field trial_head_fields[] = {
    FIELD(result_trial, number),
    FIELD(result_trial, ended),
};

const struct record result_trial_head_record = RECORD_OF(result_trial, "trial", trial_head_fields);

static const struct field trial_events_fields[] = {
    FIELD_LIST_OF(result_trial, outages, outages_count, result_outage_record, UINT32_MAX),
    FIELD(result_trial, outages_untold),
    FIELD_LIST_OF(result_trial, notices, notices_count, notice_delta_record, UINT32_MAX),
};

const struct record result_trial_events_record =
    RECORD_OF(result_trial, "trial", trial_events_fields);

static bool has_client(const void *item)
{
    return ((const struct result_case *)item)->client[0] != '\0';
}

static const struct field result_case_fields[] = {
    FIELD(result_case, name),
    FIELD(result_case, backend),
    FIELD(result_case, client, .shown_if = has_client),
    FIELD(result_case, target),
    FIELD(result_case, variant, .shown = SHOWN_OR_NULL),
    FIELD(result_case, address),
    FIELD_LIST_OF(result_case, parameters, parameters_count, result_parameter_record,
                  SWEEP_KEYS_MAX, .shown = SHOWN_BY_NAME),
    FIELD_NAMES_OF(result_case, status, FIELD_ENUM, case_status_names),
    FIELD(result_case, reason, .shown = SHOWN_OR_NULL),
    FIELD(result_case, broker_version, .shown = SHOWN_OR_NULL),
};

const struct record result_case_record = RECORD(result_case);
