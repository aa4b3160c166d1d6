#include "check.h"

#include "kernels/arith.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 3))) static bool refuse(lotto_context *context, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context->error, sizeof context->error, format, arguments);
    va_end(arguments);
    return false;
}

bool lotto_check_context(lotto_context *context) {
    if (!context)
        return false;
    context->error[0] = '\0';
    return true;
}

bool lotto_check_pointer(lotto_context *context, const char *name, const void *pointer) {
    return pointer ? true : refuse(context, "%s is NULL; must be given", name);
}

bool lotto_check_array(lotto_context *context, const char *name, const void *array,
                       const lotto_logits *logits) {
    return logits->rows == 0 || lotto_check_pointer(context, name, array);
}

static bool check_struct_size(lotto_context *context, const char *name, size_t struct_size, size_t known) {
    return struct_size == known ||
           refuse(context, "%s.struct_size is %zu; must be %zu, as its INIT macro sets it", name, struct_size,
                  known);
}

static bool check_stride(lotto_context *context, const char *name, int64_t stride,
                         const lotto_logits *logits) {
    if (stride < logits->vocab)
        return refuse(context, "%s is %" PRId64 "; must be vocab (%" PRId64 ") or more", name, stride,
                      logits->vocab);
    int64_t most = INT64_MAX / (int64_t)sizeof(float) / (logits->rows > 0 ? logits->rows : 1);
    return stride <= most ||
           refuse(context, "%s is %" PRId64 "; must be at most %" PRId64 " for %" PRId64 " rows", name,
                  stride, most, logits->rows);
}

static size_t element_bytes(lotto_dtype dtype) {
    return dtype == LOTTO_F32 ? sizeof(float) : sizeof(uint16_t);
}

bool lotto_check_shape(lotto_context *context, const lotto_logits *logits) {
    if (!lotto_check_pointer(context, "logits", logits))
        return false;
    if (logits->rows < 0 || logits->rows > INT32_MAX)
        return refuse(context, "logits.rows is %" PRId64 "; must be 0 to %d", logits->rows, INT32_MAX);
    if (logits->vocab < 1 || logits->vocab > ARITH_MAX_VOCAB)
        return refuse(context, "logits.vocab is %" PRId64 "; must be 1 to %d", logits->vocab,
                      ARITH_MAX_VOCAB);
    switch (logits->dtype) {
    case LOTTO_F32:
    case LOTTO_F16:
    case LOTTO_BF16:
        break;
    default:
        return refuse(context,
                      "logits.dtype is %d; must be LOTTO_F32 (%d), LOTTO_F16 (%d) or LOTTO_BF16 (%d)",
                      (int)logits->dtype, LOTTO_F32, LOTTO_F16, LOTTO_BF16);
    }
    return check_stride(context, "logits.row_stride", logits->row_stride, logits);
}

bool lotto_check_logits(lotto_context *context, const lotto_logits *logits) {
    if (!lotto_check_shape(context, logits) ||
        !lotto_check_array(context, "logits.data", logits->data, logits))
        return false;
    size_t bytes = element_bytes(logits->dtype);
    return (uintptr_t)logits->data % bytes == 0 ||
           refuse(context, "logits.data is %p; must be aligned to its elements of %zu bytes", logits->data,
                  bytes);
}

/* A scalar control; true for 0 <= value <= most, NaN refused. */
static bool check_scalar(lotto_context *context, const char *name, float value, float most,
                         const char *allowed) {
    return (value >= 0.0f && value <= most) ||
           refuse(context, "%s is %.9g; must be %s", name, (double)value, allowed);
}

static bool check_off(lotto_context *context, const char *name, bool off) {
    return off || refuse(context, "controls.%s is set; this operation does not read it, leave it off", name);
}

/* What is set needs another array; without rows there may be none. */
static bool check_needs(lotto_context *context, const char *name, bool set, const char *needed,
                        const void *array, const lotto_logits *logits) {
    return !set || array || logits->rows == 0 ||
           refuse(context, "adjustments.%s is set; adjustments.%s must be given with it", name, needed);
}

static bool check_range(lotto_context *context, const char *name, int64_t value, int64_t least,
                        int64_t most) {
    return (value >= least && value <= most) ||
           refuse(context, "%s is %" PRId64 "; must be %" PRId64 " to %" PRId64, name, value, least, most);
}

static bool check_ids(lotto_context *context, const char *stride_name, const char *lengths_name,
                      const lotto_id_lists *lists, const lotto_logits *logits) {
    return !lists->ids || (check_range(context, stride_name, lists->stride, 0, ARITH_MAX_IDS) &&
                           lotto_check_array(context, lengths_name, lists->lengths, logits));
}

static bool check_finite(lotto_context *context, const char *name, float value) {
    return arith_is_finite(value) ||
           refuse(context, "%s is %.9g; must be finite (0: off)", name, (double)value);
}

