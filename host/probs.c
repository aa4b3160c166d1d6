#include "check.h"
#include "plan.h"
#include "reference/reference.h"

lotto_status lotto_probs(lotto_context *context, const lotto_logits *logits, const lotto_controls *controls,
                         float *probs, int64_t probs_stride, int32_t *kept, uint32_t *status, void *workspace,
                         size_t workspace_bytes, lotto_stream stream) {
    if (!lotto_check_context(context) || !lotto_check_logits(context, logits) ||
        !lotto_check_controls(context, controls, LOTTO_CONTROL_ALL, logits) ||
        !lotto_check_array(context, "probs", probs, logits) ||
        !lotto_check_probs_stride(context, probs_stride, logits))
        return LOTTO_INVALID_ARGUMENT;
    struct lotto_plan plan = lotto_plan_rows(&context->limits, logits, lotto_adjusts(controls));
    if (!lotto_check_workspace(context, workspace, workspace_bytes, &plan))
        return LOTTO_INVALID_ARGUMENT;
    if (logits->rows == 0)
        return LOTTO_SUCCESS;

    if (lotto_context_is_reference(context)) {
        lotto_reference_probs(logits, controls, probs, probs_stride, kept, status, workspace);
        return LOTTO_SUCCESS;
    }
    int caller_device;
    lotto_status entered = lotto_context_enter(context, &caller_device);
    if (entered != LOTTO_SUCCESS)
        return entered;
    return lotto_context_leave(
        context, caller_device,
        lotto_launch_probs(&plan, logits, controls, probs, probs_stride, kept, status, workspace, stream));
}
