#include "check.h"
#include "plan.h"
#include "reference/reference.h"

lotto_status lotto_logprobs(lotto_context *context, const lotto_logits *logits, const int32_t *tokens,
                            float *logprobs, int32_t *ranks, uint32_t *status, void *workspace,
                            size_t workspace_bytes, lotto_stream stream) {
    if (!lotto_check_context(context) || !lotto_check_logits(context, logits) ||
        !lotto_check_array(context, "tokens", tokens, logits) ||
        !lotto_check_array(context, "logprobs", logprobs, logits))
        return LOTTO_INVALID_ARGUMENT;
    struct lotto_plan plan = lotto_plan_rows(&context->limits, logits, false);
    if (!lotto_check_workspace(context, workspace, workspace_bytes, &plan))
        return LOTTO_INVALID_ARGUMENT;
    if (logits->rows == 0)
        return LOTTO_SUCCESS;

    if (lotto_context_is_reference(context)) {
        lotto_reference_logprobs(logits, tokens, logprobs, ranks, status, workspace);
        return LOTTO_SUCCESS;
    }
    int caller_device;
    lotto_status entered = lotto_context_enter(context, &caller_device);
    if (entered != LOTTO_SUCCESS)
        return entered;
    return lotto_context_leave(context, caller_device,
                               lotto_launch_logprobs(&plan, logits, tokens, logprobs, ranks, status, stream));
}