static bool check_penalties(lotto_context *context, const lotto_adjustments *adjustments,
                            const lotto_logits *logits) {
    float repetition = adjustments->default_repetition_penalty,
          frequency = adjustments->default_frequency_penalty,
          presence = adjustments->default_presence_penalty;
    if (!(repetition > 0.0f && arith_is_finite(repetition)))
        return refuse(context,
                      "adjustments.default_repetition_penalty is %.9g; must be finite and above 0 (1: off)",
                      (double)repetition);
    const int32_t *history = adjustments->history.ids;
    return check_finite(context, "adjustments.default_frequency_penalty", frequency) &&
           check_finite(context, "adjustments.default_presence_penalty", presence) &&
           check_needs(context, "repetition_penalty", adjustments->repetition_penalty || repetition != 1.0f,
                       "history.ids", history, logits) &&
           check_needs(context, "frequency_penalty", adjustments->frequency_penalty || frequency != 0.0f,
                       "history.ids", history, logits) &&
           check_needs(context, "presence_penalty", adjustments->presence_penalty || presence != 0.0f,
                       "history.ids", history, logits);
}

static bool check_adjustments(lotto_context *context, const lotto_adjustments *adjustments,
                              const lotto_logits *logits) {
    return (!adjustments->allowed ||
            check_range(context, "adjustments.allowed_stride", adjustments->allowed_stride,
                        (logits->vocab + 31) / 32, 1 << 30)) &&
           check_ids(context, "adjustments.banned.stride", "adjustments.banned.lengths", &adjustments->banned,
                     logits) &&
           check_ids(context, "adjustments.stops.stride", "adjustments.stops.lengths", &adjustments->stops,
                     logits) &&
           check_ids(context, "adjustments.biased.stride", "adjustments.biased.lengths", &adjustments->biased,
                     logits) &&
           check_ids(context, "adjustments.history.stride", "adjustments.history.lengths",
                     &adjustments->history, logits) &&
           check_needs(context, "allowed_rows", adjustments->allowed_rows, "allowed", adjustments->allowed,
                       logits) &&
           check_needs(context, "stops", adjustments->stops.ids, "min_lengths", adjustments->min_lengths,
                       logits) &&
           check_needs(context, "min_lengths", adjustments->min_lengths, "history.ids",
                       adjustments->history.ids, logits) &&
           check_needs(context, "biased", adjustments->biased.ids, "biases", adjustments->biases, logits) &&
           check_needs(context, "biases", adjustments->biases, "biased.ids", adjustments->biased.ids,
                       logits) &&
           check_needs(context, "prompt_lengths", adjustments->prompt_lengths, "history.ids",
                       adjustments->history.ids, logits) &&
           check_penalties(context, adjustments, logits);
}

bool lotto_check_control_sizes(lotto_context *context, const lotto_controls *controls) {
    return lotto_check_pointer(context, "controls", controls) &&
           check_struct_size(context, "controls", controls->struct_size, sizeof *controls) &&
           (!controls->adjustments ||
            check_struct_size(context, "adjustments", controls->adjustments->struct_size,
                              sizeof *controls->adjustments));
}

bool lotto_check_controls(lotto_context *context, const lotto_controls *controls, unsigned read,
                          const lotto_logits *logits) {
    if (!lotto_check_control_sizes(context, controls))
        return false;
    if (!(read & LOTTO_CONTROL_TEMPERATURE) &&
        !check_off(context, "temperature", !controls->temperature && controls->default_temperature == 1.0f))
        return false;
    if (!(read & LOTTO_CONTROL_TOP_K) &&
        !check_off(context, "top_k", !controls->top_k && controls->default_top_k == 0))
        return false;
    if (!(read & LOTTO_CONTROL_TOP_P) &&
        !check_off(context, "top_p", !controls->top_p && controls->default_top_p == 1.0f))
        return false;
    if (read != LOTTO_CONTROL_ALL &&
        (!check_off(context, "min_p", !controls->min_p && controls->default_min_p == 0.0f) ||
         !check_off(context, "temperature_last",
                    !controls->temperature_last && controls->default_temperature_last == 0)))
        return false;
    if (controls->adjustments && !check_adjustments(context, controls->adjustments, logits))
        return false;

    if (!check_scalar(context, "controls.default_temperature", controls->default_temperature, 0x1.fffffep127f,
                      "finite and 0 (greedy) or more"))
        return false;
    if (controls->default_top_k < 0)
        return refuse(context, "controls.default_top_k is %d; must be 0 (off) or more",
                      controls->default_top_k);
    if (!check_scalar(context, "controls.default_top_p", controls->default_top_p, 1.0f, "0 to 1 (off)") ||
        !check_scalar(context, "controls.default_min_p", controls->default_min_p, 1.0f, "0 (off) to 1"))
        return false;
    switch (controls->order) {
    case LOTTO_ORDER_SEQUENTIAL:
    case LOTTO_ORDER_MIN_P_LAST:
    case LOTTO_ORDER_JOINT:
        return true;
    }
    return refuse(
        context, "controls.order is %d; must be LOTTO_ORDER_SEQUENTIAL (%d), _MIN_P_LAST (%d) or _JOINT (%d)",
        (int)controls->order, LOTTO_ORDER_SEQUENTIAL, LOTTO_ORDER_MIN_P_LAST, LOTTO_ORDER_JOINT);
}

