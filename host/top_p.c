#include "check.h"
#include "plan.h"
#include "reference/reference.h"

lotto_status lotto_top_p(lotto_context *context, const lotto_logits *logits, const lotto_controls *controls,
                         int64_t capacity, int32_t *ids, int32_t *kept, float *mass, uint32_t *status,
                         void *workspace, size_t workspace_bytes, lotto_stream stream) {
    if (!lotto_check_context(context) || !lotto_check_logits(context, logits) ||
        !lotto_check_controls(context, controls, LOTTO_CONTROL_TEMPERATURE | LOTTO_CONTROL_TOP_P, logits) ||
        !lotto_check_capacity(context, "capacity", capacity, logits) ||
        !lotto_check_array(context, "ids", ids, logits))
        return LOTTO_INVALID_ARGUMENT;
    struct lotto_plan plan = lotto_plan_lists(&context->limits, logits, lotto_adjusts(controls), capacity);
    if (!lotto_check_workspace(context, workspace, workspace_bytes, &plan))
        return LOTTO_INVALID_ARGUMENT;
    if (logits->rows == 0)
        return LOTTO_SUCCESS;

    if (lotto_context_is_reference(context)) {
        lotto_reference_top_p(logits, controls, capacity, ids, kept, mass, status, workspace);
        return LOTTO_SUCCESS;
    }
    int caller_device;
    lotto_status entered = lotto_context_enter(context, &caller_device);
    if (entered != LOTTO_SUCCESS)
        return entered;
    return lotto_context_leave(
        context, caller_device,
        lotto_launch_top_p(&plan, logits, controls, capacity, ids, kept, mass, status, workspace, stream));
}
