#include "reference.h"
#include "row.h"

/* The kept tokens' weights over their sum. */
void lotto_reference_probs(const lotto_logits *logits, const lotto_controls *controls, float *probs,
                           int64_t probs_stride, int32_t *kept_counts, uint32_t *status, void *workspace) {
    for (int64_t index = 0; index < logits->rows; index++) {
        struct arith_controls row_controls = arith_row_controls(controls, index);
        struct lotto_reference_row row =
            lotto_reference_read_for(logits, index, controls, arith_place_of(index), workspace);
        struct lotto_reference_kept kept = {0};
        if (row.candidates > 0)
            kept = lotto_reference_keep(&row, row_controls, controls->order);

        float *row_probs = probs + index * probs_stride;
        for (int64_t id = 0; id < row.vocab; id++)
            row_probs[id] = 0.0f;
        for (int64_t rank = 0; rank < kept.count; rank++) {
            float distance = arith_distance(arith_key_value(row.keys[rank]), row.maximum);
            row_probs[arith_key_id(row.keys[rank])] = arith_prob(distance, kept.scale, kept.mass);
        }
        if (kept_counts)
            kept_counts[index] = (int32_t)kept.count;
        if (status)
            status[index] = row.status;
    }
}