bool lotto_check_probs_stride(lotto_context *context, int64_t stride, const lotto_logits *logits) {
    return check_stride(context, "probs_stride", stride, logits);
}

bool lotto_check_capacity(lotto_context *context, const char *name, int64_t capacity,
                          const lotto_logits *logits) {
    return (capacity >= 1 && capacity <= logits->vocab) ||
           refuse(context, "%s is %" PRId64 "; must be 1 to vocab (%" PRId64 ")", name, capacity,
                  logits->vocab);
}

bool lotto_check_device(lotto_context *context, const lotto_device *device) {
    return lotto_check_pointer(context, "device", device) &&
           check_struct_size(context, "device", device->struct_size, sizeof *device);
}

bool lotto_check_requests(lotto_context *context, const lotto_draws *draws) {
    return lotto_check_pointer(context, "draws", draws) &&
           check_struct_size(context, "draws", draws->struct_size, sizeof *draws) &&
           check_range(context, "draws.requests", draws->requests, 0, INT32_MAX);
}

bool lotto_check_draws(lotto_context *context, const lotto_draws *draws, const lotto_logits *requests) {
    if (!draws->logits_rows && draws->requests != 0 && draws->requests != requests->rows)
        return refuse(context,
                      "draws.requests is %" PRId64 "; must be 0 or logits.rows (%" PRId64
                      ") without draws.logits_rows",
                      draws->requests, requests->rows);
    return check_range(context, "draws.count", draws->count, 1, LOTTO_MOST_DRAWS) &&
           lotto_check_array(context, "draws.seeds", draws->seeds, requests) &&
           lotto_check_array(context, "draws.positions", draws->positions, requests);
}

bool lotto_check_samples(lotto_context *context, const lotto_samples *samples, const lotto_logits *requests) {
    if (!lotto_check_pointer(context, "samples", samples) ||
        !check_struct_size(context, "samples", samples->struct_size, sizeof *samples) ||
        !lotto_check_array(context, "samples.tokens", samples->tokens, requests) ||
        !check_range(context, "samples.top_n", samples->top_n,
                     samples->top_ids || samples->top_logprobs ? 1 : 0, LOTTO_MOST_TOP))
        return false;
    switch (samples->top_of) {
    case LOTTO_LOGPROBS_KEPT:
    case LOTTO_LOGPROBS_MODEL:
        return true;
    }
    return refuse(context,
                  "samples.top_of is %d; must be LOTTO_LOGPROBS_KEPT (%d) or LOTTO_LOGPROBS_MODEL (%d)",
                  (int)samples->top_of, LOTTO_LOGPROBS_KEPT, LOTTO_LOGPROBS_MODEL);
}

bool lotto_check_drafts(lotto_context *context, const lotto_drafts *drafts, const lotto_draws *draws,
                        const lotto_logits *rows) {
    if (!lotto_check_pointer(context, "drafts", drafts) ||
        !check_struct_size(context, "drafts", drafts->struct_size, sizeof *drafts) ||
        !check_range(context, "drafts.count", drafts->count, 0, LOTTO_MOST_DRAFTS))
        return false;
    if (draws->count != 1)
        return refuse(context, "draws.count is %d; must be 1 beside drafts", draws->count);
    return rows->rows % (drafts->count + 1) == 0 ||
           refuse(context, "%s is %" PRId64 "; must be a multiple of drafts.count + 1 (%d)",
                  draws->logits_rows ? "draws.requests" : "logits.rows", rows->rows, drafts->count + 1);
}

bool lotto_check_draft_arrays(lotto_context *context, const lotto_drafts *drafts,
                              const lotto_logits *sequences) {
    if (drafts->count == 0)
        return true;
    lotto_logits of_drafts = *sequences;
    of_drafts.rows *= drafts->count;
    return lotto_check_array(context, "drafts.tokens", drafts->tokens, sequences) &&
           (!drafts->probs || check_stride(context, "drafts.probs_stride", drafts->probs_stride, &of_drafts));
}

bool lotto_check_verified(lotto_context *context, const lotto_verified *verified,
                          const lotto_logits *sequences) {
    return lotto_check_pointer(context, "verified", verified) &&
           check_struct_size(context, "verified", verified->struct_size, sizeof *verified) &&
           lotto_check_array(context, "verified.tokens", verified->tokens, sequences);
}

bool lotto_check_workspace(lotto_context *context, const void *workspace, size_t workspace_bytes,
                           const struct lotto_plan *plan) {
    if (plan->workspace_bytes == 0)
        return true;
    if (workspace_bytes < plan->workspace_bytes)
        return refuse(context, "workspace_bytes is %zu; must be %zu or more", workspace_bytes,
                      plan->workspace_bytes);
    if (!lotto_check_pointer(context, "workspace", workspace))
        return false;
    return (uintptr_t)workspace % 256 == 0 ||
           refuse(context, "workspace is %p; must be 256-byte aligned", workspace);
}
