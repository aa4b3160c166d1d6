#include "reference.h"
#include "row.h"

/* The first k of the row's order. */
void lotto_reference_top_k(const lotto_logits *logits, const lotto_controls *controls, int64_t k_max,
                           int32_t *ids, float *values, int32_t *kept_counts, uint32_t *status,
                           void *workspace) {
    for (int64_t index = 0; index < logits->rows; index++) {
        struct arith_controls row_controls = arith_row_controls(controls, index);
        struct lotto_reference_row row =
            lotto_reference_read_for(logits, index, controls, arith_place_of(index), workspace);
        int64_t kept = row.candidates;
        if (arith_has_top_k(row_controls, row.vocab) && row_controls.top_k < kept)
            kept = row_controls.top_k;
        for (int64_t rank = 0; rank < k_max; rank++) {
            ids[index * k_max + rank] = rank < kept ? (int32_t)arith_key_id(row.keys[rank]) : -1;
            if (values)
                values[index * k_max + rank] =
                    rank < kept ? arith_key_value(row.keys[rank]) : -ARITH_INFINITY;
        }
        if (kept_counts)
            kept_counts[index] = (int32_t)kept;
        if (status)
            status[index] = row.status | (kept > k_max ? LOTTO_ROW_TRUNCATED : 0u);
    }
}
