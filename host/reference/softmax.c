#include "reference.h"
#include "row.h"

/* The probabilities of all candidates; greedy: all on the first. */
void lotto_reference_softmax(const lotto_logits *logits, const lotto_controls *controls, float *probs,
                             int64_t probs_stride, uint32_t *status, void *workspace) {
    lotto_reference_probs(logits, controls, probs, probs_stride, NULL, status, workspace);
}
