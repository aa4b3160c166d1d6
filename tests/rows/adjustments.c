#include "tests/rows/adjustments.h"

#include "tests/oracle/oracle.h"
#include "tests/rows/rows.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(int64_t count, size_t bytes_each) {
    void *memory = calloc((size_t)(count > 0 ? count : 1), bytes_each);
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- the arrays --------------------------------------------------------------------------------------------------- */

void adjustments_describe(const lotto_adjustments *adjustments, int64_t rows, int64_t mask_rows,
                          struct adjustment_array arrays[ADJUSTMENT_ARRAYS]) {
    const int64_t words = mask_rows * adjustments->allowed_stride;
    const struct {
        size_t field;
        int64_t elements; /* of 4 bytes */
    } all[ADJUSTMENT_ARRAYS] = {
        {offsetof(lotto_adjustments, allowed), words},
        {offsetof(lotto_adjustments, allowed_rows), rows},
        {offsetof(lotto_adjustments, banned.ids), rows * adjustments->banned.stride},
        {offsetof(lotto_adjustments, banned.lengths), rows},
        {offsetof(lotto_adjustments, stops.ids), rows * adjustments->stops.stride},
        {offsetof(lotto_adjustments, stops.lengths), rows},
        {offsetof(lotto_adjustments, min_lengths), rows},
        {offsetof(lotto_adjustments, biased.ids), rows * adjustments->biased.stride},
        {offsetof(lotto_adjustments, biased.lengths), rows},
        {offsetof(lotto_adjustments, biases), rows * adjustments->biased.stride},
        {offsetof(lotto_adjustments, history.ids), rows * adjustments->history.stride},
        {offsetof(lotto_adjustments, history.lengths), rows},
        {offsetof(lotto_adjustments, prompt_lengths), rows},
        {offsetof(lotto_adjustments, repetition_penalty), rows},
        {offsetof(lotto_adjustments, frequency_penalty), rows},
        {offsetof(lotto_adjustments, presence_penalty), rows},
    };
    for (int i = 0; i < ADJUSTMENT_ARRAYS; i++)
        arrays[i] = (struct adjustment_array){all[i].field, (size_t)all[i].elements * 4};
}

const void *adjustments_array(const lotto_adjustments *adjustments, struct adjustment_array array) {
    const void *data;
    memcpy(&data, (const char *)adjustments + array.field, sizeof data);
    return data;
}

void adjustments_set_array(lotto_adjustments *adjustments, struct adjustment_array array, const void *data) {
    memcpy((char *)adjustments + array.field, &data, sizeof data);
}

void adjustments_destroy(lotto_adjustments *adjustments) {
    struct adjustment_array arrays[ADJUSTMENT_ARRAYS];
    adjustments_describe(adjustments, 0, 0, arrays);
    for (int i = 0; i < ADJUSTMENT_ARRAYS; i++)
        free((void *)(uintptr_t)adjustments_array(adjustments, arrays[i]));
    *adjustments = (lotto_adjustments)LOTTO_ADJUSTMENTS_INIT;
}

lotto_adjustments adjustments_copy(const lotto_adjustments *adjustments, int64_t rows, int64_t mask_rows) {
    lotto_adjustments copy = *adjustments;
    struct adjustment_array arrays[ADJUSTMENT_ARRAYS];
    adjustments_describe(adjustments, rows, mask_rows, arrays);
    for (int i = 0; i < ADJUSTMENT_ARRAYS; i++) {
        const void *data = adjustments_array(adjustments, arrays[i]);
        if (data == NULL)
            continue;
        void *own = allocate((int64_t)arrays[i].bytes, 1);
        memcpy(own, data, arrays[i].bytes);
        adjustments_set_array(&copy, arrays[i], own);
    }
    return copy;
}

/* ---- one row ------------------------------------------------------------------------------------------------------ */

static void step_ids(lotto_id_lists *lists, int64_t row) {
    if (lists->ids == NULL)
        return;
    lists->ids += row * lists->stride;
    lists->lengths += row;
}

static void step(const float **array, int64_t rows) {
    if (*array)
        *array += rows;
}

