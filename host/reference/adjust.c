#include "adjust.h"

/* Whether an id of a list is a token; what is none is told. */
static bool is_token(struct lotto_reference_row *row, int32_t id) {
    if (id >= 0 && id < row->vocab)
        return true;
    row->status |= LOTTO_ROW_BAD_ID;
    return false;
}

static void allow(struct lotto_reference_row *row, const uint32_t *allowed) {
    for (int64_t id = 0; id < row->vocab; id++)
        if (!arith_allows(allowed, (uint32_t)id))
            row->x[id] = -ARITH_INFINITY;
}

static void ban(struct lotto_reference_row *row, struct arith_ids list) {
    for (int32_t i = 0; i < list.length; i++)
        if (is_token(row, list.ids[i]))
            row->x[list.ids[i]] = -ARITH_INFINITY;
}

static void bias(struct lotto_reference_row *row, struct arith_ids list, const float *biases) {
    for (int32_t i = 0; i < list.length; i++)
        if (is_token(row, list.ids[i]))
            row->x[list.ids[i]] = arith_plus(row->x[list.ids[i]], biases[i]);
}

static void penalize(struct lotto_reference_row *row, struct arith_adjustments adjustments,
                     uint64_t *counts) {
    const uint64_t seen = (uint64_t)1 << 32; /* beside how often in the output */
    for (int64_t id = 0; id < row->vocab; id++)
        counts[id] = 0;
    for (int32_t i = 0; i < arith_history_length(adjustments); i++) {
        int32_t id = arith_history_token(adjustments, i);
        if (is_token(row, id))
            counts[id] = (counts[id] | seen) + (i >= adjustments.prompt_length);
    }
    for (int64_t id = 0; id < row->vocab; id++)
        if (counts[id])
            row->x[id] = arith_penalized(row->x[id], adjustments.penalties, (int32_t)(uint32_t)counts[id]);
}

void lotto_reference_adjust(struct lotto_reference_row *row, struct arith_adjustments adjustments,
                            uint64_t *counts) {
    if (adjustments.allowed)
        allow(row, adjustments.allowed);
    ban(row, adjustments.banned);
    ban(row, adjustments.stops);
    bias(row, adjustments.biased, adjustments.biases);
    penalize(row, adjustments, counts);
    for (int64_t id = 0; id < row->vocab; id++) {
        if (row->x[id] != row->x[id])
            row->status |= LOTTO_ROW_HAD_NAN;
        row->x[id] = arith_without_nan(row->x[id]);
    }
}
