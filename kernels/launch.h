/*
 * What host/ may call: one launcher an operation. Each enqueues its kernel on the current device and returns what the launch
 * returned; arguments have been checked, rows > 0. Parameters are those of the public function of the same name.
 */
#ifndef LOTTO_LAUNCH_H
#define LOTTO_LAUNCH_H

#include <lotto/lotto.h>

#include <cuda_runtime_api.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A call's launch shape and workspace, laid out by host/plan.c alone. */
struct lotto_plan {
    uint32_t blocks;            /* rows x team_blocks */
    uint32_t team_blocks;       /* share a row */
    uint32_t part_vectors;      /* of 16 bytes: a block's part of its row, at most */
    uint32_t part_bytes;        /* of shared memory for it; 0: it is read from global memory */
    uint32_t most_part_bytes;   /* that any call may have on the device */
    size_t workspace_row_bytes; /* each row's part of the workspace, one after another, which begins with */
    size_t held_row_bytes;      /* so much for the row itself, if it is adjusted and does not fit on chip */
    size_t workspace_bytes;     /* with what verify has behind the rows' parts */
};

/* Whether the call's adjustments can do anything: what is none of these needs a history. */
static inline bool lotto_adjusts(const lotto_controls *controls) {
    const lotto_adjustments *adjustments = controls->adjustments;
    return adjustments && (adjustments->allowed || adjustments->banned.ids || adjustments->biased.ids ||
                           adjustments->history.ids);
}

/* What lotto_sample() gives a row at most: tokens, and likeliest ones. */
#define LOTTO_MOST_DRAWS (1 << 20)
#define LOTTO_MOST_TOP 64

/* What lotto_verify() takes of a sequence at most. */
#define LOTTO_MOST_DRAFTS 1024

/* Words of workspace that verify has for each row, behind all rows' parts; then one for each sequence. */
#define LOTTO_VERIFY_ROW_WORDS 2

/* Shared memory that a kernel has beside the part of its row, at most; top_k and top_p, which sort lists, have more. */
#define LOTTO_ROWS_SHARED_BYTES (22 << 10)
#define LOTTO_LISTS_SHARED_BYTES (33 << 10)

/* The architecture that the kernels the current device would run were compiled for: 90 for compute_90. Teams need 90. */
cudaError_t lotto_kernel_architecture(int *architecture);

/* Blocks that share a row, at most. */
#define LOTTO_LARGEST_TEAM 16

/* The largest team whose blocks, with all the shared memory that one may have, are resident together on the current device. */
cudaError_t lotto_kernel_largest_team(size_t shared_per_block, int *blocks);

/*
 * teams[n]: how many teams of n blocks are resident at once, n from 2 to the largest, if a block takes so much shared memory in all. After
 * lotto_kernel_largest_team().
 */
cudaError_t lotto_kernel_teams_at_once(size_t shared_of_block, int largest_team, int *teams);

cudaError_t lotto_launch_softmax(const struct lotto_plan *plan, const lotto_logits *logits,
                                 const lotto_controls *controls, float *probs, int64_t probs_stride,
                                 uint32_t *status, void *workspace, lotto_stream stream);
cudaError_t lotto_launch_argmax(const struct lotto_plan *plan, const lotto_logits *logits, int32_t *tokens,
                                uint32_t *status, lotto_stream stream);
cudaError_t lotto_launch_top_k(const struct lotto_plan *plan, const lotto_logits *logits,
                               const lotto_controls *controls, int64_t k_max, int32_t *ids, float *values,
                               int32_t *kept, uint32_t *status, void *workspace, lotto_stream stream);
cudaError_t lotto_launch_top_p(const struct lotto_plan *plan, const lotto_logits *logits,
                               const lotto_controls *controls, int64_t capacity, int32_t *ids, int32_t *kept,
                               float *mass, uint32_t *status, void *workspace, lotto_stream stream);
cudaError_t lotto_launch_probs(const struct lotto_plan *plan, const lotto_logits *logits,
                               const lotto_controls *controls, float *probs, int64_t probs_stride,
                               int32_t *kept, uint32_t *status, void *workspace, lotto_stream stream);
cudaError_t lotto_launch_sample(const struct lotto_plan *plan, const lotto_logits *logits,
                                const lotto_draws *draws, const lotto_controls *controls,
                                const lotto_samples *samples, void *workspace, lotto_stream stream);
cudaError_t lotto_launch_logprobs(const struct lotto_plan *plan, const lotto_logits *logits,
                                  const int32_t *tokens, float *logprobs, int32_t *ranks, uint32_t *status,
                                  lotto_stream stream);
cudaError_t lotto_launch_verify(const struct lotto_plan *plan, const lotto_logits *logits,
                                const lotto_drafts *drafts, const lotto_draws *draws,
                                const lotto_controls *controls, const lotto_verified *verified,
                                void *workspace, lotto_stream stream);

#ifdef __cplusplus
}
#endif

#endif