lotto_adjustments adjustments_of_row(const lotto_adjustments *adjustments, int64_t row) {
    lotto_adjustments of_row = *adjustments;
    int64_t mask_row = adjustments->allowed_rows ? adjustments->allowed_rows[row] : row;
    of_row.allowed_rows = NULL;
    if (adjustments->allowed)
        of_row.allowed = mask_row < 0 ? NULL : adjustments->allowed + mask_row * adjustments->allowed_stride;
    step_ids(&of_row.banned, row);
    step_ids(&of_row.stops, row);
    step_ids(&of_row.biased, row);
    step_ids(&of_row.history, row);
    step(&of_row.biases, row * adjustments->biased.stride);
    step(&of_row.repetition_penalty, row);
    step(&of_row.frequency_penalty, row);
    step(&of_row.presence_penalty, row);
    if (of_row.min_lengths)
        of_row.min_lengths += row;
    if (of_row.prompt_lengths)
        of_row.prompt_lengths += row;
    return of_row;
}

/* ---- random ones -------------------------------------------------------------------------------------------------- */

/* Out of this many values that an array holds, one is BAD_CONTROL. */
#define GOOD_PER_BAD 100

static bool half(struct random *random) { return random_one_in(random, 2); }

/* A token of the row, more often a likely one; sometimes none. */
static int32_t random_id(struct random *random, const lotto_logits *logits, int64_t row) {
    const int64_t vocab = logits->vocab;
    if (random_one_in(random, 300))
        return (int32_t[]){-1, (int32_t)vocab, INT32_MIN, INT32_MAX}[random_below(random, 4)];
    if (random_one_in(random, 10))
        return (int32_t)(random_one_in(random, 2) ? 0 : vocab - 1);
    int32_t best = (int32_t)random_below(random, (uint64_t)vocab);
    for (int more = half(random) ? 0 : 15; more > 0; more--) {
        int32_t other = (int32_t)random_below(random, (uint64_t)vocab);
        int64_t begin = row * logits->row_stride;
        if (oracle_float(logits->data, logits->dtype, begin + other) >
            oracle_float(logits->data, logits->dtype, begin + best))
            best = other;
    }
    return best;
}

/* A length in [0, most], or none. */
static int32_t random_length(struct random *random, int64_t most) {
    if (random_one_in(random, GOOD_PER_BAD))
        return (int32_t[]){-1, (int32_t)most + 1, INT32_MIN, INT32_MAX}[random_below(random, 4)];
    return random_one_in(random, 4) ? (int32_t)most : (int32_t)random_below(random, (uint64_t)most + 1);
}

/* Up to `most` ids a row, an earlier one again half the time; what lies beyond a list would be told if it were read. */
static lotto_id_lists random_lists(struct random *random, const lotto_logits *logits, int64_t most) {
    const int64_t stride = random_one_in(random, 8) ? 0 : random_log_uniform(random, most);
    int32_t *ids = allocate(logits->rows * stride, sizeof *ids),
            *lengths = allocate(logits->rows, sizeof *lengths);
    for (int64_t row = 0; row < logits->rows; row++) {
        lengths[row] = random_length(random, stride);
        int32_t *list = ids + row * stride;
        for (int64_t i = 0; i < stride; i++)
            list[i] = i >= lengths[row]       ? -7
                      : i > 0 && half(random) ? list[random_below(random, (uint64_t)i)]
                                              : random_id(random, logits, row);
    }
    return (lotto_id_lists){ids, stride, lengths};
}

static void set_random_mask(struct random *random, const lotto_logits *logits, lotto_adjustments *adjustments,
                            int64_t *mask_rows) {
    static const float shares[] = {0, 0.1f, 0.5f, 0.5f, 0.9f, 0.9f, 0.999f, 1};
    const int64_t rows = logits->rows, words = (logits->vocab + 31) / 32;
    if (half(random)) {
        *mask_rows = 1 + (int64_t)random_below(random, (uint64_t)rows);
        int32_t *allowed_rows = allocate(rows, sizeof *allowed_rows);
        for (int64_t row = 0; row < rows; row++)
            allowed_rows[row] = random_one_in(random, 4)
                                    ? (half(random) ? -1 : INT32_MIN)
                                    : (int32_t)random_below(random, (uint64_t)*mask_rows);
        adjustments->allowed_rows = allowed_rows;
    }
    adjustments->allowed_stride = words + (half(random) ? 0 : (int64_t)random_below(random, 5));
    uint32_t *allowed = allocate(*mask_rows * adjustments->allowed_stride, sizeof *allowed);
    for (int64_t row = 0; row < *mask_rows; row++) {
        float share = shares[random_below(random, 8)];
        for (int64_t bit = 0; bit < adjustments->allowed_stride * 32; bit++)
            if (random_unit(random) < share)
                allowed[row * adjustments->allowed_stride + bit / 32] |= (uint32_t)1 << bit % 32;
    }
    adjustments->allowed = allowed;
}

