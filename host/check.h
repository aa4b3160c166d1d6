/*
 * What rejects arguments, and nothing else does. Each returns true, or false with a sentence in the context's error that names
 * the argument, its value and what it must be.
 */
#ifndef LOTTO_CHECK_H
#define LOTTO_CHECK_H

#include "context.h"
#include "kernels/launch.h"

/* Also forgets the last error. */
bool lotto_check_context(lotto_context *context);

/* All but the data pointer. */
bool lotto_check_shape(lotto_context *context, const lotto_logits *logits);

bool lotto_check_logits(lotto_context *context, const lotto_logits *logits);

enum lotto_control {
    LOTTO_CONTROL_TEMPERATURE = 1,
    LOTTO_CONTROL_TOP_K = 2,
    LOTTO_CONTROL_TOP_P = 4,
    LOTTO_CONTROL_ALL = 15
};

/* The structs alone, for which no array need be there yet. */
bool lotto_check_control_sizes(lotto_context *context, const lotto_controls *controls);

/*
 * `read` are the controls that the operation reads, as bits, adjustments aside, which all read; the others must be left as
 * LOTTO_CONTROLS_INIT has them. logits have been checked.
 */
bool lotto_check_controls(lotto_context *context, const lotto_controls *controls, unsigned read,
                          const lotto_logits *logits);

/* A required array [rows]: not NULL unless there are no rows. */
bool lotto_check_array(lotto_context *context, const char *name, const void *array,
                       const lotto_logits *logits);

/* A required pointer. */
bool lotto_check_pointer(lotto_context *context, const char *name, const void *pointer);

/* probs_stride. */
bool lotto_check_probs_stride(lotto_context *context, int64_t stride, const lotto_logits *logits);

/* How many places a list has: k_max, capacity. */
bool lotto_check_capacity(lotto_context *context, const char *name, int64_t capacity,
                          const lotto_logits *logits);

bool lotto_check_device(lotto_context *context, const lotto_device *device);

/* What of the draws says how many requests there are, for which no array need be there yet. */
bool lotto_check_requests(lotto_context *context, const lotto_draws *draws);

/* requests: the logits, with as many rows as the call's other arrays have. */
bool lotto_check_draws(lotto_context *context, const lotto_draws *draws, const lotto_logits *requests);

bool lotto_check_samples(lotto_context *context, const lotto_samples *samples, const lotto_logits *requests);

/* What of the drafts says how many sequences there are, for which no array need be there yet. rows: as the call has them. */
bool lotto_check_drafts(lotto_context *context, const lotto_drafts *drafts, const lotto_draws *draws,
                        const lotto_logits *rows);

/* sequences: the logits, with as many rows. */
bool lotto_check_draft_arrays(lotto_context *context, const lotto_drafts *drafts,
                              const lotto_logits *sequences);

bool lotto_check_verified(lotto_context *context, const lotto_verified *verified,
                          const lotto_logits *sequences);

bool lotto_check_workspace(lotto_context *context, const void *workspace, size_t workspace_bytes,
                           const struct lotto_plan *plan);

#endif
