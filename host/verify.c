#include "check.h"
#include "kernels/arith.h"
#include "plan.h"
#include "reference/reference.h"

lotto_status lotto_verify(lotto_context *context, const lotto_logits *logits, const lotto_drafts *drafts,
                          const lotto_draws *draws, const lotto_controls *controls,
                          const lotto_verified *verified, void *workspace, size_t workspace_bytes,
                          lotto_stream stream) {
    if (!lotto_check_context(context) || !lotto_check_logits(context, logits) ||
        !lotto_check_requests(context, draws))
        return LOTTO_INVALID_ARGUMENT;
    lotto_logits rows = *logits;
    rows.rows = arith_requests(logits, draws);
    if (!lotto_check_draws(context, draws, &rows) || !lotto_check_drafts(context, drafts, draws, &rows))
        return LOTTO_INVALID_ARGUMENT;
    lotto_logits sequences = rows;
    sequences.rows = rows.rows / (drafts->count + 1);
    if (!lotto_check_draft_arrays(context, drafts, &sequences) ||
        !lotto_check_controls(context, controls, LOTTO_CONTROL_ALL, &sequences) ||
        !lotto_check_verified(context, verified, &sequences))
        return LOTTO_INVALID_ARGUMENT;
    struct lotto_plan plan = lotto_plan_rows(&context->limits, &rows, lotto_adjusts(controls));
    lotto_plan_add_verdicts(&plan, drafts->count);
    if (!lotto_check_workspace(context, workspace, workspace_bytes, &plan))
        return LOTTO_INVALID_ARGUMENT;
    if (rows.rows == 0)
        return LOTTO_SUCCESS;

    if (lotto_context_is_reference(context)) {
        lotto_reference_verify(logits, drafts, draws, controls, verified, workspace);
        return LOTTO_SUCCESS;
    }
    int caller_device;
    lotto_status entered = lotto_context_enter(context, &caller_device);
    if (entered != LOTTO_SUCCESS)
        return entered;
    return lotto_context_leave(
        context, caller_device,
        lotto_launch_verify(&plan, logits, drafts, draws, controls, verified, workspace, stream));
}
