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

/* Tokens from an id on that weigh so much together; their number. */
static int64_t fill(float *row, int64_t first, uint64_t mass) {
    int64_t count = 0;
    for (; mass > 0; count++) {
        row[first + count] = logit_weighing_at_most(mass);
        mass -= oracle_weight(row[first + count], 0, TEMPERATURE);
    }
    return count;
}

/* A maximum of 0 and tokens that weigh `rest` together, on the two sides of id `after`; all others masked. */
static void fill_row(float *row, int64_t vocab, int64_t after, bool maximum_first, uint64_t rest) {
    for (int64_t id = 0; id < vocab; id++)
        row[id] = -INFINITY;
    if (maximum_first) {
        row[after - 1] = 0;
        fill(row, after, rest);
    } else {
        float tokens[BOUNDARY_MARGIN];
        int64_t count = fill(tokens, 0, rest);
        memcpy(row + after - count, tokens, (size_t)count * sizeof *tokens);
        row[after] = 0;
    }
}

struct request *request_on_boundary(int64_t vocab, int64_t after, bool maximum_first) {
    float *rows = malloc((size_t)(2 * vocab) * sizeof *rows);
    if (rows == NULL)
        abort();
    const uint64_t heaviest = (uint64_t)1 << 40, random = oracle_random(0, 0, 0, 0);
    const uint128 one = (uint128)1 << 64;
    /* The least rest with which floor(random * mass / 2^64) is what lies before the boundary, and one with which it is 1 less. */
    uint64_t rest, less;
    if (maximum_first) {
        rest = (uint64_t)(((one << 40) + random - 1) / random) - heaviest;
        less = rest - 1;
    } else {
        rest = (uint64_t)((((uint128)random << 40) - one) / (one - random)) + 1;
        less = rest + 1;
        while (((uint128)random * (heaviest + less)) >> 64 >= less)
            less++;
    }
    fill_row(rows, vocab, after, maximum_first, rest);
    fill_row(rows + vocab, vocab, after, maximum_first, less);
    struct request *request = request_of(rows, LOTTO_F32, 2, vocab);
    free(rows);
    request_set_controls(request,
                         &(struct row_controls){TEMPERATURE, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL, false});
    request->kinds[0] = request->kinds[1] = ROW_MASKED;
    return request;
}
