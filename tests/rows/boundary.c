#include "tests/rows/boundary.h"

#include "tests/oracle/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

/* At this temperature c is exactly 1. */
#define TEMPERATURE 1.44269504f

static float of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The largest x below a maximum of 0 whose weight is at most this; the weight does not increase as x falls. */
static float logit_weighing_at_most(uint64_t weight) {
    uint32_t heavier = 0, light = 0x42800000u; /* 0 and 64, as distances */
    while (light - heavier > 1) {
        uint32_t middle = heavier + (light - heavier) / 2;
        if (oracle_weight(-of_bits(middle), 0, TEMPERATURE) <= weight)
            light = middle;
        else
            heavier = middle;
    }
    return -of_bits(light);
}

/* A maximum of 0 at an id, then tokens that weigh mass - 2^40 together, the rest masked. */
static void fill_row(float *row, int64_t vocab, int64_t at, uint64_t mass) {
    uint64_t rest = mass - ((uint64_t)1 << 40);
    for (int64_t id = 0; id < vocab; id++)
        row[id] = -INFINITY;
    row[at] = 0;
    for (int64_t id = at + 1; rest > 0; id++) {
        if (id == vocab)
            abort();
        row[id] = logit_weighing_at_most(rest);
        rest -= oracle_weight(row[id], 0, TEMPERATURE);
    }
}

struct request *request_on_boundary(int64_t vocab, int64_t at) {
    float *rows = malloc((size_t)(2 * vocab) * sizeof *rows);
    if (rows == NULL)
        abort();
    /* the least mass with floor(R * mass / 2^64) = 2^40 */
    uint64_t random = oracle_random(0, 0, 0, 0);
    uint64_t mass = (uint64_t)((((uint128)1 << 104) + random - 1) / random);
    fill_row(rows, vocab, at, mass);
    fill_row(rows + vocab, vocab, at, mass - 1);
    struct request *request = request_of(rows, LOTTO_F32, 2, vocab);
    free(rows);
    request_set_controls(request,
                         &(struct row_controls){TEMPERATURE, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL, false});
    request->kinds[0] = request->kinds[1] = ROW_MASKED;
    return request;
}
