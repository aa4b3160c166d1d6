/* How much workspace each operation needs: the same layout as the call's, by host/plan.c. */
#include "check.h"
#include "plan.h"

static lotto_status rows_workspace(lotto_context *context, const lotto_logits *logits,
                                   const lotto_controls *controls, size_t *bytes) {
    if (!lotto_check_context(context) || !lotto_check_shape(context, logits) ||
        !lotto_check_control_sizes(context, controls) || !lotto_check_pointer(context, "bytes", bytes))
        return LOTTO_INVALID_ARGUMENT;
    *bytes = lotto_plan_rows(&context->limits, logits, controls->adjustments != NULL).workspace_bytes;
    return LOTTO_SUCCESS;
}

static lotto_status lists_workspace(lotto_context *context, const lotto_logits *logits,
                                    const lotto_controls *controls, const char *name, int64_t capacity,
                                    size_t *bytes) {
    if (!lotto_check_context(context) || !lotto_check_shape(context, logits) ||
        !lotto_check_control_sizes(context, controls) ||
        !lotto_check_capacity(context, name, capacity, logits) ||
        !lotto_check_pointer(context, "bytes", bytes))
        return LOTTO_INVALID_ARGUMENT;
    *bytes =
        lotto_plan_lists(&context->limits, logits, controls->adjustments != NULL, capacity).workspace_bytes;
    return LOTTO_SUCCESS;
}

lotto_status lotto_argmax_workspace(lotto_context *context, const lotto_logits *logits, size_t *bytes) {
    const lotto_controls off = LOTTO_CONTROLS_INIT;
    return rows_workspace(context, logits, &off, bytes);
}

lotto_status lotto_softmax_workspace(lotto_context *context, const lotto_logits *logits,
                                     const lotto_controls *controls, size_t *bytes) {
    return rows_workspace(context, logits, controls, bytes);
}

lotto_status lotto_probs_workspace(lotto_context *context, const lotto_logits *logits,
                                   const lotto_controls *controls, size_t *bytes) {
    return rows_workspace(context, logits, controls, bytes);
}

/* As many rows as the call is to have: without logits_rows, which need not be there yet, no requests are as many as rows. */
static lotto_logits requested(const lotto_logits *logits, const lotto_draws *draws) {
    lotto_logits rows = *logits;
    if (draws->logits_rows || draws->requests > 0)
        rows.rows = draws->requests;
    return rows;
}

lotto_status lotto_sample_workspace(lotto_context *context, const lotto_logits *logits,
                                    const lotto_draws *draws, const lotto_controls *controls, size_t *bytes) {
    if (!lotto_check_context(context) || !lotto_check_shape(context, logits) ||
        !lotto_check_requests(context, draws))
        return LOTTO_INVALID_ARGUMENT;
    lotto_logits requests = requested(logits, draws);
    return rows_workspace(context, &requests, controls, bytes);
}

lotto_status lotto_verify_workspace(lotto_context *context, const lotto_logits *logits,
                                    const lotto_drafts *drafts, const lotto_draws *draws,
                                    const lotto_controls *controls, size_t *bytes) {
    if (!lotto_check_context(context) || !lotto_check_shape(context, logits) ||
        !lotto_check_requests(context, draws))
        return LOTTO_INVALID_ARGUMENT;
    lotto_logits rows = requested(logits, draws);
    if (!lotto_check_drafts(context, drafts, draws, &rows) || !lotto_check_control_sizes(context, controls) ||
        !lotto_check_pointer(context, "bytes", bytes))
        return LOTTO_INVALID_ARGUMENT;
    struct lotto_plan plan = lotto_plan_rows(&context->limits, &rows, controls->adjustments != NULL);
    lotto_plan_add_verdicts(&plan, drafts->count);
    *bytes = plan.workspace_bytes;
    return LOTTO_SUCCESS;
}

lotto_status lotto_logprobs_workspace(lotto_context *context, const lotto_logits *logits, size_t *bytes) {
    const lotto_controls off = LOTTO_CONTROLS_INIT;
    return rows_workspace(context, logits, &off, bytes);
}

lotto_status lotto_top_k_workspace(lotto_context *context, const lotto_logits *logits,
                                   const lotto_controls *controls, int64_t k_max, size_t *bytes) {
    return lists_workspace(context, logits, controls, "k_max", k_max, bytes);
}

lotto_status lotto_top_p_workspace(lotto_context *context, const lotto_logits *logits,
                                   const lotto_controls *controls, int64_t capacity, size_t *bytes) {
    return lists_workspace(context, logits, controls, "capacity", capacity, bytes);
}
