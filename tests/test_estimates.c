/*
 * Kernel == reference where estimated sums (kernels/estimate.cuh) are wrong by as much of a token as can be: of a million tokens, many are alike where the law's
 * weight lies furthest above a power of two, many where it lies furthest below. Of the rows here about one in ten would have another answer if estimates
 * were taken for exact.
 */
#include "tests/rows/places.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VOCAB = 1 << 20, ROWS = 8 };

/* Distances at which a weight is 1 + 2.3e-7 and 1 - 2.4e-7 of the power of two, at a temperature where they are powers. */
#define TEMPERATURE 1.44269504f
#define FAR_ABOVE (8107702 * 0x1p-23f)
#define FAR_BELOW (8386077 * 0x1p-23f)

static struct request *request_of_rows(float (*distance)(int id)) {
    float *rows = malloc((size_t)ROWS * VOCAB * sizeof *rows);
    cr_assert_not_null(rows);
    for (int id = 0; id < VOCAB; id++)
        rows[id] = id == 77 ? 0 : -distance(id);
    for (int row = 1; row < ROWS; row++)
        memcpy(rows + (size_t)row * VOCAB, rows, VOCAB * sizeof *rows);
    struct request *request = request_of(rows, LOTTO_F32, ROWS, VOCAB);
    free(rows);
    request_set_controls(request,
                         &(struct row_controls){TEMPERATURE, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL, false});
    memset(request->wanted, 0, sizeof request->wanted);
    return request;
}

/* ---- draws -------------------------------------------------------------------------------------------------------- */

static float halves(int id) { return id < VOCAB / 2 ? FAR_ABOVE : FAR_BELOW; }

/* Three of these seeds draw the token before the right one if estimates are taken for exact. */
static const uint64_t seeds[ROWS] = {0, 1, 2, 16, 17, 22, 40, 41};

Test(estimates, decide_draws_only_if_sure, .timeout = 900) {
    struct places places;
    if (!places_enter(&places))
        return;
    struct request *request = request_of_rows(halves);
    memcpy(request->seeds, seeds, sizeof seeds);
    request->wanted[SAMPLE_TOKENS_ALONE] = true;
    places_agree(&places, request);
    request_destroy(request);
    places_leave(&places);
}

/* ---- nuclei ------------------------------------------------------------------------------------------------------- */

/* From FAR_ABOVE to three octaves below FAR_BELOW, with tokens between for nuclei to end among. */
enum { ABOVE = 90000, BETWEEN = 30000, BELOW = VOCAB - ABOVE - BETWEEN };

static float slope(int id) {
    if (id < ABOVE)
        return FAR_ABOVE;
    if (id < ABOVE + BETWEEN)
        return 1 + 3 * (float)(id - ABOVE) / BETWEEN;
    return 3 + FAR_BELOW;
}

/* The share of the mass that the tokens up to one of those between have. */
static float share_to(int last) {
    double sum = 0, all = ABOVE * exp2(-FAR_ABOVE) + BELOW * exp2(-3 - FAR_BELOW);
    for (int i = 0; i < BETWEEN; i++) {
        double weight = exp2(-1 - 3.0 * i / BETWEEN);
        all += weight;
        sum += i < last ? weight : 0;
    }
    return (float)((ABOVE * exp2(-FAR_ABOVE) + sum) / all);
}

/* Two of these rows keep a token more if estimates are taken for exact. */
Test(estimates, decide_nuclei_only_if_sure, .timeout = 900) {
    struct places places;
    if (!places_enter(&places))
        return;
    struct request *request = request_of_rows(slope);
    request->wanted[SAMPLE_TOKENS] = request->wanted[SAMPLE_KEPT] = true;
    for (int row = 0; row < ROWS; row++)
        request->top_p[row] = share_to(18500 + 250 * row);
    places_agree(&places, request);
    request_destroy(request);
    places_leave(&places);
}
