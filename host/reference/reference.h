/*
 * The CPU reference: the definition of every operation, on host pointers, one file each. Parameters are those of the public
 * function of the same name, already checked; workspace holds lotto_reference_row_bytes(vocab) bytes.
 */
#ifndef LOTTO_REFERENCE_H
#define LOTTO_REFERENCE_H

#include <lotto/lotto.h>

void lotto_reference_softmax(const lotto_logits *logits, const lotto_controls *controls, float *probs,
                             int64_t probs_stride, uint32_t *status, void *workspace);
void lotto_reference_argmax(const lotto_logits *logits, int32_t *tokens, uint32_t *status, void *workspace);
void lotto_reference_top_k(const lotto_logits *logits, const lotto_controls *controls, int64_t k_max,
                           int32_t *ids, float *values, int32_t *kept, uint32_t *status, void *workspace);
void lotto_reference_top_p(const lotto_logits *logits, const lotto_controls *controls, int64_t capacity,
                           int32_t *ids, int32_t *kept, float *mass, uint32_t *status, void *workspace);
void lotto_reference_probs(const lotto_logits *logits, const lotto_controls *controls, float *probs,
                           int64_t probs_stride, int32_t *kept, uint32_t *status, void *workspace);
void lotto_reference_sample(const lotto_logits *logits, const lotto_draws *draws,
                            const lotto_controls *controls, const lotto_samples *samples, void *workspace);
void lotto_reference_logprobs(const lotto_logits *logits, const int32_t *tokens, float *logprobs,
                              int32_t *ranks, uint32_t *status, void *workspace);
void lotto_reference_verify(const lotto_logits *logits, const lotto_drafts *drafts, const lotto_draws *draws,
                            const lotto_controls *controls, const lotto_verified *verified, void *workspace);

#endif
