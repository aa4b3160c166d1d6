#include "reference.h"
#include "row.h"

/* What the row's logits say of a given token. */
void lotto_reference_logprobs(const lotto_logits *logits, const int32_t *tokens, float *logprobs,
                              int32_t *ranks, uint32_t *status, void *workspace) {
    for (int64_t index = 0; index < logits->rows; index++) {
        struct lotto_reference_row row = lotto_reference_read(logits, index, workspace);
        int32_t token = tokens[index], rank = 0;
        float logprob = -ARITH_INFINITY;
        if (token < 0 || token >= row.vocab) {
            row.status |= LOTTO_ROW_BAD_ID;
        } else if (row.candidates > 0) {
            uint64_t mass = lotto_reference_mass(&row, row.candidates, arith_scale(1.0f));
            logprob = arith_logprob(arith_distance(row.x[token], row.maximum), 1.0f, mass);
            rank = lotto_reference_rank(&row, token);
        }
        logprobs[index] = logprob;
        if (ranks)
            ranks[index] = rank;
        if (status)
            status[index] = row.status;
    }
}
