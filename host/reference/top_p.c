#include "reference.h"
#include "row.h"

/* The shortest prefix of the row's order that reaches p of its mass. */
void lotto_reference_top_p(const lotto_logits *logits, const lotto_controls *controls, int64_t capacity,
                           int32_t *ids, int32_t *kept_counts, float *mass, uint32_t *status,
                           void *workspace) {
    for (int64_t index = 0; index < logits->rows; index++) {
        struct arith_controls row_controls = arith_row_controls(controls, index);
        struct lotto_reference_row row =
            lotto_reference_read_for(logits, index, controls, arith_place_of(index), workspace);
        struct lotto_reference_kept kept = {0};
        float share = 0.0f;
        if (row.candidates > 0) {
            kept = lotto_reference_keep(&row, row_controls, controls->order);
            share = arith_mass_share(kept.mass, lotto_reference_mass(&row, row.candidates, kept.scale));
        }
        for (int64_t rank = 0; rank < capacity; rank++)
            ids[index * capacity + rank] = rank < kept.count ? (int32_t)arith_key_id(row.keys[rank]) : -1;
        if (kept_counts)
            kept_counts[index] = (int32_t)kept.count;
        if (mass)
            mass[index] = share;
        if (status)
            status[index] = row.status | (kept.count > capacity ? LOTTO_ROW_TRUNCATED : 0u);
    }
}
