#include "check.h"
#include "kernels/arith.h"
#include "plan.h"
#include "reference/reference.h"

lotto_status lotto_sample(lotto_context *context, const lotto_logits *logits, const lotto_draws *draws,
                          const lotto_controls *controls, const lotto_samples *samples, void *workspace,
                          size_t workspace_bytes, lotto_stream stream) {
    if (!lotto_check_context(context) || !lotto_check_logits(context, logits) ||
        !lotto_check_requests(context, draws))
        return LOTTO_INVALID_ARGUMENT;
    lotto_logits requests = *logits;
    requests.rows = arith_requests(logits, draws);
    if (!lotto_check_draws(context, draws, &requests) ||
        !lotto_check_controls(context, controls, LOTTO_CONTROL_ALL, &requests) ||
        !lotto_check_samples(context, samples, &requests))
        return LOTTO_INVALID_ARGUMENT;
    struct lotto_plan plan = lotto_plan_rows(&context->limits, &requests, lotto_adjusts(controls));
    if (!lotto_check_workspace(context, workspace, workspace_bytes, &plan))
        return LOTTO_INVALID_ARGUMENT;
    if (requests.rows == 0)
        return LOTTO_SUCCESS;

    if (lotto_context_is_reference(context)) {
        lotto_reference_sample(logits, draws, controls, samples, workspace);
        return LOTTO_SUCCESS;
    }
    int caller_device;
    lotto_status entered = lotto_context_enter(context, &caller_device);
    if (entered != LOTTO_SUCCESS)
        return entered;
    return lotto_context_leave(
        context, caller_device,
        lotto_launch_sample(&plan, logits, draws, controls, samples, workspace, stream));
}
