#include "reference.h"
#include "row.h"

/* Greedy: the first token of the row's order. */
void lotto_reference_argmax(const lotto_logits *logits, int32_t *tokens, uint32_t *status, void *workspace) {
    for (int64_t index = 0; index < logits->rows; index++) {
        struct lotto_reference_row row = lotto_reference_read(logits, index, workspace);
        tokens[index] = row.candidates > 0 ? (int32_t)arith_key_id(row.keys[0]) : -1;
        if (status)
            status[index] = row.status;
    }
}
