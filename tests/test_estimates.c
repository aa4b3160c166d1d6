/*
 * Kernel == reference, bit for bit, where estimated sums of weights (kernels/estimate.cuh) are on one side of a target and the exact ones on the other: draws
 * and nuclei, out of very many, that end closest to a boundary between two tokens. Random rows seldom meet one.
 */
#include "kernels/arith.h"
#include "tests/rows/places.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* DRAWS, NUCLEI: cases, each a row of the request. */
enum { VOCAB = 20000, DRAWS = 24, NUCLEI = 400, POSITIONS = 1 << 21 };

static float rows[NUCLEI][VOCAB];
static uint64_t sums[VOCAB]; /* of the weights up to and including the token's, in the order at hand */

/* Between 0 and 2, no two alike, in an order without a pattern; 7919 and 20000 have no common divisor. */
static float logit(int place) { return (float)place * (2.0f / VOCAB); }
static float scattered(int id) { return logit((int)((int64_t)id * 7919 % VOCAB)); }

static uint64_t weight(float x) { return arith_weight(logit(VOCAB - 1) - x, arith_scale(1)); }

static uint64_t random_at(uint64_t position) {
    return arith_random(arith_philox4x32_10(arith_counter(position, ARITH_DRAW_TOKEN, 0), 0, 0));
}

struct case_of_all {
    uint64_t distance; /* from the boundary */
    uint64_t position;
    float top_p, min_p;
    int outside; /* the best token outside the nucleus, or just inside, by rank */
};

static int by_distance(const void *a, const void *b) {
    const struct case_of_all *first = a, *second = b;
    return (first->distance > second->distance) - (first->distance < second->distance);
}

static struct case_of_all cases[POSITIONS];

/* At a temperature of 1, or drawn at another one, which comes last. */
static void tokens_are_equal(int count, float temperature) {
    struct places places;
    if (!places_enter(&places))
        return;
    struct request *request = request_of(rows, LOTTO_F32, count, VOCAB);
    request_set_controls(
        request, &(struct row_controls){temperature, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL, temperature != 1});
    memset(request->wanted, 0, sizeof request->wanted);
    request->wanted[SAMPLE_TOKENS] = request->wanted[SAMPLE_TOKENS_ALONE] = true;
    for (int i = 0; i < count; i++) {
        request->seeds[i] = 0;
        request->positions[i] = cases[i].position;
        request->top_p[i] = cases[i].top_p;
        request->min_p[i] = cases[i].min_p;
    }
    places_agree(&places, request);
    request_destroy(request);
    places_leave(&places);
}

/* From what min-p keeps; 0: all. */
static void draws_are_equal(float min_p) {
    uint64_t mass = 0, least = min_p > 0 ? arith_min_p_weight(min_p) : 0;
    for (int id = 0; id < VOCAB; id++) {
        for (int i = 0; i < DRAWS; i++)
            rows[i][id] = scattered(id);
        uint64_t own = weight(scattered(id));
        sums[id] = mass += own >= least ? own : 0;
    }
    for (uint64_t position = 0; position < POSITIONS; position++) {
        uint64_t target = arith_target(random_at(position), mass);
        int low = 0, high = VOCAB - 1; /* the first sum that exceeds the target */
        while (low < high) {
            int middle = (low + high) / 2;
            if (sums[middle] > target)
                high = middle;
            else
                low = middle + 1;
        }
        uint64_t before = low > 0 ? target - sums[low - 1] : UINT64_MAX, behind = sums[low] - target;
        cases[position] = (struct case_of_all){before < behind ? before : behind, position, 1, min_p, 0};
    }
    qsort(cases, POSITIONS, sizeof *cases, by_distance);
    cr_assert(cases[DRAWS - 1].distance < mass >> 30, "the draws are not close to a boundary");
    tokens_are_equal(DRAWS, 1);
}

Test(estimates, draws_close_to_a_boundary, .timeout = 300) { draws_are_equal(0); }

Test(estimates, draws_of_min_p_close_to_a_boundary, .timeout = 300) { draws_are_equal(0.3f); }

/*
 * The token that is the first outside the nucleus, or the last inside, has the last id, and the draw takes what lies last: it is drawn if it is inside.
 */
Test(estimates, nuclei_close_to_a_boundary, .timeout = 300) {
    uint64_t mass = 0;
    for (int rank = 0; rank < VOCAB; rank++)
        sums[rank] = mass += weight(logit(VOCAB - 1 - rank));
    int count = 0;
    for (int rank = VOCAB / 10; rank < VOCAB - 1; rank++) {
        float p = (float)((double)sums[rank] / (double)mass);
        uint64_t target = arith_top_p_mass(p, mass);
        uint64_t distance = target > sums[rank] ? target - sums[rank] : sums[rank] - target;
        cases[count++] = (struct case_of_all){distance, 0, p, 0, rank + 1};
    }
    qsort(cases, (size_t)count, sizeof *cases, by_distance);
    cr_assert(cases[NUCLEI - 1].distance < mass >> 30, "the nuclei are not close to a boundary");

    uint64_t position = 0;
    while (random_at(position) < UINT64_MAX - UINT64_MAX / VOCAB / 10)
        position++;
    for (int i = 0; i < NUCLEI; i++) {
        cases[i].position = position;
        int outside = 0;
        for (int id = 0; id < VOCAB; id++) {
            rows[i][id] = scattered(id);
            if (rows[i][id] == logit(VOCAB - 1 - cases[i].outside))
                outside = id;
        }
        float last = rows[i][VOCAB - 1];
        rows[i][VOCAB - 1] = rows[i][outside];
        rows[i][outside] = last;
    }
    tokens_are_equal(NUCLEI, 1);
}

/* What top-p measured of each run is then not what is drawn from. */
Test(estimates, draws_at_another_temperature, .timeout = 300) {
    for (int i = 0; i < DRAWS; i++) {
        for (int id = 0; id < VOCAB; id++)
            rows[i][id] = scattered(id);
        cases[i] = (struct case_of_all){0, (uint64_t)i, 0.9f, 0, 0};
    }
    tokens_are_equal(DRAWS, 3);
}