static float random_bias(struct random *random) {
    const float edges[] = {-INFINITY, INFINITY, NAN, 0, -0.0f, 100, -100, FLT_MAX, -FLT_MAX, 0x1p-149f};
    if (random_one_in(random, 10))
        return edges[random_below(random, 10)];
    return 20 * random_unit(random) - 10;
}

static float *random_biases(struct random *random, int64_t count) {
    float *biases = allocate(count, sizeof *biases);
    for (int64_t i = 0; i < count; i++)
        biases[i] = random_bias(random);
    return biases;
}

static float random_repetition(struct random *random, bool in_array) {
    const float bad[] = {0, -0.0f, -1.5f, NAN, INFINITY, -INFINITY},
                edges[] = {0x1p-149f, FLT_MIN, FLT_MAX, 1 + 0x1p-23f, 0.5f, 2};
    if (in_array && random_one_in(random, GOOD_PER_BAD))
        return bad[random_below(random, 6)];
    if (half(random))
        return 1;
    return random_one_in(random, 5) ? edges[random_below(random, 6)] : 0.8f + random_unit(random);
}

/* Frequency or presence. */
static float random_penalty(struct random *random, bool in_array) {
    const float bad[] = {NAN, -NAN, INFINITY, -INFINITY}, edges[] = {-0.0f, FLT_MAX, -FLT_MAX, 0x1p-149f};
    if (in_array && random_one_in(random, GOOD_PER_BAD))
        return bad[random_below(random, 4)];
    if (half(random))
        return 0;
    return random_one_in(random, 8) ? edges[random_below(random, 4)] : 4 * random_unit(random) - 2;
}

/* An array of what draw gives, or NULL and the default. */
static const float *random_array(struct random *random, int64_t rows, float *default_value,
                                 float draw(struct random *random, bool in_array)) {
    *default_value = draw(random, false);
    if (half(random))
        return NULL;
    float *values = allocate(rows, sizeof *values);
    for (int64_t row = 0; row < rows; row++)
        values[row] = draw(random, true);
    return values;
}

static void set_random_history(struct random *random, const lotto_logits *logits,
                               lotto_adjustments *adjustments) {
    const int64_t rows = logits->rows;
    adjustments->history = random_lists(random, logits, 2000);
    if (half(random)) {
        int32_t *prompt_lengths = allocate(rows, sizeof *prompt_lengths);
        for (int64_t row = 0; row < rows; row++) {
            int32_t length = adjustments->history.lengths[row];
            bool good = length >= 0 && length <= adjustments->history.stride;
            prompt_lengths[row] = random_length(random, good ? length : 0);
        }
        adjustments->prompt_lengths = prompt_lengths;
    }
    adjustments->repetition_penalty =
        random_array(random, rows, &adjustments->default_repetition_penalty, random_repetition);
    adjustments->frequency_penalty =
        random_array(random, rows, &adjustments->default_frequency_penalty, random_penalty);
    adjustments->presence_penalty =
        random_array(random, rows, &adjustments->default_presence_penalty, random_penalty);
    if (half(random))
        return;
    int32_t *min_lengths = allocate(rows, sizeof *min_lengths);
    for (int64_t row = 0; row < rows; row++) {
        int32_t prompt_length = adjustments->prompt_lengths ? adjustments->prompt_lengths[row] : 0;
        int64_t output_length = (int64_t)adjustments->history.lengths[row] - prompt_length;
        const int64_t lengths[] = {output_length, output_length + 1, output_length - 1, 0,
                                   INT32_MIN,     INT32_MAX};
        int64_t length = lengths[random_below(random, 6)];
        min_lengths[row] = length > INT32_MAX ? INT32_MAX : length < INT32_MIN ? INT32_MIN : (int32_t)length;
    }
    adjustments->min_lengths = min_lengths;
    adjustments->stops = random_lists(random, logits, 8);
}

lotto_adjustments adjustments_random(struct random *random, const lotto_logits *logits, int64_t *mask_rows) {
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    *mask_rows = logits->rows;
    if (half(random))
        set_random_mask(random, logits, &adjustments, mask_rows);
    if (half(random))
        adjustments.banned = random_lists(random, logits, 100);
    if (half(random)) {
        adjustments.biased = random_lists(random, logits, 300);
        adjustments.biases = random_biases(random, logits->rows * adjustments.biased.stride);
    }
    if (!random_one_in(random, 3))
        set_random_history(random, logits, &adjustments);
    return adjustments;
}
