#include "row.h"

#include "adjust.h"

size_t lotto_reference_row_bytes(int64_t vocab) {
    return (size_t)vocab * (2 * sizeof(uint64_t) + sizeof(float));
}

static float logit_at(const lotto_logits *logits, int64_t index, int64_t id) {
    int64_t at = index * logits->row_stride + id;
    switch (logits->dtype) {
    case LOTTO_F16:
        return arith_of_f16(((const uint16_t *)logits->data)[at]);
    case LOTTO_BF16:
        return arith_of_bf16(((const uint16_t *)logits->data)[at]);
    default:
        return ((const float *)logits->data)[at];
    }
}

/* Sorts keys, larger first: a stable pass over each digit, the least significant first, between keys and spare. */
static void sort_keys(uint64_t *keys, uint64_t *spare, int64_t count) {
    enum { DIGIT_BITS = 13, DIGITS = 1 << DIGIT_BITS };
    _Static_assert(ARITH_KEY_BITS % (2 * DIGIT_BITS) == 0, "an even number of passes ends where it began");
    for (int shift = 0; shift < ARITH_KEY_BITS; shift += DIGIT_BITS) {
        int64_t begins[DIGITS] = {0};
        for (int64_t i = 0; i < count; i++)
            begins[keys[i] >> shift & (DIGITS - 1)]++;
        int64_t begin = 0;
        for (int digit = DIGITS - 1; digit >= 0; digit--) {
            int64_t digit_count = begins[digit];
            begins[digit] = begin;
            begin += digit_count;
        }
        for (int64_t i = 0; i < count; i++)
            spare[begins[keys[i] >> shift & (DIGITS - 1)]++] = keys[i];
        uint64_t *sorted = spare;
        spare = keys;
        keys = sorted;
    }
}

static struct lotto_reference_row read_logits(const lotto_logits *logits, int64_t index, void *workspace) {
    int64_t vocab = logits->vocab;
    uint64_t *keys = workspace;
    struct lotto_reference_row row = {vocab, (float *)(keys + 2 * vocab), keys, 0, -ARITH_INFINITY, 0};
    for (int64_t id = 0; id < vocab; id++) {
        float logit = logit_at(logits, index, id);
        if (logit != logit)
            row.status |= LOTTO_ROW_HAD_NAN;
        row.x[id] = arith_without_nan(logit);
    }
    return row;
}

/* Finds the candidates among the working values, and their order. */
static void rank(struct lotto_reference_row *row) {
    for (int64_t id = 0; id < row->vocab; id++)
        if (row->x[id] > row->maximum)
            row->maximum = row->x[id];
    for (int64_t id = 0; id < row->vocab; id++) {
        uint64_t key = arith_key(row->x[id], (uint32_t)id);
        if (key >= arith_candidate_bound(row->maximum))
            row->keys[row->candidates++] = key;
    }
    sort_keys(row->keys, row->keys + row->vocab, row->candidates);
    if (row->maximum == ARITH_INFINITY)
        row->status |= LOTTO_ROW_HAD_POS_INF;
    if (row->candidates == 0)
        row->status |= LOTTO_ROW_EMPTY;
}

struct lotto_reference_row lotto_reference_read(const lotto_logits *logits, int64_t index, void *workspace) {
    struct lotto_reference_row row = read_logits(logits, index, workspace);
    rank(&row);
    return row;
}

struct lotto_reference_row lotto_reference_unread(const lotto_logits *logits, uint32_t status) {
    return (struct lotto_reference_row){logits->vocab, NULL, NULL, 0, -ARITH_INFINITY, status};
}

struct lotto_reference_row lotto_reference_read_for(const lotto_logits *logits, int64_t index,
                                                    const lotto_controls *controls, struct arith_place place,
                                                    void *workspace) {
    if (!arith_controls_are_good(arith_row_controls(controls, place.row)))
        return lotto_reference_unread(logits, LOTTO_ROW_BAD_CONTROL);
    if (!controls->adjustments)
        return lotto_reference_read(logits, index, workspace);
    struct arith_adjustments adjustments = arith_row_adjustments(controls->adjustments, place);
    if (!adjustments.good)
        return lotto_reference_unread(logits, LOTTO_ROW_BAD_CONTROL);
    struct lotto_reference_row row = read_logits(logits, index, workspace);
    lotto_reference_adjust(&row, adjustments, row.keys);
    rank(&row);
    return row;
}

