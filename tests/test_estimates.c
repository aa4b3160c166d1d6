/*
 * Kernel == reference where estimated sums (kernels/estimate.cuh) are wrong by as much of a token as can be: a million tokens that weigh nearly the same, half of them where
 * the law's weights are above powers of two, half where they are below. About one in twenty of these tokens is another if estimates are taken for exact.
 */
#include "tests/rows/places.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { VOCAB = 1 << 20, HALF = VOCAB / 2, ROWS = 8 };

/* At a temperature of 1.44269504 distances are powers of two; these have steps of the last place of a weight's argument. */
static float *made_row(bool nearest_first) {
    float *row = malloc(VOCAB * sizeof *row);
    cr_assert_not_null(row);
    for (int id = 0; id < VOCAB; id++) {
        bool near = (id < HALF) == nearest_first;
        row[id] = -(near ? 0.02f : 0.72f) - (float)((int64_t)id * 40503 % HALF) * 0x1p-23f;
    }
    row[77] = 0;
    return row;
}

static void tokens_agree(struct places *places, bool nearest_first, float least_p, float step) {
    float *row = made_row(nearest_first), *rows = malloc((size_t)ROWS * VOCAB * sizeof *rows);
    cr_assert_not_null(rows);
    for (int i = 0; i < ROWS; i++)
        memcpy(rows + (size_t)i * VOCAB, row, VOCAB * sizeof *row);
    struct request *request = request_of(rows, LOTTO_F32, ROWS, VOCAB);
    free(rows);
    free(row);
    request_set_controls(request,
                         &(struct row_controls){1.44269504f, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL, false});
    memset(request->wanted, 0, sizeof request->wanted);
    request->wanted[SAMPLE_TOKENS_ALONE] = true;
    for (int draws = 0; draws < 4; draws++) {
        for (int i = 0; i < ROWS; i++) {
            request->seeds[i] = (uint64_t)(draws * ROWS + i);
            request->top_p[i] = least_p + step * (float)(draws * ROWS + i);
        }
        places_agree(places, request);
    }
    request_destroy(request);
}

static void all_agree(float least_p, float step) {
    struct places places;
    if (!places_enter(&places))
        return;
    for (int nearest_first = 0; nearest_first <= 1; nearest_first++)
        tokens_agree(&places, nearest_first, least_p, step);
    places_leave(&places);
}

Test(estimates, decide_nuclei_only_if_sure, .timeout = 900) { all_agree(0.3f, 0.013f); }

/* Off: only the draw's sums are estimated. */
Test(estimates, decide_draws_only_if_sure, .timeout = 900) { all_agree(1, 0); }
