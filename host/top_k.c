#include "check.h"
#include "plan.h"
#include "reference/reference.h"

lotto_status lotto_top_k(lotto_context *context, const lotto_logits *logits, const lotto_controls *controls,
                         int64_t k_max, int32_t *ids, float *values, int32_t *kept, uint32_t *status,
                         void *workspace, size_t workspace_bytes, lotto_stream stream) {
    if (!lotto_check_context(context) || !lotto_check_logits(context, logits) ||
        !lotto_check_controls(context, controls, LOTTO_CONTROL_TOP_K, logits) ||
        !lotto_check_capacity(context, "k_max", k_max, logits) ||
        !lotto_check_array(context, "ids", ids, logits))
        return LOTTO_INVALID_ARGUMENT;
    struct lotto_plan plan = lotto_plan_lists(&context->limits, logits, lotto_adjusts(controls), k_max);
    if (!lotto_check_workspace(context, workspace, workspace_bytes, &plan))
        return LOTTO_INVALID_ARGUMENT;
    if (logits->rows == 0)
        return LOTTO_SUCCESS;

    if (lotto_context_is_reference(context)) {
        lotto_reference_top_k(logits, controls, k_max, ids, values, kept, status, workspace);
        return LOTTO_SUCCESS;
    }
    int caller_device;
    lotto_status entered = lotto_context_enter(context, &caller_device);
    if (entered != LOTTO_SUCCESS)
        return entered;
    return lotto_context_leave(
        context, caller_device,
        lotto_launch_top_k(&plan, logits, controls, k_max, ids, values, kept, status, workspace, stream));
}