uint64_t lotto_reference_weight(const struct lotto_reference_row *row, float x, float scale) {
    return arith_weight(arith_distance(x, row->maximum), scale);
}

uint64_t lotto_reference_mass(const struct lotto_reference_row *row, int64_t count, float scale) {
    uint64_t mass = 0;
    for (int64_t rank = 0; rank < count; rank++)
        mass += lotto_reference_weight(row, arith_key_value(row->keys[rank]), scale);
    return mass;
}

int32_t lotto_reference_rank(const struct lotto_reference_row *row, int32_t token) {
    uint64_t key = arith_key(row->x[token], (uint32_t)token);
    int32_t rank = 0;
    for (int64_t id = 0; id < row->vocab; id++)
        rank += arith_key(row->x[id], (uint32_t)id) >= key;
    return rank;
}

static int64_t shorter(int64_t a, int64_t b) { return a < b ? a : b; }

/* min-p: the tokens whose weight is at least min_p times the first one's. */
static int64_t keep_min_p(const struct lotto_reference_row *row, float min_p, float scale) {
    int64_t count = 0;
    while (count < row->candidates &&
           lotto_reference_weight(row, arith_key_value(row->keys[count]), scale) >= arith_min_p_weight(min_p))
        count++;
    return count;
}

/* top-p: the shortest prefix whose weight reaches its share of mass. */
static int64_t keep_top_p(const struct lotto_reference_row *row, float top_p, float scale, uint64_t mass) {
    uint64_t reached = 0, target = arith_top_p_mass(top_p, mass);
    int64_t count = 0;
    while (reached < target)
        reached += lotto_reference_weight(row, arith_key_value(row->keys[count++]), scale);
    return count;
}

struct lotto_reference_kept lotto_reference_keep(const struct lotto_reference_row *row,
                                                 struct arith_controls controls, lotto_order order) {
    struct lotto_reference_kept kept = {1, 0, 1.0f, arith_scale(1.0f)};
    if (!arith_is_greedy(controls)) {
        kept.temperature = controls.temperature;
        kept.scale = arith_scale(controls.temperature);
        float judged_at = arith_scale(arith_filter_temperature(controls));
        int64_t all = row->candidates, min_p = all, top_k = all, top_p = all;
        if (arith_has_min_p(controls))
            min_p = keep_min_p(row, controls.min_p, judged_at);
        if (arith_has_top_k(controls, row->vocab))
            top_k = shorter(controls.top_k, all);
        if (arith_has_top_p(controls)) {
            int64_t judged = order == LOTTO_ORDER_JOINT        ? all
                             : order == LOTTO_ORDER_MIN_P_LAST ? top_k
                                                               : shorter(min_p, top_k);
            top_p = keep_top_p(row, controls.top_p, judged_at, lotto_reference_mass(row, judged, judged_at));
        }
        kept.count = shorter(shorter(min_p, top_k), top_p);
    }
    kept.mass = lotto_reference_mass(row, kept.count, kept.scale);
    return kept;
}

uint64_t lotto_reference_kept_weight(const struct lotto_reference_row *row,
                                     const struct lotto_reference_kept *kept, int64_t id) {
    bool is_kept = arith_key(row->x[id], (uint32_t)id) >= row->keys[kept->count - 1];
    return is_kept ? lotto_reference_weight(row, row->x[id], kept->scale) : 0;
}

int32_t lotto_reference_draw(const struct lotto_reference_row *row, const struct lotto_reference_kept *kept,
                             uint64_t target) {
    uint64_t sum = 0;
    for (int64_t id = 0;; id++) {
        sum += lotto_reference_kept_weight(row, kept, id);
        if (sum > target)
            return (int32_t)id;
    }
}

uint64_t lotto_reference_random(uint64_t seed, uint64_t position, enum arith_purpose purpose, uint32_t draw) {
    struct arith_philox counter = arith_counter(position, purpose, draw);
    return arith_random(arith_philox4x32_10(counter, (uint32_t)seed, (uint32_t)(seed >> 32)));
}
